import type { types } from 'mediasoup';
import type { Clock } from '../base/clock.ts';
import { CongestionMeter, type LinkReport } from './congestion-meter.ts';
import type { LevelCounts } from './level-counts.ts';
import { type Level, QualityLadder } from './quality-ladder.ts';
import { TcpBacklog } from './tcp-backlog.ts';

/** Why a viewer gets less than it asked for. */
export type CongestionCause = 'loss' | 'delay' | 'silence';

/** A change of what a viewer gets. */
export interface CongestionNotice {
  readonly level: Level;
  /** Undefined where it is on its way up again. */
  readonly cause: CongestionCause | undefined;
  readonly lostShare: number | undefined;
  /** When a better level is tried. */
  readonly retryInMs: number | undefined;
}

/** The viewer that a guard minds. */
export interface GuardedViewer {
  /** Where it is counted. */
  readonly counts: LevelCounts;
  readonly transport: types.WebRtcTransport;
  /** Whether there is a second stream to go down to. */
  hasSub(): boolean;
  /** The consumer of the picture that flows now. */
  picture(): types.Consumer | undefined;
  /** Gives the viewer this level; false where it cannot be had now. It does not reject. */
  apply(level: Level): Promise<boolean>;
  tell(notice: CongestionNotice): void;
}

/** While all is well, so that a thousand viewers cost the main thread next to nothing. */
const CALM_LOOK_MS = 3000;
/** While mediasoup's score says that every packet arrives, too; where it falls, that is told (`hurry`). */
const QUIET_LOOK_MS = 6000;
const BEST_SCORE = 10;
const LOOK_MS = 1000;
/** A viewer from which nothing at all has come for this long is not sent to: it was stopped, or its network is gone. */
const SILENT_MS = 6000;
const LEAST_PACE = 0.8;
const PACE_SPREAD = 0.4;

/**
 * Minds one viewer's link: what loses over 10 % for 5 s, lags, or says nothing any more is sent less, so that what is sent
 * arrives and neither its link nor our memory fills. What was taken away comes back by itself.
 */
export class CongestionGuard {
  readonly #clock: Clock;
  readonly #viewer: GuardedViewer;
  readonly #ladder: QualityLadder;
  readonly #backlog: TcpBacklog;
  #meter = new CongestionMeter({ onTrial: false });
  /** The consumer that the meter is about. */
  #metered: types.Consumer | undefined;
  #received: { readonly bytes: number; readonly atMs: number } | undefined;
  #isSilent = false;
  #isSubLost = false;
  #cancel: () => void;
  #dueMs = 0;
  #isLooking = false;
  #counted: Level = 'full';
  #isClosed = false;

