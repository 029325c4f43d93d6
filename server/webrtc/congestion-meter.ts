/** What a viewer's latest RTCP receiver report said of its picture, as mediasoup keeps it. */
export interface LinkReport {
  /** When it was asked for, on the monotonic clock. */
  readonly atMs: number;
  /** Packets of the picture sent so far. */
  readonly sentPackets: number;
  readonly lostPackets: number;
  /** Of the time since the report before it, 0 to 1; what was resent counts as lost (RFC 3550 section 6.4.1). */
  readonly lostShare: number;
  readonly jitter: number;
  /** Includes what waits in queues on the way to the viewer. */
  readonly roundTripMs: number;
}

export type LinkVerdict =
  | { readonly kind: 'good' }
  /** Worth to be looked at each second. */
  | { readonly kind: 'doubtful' }
  | { readonly kind: 'congested'; readonly cause: 'loss' | 'delay'; readonly lostShare: number };

/** A viewer that loses more than this share for `LOSS_MS` is congested. */
const MAX_LOST_SHARE = 0.1;
const LOSS_MS = 5000;
/** On trial a viewer has shown before that it cannot take this, so less is enough. */
const TRIAL_LOSS_MS = 3000;
/** On trial so much says it all, and sooner: each try fills a link that others may need. */
const HEAVY_LOST_SHARE = 0.3;
const HEAVY_TRIAL_LOSS_MS = 750;
/**
 * Nobody is this far away: the packets wait in a queue that is longer each second. Over TCP nothing is ever lost and the
 * queue is in our own memory, so this ends sooner.
 */
const MAX_ROUND_TRIP_MS = 1500;
const DELAY_MS = 2000;
/**
 * Reports go on, but tell the same round trip, of one of our reports that came long ago: those sent since wait in the
 * queue. A viewer far away is told from that by the least round trip that it ever had.
 */
const STALE_MS = 4000;
const STALE_ROUND_TRIP_MS = 300;
const STALE_TIMES_LEAST = 3;
const STALE_DIFFERENCE_MS = 1;
const DOUBTFUL_LOST_SHARE = 0.03;
const DOUBTFUL_ROUND_TRIP_MS = 300;
const DOUBTFUL_UNHEARD_MS = 3000;

interface Heard {
  readonly atMs: number;
  readonly lostShare: number;
  readonly roundTripMs: number;
}

/**
 * Judges a viewer's link by its receiver reports. A burst is forgiven: most reports of the time have to be bad, and
 * all of them together.
 */
export class CongestionMeter {
  readonly #onTrial: boolean;
  #heard: Heard[] = [];
  #last: LinkReport | undefined;
  /** Since when no new report came although packets were sent. */
  #unheard: { readonly sinceMs: number; readonly sentPackets: number } | undefined;
  #lossSinceMs: number | undefined;
  #delaySinceMs: number | undefined;
  #hasHeard = false;
  #leastRoundTripMs = Number.POSITIVE_INFINITY;
  /** Since when the round trip has been this one, to the last digit nearly. */
  #stale: { readonly sinceMs: number; readonly roundTripMs: number } | undefined;

  constructor(options: { readonly onTrial: boolean }) {
    this.#onTrial = options.onTrial;
  }

  /** The same report may be given many times: what it says counts once. */
  add(report: LinkReport): LinkVerdict {
    const last = this.#last;
    this.#last = report;
    if (last === undefined) {
      // It may be from long ago, as after a pause.
      this.#unheard = { sinceMs: report.atMs, sentPackets: report.sentPackets };
      return { kind: 'good' };
    }
    if (isSame(last, report)) return this.#verdict(report.atMs, false);
    this.#hasHeard = true;
    this.#unheard = { sinceMs: report.atMs, sentPackets: report.sentPackets };
    const { atMs, lostShare, roundTripMs } = report;
    this.#heard = this.#within(atMs, this.#onTrial ? TRIAL_LOSS_MS : LOSS_MS);
    this.#heard.push({ atMs, lostShare, roundTripMs });
    this.#noteRoundTrip(atMs, roundTripMs);
    return this.#verdict(atMs, true);
  }

