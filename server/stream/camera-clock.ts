/** 2020-01-01: a camera that says it is earlier was never told the time, as after it was switched on. */
const EARLIEST_MS = 1_577_836_800_000;
const LATEST_MS = 4_102_444_800_000;
/** Reports this near to what was known are believed at once; others when so many in a row agree. */
const NEAR_MS = 500;
const NEAR_SHARE = 0.25;
const REPORTS_TO_BELIEVE = 3;

/** Whether a report's Unix time can be one that somebody set. */
export function isPlausibleTime(ntpMs: number): boolean {
  return ntpMs >= EARLIEST_MS && ntpMs <= LATEST_MS;
}

/** Where the camera's time stood at the beginning of the stream's timeline, as one report tells it. */
interface Told {
  readonly zeroMs: number;
  readonly pts90k: number;
}

/**
 * The camera's own clock on the stream's timeline, by its sender reports. One that contradicts what is known moves
 * nothing until two more say the same: cameras now and then report nonsense, but are also set right.
 */
export class CameraClock {
  #known: Told | undefined;
  #doubtful: Told | undefined;
  #agreeing = 0;
  #isNewConnection = true;

  /** A report says that it was `ntpMs` (Unix time) at `pts90k`. */
  report(ntpMs: number, pts90k: number): void {
    if (!isPlausibleTime(ntpMs)) return;
    const told = { zeroMs: ntpMs - pts90k / 90, pts90k };
    if (this.#known === undefined || this.#isNewConnection || isNear(told, this.#known)) {
      this.#believe(told);
      return;
    }
    this.#agreeing = this.#doubtful !== undefined && isNear(told, this.#doubtful) ? this.#agreeing + 1 : 1;
    this.#doubtful = told;
    if (this.#agreeing >= REPORTS_TO_BELIEVE) this.#believe(told);
  }

  /** What was known stays till the first report of the new connection, lest times step to and fro. */
  reconnected(): void {
    this.#isNewConnection = true;
  }

  /** Unix time by the camera; undefined before any report. */
  wallMs(pts90k: number): number | undefined {
    return this.#known === undefined ? undefined : this.#known.zeroMs + pts90k / 90;
  }

  #believe(told: Told): void {
    this.#known = told;
    this.#doubtful = undefined;
    this.#agreeing = 0;
    this.#isNewConnection = false;
  }
}

/** The longer ago a report was, the more two clocks may have gone apart since. */
function isNear(a: Told, b: Told): boolean {
  const passedMs = Math.abs(a.pts90k - b.pts90k) / 90;
  return Math.abs(a.zeroMs - b.zeroMs) <= NEAR_MS + NEAR_SHARE * Math.min(passedMs, 60_000);
}
