import type { Clock } from '../../base/clock.ts';
import type { SourceUnit, TrackKind } from '../../stream/index.ts';
import { asRtspError, RtspError } from './errors.ts';
import type { TrackReceiver } from './track-receiver.ts';
import type { LowerTransport } from './transport-choice.ts';

export interface MediaWatchOptions {
  readonly clock: Clock;
  transport(): LowerTransport;
  /** Where another transport can be tried, a first packet is waited for less long. */
  readonly mayChooseTransport: boolean;
  readonly silenceTimeoutMs: number;
  /** `learntSilenceMs()` of the last connection. */
  readonly learntSilenceMs?: number | undefined;
  receivers(): readonly TrackReceiver[];
  onFirstPacket(): void;
  /** Each second while the video's packets make no first picture. */
  onNoPicture(): void;
  /** They have made none for long; called once. */
  onNoStart(error: RtspError): void;
  /** Called once. */
  onFailure(error: RtspError): void;
}

/** Over UDP each look also frees packets that wait for a lost one. */
const UDP_LOOK_MS = 50;
const LOOK_MS = 100;
/** While pictures come: a hundred cameras would wake the media loop a thousand times a second otherwise. */
const CALM_LOOK_MS = 1_000;
const FIRST_PACKET_AUTO_MS = 4_000;
/** A camera that said BYE and sends no more is not waited for any longer than this. */
const AFTER_BYE_MS = 1_000;
/** A camera may send fewer than one picture a second; so many of its pictures have to be missing before it is silent. */
const SILENT_INTERVALS = 5;
const REMEMBERED_INTERVALS = 8;
const MAX_SILENCE_MS = 120_000;
/** A camera that sends one picture and hangs, each time, is not waited for any longer. */
const MAX_LEARNT_MS = 40_000;
/** Packets without one picture among them: longer than the longest key-frame interval that is met with, a minute. */
const NO_PICTURE_MS = 75_000;
const ASK_EVERY_MS = 1_000;
/** Longer than most key-frame intervals. */
const NO_START_MS = 5_000;

/**
 * Watches that pictures keep coming, which a socket alone does not tell: a half-open connection is silent without
 * an error, and a hung encoder answers every keep-alive. The video counts; sound alone is no life.
 */
export class MediaWatch {
  readonly #options: MediaWatchOptions;
  #startedAtMs = 0;
  #firstPacketAtMs: number | undefined;
  #lastPictureAtMs: number | undefined;
  /** Between the last pictures, as they came. */
  readonly #intervals = new Float64Array(REMEMBERED_INTERVALS);
  #intervalCount = 0;
  #byeAtMs: number | undefined;
  #askedAtMs: number | undefined;
  #toldNoStart = false;
  #failed = false;

  constructor(options: MediaWatchOptions) {
    this.#options = options;
  }

