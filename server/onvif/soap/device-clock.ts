import type { Clock } from '../../base/clock.ts';

/** By how much two measurements may differ for the clock to be the same: devices tell whole seconds. */
const SAME_WITHIN_MS = 2_500;
const ZONE_STEP_MS = 15 * 60_000;
const MAX_ZONE_MS = 14 * 3_600_000;

/**
 * The device's clock, as far as it has told. It goes on by our monotonic clock, so that a step of our own does not move it; a step of the
 * device's has to be measured.
 */
export class DeviceClock {
  readonly #clock: Clock;
  /** It tells a time that it does not go by. */
  #isDistrusted = false;
  #known: { readonly deviceMs: number; readonly atMonotonicMs: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Unix milliseconds there; ours while it has not told, or where what it tells is not to be trusted. */
  nowMs(): number {
    const known = this.#known;
    if (known === undefined || this.#isDistrusted) return this.#clock.wallMs();
    return known.deviceMs + (this.#clock.monotonicMs() - known.atMonotonicMs);
  }

  /** Its clock less ours; undefined while it has not told. */
  get offsetMs(): number | undefined {
    return this.#known === undefined ? undefined : Math.round(this.nowMs() - this.#clock.wallMs());
  }

  /** Whether it differs from ours by what may be a time zone: some devices tell their local time as UTC, and do not go by it. */
  get isOffByAZone(): boolean {
    const { offsetMs = 0 } = this;
    const beyond = Math.abs(offsetMs) % ZONE_STEP_MS;
    const isNear = Math.min(beyond, ZONE_STEP_MS - beyond) < 30_000;
    return isNear && Math.abs(offsetMs) > ZONE_STEP_MS / 2 && Math.abs(offsetMs) < MAX_ZONE_MS + ZONE_STEP_MS;
  }

  /** Goes by our own clock from now on, or by the device's again. */
  distrust(isDistrusted: boolean): void {
    this.#isDistrusted = isDistrusted;
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
    const known = this.#known;
    const expectedMs =
      known === undefined ? this.#clock.wallMs() : known.deviceMs + (nowMonotonicMs - known.atMonotonicMs);
    const isNews = Math.abs(inTheMiddle - expectedMs) > SAME_WITHIN_MS;
    if (isNews) this.#isDistrusted = false;
    this.#known = { deviceMs: inTheMiddle, atMonotonicMs: nowMonotonicMs };
    return isNews;
  }
}
