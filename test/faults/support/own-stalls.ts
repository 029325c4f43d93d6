const EVERY_MS = 10;

/**
 * How long this process itself was held up: it is camera and viewer at once, and the machine may be busy, so a pause that it
 * sees is the gateway's only as far as it was not its own.
 */
export class OwnStalls {
  readonly #stalls: { readonly atMs: number; readonly lateMs: number }[] = [];
  readonly #timer: NodeJS.Timeout;
  #lastMs = performance.now();

  constructor() {
    this.#timer = setInterval(() => {
      const atMs = performance.now();
      const lateMs = atMs - this.#lastMs - EVERY_MS;
      if (lateMs > EVERY_MS) this.#stalls.push({ atMs, lateMs });
      this.#lastMs = atMs;
    }, EVERY_MS);
  }

  /** In [fromMs, now]. */
  longestMs(fromMs: number): number {
    return this.#stalls.reduce(
      (most, { atMs, lateMs }) => (atMs >= fromMs ? Math.max(most, lateMs) : most),
      0,
    );
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