  /** Begins to watch, from the reply to PLAY on. Returns its undo. */
  start(): () => void {
    const { clock, transport } = this.#options;
    this.#startedAtMs = clock.monotonicMs();
    if (transport() === 'udp') return clock.every(UDP_LOOK_MS, () => this.#check(clock.monotonicMs()));
    let cancel = () => {};
    let isStopped = false;
    const plan = (delayMs: number) => {
      cancel = clock.after(delayMs, () => {
        const nowMs = clock.monotonicMs();
        this.#check(nowMs);
        if (!isStopped && !this.#failed) plan(this.#nextLookMs(nowMs));
      });
    };
    plan(LOOK_MS);
    return () => {
      isStopped = true;
      cancel();
    };
  }

  unit(unit: SourceUnit): void {
    if (unit.kind !== 'video') return;
    const { receivedAtMs } = unit;
    if (this.#lastPictureAtMs !== undefined) {
      this.#intervals[this.#intervalCount % REMEMBERED_INTERVALS] = receivedAtMs - this.#lastPictureAtMs;
      this.#intervalCount += 1;
    }
    this.#lastPictureAtMs = receivedAtMs;
  }

  /**
   * The set time-out, or five times the usual interval between pictures (the median of the last) where that is longer;
   * before there is an interval, what the last connection has learnt.
   */
  get silenceMs(): number {
    const { silenceTimeoutMs, learntSilenceMs = 0 } = this.#options;
    if (this.#intervalCount === 0) return Math.max(silenceTimeoutMs, learntSilenceMs);
    const known = this.#intervals.slice(0, Math.min(this.#intervalCount, REMEMBERED_INTERVALS)).sort();
    const usualMs = known[known.length >> 1] ?? 0;
    return Math.max(silenceTimeoutMs, Math.min(SILENT_INTERVALS * usualMs, MAX_SILENCE_MS));
  }

  /**
   * How long the next connection is to wait before the camera counts as silent. One that sent a single picture may be
   * slower than anybody thought (cameras offer a picture in 16 s), so it is given twice the time.
   */
  learntSilenceMs(endedBy: RtspError): number {
    const { silenceMs } = this;
    const isTooSoon =
      endedBy.kind === 'silent' && this.#lastPictureAtMs !== undefined && this.#intervalCount === 0;
    return isTooSoon ? Math.max(silenceMs, Math.min(2 * silenceMs, MAX_LEARNT_MS)) : silenceMs;
  }

  bye(kind: TrackKind): void {
    if (kind === 'video') this.#byeAtMs = this.#options.clock.monotonicMs();
  }

  /** How long media has flowed. */
  playedMs(nowMs: number): number {
    return this.#firstPacketAtMs === undefined ? 0 : nowMs - this.#firstPacketAtMs;
  }

  /** How long nothing can happen that would have to be told at once. */
  #nextLookMs(nowMs: number): number {
    const lastAtMs = this.#lastVideoAtMs;
    const isCalm = this.#lastPictureAtMs !== undefined && this.#byeAtMs === undefined;
    if (lastAtMs === undefined || !isCalm) return LOOK_MS;
    // Silence is more than the time-out.
    const leftMs = Math.ceil(lastAtMs + this.#options.silenceTimeoutMs - nowMs) + 1;
    return leftMs <= 0 ? LOOK_MS : Math.min(leftMs, CALM_LOOK_MS);
  }

  get #lastVideoAtMs(): number | undefined {
    for (const receiver of this.#options.receivers()) {
      if (receiver.kind === 'video') return receiver.lastPacketAtMs;
    }
    return undefined;
  }

  #check(nowMs: number): void {
    const receivers = this.#options.receivers();
    if (this.#failed) return;
    try {
      for (const receiver of receivers) receiver.tick(nowMs);
    } catch (thrown) {
      // Only a bug gets here; a timer has nobody above it to catch it.
      this.#fail(asRtspError(thrown));
      return;
    }
    const lastAtMs = this.#lastVideoAtMs;
    if (lastAtMs !== undefined && this.#firstPacketAtMs === undefined) {
      this.#firstPacketAtMs = lastAtMs;
      this.#options.onFirstPacket();
    }
    const error = this.#trouble(nowMs, lastAtMs);
    if (error !== undefined) this.#fail(error);
    else if (this.#lastPictureAtMs === undefined && this.#firstPacketAtMs !== undefined)
      this.#awaitStart(nowMs, this.#firstPacketAtMs);
  }

  /** Some cameras begin in the middle of a group of pictures, and some (intra refresh) never send a key frame unasked. */
  #awaitStart(nowMs: number, sinceMs: number): void {
    if (nowMs - (this.#askedAtMs ?? sinceMs) >= ASK_EVERY_MS) {
      this.#askedAtMs = nowMs;
      this.#options.onNoPicture();
    }
    if (this.#toldNoStart || nowMs - sinceMs < NO_START_MS) return;
    this.#toldNoStart = true;
    const message = `The camera sends video, but for ${NO_START_MS / 1000} s no key frame to begin with. Set its key-frame (I-frame) interval to 1 or 2 s, and switch intra refresh off.`;
    this.#options.onNoStart(new RtspError('no-key-frame', message));
  }

  #fail(error: RtspError): void {
    this.#failed = true;
    this.#options.onFailure(error);
  }

  #trouble(nowMs: number, lastAtMs: number | undefined): RtspError | undefined {
    const { silenceTimeoutMs, mayChooseTransport, transport } = this.#options;
    if (lastAtMs === undefined) {
      const waitMs = mayChooseTransport ? Math.min(silenceTimeoutMs, FIRST_PACKET_AUTO_MS) : silenceTimeoutMs;
      if (nowMs - this.#startedAtMs < waitMs) return undefined;
      const advice =
        transport() === 'udp'
          ? 'A firewall may keep its UDP packets out: set the transport of the source to tcp or auto.'
          : 'Restart the camera, or try its other stream.';
      const message = `The camera agreed to play, but no video came within ${waitMs / 1000} s. ${advice}`;
      return new RtspError('no-packets', message);
    }
    if (this.#byeAtMs !== undefined && lastAtMs <= this.#byeAtMs && nowMs - this.#byeAtMs > AFTER_BYE_MS) {
      return new RtspError('ended', 'The camera ended the stream.');
    }
    if (nowMs - lastAtMs > silenceTimeoutMs && nowMs - lastAtMs > this.silenceMs) {
      const seconds = Math.round(this.silenceMs / 100) / 10;
      const message = `No video has come from the camera for ${seconds} s. Check its power and network; if it sends a picture less often than that, set a longer silenceTimeoutMs.`;
      return new RtspError('silent', message);
    }
    if (nowMs - (this.#lastPictureAtMs ?? this.#startedAtMs) > NO_PICTURE_MS) {
      const message = `The camera's packets made no picture for ${NO_PICTURE_MS / 1000} s. Check that its key-frame interval is short, and that the network loses no packets.`;
      return new RtspError('bad-data', message);
    }
    return undefined;
  }
}