  /** Of the viewer when nothing was in its way; a guess before it has told. */
  get leastRoundTripMs(): number {
    return Number.isFinite(this.#leastRoundTripMs) ? this.#leastRoundTripMs : DOUBTFUL_ROUND_TRIP_MS;
  }

  /** The viewer has reported since the first look. */
  get hasHeard(): boolean {
    return this.#hasHeard;
  }

  /** How long a viewer that reported before has kept silent while it was sent to. */
  unheardMs(nowMs: number): number {
    const sentPackets = this.#last?.sentPackets ?? 0;
    if (!this.#hasHeard || this.#unheard === undefined || sentPackets <= this.#unheard.sentPackets) return 0;
    return nowMs - this.#unheard.sinceMs;
  }

  #verdict(nowMs: number, isNew: boolean): LinkVerdict {
    const newest = this.#heard.at(-1);
    if (newest === undefined) return this.#calm(nowMs);
    if (!isNew) return this.#isDoubtful(newest, nowMs) ? { kind: 'doubtful' } : { kind: 'good' };
    const lostShare = mean(this.#heard.map((heard) => heard.lostShare));
    const bad = this.#heard.filter((heard) => heard.lostShare > MAX_LOST_SHARE).length;
    if (lostShare > MAX_LOST_SHARE && bad * 2 > this.#heard.length) this.#lossSinceMs ??= nowMs;
    else this.#lossSinceMs = undefined;
    if (newest.roundTripMs > MAX_ROUND_TRIP_MS) this.#delaySinceMs ??= nowMs;
    else this.#delaySinceMs = undefined;
    if (this.#lossSinceMs !== undefined && nowMs - this.#lossSinceMs >= this.#lossMs(lostShare)) {
      return { kind: 'congested', cause: 'loss', lostShare };
    }
    if (this.#delaySinceMs !== undefined && nowMs - this.#delaySinceMs >= DELAY_MS) {
      return { kind: 'congested', cause: 'delay', lostShare };
    }
    if (this.#stale !== undefined && nowMs - this.#stale.sinceMs >= STALE_MS) {
      return { kind: 'congested', cause: 'delay', lostShare };
    }
    return this.#isDoubtful(newest, nowMs) ? { kind: 'doubtful' } : { kind: 'good' };
  }

  #lossMs(lostShare: number): number {
    if (!this.#onTrial) return LOSS_MS;
    return lostShare > HEAVY_LOST_SHARE ? HEAVY_TRIAL_LOSS_MS : TRIAL_LOSS_MS;
  }

  #noteRoundTrip(atMs: number, roundTripMs: number): void {
    // 0: it has told none yet.
    if (roundTripMs > 0) this.#leastRoundTripMs = Math.min(this.#leastRoundTripMs, roundTripMs);
    const isLong =
      roundTripMs > STALE_ROUND_TRIP_MS && roundTripMs > this.#leastRoundTripMs * STALE_TIMES_LEAST;
    if (!isLong) this.#stale = undefined;
    else if (
      this.#stale === undefined ||
      Math.abs(roundTripMs - this.#stale.roundTripMs) > STALE_DIFFERENCE_MS
    ) {
      this.#stale = { sinceMs: atMs, roundTripMs };
    }
  }

  #calm(nowMs: number): LinkVerdict {
    return this.unheardMs(nowMs) > DOUBTFUL_UNHEARD_MS ? { kind: 'doubtful' } : { kind: 'good' };
  }

  #isDoubtful(newest: Heard, nowMs: number): boolean {
    return (
      this.#lossSinceMs !== undefined ||
      newest.lostShare > DOUBTFUL_LOST_SHARE ||
      newest.roundTripMs > DOUBTFUL_ROUND_TRIP_MS ||
      this.unheardMs(nowMs) > DOUBTFUL_UNHEARD_MS
    );
  }

  /** Reports of the last `ms`; a player that reports seldom has its last one counted all the same. */
  #within(nowMs: number, ms: number): Heard[] {
    const recent = this.#heard.filter((heard) => heard.atMs > nowMs - ms);
    return recent.length > 0 ? recent : this.#heard.slice(-1);
  }
}

/** Two reports are never alike to the last digit: the round trip is measured in 1/65536 s. */
function isSame(a: LinkReport, b: LinkReport): boolean {
  return (
    a.lostPackets === b.lostPackets &&
    a.lostShare === b.lostShare &&
    a.jitter === b.jitter &&
    a.roundTripMs === b.roundTripMs
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
