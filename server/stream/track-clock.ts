import { Pace } from './pace.ts';

/**
 * A forward step this much longer than the time that really passed, and that leads so far ahead of real time, is a jump of
 * the camera's clock. One that only makes up for a delay is none, however long.
 */
export const JUMP_MS = 1_000;
/** How much of a jump may still tell how fast a wrong clock goes. */
const MOST_STEP_MS = 50_000;
/** Small steps may lead so far ahead: a camera that sends what it has kept in one burst makes them. */
const MAX_AHEAD_MS = 10_000;
/** Pictures are reordered by far less than this (B-frames), so a longer step back is a reset of the camera's clock. */
const RESET_BACK_MS = 1_000;
/** Units in a row with the same timestamp: more than the two fields of a picture say that the camera's clock stands. */
const MAX_SAME = 2;
const TICKS = 90_000;

/**
 * Carries one track's 32-bit RTP timestamps onto the stream's timeline: camera timestamps count as deltas, wraps are
 * unwrapped. Jumps ahead of real time, resets, a clock that stands and steps that together run far ahead are
 * replaced by the time that really passed; a clock that is far too fast or slow is made to go right.
 */
export class TrackClock {
  readonly #clockRate: number;
  readonly #pace = new Pace();
  #anchorPts90k = 0;
  /** Ticks since the anchor, unwrapped, so that rounding never adds up. */
  #ticks = 0;
  /** All ticks of this connection, jumps left out. */
  #allTicks = 0;
  #lastRtp: number | undefined;
  #lastReceivedAtMs = 0;
  #lastPts90k = 0;
  #newestPts90k = 0;
  #same = 0;
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

  /** How much faster than the camera's timestamps the timeline goes; 1 unless they are far from the truth. */
  get rate(): number {
    return this.#pace.rate;
  }

  /** The camera starts afresh (new connection): the next unit is placed at `pts90k` given to `place`. */
  forget(): void {
    this.#lastRtp = undefined;
    this.#pace.forget();
  }

  /**
   * The unit's place, in 90 kHz ticks. `startPts90k` is where the track stands if this is its first unit, or the
   * first after `forget()`. `isReordered`: false where the unit surely comes after all before it, so that a time that
   * goes back is a step of the camera's clock, however small.
   */
  place(
    rtpTimestamp: number,
    receivedAtMs: number,
    startPts90k: () => number,
    isReordered?: boolean | undefined,
  ): number {
    if (this.#lastRtp === undefined) {
      this.#anchor(startPts90k());
      this.#allTicks = 0;
    } else {
      const delta = (rtpTimestamp - this.#lastRtp) | 0;
      const elapsedMs = receivedAtMs - this.#lastReceivedAtMs;
      this.#same = delta === 0 ? this.#same + 1 : 0;
      if (this.#isJump(delta, elapsedMs, receivedAtMs, isReordered)) {
        this.#jumps += 1;
        this.#anchor(this.#newestPts90k + Math.max(1, Math.round((elapsedMs * TICKS) / 1000)));
      } else {
        this.#ticks += delta;
        this.#allTicks += delta;
      }
    }
    this.#lastRtp = rtpTimestamp >>> 0;
    this.#lastReceivedAtMs = receivedAtMs;
    this.#lastPts90k = this.#pts(this.#ticks);
    this.#newestPts90k = Math.max(this.#newestPts90k, this.#lastPts90k);
    this.#keepPace(receivedAtMs);
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
    this.#pace.shift(by90k / 90);
  }

  #isJump(delta: number, elapsedMs: number, receivedAtMs: number, isReordered: boolean | undefined): boolean {
    const cameraMs = (delta * 1000) / this.#clockRate;
    const deltaMs = cameraMs * this.#pace.rate;
    const due90k = this.#pts(this.#ticks + delta);
    const excessMs = deltaMs - elapsedMs;
    const aheadMs = this.#pace.aheadMs(due90k / 90, receivedAtMs);
    if (excessMs > JUMP_MS && aheadMs > JUMP_MS) {
      // A clock that is much too fast does this all the time; its speed is told by what it does.
      if (cameraMs < MOST_STEP_MS) this.#allTicks += delta;
      else this.#pace.restart();
      return true;
    }
    // Seen from the newest unit, else many short steps back would lead back as far as a camera likes.
    const behind90k = this.#newestPts90k - due90k;
    if (behind90k > RESET_BACK_MS * 90 || (isReordered === false && behind90k > 0)) {
      this.#pace.restart();
      return true;
    }
    if (this.#same > MAX_SAME) return true;
    const isTooFar = excessMs > 0 && aheadMs > MAX_AHEAD_MS;
    if (isTooFar) this.#allTicks += delta;
    return isTooFar;
  }

  #keepPace(receivedAtMs: number): void {
    const mediaMs = (this.#allTicks * 1000) / this.#clockRate;
    if (!this.#pace.observe(mediaMs, this.#lastPts90k / 90, receivedAtMs)) return;
    // What was placed stays; what follows goes at the other rate.
    this.#anchorPts90k = this.#lastPts90k;
    this.#ticks = 0;
  }

  #anchor(pts90k: number): void {
    this.#anchorPts90k = pts90k;
    this.#newestPts90k = pts90k;
    this.#ticks = 0;
  }

  #pts(ticks: number): number {
    return this.#anchorPts90k + Math.round((ticks * TICKS * this.#pace.rate) / this.#clockRate);
  }
}
