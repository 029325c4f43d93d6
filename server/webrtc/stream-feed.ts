import { randomUUID } from 'node:crypto';
import type { types } from 'mediasoup';
import type { Clock } from '../base/clock.ts';
import { Listeners } from '../base/emitter.ts';
import type { Logger } from '../base/log.ts';
import { NEEDS_REORDERING, type StateReason, type TrackKind, type Unit } from '../stream/index.ts';
import { type FeedTrack, TrackRtp } from './feed-track.ts';
import { canStartWith, KEPT_PAUSE_MS, wasKept } from './kept-units.ts';
import { InOrder } from './picture-order.ts';
import { foreseenFormats, type LegKind, PlayableReader } from './playable-reader.ts';
import type { WatchableStream, WatchableStreams } from './ports.ts';
import { ReportClock } from './report-clock.ts';
import { type PlayableFormat, producerKey } from './rtp-parameters.ts';
import { RtpSender } from './rtp-sender.ts';
import { Serial } from './serial.ts';
import type { WorkerHandle } from './worker-handle.ts';
import type { WorkerPool } from './worker-pool.ts';

const SENDER_REPORT_EVERY_MS = 1000;
const REBUILD_AFTER_MS = 1000;
const TROUBLE_KEPT_MS = 500;
const UNSUITABLE_AGAIN_MS = 1000;

export interface StreamFeedDeps {
  readonly pool: WorkerPool;
  readonly spreadSlack: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly streams: WatchableStreams;
}

interface LiveTrack {
  readonly rtp: TrackRtp;
  readonly producer: types.Producer;
  readonly track: FeedTrack;
}

interface Home {
  readonly worker: WorkerHandle;
  readonly sender: RtpSender;
  readonly tracks: Map<TrackKind, LiveTrack>;
  readonly undo: Array<() => void>;
}

/**
 * One watched stream on its way into mediasoup.
 *
 * 1. While it exists, a PlainTransport on its home worker holds a producer for each track, as it is or as its leg makes it.
 * 2. While somebody wants it (`want`), units are read from the hub and sent there.
 * 3. The video producer stays whatever the camera does; another audio codec is another producer.
 * 4. When the home worker dies, the same is built on another; SSRCs and sequences go on.
 */
export class StreamFeed {
  readonly stream: WatchableStream;
  readonly #deps: StreamFeedDeps;
  readonly #log: Logger;
  readonly #changed = new Listeners<void>();
  readonly #cname = randomUUID().slice(0, 16);
  readonly #rtp = new Map<TrackKind, TrackRtp>();
  readonly #reportClock: ReportClock;
  readonly #work = new Serial();
  readonly #near: WorkerHandle | undefined;
  #formats: readonly PlayableFormat[] = [];
  #home: Home | undefined;
  #reader: PlayableReader | undefined;
  /** Taken while there was no way on; at most one of each reader. */
  #held: Unit[] = [];
  #pictureTrouble: StateReason | undefined;
  readonly #inOrder = new InOrder();
  #unsuitableToldAtMs = Number.NEGATIVE_INFINITY;
  #wants = 0;
  #hasTaker = false;
  #isStarted = false;
  /** The camera was asked for the key frame to begin with. */
  #hasAsked = false;
  #isSettled = false;
  #isClosed = false;

  constructor(stream: WatchableStream, deps: StreamFeedDeps, near?: WorkerHandle) {
    this.stream = stream;
    this.#near = near;
    this.#deps = deps;
    this.#log = deps.log.child({ stream: stream.id });
    this.#reportClock = new ReportClock(deps.clock);
    this.#setFormats(foreseenFormats(stream.tracks, this.#leg));
  }

  /** What can be consumed now; video first. */
  get tracks(): readonly FeedTrack[] {
    const tracks = this.#home?.tracks;
    return [tracks?.get('video'), tracks?.get('audio')].flatMap((live) =>
      live === undefined ? [] : [live.track],
    );
  }

  get worker(): WorkerHandle | undefined {
    return this.#home?.worker;
  }

  /** Why viewers have no picture although the camera sends one: its leg cannot be had. */
  get pictureTrouble(): StateReason | undefined {
    return this.#pictureTrouble;
  }

  /** Why browsers cannot show this stream over WebRTC at all, for people; not known before it was live. */
  get unsuitable(): string | undefined {
    const { state, tracks, reordering } = this.stream;
    const trouble = this.#pictureTrouble;
    if (trouble?.code === 'TRANSCODER_BUSY' || trouble?.code === 'TRANSCODER_FAILED') return trouble.message;
    // A leg makes pictures that are in order.
    const isOwnPicture = tracks.some(({ codec }) => codec === 'h264');
    return state.state === 'live' && isOwnPicture && reordering === 'needed' ? NEEDS_REORDERING : undefined;
  }

