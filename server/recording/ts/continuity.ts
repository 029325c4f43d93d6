import { continuityOf, hasPayload, isDiscontinuity } from './packet.ts';
import { TRACKS } from './program-reader.ts';

/** A packet that came twice in a row, which the standard allows (ISO/IEC 13818-1 section 2.4.3.3). */
export const DUPLICATE = -1;

/** Follows the continuity counters of what comes in. */
export class ContinuityCheck {
  readonly #last = new Int8Array(TRACKS).fill(-1);

  reset(): void {
    this.#last.fill(-1);
  }

  /** How many packets of the track are missing before this one (modulo 16), or `DUPLICATE`. */
  check(data: Buffer, at: number, track: number): number {
    // The counter counts packets with a payload only.
    if (!hasPayload(data, at)) return 0;
    const last = this.#last[track] ?? -1;
    const counter = continuityOf(data, at);
    this.#last[track] = counter;
    if (last < 0 || isDiscontinuity(data, at)) return 0;
    return counter === last ? DUPLICATE : (counter - last - 1) & 0x0f;
  }
}
