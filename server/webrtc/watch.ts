import type { types } from 'mediasoup';
import type { WireConsumer } from '../../shared/signaling.ts';
import type { Clock } from '../base/clock.ts';
import type { TrackKind } from '../stream/index.ts';
import { CongestionGuard, type CongestionNotice } from './congestion-guard.ts';
import { FeedConsumers } from './feed-consumers.ts';
import type { FeedLease, Feeds } from './feeds.ts';
import type { LevelCounts } from './level-counts.ts';
import { waitUntilLive } from './live-wait.ts';
import type { Pipes } from './pipes.ts';
import type { WatchableStream } from './ports.ts';
import type { Level, QualityLadder } from './quality-ladder.ts';
import type { RouterRef } from './router-set.ts';

export interface WatchOptions {
  readonly id: string;
  readonly lease: FeedLease;
  readonly feeds: Feeds;
  readonly pipes: Pipes;
  readonly clock: Clock;
  readonly counts: LevelCounts;
  readonly router: RouterRef;
  readonly transport: types.WebRtcTransport;
  readonly rtpCapabilities: types.RtpCapabilities;
  /** Of the watch before this one of the same stream, where it had trouble. */
  readonly ladder: QualityLadder | undefined;
  /** The camera's second stream, for a viewer whose link is too slow; undefined where it has none. */
  sub(): WatchableStream | undefined;
  onAdded(consumer: WireConsumer): void;
  onClosed(consumerId: string): void;
  onCongested(notice: CongestionNotice): void;
}

const ALL: ReadonlySet<TrackKind> = new Set(['video', 'audio']);
const PICTURE: ReadonlySet<TrackKind> = new Set(['video']);
const SOUND: ReadonlySet<TrackKind> = new Set(['audio']);
const NOTHING: ReadonlySet<TrackKind> = new Set();
/** How long a second stream may take to come before its viewers are paused instead, and may be gone before they leave it. */
const SUB_PATIENCE_MS = 8000;

interface Sub {
  readonly consumers: FeedConsumers;
  readonly lease: FeedLease;
  readonly undo: Array<() => void>;
}

/**
 * One stream watched in a session: its consumers follow the stream's tracks. They start paused; `resume` starts
 * those there are, and is called again for one that was added later.
 *
 * While the viewer's link is too slow, the picture's consumer is replaced by one of the camera's second stream, or paused.
 * Sound always is the stream's own.
 */
export class Watch {
  readonly id: string;
  readonly #options: WatchOptions;
  readonly #main: FeedConsumers;
  readonly #guard: CongestionGuard;
  readonly #undo: Array<() => void> = [];
  #sub: Sub | undefined;
  #level: Level = 'full';
  #isPaused = true;
  #undoWant: (() => void) | undefined;
  #isClosed = false;

  constructor(options: WatchOptions) {
    const { id, lease, pipes, router, transport, rtpCapabilities, clock } = options;
    this.id = id;
    this.#options = options;
    const guarded = {
      counts: options.counts,
      transport,
      hasSub: () => options.sub() !== undefined,
      picture: () => (this.#sub?.consumers ?? this.#main).flowing('video'),
      apply: (level: Level) => this.#apply(level),
      tell: (notice: CongestionNotice) => {
        if (!this.#isClosed) options.onCongested(notice);
      },
    };
    this.#guard = new CongestionGuard(clock, guarded, options.ladder);
    this.#main = new FeedConsumers({
      ...{ lease, pipes, router, transport, rtpCapabilities, kinds: ALL },
      onAdded: options.onAdded,
      onClosed: options.onClosed,
      onScore: () => this.#guard.hurry(),
    });
    // A stream that rests wakes up for its viewer, who pauses it when it is not to be shown.
    this.#undoWant = lease.feed.want();
  }