  /** `tracks` is another, or `pictureTrouble`, or `unsuitable`. */
  onChanged(listener: () => void): () => void {
    return this.#changed.add(listener);
  }

  /** Resolves when `tracks` shows all that is known of the stream; where that is nothing yet, at once. */
  settled(): Promise<void> {
    return this.#work.run(async () => {});
  }

  /** Somebody watches and is not paused: the stream is read till the undo is called. */
  want(): () => void {
    this.#wants += 1;
    this.#openReader();
    let isUndone = false;
    return () => {
      if (isUndone) return;
      isUndone = true;
      this.#wants -= 1;
      if (this.#wants === 0) this.#closeReader();
    };
  }

  /**
   * A viewer is connected and its consumers take what comes. Nothing is sent before the first of them; it gets the
   * kept group of pictures where that is young, so that a key frame that came while it was connecting is not lost.
   */
  viewerReady(): void {
    if (this.#reader === undefined || this.#hasTaker) return;
    const waiting = this.#reader;
    this.#hasTaker = true;
    this.#reader = undefined;
    this.#openReader();
    // Only now, so that an on-demand stream is wanted all the time.
    waiting.close();
  }

  /** Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closeReader();
    this.#dropHome();
    this.#changed.clear();
  }

  readonly #leg = (kind: LegKind) => this.#deps.streams.derived(this.stream.id, kind);

  #setFormats(playable: readonly PlayableFormat[]): void {
    // Both outlive a connection that did not bring them: players of WHEP cannot be told of another track, so one that
    // the camera brings again has to be the same.
    const video = playable.find((format) => format.kind === 'video') ?? this.#formatOf('video');
    const audio = playable.find((format) => format.kind === 'audio') ?? this.#formatOf('audio');
    this.#formats = [video, audio].flatMap((format) => (format === undefined ? [] : [format]));
    this.#isSettled = false;
    this.#reconcile();
  }

  #formatOf(kind: TrackKind): PlayableFormat | undefined {
    return this.#formats.find((format) => format.kind === kind);
  }

  #reconcile(): void {
    this.#work
      .run(() => this.#reconcileOnce())
      .catch((failure: unknown) => {
        if (this.#isClosed) return;
        this.#log.warn({ err: failure }, 'the stream does not get into the media worker; trying again');
        this.#dropHome();
        this.#deps.clock.after(REBUILD_AFTER_MS, () => {
          if (!this.#isClosed) this.#reconcile();
        });
      });
  }

  /** Makes the producers those that `#formats` asks for. */
  async #reconcileOnce(): Promise<void> {
    if (this.#isClosed || this.#isSettled) return;
    if (this.#formats.length === 0) {
      this.#isSettled = true;
      return;
    }
    const home = await this.#ensureHome();
    let hasChanged = false;
    for (const kind of ['video', 'audio'] as const) {
      const format = this.#formatOf(kind);
      const live = home.tracks.get(kind);
      if (live !== undefined && (format === undefined || producerKey(format) !== live.rtp.key)) {
        home.tracks.delete(kind);
        live.producer.close();
        hasChanged = true;
      }
      if (format !== undefined && !home.tracks.has(kind)) {
        const made = await this.#produce(home, format);
        if (this.#home !== home) {
          made.producer.close();
          return;
        }
        home.tracks.set(kind, made);
        hasChanged = true;
      }
    }
    this.#isSettled = true;
    if (hasChanged) this.#changed.emit();
    this.#resume();
  }

  async #produce(home: Home, format: PlayableFormat): Promise<LiveTrack> {
    const { kind } = format;
    let rtp = this.#rtp.get(kind);
    if (rtp === undefined || rtp.key !== producerKey(format)) {
      rtp = new TrackRtp(format, this.#cname);
      this.#rtp.set(kind, rtp);
    }
    const producer = await rtp.produce(home.sender);
    const track = { kind, producerId: producer.id, router: home.worker.routers.default, format };
    return { rtp, producer, track };
  }

  async #ensureHome(): Promise<Home> {
    if (this.#home !== undefined) return this.#home;
    const { pool, spreadSlack } = this.#deps;
    const worker = await (this.#near === undefined
      ? pool.leastLoaded()
      : pool.besides(this.#near, spreadSlack));
    const sender = await RtpSender.open(worker.routers.default.router, {
      clock: this.#deps.clock,
      onKeyFrameRequest: () => this.#reader?.requestKeyFrame(),
      onDrained: () => this.#resume(),
    });
    const home: Home = { worker, sender, tracks: new Map(), undo: [worker.addLoad('feed')] };
    if (this.#isClosed || !worker.isAlive) {
      sender.close();
      home.undo[0]?.();
      throw new Error('closed while the way into the worker was built');
    }
    home.undo.push(
      worker.onDied(() => {
        if (this.#home !== home || this.#isClosed) return;
        this.#dropHome();
        this.#isSettled = false;
        this.#changed.emit();
        this.#reconcile();
      }),
      this.#deps.clock.every(SENDER_REPORT_EVERY_MS, () => {
        for (const live of home.tracks.values()) this.#report(live.rtp, sender);
      }),
    );
    this.#home = home;
    return home;
  }

  #dropHome(): void {
    const home = this.#home;
    this.#home = undefined;
    if (home === undefined) return;
    for (const undo of home.undo) undo();
    home.sender.close();
  }

  #openReader(): void {
    if (this.#reader !== undefined || this.#isClosed) return;
    this.#isStarted = false;
    this.#hasAsked = false;
    // What kept an earlier reader from its picture may be over; this one is told if it is not.
    this.#pictureTrouble = undefined;
    this.#reader = new PlayableReader({
      stream: this.stream,
      leg: this.#leg,
      start: this.#hasTaker ? 'cached' : 'next',
      write: (unit) => this.#write(unit),
      onFormats: (formats) => this.#setFormats(formats),
      onPictureTrouble: (reason) => {
        if (this.#pictureTrouble?.code === reason?.code) return;
        this.#pictureTrouble = reason;
        this.#changed.emit();
      },
    });
  }

  #closeReader(): void {
    this.#held = [];
    this.#hasTaker = false;
    this.#reader?.close();
    this.#reader = undefined;
    this.#forgetTrouble();
  }

