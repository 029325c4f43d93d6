import { PictureOrder, readSliceHead } from '../../stream/index.ts';
import { isSlice, NAL, nalType } from './nal.ts';
import type { ParameterSets } from './parameter-sets.ts';

/** What can be told of a picture without decoding it, as in `SourceUnit`. */
export interface PictureFacts {
  readonly isDisposable: boolean;
  readonly isReordered?: boolean;
}

/** Tells of each H.264 picture whether others depend on it, and whether it is shown out of its order. */
export class PictureFactsReader {
  readonly #sets: ParameterSets;
  readonly #order = new PictureOrder();

  constructor(sets: ParameterSets) {
    this.#sets = sets;
  }

  /** For every picture that goes out, in decoding order. */
  read(nals: readonly Buffer[]): PictureFacts {
    let first: Buffer | undefined;
    let isDisposable = true;
    for (const nal of nals) {
      if (!isSlice(nalType(nal))) continue;
      first ??= nal;
      if (((nal[0] ?? 0) & 0x60) !== 0) isDisposable = false;
    }
    if (first === undefined) return { isDisposable: false };
    const isReordered = this.#isReordered(first);
    return { isDisposable, ...(isReordered === undefined ? {} : { isReordered }) };
  }

  #isReordered(slice: Buffer): boolean | undefined {
    const type = nalType(slice);
    if (type !== NAL.slice && type !== NAL.idr) return undefined;
    let sps: ReturnType<ParameterSets['spsOf']>;
    const head = readSliceHead(slice, (ppsId) => {
      sps = this.#sets.spsOf(ppsId);
      return sps?.slice;
    });
    if (head === undefined || sps === undefined) return undefined;
    const byCount = this.#order.isReordered(head, sps.slice.pocLsbBits);
    // Also where the SPS promises order: cameras promise a lot.
    if (byCount !== undefined) return byCount;
    return !head.isB || sps.reorderFrames === 0 ? false : undefined;
  }
}
