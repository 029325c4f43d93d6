import type { AudioFormat } from '../../stream/index.ts';

/** Sound that is so far behind the picture has stopped. */
const STOPPED_AFTER_MS = 2_000;
const FIRST_TRIAL_MS = 5_000;
const MAX_TRIAL_MS = 5 * 60_000;

/**
 * Whether a stream's sound can be counted on: FFmpeg waits for a track that it was promised. Cameras are known that send
 * sound only while there is something to hear, so each time it stops it has to last longer before it is counted on again.
 */
export class SoundWatch {
  #chosen: AudioFormat | undefined;
  #format: AudioFormat | undefined;
  #flowsSinceMs = 0;
  #heardAtMs = Number.NEGATIVE_INFINITY;
  #trialMs = 0;

  /** A unit of sound came. */
  heard(format: AudioFormat, nowMs: number): void {
    if (format !== this.#format || nowMs - this.#heardAtMs > STOPPED_AFTER_MS) this.#flowsSinceMs = nowMs;
    this.#format = format;
    this.#heardAtMs = nowMs;
  }

  /** What to record of the sound now; `pictureAtMs` is when the last picture came. */
  choose(nowMs: number, pictureAtMs: number): AudioFormat | undefined {
    const hasStopped = pictureAtMs - this.#heardAtMs > STOPPED_AFTER_MS;
    if (this.#chosen !== undefined && hasStopped) {
      this.#chosen = undefined;
      this.#trialMs = Math.min(MAX_TRIAL_MS, Math.max(FIRST_TRIAL_MS, this.#trialMs * 2));
    } else if (!hasStopped && this.#format !== undefined) {
      const isTried = this.#chosen !== undefined || nowMs - this.#flowsSinceMs >= this.#trialMs;
      if (isTried) this.#chosen = this.#format;
      if (isTried && nowMs - this.#flowsSinceMs > MAX_TRIAL_MS) this.#trialMs = 0;
    }
    return this.#chosen;
  }

  /** The camera went away; what it sends when it is back is judged afresh. */
  forget(): void {
    this.#chosen = undefined;
    this.#format = undefined;
    this.#heardAtMs = Number.NEGATIVE_INFINITY;
  }
}
