import type { Clock } from '../base/clock.ts';
import { type Unit, WallClockEstimate } from '../stream/index.ts';

/** An instant as a sender report tells it: Unix time, and where the stream's timeline stands then. */
export interface ReportTime {
  readonly ntpMs: number;
  readonly pts90k: number;
}

/**
 * Where a stream's timeline stands now, for the sender reports of all its tracks (RFC 3550 section 6.4.1).
 *
 * mediasoup compares a report's time with the report's arrival, and moves what it tells viewers by the difference. So
 * a report has to speak of the moment it is sent, not of the last unit's, which for sound lies up to a packet back;
 * and no unit may seem to come from the future, hence the fastest arrivals count. One estimate serves both tracks:
 * whatever its error, it is none between sound and picture. It is free of steps of this machine's clock.
 */
export class ReportClock {
  readonly #clock: Clock;
  /** Of monotonic time. */
  readonly #arrivals = new WallClockEstimate();
  readonly #wallOffsetMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#wallOffsetMs = clock.wallMs() - clock.monotonicMs();
  }

  /** A unit goes out. */
  sent(unit: Pick<Unit, 'pts90k' | 'receivedAtMs'>): void {
    this.#arrivals.observe(unit.pts90k, unit.receivedAtMs);
  }

  /** Undefined before the first unit. */
  now(): ReportTime | undefined {
    const startMs = this.#arrivals.wallMs(0);
    if (startMs === undefined) return undefined;
    const nowMs = this.#clock.monotonicMs();
    return { ntpMs: nowMs + this.#wallOffsetMs, pts90k: Math.round((nowMs - startMs) * 90) };
  }
}
