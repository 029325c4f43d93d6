import { type Clock, sleep } from '../../base/clock.ts';

/**
 * Lets a few in at a time: forty FFmpegs that start in the same second would hold each other, and live viewers, up for
 * many. First come, first served.
 */
export class StartGate {
  readonly #clock: Clock;
  readonly #maxInside: number;
  readonly #maxStayMs: number;
  #inside = 0;
  #waiting: Array<(hasRoom: boolean) => void> = [];

  /** Whoever does not leave within `maxStayMs` holds nobody up any longer. */
  constructor(clock: Clock, options: { maxInside: number; maxStayMs: number }) {
    this.#clock = clock;
    this.#maxInside = options.maxInside;
    this.#maxStayMs = options.maxStayMs;
  }

  /** Resolves with the way out (idempotent) once there is room, or with one that does nothing when `signal` aborts before. */
  async enter(signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) return () => {};
    if (this.#inside < this.#maxInside) this.#inside += 1;
    else if (!(await this.#turn(signal))) return () => {};
    const left = new AbortController();
    const leave = () => {
      if (left.signal.aborted) return;
      left.abort();
      this.#handOver();
    };
    void sleep(this.#clock, this.#maxStayMs, left.signal).then(leave);
    return leave;
  }

  #turn(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const onAbort = () => {
        this.#waiting = this.#waiting.filter((entry) => entry !== done);
        resolve(false);
      };
      const done = (hasRoom: boolean) => {
        signal.removeEventListener('abort', onAbort);
        resolve(hasRoom);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(done);
    });
  }

  /** The place of whoever left goes to the next in the row at once, so that nobody can slip in between. */
  #handOver(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#inside -= 1;
    else next(true);
  }
}