  /** `ladder`: of the guard before this one, where the same viewer has begun anew. */
  constructor(clock: Clock, viewer: GuardedViewer, ladder?: QualityLadder) {
    this.#clock = clock;
    this.#viewer = viewer;
    this.#backlog = new TcpBacklog(viewer.transport);
    const now = clock.monotonicMs();
    this.#ladder = ladder ?? new QualityLadder(now, LEAST_PACE + PACE_SPREAD * Math.random());
    ladder?.restart(now);
    viewer.transport.on('iceselectedtuplechange', this.#onOtherWay);
    this.#cancel = () => {};
    this.#plan(this.#ladder.isTrial(now) ? LOOK_MS : CALM_LOOK_MS);
  }

  get ladder(): QualityLadder {
    return this.#ladder;
  }

  /** Something looks bad: look within a second. */
  hurry(): void {
    if (this.#isClosed || this.#isLooking) return;
    if (this.#dueMs - this.#clock.monotonicMs() > LOOK_MS) this.#plan(LOOK_MS);
  }

  /** A telephone has left the Wi-Fi, or come back to it. */
  readonly #onOtherWay = () => {
    this.#ladder.forget(this.#clock.monotonicMs());
    this.hurry();
  };

  /** The second stream, which the viewer was given, does not come any more. */
  subLost(): void {
    this.#isSubLost = true;
    this.hurry();
  }

  /** The viewer asks for just what it was left with: it has all that it asks for now. */
  restart(): void {
    const now = this.#clock.monotonicMs();
    this.#ladder.restart(now);
    this.#metered = undefined;
    this.#tell({ level: 'full', cause: undefined, lostShare: undefined, retryInMs: undefined });
  }

  /** Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#viewer.transport.off('iceselectedtuplechange', this.#onOtherWay);
    this.#count('full');
    this.#cancel();
  }

  #plan(inMs: number): void {
    this.#cancel();
    this.#dueMs = this.#clock.monotonicMs() + inMs;
    this.#cancel = this.#clock.after(inMs, () => this.#run());
  }

  #run(): void {
    this.#isLooking = true;
    this.#look()
      // A consumer that was closed while it was asked; the next one is asked next time.
      .catch(() => LOOK_MS)
      .then((nextMs) => {
        this.#isLooking = false;
        if (!this.#isClosed) this.#plan(nextMs);
      });
  }

  /** Gives the time until the next look. */
  async #look(): Promise<number> {
    if (this.#isSilent) return this.#lookWhetherBack();
    const now = this.#clock.monotonicMs();
    if (this.#isSubLost) {
      this.#isSubLost = false;
      if (this.#ladder.level === 'sub') {
        this.#ladder.down(now, false);
        await this.#give('loss', undefined);
        return LOOK_MS;
      }
    }
    // What waits from before has to be gone first, or the trial would wait behind it.
    const isDue = this.#ladder.retryInMs(now) === 0;
    if (isDue && (await this.#backlog.isFull(now, this.#meter.leastRoundTripMs))) return LOOK_MS;
    if (this.#isClosed) return LOOK_MS;
    if (isDue && this.#ladder.up(now, this.#viewer.hasSub()) !== undefined) {
      await this.#give(undefined, undefined);
      return LOOK_MS;
    }
    const consumer = this.#viewer.picture();
    if (consumer === undefined) {
      this.#metered = undefined;
      return this.#ladder.level === 'full' ? CALM_LOOK_MS : LOOK_MS;
    }
    const report = reportOf(await consumer.getStats(), this.#clock.monotonicMs());
    if (report === undefined || this.#isClosed) return LOOK_MS;
    return this.#judge(consumer, report);
  }

  async #judge(consumer: types.Consumer, report: LinkReport): Promise<number> {
    const onTrial = this.#ladder.isTrial(report.atMs);
    if (consumer !== this.#metered) {
      this.#metered = consumer;
      this.#meter = new CongestionMeter({ onTrial });
      this.#backlog.restart();
      this.#received = undefined;
    }
    const verdict = this.#meter.add(report);
    const isLong = await this.#backlog.isLong(report.atMs, this.#meter.leastRoundTripMs);
    if (this.#isClosed) return LOOK_MS;
    if (verdict.kind === 'congested' || isLong) {
      this.#ladder.down(report.atMs, this.#viewer.hasSub());
      const { cause, lostShare } = verdict.kind === 'congested' ? verdict : { cause: 'delay' as const };
      await this.#give(cause, lostShare);
      return LOOK_MS;
    }
    if (verdict.kind === 'good') {
      this.#received = undefined;
      if (onTrial || this.#backlog.isTcp) return LOOK_MS;
      return this.#meter.hasHeard && consumer.score?.score === BEST_SCORE ? QUIET_LOOK_MS : CALM_LOOK_MS;
    }
    if (this.#meter.unheardMs(report.atMs) > LOOK_MS * 2) await this.#lookWhetherSilent();
    return LOOK_MS;
  }

  /** Goes to the ladder's level, or to the next one below where that cannot be had. */
  async #give(cause: CongestionCause | undefined, lostShare: number | undefined): Promise<void> {
    let why = cause;
    for (;;) {
      this.#metered = undefined;
      const { level } = this.#ladder;
      if (level === 'sub' && why !== undefined) await this.#relieve(why, lostShare);
      const isThere = await this.#viewer.apply(level);
      // The viewer may have asked for something else meanwhile.
      if (this.#isClosed || this.#ladder.level !== level) return;
      const now = this.#clock.monotonicMs();
      if (isThere || level === 'paused') {
        this.#tell({ level, cause: why, lostShare, retryInMs: this.#ladder.retryInMs(now) });
        return;
      }
      why ??= 'loss';
      this.#ladder.down(now, false);
    }
  }

  #tell(notice: CongestionNotice): void {
    this.#count(notice.level);
    this.#viewer.tell(notice);
  }

  #count(level: Level): void {
    this.#viewer.counts.move(this.#counted, level);
    this.#counted = level;
  }

  /** The second stream takes a moment to come; meanwhile the link rests and the viewer knows. */
  async #relieve(cause: CongestionCause, lostShare: number | undefined): Promise<void> {
    await this.#viewer.apply('paused');
    if (this.#isClosed) return;
    this.#tell({ level: 'paused', cause, lostShare, retryInMs: 0 });
  }

  async #lookWhetherSilent(): Promise<void> {
    const bytes = await this.#receivedBytes();
    const now = this.#clock.monotonicMs();
    if (this.#received === undefined || bytes !== this.#received.bytes) {
      this.#received = { bytes, atMs: now };
      return;
    }
    if (now - this.#received.atMs < SILENT_MS - 2 * LOOK_MS) return;
    this.#isSilent = true;
    this.#metered = undefined;
    await this.#viewer.apply('paused');
    if (this.#isClosed) return;
    const retryInMs = undefined;
    this.#tell({ level: 'paused', cause: 'silence', lostShare: undefined, retryInMs });
  }

  async #lookWhetherBack(): Promise<number> {
    const bytes = await this.#receivedBytes();
    if (bytes === this.#received?.bytes || this.#isClosed) return LOOK_MS;
    this.#received = undefined;
    this.#isSilent = false;
    await this.#give(undefined, undefined);
    return LOOK_MS;
  }

  /** Of all that comes from the viewer: RTCP, and the checks of ICE every few seconds. */
  async #receivedBytes(): Promise<number> {
    const [stats] = await this.#viewer.transport.getStats();
    return stats?.bytesReceived ?? 0;
  }
}

function reportOf(
  stats: ReadonlyArray<types.ConsumerStat | types.ProducerStat>,
  atMs: number,
): LinkReport | undefined {
  const sent = stats.find((stat) => stat.type === 'outbound-rtp');
  if (sent === undefined) return undefined;
  return {
    atMs,
    sentPackets: sent.packetCount,
    lostPackets: sent.packetsLost,
    lostShare: sent.fractionLost / 256,
    jitter: sent.jitter,
    roundTripMs: sent.roundTripTime ?? 0,
  };
}
