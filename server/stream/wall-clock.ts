/** A difference larger than this is a step of this machine's clock or a new start, not a delay. */
const STEP_MS = 10_000;
/** A delay on the way that lasts less changes nothing; a step of a clock counts after so long. */
const WINDOW_90K = 20 * 90_000;

/**
 * Tells the wall time of a place on the timeline. The fastest arrivals are the truest: an earlier one counts at once, later
 * ones only when none was faster for some seconds, as when clocks drift apart. A burst that was held up moves nothing.
 */
export class WallClockEstimate {
  #offsetMs: number | undefined;
  #windowStart90k = 0;
  /** Of the arrivals since then. */
  #leastMs = Number.POSITIVE_INFINITY;

  /** `pts90k` arrived at wall time `arrivedWallMs`; returns the wall time of the picture. */
  observe(pts90k: number, arrivedWallMs: number): number {
    const candidate = arrivedWallMs - pts90k / 90;
    const offset = this.#offsetMs;
    if (offset === undefined || candidate < offset || candidate - offset > STEP_MS) {
      this.#settle(candidate, pts90k);
    } else {
      this.#leastMs = Math.min(this.#leastMs, candidate);
      if (Math.abs(pts90k - this.#windowStart90k) >= WINDOW_90K) this.#settle(this.#leastMs, pts90k);
    }
    return this.wallMs(pts90k) ?? arrivedWallMs;
  }

  wallMs(pts90k: number): number | undefined {
    return this.#offsetMs === undefined ? undefined : this.#offsetMs + pts90k / 90;
  }

  #settle(offsetMs: number, pts90k: number): void {
    this.#offsetMs = offsetMs;
    this.#windowStart90k = pts90k;
    this.#leastMs = Number.POSITIVE_INFINITY;
  }
}
