import type { Clock } from '../../base/clock.ts';

/** By how much two measurements may differ for the clock to be the same: devices tell whole seconds. */
const SAME_WITHIN_MS = 2_500;

/**
 * The device's clock, as far as it has told. It goes on by our monotonic clock, so that a step of our own does not move it; a step of the
 * device's has to be measured.
 */
export class DeviceClock {
  readonly #clock: Clock;
  #known: { readonly deviceMs: number; readonly atMonotonicMs: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Unix milliseconds there; ours while it has not told. */
  nowMs(): number {
    const known = this.#known;
    if (known === undefined) return this.#clock.wallMs();
    return known.deviceMs + (this.#clock.monotonicMs() - known.atMonotonicMs);
  }

  /** Its clock less ours; undefined while it has not told. */
  get offsetMs(): number | undefined {
    return this.#known === undefined ? undefined : Math.round(this.nowMs() - this.#clock.wallMs());
  }

  /** How old the measurement is; undefined: there is none. */
  get ageMs(): number | undefined {
    return this.#known === undefined ? undefined : this.#clock.monotonicMs() - this.#known.atMonotonicMs;
  }

  /**
   * The device told this time, in whole seconds, within the exchange that began then. Gives whether that is news: a log-in that
   * failed by the old time may now go through.
   */
  set(deviceMs: number, askedAtMonotonicMs: number): boolean {
    const nowMonotonicMs = this.#clock.monotonicMs();
    // Half way through the exchange, half way through the second.
    const inTheMiddle = deviceMs + 500 + (nowMonotonicMs - askedAtMonotonicMs) / 2;
    const isNews = Math.abs(inTheMiddle - this.nowMs()) > SAME_WITHIN_MS;
    this.#known = { deviceMs: inTheMiddle, atMonotonicMs: nowMonotonicMs };
    return isNews;
  }
}
