/** A forward step this much longer than the time that really passed is a jump of the camera's clock. */
export const JUMP_MS = 5_000;
/** Pictures are reordered by far less than this (B-frames), so a longer step back is a reset of the camera's clock. */
export const RESET_BACK_MS = 1_000;
const TICKS = 90_000;

/**
 * Carries one track's 32-bit RTP timestamps onto the stream's timeline: camera timestamps count as deltas, wraps are
 * unwrapped, jumps over 5 s and resets are replaced by the time that really passed.
 */
export class TrackClock {
  readonly #clockRate: number;
  #anchorPts90k = 0;
  /** Ticks since the anchor, unwrapped, so that rounding never adds up. */
  #ticks = 0;
  #lastRtp: number | undefined;
  #lastReceivedAtMs = 0;
  #lastPts90k = 0;
  #newestPts90k = 0;
  #jumps = 0;

  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  get clockRate(): number {
    return this.#clockRate;
  }

  get started(): boolean {
    return this.#lastRtp !== undefined;
  }

  /** Jumps and resets absorbed so far. */
  get jumps(): number {
    return this.#jumps;
  }

  /** The camera starts afresh (new connection): the next unit is placed at `pts90k` given to `place`. */
  forget(): void {
    this.#lastRtp = undefined;
  }

  /**
   * The unit's place, in 90 kHz ticks. `startPts90k` is where the track stands if this is its first unit, or the
   * first after `forget()`.
   */
  place(rtpTimestamp: number, receivedAtMs: number, startPts90k: () => number): number {
    if (this.#lastRtp === undefined) {
      this.#anchor(startPts90k());
    } else {
      const delta = (rtpTimestamp - this.#lastRtp) | 0;
      const deltaMs = (delta * 1000) / this.#clockRate;
      const elapsedMs = receivedAtMs - this.#lastReceivedAtMs;
      // Seen from the newest unit, else many short steps back would lead back as far as a camera likes.
      const behind90k = this.#newestPts90k - this.#pts(this.#ticks + delta);
      if (deltaMs - elapsedMs > JUMP_MS || behind90k > RESET_BACK_MS * 90) {
        this.#jumps += 1;
        this.#anchor(this.#newestPts90k + Math.max(1, Math.round((elapsedMs * TICKS) / 1000)));
      } else {
        this.#ticks += delta;
      }
    }
    this.#lastRtp = rtpTimestamp >>> 0;
    this.#lastReceivedAtMs = receivedAtMs;
    this.#lastPts90k = this.#pts(this.#ticks);
    this.#newestPts90k = Math.max(this.#newestPts90k, this.#lastPts90k);
    return this.#lastPts90k;
  }

  /** Where `rtpTimestamp` lies on the timeline, seen from the last unit; undefined before the first one. */
  project(rtpTimestamp: number): number | undefined {
    if (this.#lastRtp === undefined) return undefined;
    return this.#pts(this.#ticks + ((rtpTimestamp - this.#lastRtp) | 0));
  }

  /** Moves the track against the others, e.g. when sender reports tell its true place. */
  shift(by90k: number): void {
    this.#anchorPts90k += by90k;
    this.#lastPts90k += by90k;
    this.#newestPts90k += by90k;
  }

  #anchor(pts90k: number): void {
    this.#anchorPts90k = pts90k;
    this.#newestPts90k = pts90k;
    this.#ticks = 0;
  }

  #pts(ticks: number): number {
    return this.#anchorPts90k + Math.round((ticks * TICKS) / this.#clockRate);
  }
}
