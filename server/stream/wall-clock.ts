/** A difference larger than this is a step of this machine's clock or a new start, not jitter. */
const STEP_MS = 2_000;
/** Share by which a later arrival moves the estimate: follows 500 ppm of drift, ignores jitter. */
const FOLLOW = 0.005;

/**
 * Tells the wall time of a place on the timeline, smoothed over arrivals: the fastest arrivals are the truest, so an
 * earlier one counts at once and a later one only slowly.
 */
export class WallClockEstimate {
  #offsetMs: number | undefined;

  /** `pts90k` arrived at wall time `arrivedWallMs`; returns the wall time of the picture. */
  observe(pts90k: number, arrivedWallMs: number): number {
    const candidate = arrivedWallMs - pts90k / 90;
    const offset = this.#offsetMs;
    if (offset === undefined || candidate < offset || candidate - offset > STEP_MS) {
      this.#offsetMs = candidate;
    } else {
      this.#offsetMs = offset + (candidate - offset) * FOLLOW;
    }
    return this.wallMs(pts90k) ?? arrivedWallMs;
  }

  wallMs(pts90k: number): number | undefined {
    return this.#offsetMs === undefined ? undefined : this.#offsetMs + pts90k / 90;
  }
}
