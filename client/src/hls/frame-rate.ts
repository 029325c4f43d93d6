const WINDOW_MS = 1_000;

/** Frames a second from the count that a video element keeps. */
export class FrameRate {
  #from: { readonly atMs: number; readonly frames: number } | undefined;
  #fps: number | undefined;

  /** Over about the last second; undefined while that is not known. */
  get fps(): number | undefined {
    return this.#fps;
  }

  sample(atMs: number, frames: number): void {
    const from = this.#from;
    // A new decoder counts from zero again.
    if (from === undefined || frames < from.frames) {
      this.#from = { atMs, frames };
      return;
    }
    const elapsedMs = atMs - from.atMs;
    if (elapsedMs < WINDOW_MS) return;
    this.#fps = Math.round(((frames - from.frames) * 10_000) / elapsedMs) / 10;
    this.#from = { atMs, frames };
  }

  reset(): void {
    this.#from = undefined;
    this.#fps = undefined;
  }
}
