import { WallClockEstimate } from './wall-clock.ts';

/** Both tracks' fastest arrivals are known after this long. */
const SETTLE_MS = 25_000;
const CHECK_EVERY_MS = 5_000;
/** Sound is moved when it is this far from where it was against the picture. */
const TOLERANCE_MS = 60;
/** More at once is no drift. */
const MOST_MS = 1_000;

/**
 * Keeps sound with the picture where no sender reports do: a sound card's clock and that of the picture go
 * apart by up to 500 ppm, which is 40 s a day. What drifts apart is how late the fastest units of each track arrive.
 */
export class SoundDrift {
  #video = new WallClockEstimate();
  #audio = new WallClockEstimate();
  #startedAtMs: number | undefined;
  #checkedAtMs = 0;
  #apartMs: number | undefined;
  /** By how much sound was moved since the start. */
  #movedMs = 0;

  /** A unit was placed at `pts90k` and came at `atMs` (monotonic). */
  videoAt(pts90k: number, atMs: number): void {
    this.#video.observe(pts90k, atMs);
  }

  /** Returns by how much sound is to be moved, in 90 kHz ticks; mostly 0. */
  audioAt(pts90k: number, atMs: number): number {
    this.#audio.observe(pts90k - this.#movedMs * 90, atMs);
    this.#startedAtMs ??= atMs;
    if (atMs - this.#startedAtMs < SETTLE_MS || atMs - this.#checkedAtMs < CHECK_EVERY_MS) return 0;
    this.#checkedAtMs = atMs;
    const video = this.#video.wallMs(0);
    const audio = this.#audio.wallMs(0);
    if (video === undefined || audio === undefined) return 0;
    const apartMs = audio - this.#movedMs - video;
    this.#apartMs ??= apartMs;
    const byMs = Math.round(apartMs - this.#apartMs);
    if (Math.abs(byMs) > MOST_MS) this.#apartMs = apartMs;
    else if (Math.abs(byMs) > TOLERANCE_MS) return this.#moved(byMs);
    return 0;
  }

  /** Sound was moved by somebody who knows better, or begins anew. */
  restart(): void {
    this.#video = new WallClockEstimate();
    this.#audio = new WallClockEstimate();
    this.#startedAtMs = undefined;
    this.#apartMs = undefined;
    this.#movedMs = 0;
  }

  #moved(byMs: number): number {
    this.#movedMs += byMs;
    return byMs * 90;
  }
}
