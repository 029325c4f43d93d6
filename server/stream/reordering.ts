import type { SourceUnit, Unit } from './unit.ts';

/**
 * How a stream's pictures follow each other: `none` are reordered; only `droppable` ones are, so that what is left without
 * them is in order; or pictures are reordered that others `needed` to be decoded.
 */
export type ReorderingKind = 'none' | 'droppable' | 'needed';

/** Why a stream whose `ReorderingKind` is `needed` is not to be had over WebRTC, for people. */
export const NEEDS_REORDERING =
  'The camera sends B-frames that other pictures are built on, which browsers cannot show over WebRTC. It plays as HLS; to ' +
  'see it over WebRTC, set B-frames to 0 in the camera, or its H.264 profile to Baseline.';

/** One picture may look reordered by mistake. */
const PICTURES_TO_BELIEVE = 2;
/** After so long without any, the camera was set otherwise. */
const FORGET_AFTER_90K = 20 * 90_000;

/** Watches which pictures are shown before others that came ahead of them (B-pictures). */
export class Reordering {
  #newest90k = Number.NEGATIVE_INFINITY;
  #kind: ReorderingKind = 'none';
  #needed = 0;
  #droppable = 0;
  #lastNeeded90k = 0;
  #lastAny90k = 0;

  get kind(): ReorderingKind {
    return this.#kind;
  }

  /** By what the pictures say; where they say nothing, by their times. */
  isReordered(unit: Pick<SourceUnit, 'isReordered'>, pts90k: number): boolean {
    return unit.isReordered ?? pts90k < this.#newest90k;
  }

  /** Each picture, in decoding order. */
  add({ isReordered, isDisposable, pts90k }: Unit): void {
    this.#newest90k = Math.max(this.#newest90k, pts90k);
    if (isReordered === true) {
      this.#lastAny90k = pts90k;
      if (isDisposable) {
        this.#droppable += 1;
      } else {
        this.#needed += 1;
        this.#lastNeeded90k = pts90k;
      }
    } else {
      if (pts90k - this.#lastNeeded90k > FORGET_AFTER_90K) this.#needed = 0;
      if (pts90k - this.#lastAny90k > FORGET_AFTER_90K) this.#droppable = 0;
    }
    if (this.#needed >= PICTURES_TO_BELIEVE) this.#kind = 'needed';
    else this.#kind = this.#droppable >= PICTURES_TO_BELIEVE ? 'droppable' : 'none';
  }

  /** Another connection: times have nothing to do with those before. The camera is mostly set as it was. */
  restart(): void {
    this.#newest90k = Number.NEGATIVE_INFINITY;
  }
}
