import { WallClockEstimate } from './wall-clock.ts';

/** Both tracks' fastest arrivals are known after this long. */
const SETTLE_MS = 25_000;
const CHECK_EVERY_MS = 5_000;
/** Sound is moved when it is this far from where it was against the picture. */
const TOLERANCE_MS = 60;
/** More from check to check is no drift: one of the tracks takes longer on its way from now on. */
const STEP_MS = 50;

/**
 * Keeps sound with the picture where no sender reports do: a sound card's clock and that of the picture go
 * apart by up to 500 ppm, which is 40 s a day. What drifts apart is how late the fastest units of each track arrive.
 */
export class SoundDrift {
  #video = new WallClockEstimate();
  #audio = new WallClockEstimate();
  #startedAtMs: number | undefined;
  #checkedAtMs = 0;
  /** How much later sound arrives than the picture, at the start and at the last check. */
  #apartMs: number | undefined;
  #lastApartMs: number | undefined;
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
    const stepMs = apartMs - (this.#lastApartMs ?? apartMs);
    const isStep = Math.abs(stepMs) > STEP_MS;
    const usualMs = (this.#apartMs ?? apartMs) + (isStep ? stepMs : 0);
    this.#apartMs = usualMs;
    this.#lastApartMs = apartMs;
    const byMs = Math.round(apartMs - usualMs);
    if (Math.abs(byMs) <= TOLERANCE_MS) return 0;
    this.#movedMs += byMs;
    this.#lastApartMs -= byMs;
    return byMs * 90;
  }

  /** Sound was moved by somebody who knows better, or begins anew. */
  restart(): void {
    this.#video = new WallClockEstimate();
    this.#audio = new WallClockEstimate();
    this.#startedAtMs = undefined;
    this.#apartMs = undefined;
    this.#lastApartMs = undefined;
    this.#movedMs = 0;
  }
}
