/** What is ahead or behind for long is made the rule at most this fast: clocks are wrong by far less. */
const SLEW = 0.02;
const WINDOW_MS = 2_000;
const WINDOW_UNITS = 8;
/** A clock that goes this much wrong is none: the camera counts pictures at a rate that it does not keep. */
const WRONG_SPEED = 0.03;
/** One that was wrong is believed again below this. */
const RIGHT_SPEED = 0.005;
const WINDOWS_TO_TELL = 3;
/** By how much the windows may differ and still tell the same. */
const ALIKE = 1.7;
const SLOWEST = 0.005;
const FASTEST = 200;
/** How fast a wrong clock's error is made good. */
const CATCH_UP_MS = 5_000;
const MOST_CATCH_UP = 0.1;
const SPEED_WEIGHT = 0.3;

/** The arrival of a window that came soonest after its time. */
interface Sample {
  readonly atMs: number;
  readonly mediaMs: number;
  readonly ptsMs: number;
}

/**
 * Compares a track's timestamps with the time that really passes. A clock that is a little wrong (500 ppm and more) is
 * followed as it is; but a camera that writes the timestamps of 25 pictures a second onto the 21 that it sends would make
 * an hour last 50 minutes. Such a track is placed at `rate`, so that it takes as long as it really did. The
 * fastest arrivals count, so bursts and jitter tell nothing, and only what three windows in a row say is believed.
 */
export class Pace {
  #rate = 1;
  /** Where the track belongs: its place less the time of arrival. */
  #leadMs: number | undefined;
  #windowStartMs = 0;
  #units = 0;
  #best: Sample | undefined;
  #last: Sample | undefined;
  #speeds: number[] = [];
  /** Of a wrong clock. */
  #speed: number | undefined;
  #rightWindows = 0;

  /** Timeline time for each unit of the camera's time. */
  get rate(): number {
    return this.#rate;
  }

  /** A unit was placed. True: `rate` is another from now on. */
  observe(mediaMs: number, ptsMs: number, atMs: number): boolean {
    this.#leadMs ??= ptsMs - atMs;
    if (this.#units === 0) this.#windowStartMs = atMs;
    this.#units += 1;
    const sample = { atMs, mediaMs, ptsMs };
    if (this.#best === undefined || ptsMs - atMs > this.#best.ptsMs - this.#best.atMs) this.#best = sample;
    if (atMs - this.#windowStartMs < WINDOW_MS || this.#units < WINDOW_UNITS) return false;
    const best = this.#best;
    this.#units = 0;
    this.#best = undefined;
    return this.#onWindow(best);
  }

  /** How far ahead of the time that really passed a unit at `ptsMs` would be; negative where it comes late. */
  aheadMs(ptsMs: number, atMs: number): number {
    return this.#leadMs === undefined ? 0 : ptsMs - atMs - this.#leadMs;
  }

  /** The track as a whole was moved. */
  shift(byMs: number): void {
    if (this.#leadMs !== undefined) this.#leadMs += byMs;
    if (this.#best !== undefined) this.#best = { ...this.#best, ptsMs: this.#best.ptsMs + byMs };
  }

  /** The camera's time has nothing to do with that of before; how far ahead the track may be stays. */
  restart(): void {
    this.#units = 0;
    this.#best = undefined;
    this.#last = undefined;
    this.#speeds = [];
  }

  /** Another connection: its clock is to be judged anew. */
  forget(): void {
    this.restart();
    this.#rate = 1;
    this.#speed = undefined;
    this.#rightWindows = 0;
  }

  #onWindow(best: Sample): boolean {
    const last = this.#last;
    const leadMs = best.ptsMs - best.atMs;
    const passedMs = last === undefined ? 0 : best.atMs - last.atMs;
    this.#last = best;
    if (last === undefined || passedMs < WINDOW_MS / 4) return false;
    const speed = (best.mediaMs - last.mediaMs) / passedMs;
    if (this.#speed !== undefined) return this.#follow(this.#speed, speed, leadMs);
    // What a wrong clock lost or won so far is to be made good later.
    if (Math.abs(speed - 1) < WRONG_SPEED) this.#slew(leadMs, SLEW * passedMs);
    this.#speeds = [...this.#speeds.slice(1 - WINDOWS_TO_TELL), speed];
    if (!tellTheSame(this.#speeds)) return false;
    this.#speed = this.#speeds.reduce((sum, one) => sum + one, 0) / WINDOWS_TO_TELL;
    this.#rate = 1 / this.#speed;
    return true;
  }

  #slew(leadMs: number, mostMs: number): void {
    const known = this.#leadMs ?? leadMs;
    this.#leadMs = known + Math.min(mostMs, Math.max(-mostMs, leadMs - known));
  }

  /** The clock is wrong: its speed is measured on, and what was lost before that was known is made good. */
  #follow(known: number, measured: number, leadMs: number): boolean {
    const isOutlier = !(measured > known / 2 && measured < known * 2);
    const speed = isOutlier ? known : known + SPEED_WEIGHT * (measured - known);
    this.#rightWindows = Math.abs(measured - 1) < RIGHT_SPEED ? this.#rightWindows + 1 : 0;
    if (this.#rightWindows > 2 * WINDOWS_TO_TELL) {
      this.forget();
      return true;
    }
    const behindMs = (this.#leadMs ?? leadMs) - leadMs;
    const catchUp = Math.min(MOST_CATCH_UP, Math.max(-MOST_CATCH_UP, behindMs / CATCH_UP_MS));
    this.#speed = speed;
    this.#rate = (1 + catchUp) / speed;
    return true;
  }
}

function tellTheSame(speeds: readonly number[]): boolean {
  if (speeds.length < WINDOWS_TO_TELL) return false;
  const errors = speeds.map((speed) => Math.abs(speed - 1));
  const isWrong = errors.every((error) => error > WRONG_SPEED);
  const isPossible = speeds.every((speed) => speed > SLOWEST && speed < FASTEST);
  const oneSide = speeds.every((speed) => speed > 1) || speeds.every((speed) => speed < 1);
  return isWrong && isPossible && oneSide && Math.max(...errors) <= ALIKE * Math.min(...errors);
}
