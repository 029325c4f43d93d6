import type { H264Format, TrackFormat, Unit } from '../stream/index.ts';
import { reorderFree } from '../stream/index.ts';

/**
 * Lets through the pictures that are shown in the order in which they come: browsers show each picture over WebRTC as soon
 * as it is decoded. B-pictures that no other picture needs are left out; where one that is needed had to be,
 * nothing more comes up to the next key frame.
 */
export class InOrder {
  #isBroken = false;

  passes(unit: Unit): boolean {
    if (unit.format.kind !== 'video') return true;
    if (unit.isKeyFrame) this.#isBroken = false;
    if (unit.isReordered !== true) return !this.#isBroken;
    if (!unit.isDisposable) this.#isBroken = true;
    return false;
  }
}

/** Units as decoders that are to hold nothing back want them: with parameter sets that promise order. */
export class PromisesOrder {
  #of: TrackFormat | undefined;
  #format: H264Format | undefined;

  /** Parameter sets go out with key frames only, so other units are given back as they are. */
  unit(unit: Unit): Unit {
    const { format } = unit;
    if (!unit.isKeyFrame || format.codec !== 'h264' || format.reorderFrames === 0) return unit;
    if (this.#of !== format || this.#format === undefined) {
      this.#of = format;
      this.#format = { ...format, sps: format.sps.map((sps) => reorderFree(sps)) };
    }
    return { ...unit, format: this.#format };
  }
}
