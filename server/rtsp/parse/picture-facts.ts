import { PictureOrder, readSliceHead } from '../../stream/index.ts';
import { isSlice, NAL, nalType } from './nal.ts';
import type { ParameterSets } from './parameter-sets.ts';
import type { PictureTraits } from './picture-assembler.ts';

/** Tells of each H.264 picture whether others depend on it, and whether it is shown out of its order. */
export class PictureFactsReader {
  readonly #sets: ParameterSets;
  readonly #order = new PictureOrder();

  constructor(sets: ParameterSets) {
    this.#sets = sets;
  }

  /** For every picture that goes out, in decoding order. */
  read(isKeyFrame: boolean, nals: readonly Buffer[]): PictureTraits {
    let first: Buffer | undefined;
    let isDisposable = true;
    for (const nal of nals) {
      if (!isSlice(nalType(nal))) continue;
      first ??= nal;
      if (((nal[0] ?? 0) & 0x60) !== 0) isDisposable = false;
    }
    if (first === undefined) return { isKeyFrame, isDisposable: false, isReordered: undefined };
    const type = nalType(first);
    const head = type === NAL.slice || type === NAL.idr ? readSliceHead(first, this.#sets) : undefined;
    if (head === undefined) return { isKeyFrame, isDisposable, isReordered: undefined };
    const { sps } = head;
    const byCount = this.#order.isReordered(head, sps.slice.pocLsbBits);
    if (byCount !== undefined) {
      // Also where the SPS promises order: cameras promise a lot.
      return { isKeyFrame, isDisposable, isReordered: byCount, orderCount: this.#order.count };
    }
    const isInOrder = !head.isB || sps.reorderFrames === 0;
    return { isKeyFrame, isDisposable, isReordered: isInOrder ? false : undefined };
  }
}