  /** Whoever was refused for it has still to be told; who comes later tries anew. */
  #forgetTrouble(): void {
    const trouble = this.#pictureTrouble;
    if (trouble === undefined) return;
    this.#deps.clock.after(TROUBLE_KEPT_MS, () => {
      if (this.#reader === undefined && this.#pictureTrouble === trouble) this.#pictureTrouble = undefined;
    });
  }

  /** Room again, or the producers are there: the hub delivers what it kept meanwhile. */
  #resume(): void {
    const held = this.#held;
    this.#held = [];
    let hasRoom = true;
    for (const unit of held) hasRoom = this.#write(unit) && hasRoom;
    if (hasRoom) this.#reader?.drained();
  }

  #write(unit: Unit): boolean {
    if (!this.#inOrder.passes(unit)) {
      this.#noteUnsuitable();
      return true;
    }
    this.#isStarted ||= this.#hasTaker && canStartWith(unit, this.#deps.clock.monotonicMs());
    if (!this.#isStarted) {
      this.#askForStart();
      return true;
    }
    const home = this.#home;
    if (home === undefined || !this.#isSettled) {
      // Kept till the producers exist, lest they miss the key frame that begins it all.
      this.#held.push(unit);
      return false;
    }
    const live = home.tracks.get(unit.format.kind);
    if (live === undefined || producerKey(unit.format) !== live.rtp.key) return true;
    this.#reportClock.sent(unit);
    const hasRoom = live.rtp.send(unit, home.sender);
    if (live.rtp.needsReport) this.#report(live.rtp, home.sender);
    if (!hasRoom || !wasKept(unit, this.#deps.clock.monotonicMs())) return hasRoom;
    this.#deps.clock.after(KEPT_PAUSE_MS, () => this.#resume());
    return false;
  }

  /** The kept key frame is too old to begin with: the camera is asked for one, for its next may be many seconds away. */
  #askForStart(): void {
    if (!this.#hasTaker || this.#hasAsked) return;
    this.#hasAsked = true;
    this.#reader?.requestKeyFrame();
  }

  #noteUnsuitable(): void {
    const reason = this.unsuitable;
    const nowMs = this.#deps.clock.monotonicMs();
    // Again and again, since viewers may come while the stream is not live and nothing of it is known for sure.
    if (reason === undefined || nowMs - this.#unsuitableToldAtMs < UNSUITABLE_AGAIN_MS) return;
    this.#unsuitableToldAtMs = nowMs;
    this.#log.debug({}, reason);
    this.#changed.emit();
  }

  #report(rtp: TrackRtp, sender: RtpSender): void {
    const time = this.#reportClock.now();
    if (time !== undefined) rtp.report(sender, time);
  }
}
