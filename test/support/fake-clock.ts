import type { Clock } from '../../server/base/clock.ts';

interface Timer {
  dueMs: number;
  readonly everyMs: number | undefined;
  readonly callback: () => void;
}

/** A clock that stands still until told to go on; timers fire in order of their time. */
export class FakeClock implements Clock {
  #monotonicMs = 1_000;
  #wallOffsetMs = 1_700_000_000_000;
  readonly #timers = new Set<Timer>();

  wallMs(): number {
    return this.#monotonicMs + this.#wallOffsetMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.#add({ dueMs: this.#monotonicMs + delayMs, everyMs: undefined, callback });
  }

  every(intervalMs: number, callback: () => void): () => void {
    return this.#add({ dueMs: this.#monotonicMs + intervalMs, everyMs: intervalMs, callback });
  }

  /** A step of the wall clock (NTP, a person); the monotonic clock goes on as before. */
  stepWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  advance(byMs: number): void {
    const untilMs = this.#monotonicMs + byMs;
    for (;;) {
      const next = [...this.#timers].sort((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined || next.dueMs > untilMs) break;
      this.#monotonicMs = next.dueMs;
      if (next.everyMs === undefined) this.#timers.delete(next);
      else next.dueMs += next.everyMs;
      next.callback();
    }
    this.#monotonicMs = untilMs;
  }

  get timers(): number {
    return this.#timers.size;
  }

  #add(timer: Timer): () => void {
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }
}
