import type { Clock } from '../base/clock.ts';

const MIN_INTERVAL_MS = 2000;

/**
 * Turns any number of viewers' wishes for a key frame into at most one request to the camera in two seconds: a
 * hundred viewers that join at once, or one that asks without end, must not make it send key frames only.
 */
export class KeyFrameRequests {
  readonly #clock: Clock;
  readonly #request: () => void;
  #lastAtMs = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, request: () => void) {
    this.#clock = clock;
    this.#request = request;
  }

  /** Somebody needs a key frame. */
  ask(): void {
    if (this.#cancel !== undefined) return;
    const waitMs = this.#lastAtMs + MIN_INTERVAL_MS - this.#clock.monotonicMs();
    if (waitMs <= 0) {
      this.#send();
      return;
    }
    this.#cancel = this.#clock.after(waitMs, () => {
      this.#cancel = undefined;
      this.#send();
    });
  }

  /** A key frame came: what was asked for before has been served. */
  served(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Lets go of a request that is due later. */
  close(): void {
    this.served();
  }

  #send(): void {
    this.#lastAtMs = this.#clock.monotonicMs();
    this.#request();
  }
}
