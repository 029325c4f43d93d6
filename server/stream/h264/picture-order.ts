import type { SliceHead } from './slice-head.ts';

/**
 * Tells of each picture, in decoding order, whether it is shown before one that was decoded ahead of it, by the order
 * counts of the slices (H.264 section 8.2.1.1).
 */
export class PictureOrder {
  /** Of the last reference picture, as the next count is unwrapped by it. */
  #msb = 0;
  #lsb = 0;
  #newest = Number.NEGATIVE_INFINITY;
  #count = 0;

  /** Of the picture that was asked for last, where that has one. */
  get count(): number {
    return this.#count;
  }

  /** `pocLsbBits` as in the SPS. Undefined where the picture has no count, so nothing is known. */
  isReordered(head: SliceHead, pocLsbBits: number): boolean | undefined {
    const { pocLsb } = head;
    if (pocLsb === undefined) return undefined;
    if (head.isIdr) {
      this.#msb = 0;
      this.#lsb = 0;
      this.#newest = Number.NEGATIVE_INFINITY;
    }
    const msb = this.#unwrapped(pocLsb, 2 ** pocLsbBits);
    if (head.isReference) {
      this.#msb = msb;
      this.#lsb = pocLsb;
    }
    const count = msb + pocLsb;
    this.#count = count;
    // Only B-pictures are reordered; a count that goes back without one was begun anew (memory_management_control 5).
    const isReordered = head.isB && count < this.#newest;
    this.#newest = isReordered ? this.#newest : count;
    return isReordered;
  }

  #unwrapped(lsb: number, range: number): number {
    if (lsb < this.#lsb && this.#lsb - lsb >= range / 2) return this.#msb + range;
    if (lsb > this.#lsb && lsb - this.#lsb > range / 2) return this.#msb - range;
    return this.#msb;
  }
}