  /** The first consumers; events tell of any later one. `refused`: the viewer can take none of the tracks. */
  async start(): Promise<{ consumers: WireConsumer[]; refused: boolean }> {
    const consumers = await this.#main.start();
    return { consumers, refused: this.#main.isRefused };
  }

  /** What it learnt of the viewer's link. */
  get ladder(): QualityLadder {
    return this.#guard.ladder;
  }

  async resume(): Promise<void> {
    this.#undoWant ??= this.#options.lease.feed.want();
    this.#isPaused = false;
    this.#main.ready();
    this.#sub?.consumers.ready();
    await this.#flow();
    this.#whenConnected();
  }

  async pause(): Promise<void> {
    this.#undoWant?.();
    this.#undoWant = undefined;
    this.#isPaused = true;
    await this.#flow();
  }

  /** Idempotent; no event follows. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#guard.close();
    for (const undo of this.#undo) undo();
    this.#undoWant?.();
    this.#closeSub();
    this.#main.close();
    this.#options.lease.release();
  }

  async #flow(): Promise<void> {
    const ofMain = this.#level === 'full' ? ALL : SOUND;
    await Promise.all([
      this.#main.flow(this.#isPaused ? NOTHING : ofMain),
      this.#sub?.consumers.flow(this.#isPaused ? NOTHING : PICTURE),
    ]);
  }

  async #apply(level: Level): Promise<boolean> {
    this.#level = level;
    try {
      if (level !== 'sub') this.#closeSub();
      if (level === 'full') await this.#main.consume(ALL);
      await this.#flow();
      return level !== 'sub' || (await this.#openSub());
    } catch {
      // The producer went away in between, or the worker died. The feed brings the stream's own tracks again.
      return level === 'full';
    }
  }

  /** Puts the second stream's picture in the place of the stream's own; false where it does not come. */
  async #openSub(): Promise<boolean> {
    const { feeds, pipes, router, transport, rtpCapabilities, clock, onAdded, onClosed } = this.#options;
    const stream = this.#options.sub();
    if (stream === undefined || this.#isClosed) return false;
    const lease = feeds.acquire(stream, router.worker);
    const consumers = new FeedConsumers({
      ...{ lease, pipes, router, transport, rtpCapabilities, kinds: PICTURE },
      onAdded,
      onClosed,
      onScore: () => this.#guard.hurry(),
    });
    const sub: Sub = { consumers, lease, undo: [lease.feed.want()] };
    this.#sub = sub;
    try {
      await waitUntilLive(lease.feed, clock, SUB_PATIENCE_MS);
      const added = await consumers.start();
      if (this.#sub !== sub) return false;
      if (!consumers.has('video')) {
        this.#closeSub();
        return false;
      }
      this.#followSub(sub, stream);
      await this.#main.consume(SOUND);
      for (const consumer of added) onAdded(consumer);
      return true;
    } catch {
      if (this.#sub === sub) this.#closeSub();
      return false;
    }
  }

  #followSub(sub: Sub, stream: WatchableStream): void {
    const lost = () => {
      if (this.#sub === sub) this.#guard.subLost();
    };
    let cancel: (() => void) | undefined;
    const onState = () => {
      cancel?.();
      cancel = undefined;
      if (stream.state.state !== 'live') cancel = this.#options.clock.after(SUB_PATIENCE_MS, lost);
    };
    sub.undo.push(stream.onRemoved(lost), stream.onState(onState), () => cancel?.());
  }

  #closeSub(): void {
    const sub = this.#sub;
    if (sub === undefined) return;
    this.#sub = undefined;
    for (const undo of sub.undo) undo();
    const gone = sub.consumers.isTold ? sub.consumers.wire() : [];
    sub.consumers.close();
    sub.lease.release();
    if (this.#isClosed) return;
    for (const { id } of gone) this.#options.onClosed(id);
  }

  #whenConnected(): void {
    const { transport } = this.#options;
    if (transport.dtlsState === 'connected') {
      this.#viewerReady();
      return;
    }
    const onState = () => {
      if (transport.dtlsState !== 'connected') return;
      transport.off('dtlsstatechange', onState);
      if (!this.#isClosed && this.#undoWant !== undefined) this.#viewerReady();
    };
    transport.on('dtlsstatechange', onState);
    this.#undo.push(() => transport.off('dtlsstatechange', onState));
  }

  #viewerReady(): void {
    this.#options.lease.feed.viewerReady();
    this.#sub?.lease.feed.viewerReady();
  }
}
