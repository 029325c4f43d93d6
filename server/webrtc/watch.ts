import type { types } from 'mediasoup';
import type { Quality, WireConsumer } from '../../shared/signaling.ts';
import type { Clock } from '../base/clock.ts';
import type { StateChange, TrackKind } from '../stream/index.ts';
import { CongestionGuard, type CongestionNotice } from './congestion-guard.ts';
import { FeedConsumers } from './feed-consumers.ts';
import type { FeedLease, Feeds } from './feeds.ts';
import type { LevelCounts } from './level-counts.ts';
import { onceConnected } from './once-connected.ts';
import type { Pipes } from './pipes.ts';
import type { WatchableStream } from './ports.ts';
import type { Level, QualityLadder } from './quality-ladder.ts';
import type { RouterRef } from './router-set.ts';
import { Serial } from './serial.ts';
import { SubPicture } from './sub-picture.ts';

/** What a viewer asked for: which of the camera's pictures, and whether it wants sound at all. */
export interface WatchWish {
  readonly quality: Quality;
  readonly sound: boolean;
}

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
  readonly wish: WatchWish;
  /** The camera's second stream, for a viewer that asks for it or whose link is too slow; undefined where it has none. */
  sub(): WatchableStream | undefined;
  onAdded(consumer: WireConsumer): void;
  onClosed(consumerId: string): void;
  onCongested(notice: CongestionNotice): void;
  /** The viewer gets the other of the two pictures, as it asked or since that one cannot be had. */
  onGiven(quality: Quality): void;
  /** Of the stream whose picture the viewer is given. */
  onState(state: StateChange): void;
}

const PICTURE: ReadonlySet<TrackKind> = new Set(['video']);
const NOTHING: ReadonlySet<TrackKind> = new Set();
/** A second stream that was asked for and did not come is tried again after so long; till then there is the stream itself. */
const SUB_AGAIN_MS = 30_000;

/**
 * One stream watched in a session: its consumers follow the stream's tracks. They start paused; `resume` starts
 * those there are, and is called again for one that was added later.
 *
 * The picture is the stream's own, or that of the camera's second stream: where the viewer asks for it, or while its link
 * is too slow. Sound always is the stream's own. A viewer of the second stream without sound takes nothing of the first
 * one, which so need not be dialled, nor transcoded.
 */
export class Watch {
  readonly id: string;
  readonly #options: WatchOptions;
  readonly #main: FeedConsumers;
  readonly #guard: CongestionGuard;
  readonly #undo: Array<() => void> = [];
  /** One change of what is given after the other. */
  readonly #work = new Serial();
  #wish: WatchWish;
  #given: Quality;
  #sub: SubPicture | undefined;
  /** Ends the wait for a second stream that is not wanted any more. */
  #stopWaiting = () => {};
  /** It was asked for, and could not be had. */
  #subFailed = false;
  #cancelRetry = () => {};
  /** To the viewer's transport, while that is not connected. */
  #stopListening = () => {};
  #level: Level = 'full';
  #isPaused = true;
  /** From the start till the viewer pauses: a stream that rests wakes up for it. */
  #isWanted = true;
  #undoWant: (() => void) | undefined;
  #isClosed = false;

  constructor(options: WatchOptions) {
    const { id, lease, pipes, router, transport, rtpCapabilities, clock } = options;
    this.id = id;
    this.#options = options;
    this.#wish = options.wish;
    const guarded = {
      counts: options.counts,
      transport,
      // Nothing is smaller than what it asked for.
      hasSub: () => this.#wish.quality === 'main' && options.sub() !== undefined,
      picture: () => this.#sub?.consumers.flowing('video') ?? this.#main.flowing('video'),
      apply: (level: Level) => this.#apply(level),
      tell: (notice: CongestionNotice) => {
        if (!this.#isClosed) options.onCongested(notice);
      },
    };
    this.#given = this.#picture === 'sub' ? 'sub' : 'main';
    this.#guard = new CongestionGuard(clock, guarded, options.ladder);
    this.#main = new FeedConsumers({
      ...{ lease, pipes, router, transport, rtpCapabilities, kinds: this.#ofMain(this.#given) },
      onAdded: options.onAdded,
      onClosed: options.onClosed,
      onScore: () => this.#guard.hurry(),
    });
    this.#undo.push(
      lease.feed.stream.onState((change) => {
        if (this.#given === 'main') options.onState(change);
      }),
    );
    this.#matchWant();
  }

  /** The first consumers; events tell of any later one. `refused`: the viewer can take none of the tracks. */
  async start(): Promise<{ consumers: WireConsumer[]; refused: boolean }> {
    const consumers = await this.#main.start();
    if (this.#given === 'main') return { consumers, refused: this.#main.isRefused };
    const isLive = this.#options.sub()?.state.state === 'live';
    const settled = this.#work.run(() => this.#settle(isLive ? 'quietly' : 'told'));
    // One that has to be dialled first is told of later.
    if (!isLive) return { consumers, refused: false };
    await settled;
    return { consumers: [...this.#main.wire(), ...(this.#sub?.told ?? [])], refused: false };
  }

  /** What it learnt of the viewer's link. */
  get ladder(): QualityLadder {
    return this.#guard.ladder;
  }

  /** Which of the camera's pictures the viewer gets, or will get once that is there. */
  get given(): Quality {
    return this.#given;
  }

  /** Of the stream that has that picture: of a camera on demand the other one may well rest. */
  get state(): StateChange {
    const stream = this.#given === 'sub' ? this.#options.sub() : undefined;
    return (stream ?? this.#options.lease.feed.stream).state;
  }

  /** The viewer wants another picture, or sound, or none. What it has goes on till the other picture is there. */
  ask(wish: WatchWish): void {
    if (this.#isClosed || (wish.quality === this.#wish.quality && wish.sound === this.#wish.sound)) return;
    this.#wish = wish;
    this.#subFailed = false;
    this.#cancelRetry();
    this.#stopWaiting();
    // It asks for what its link left it with, and so has all that it asks for.
    if (wish.quality === 'sub' && this.#level === 'sub') {
      this.#level = 'full';
      this.#guard.restart();
    }
    this.#work.run(() => this.#settle()).catch(() => {});
  }

  async resume(): Promise<void> {
    this.#isWanted = true;
    this.#matchWant();
    this.#isPaused = false;
    this.#main.ready();
    this.#sub?.consumers.ready();
    await this.#flow();
    this.#whenConnected();
    // Not awaited while it was paused.
    if (this.#picture === 'sub' && !this.#hasSubPicture) this.#work.run(() => this.#settle()).catch(() => {});
  }

  async pause(): Promise<void> {
    this.#isWanted = false;
    this.#stopWaiting();
    this.#matchWant();
    this.#isPaused = true;
    await this.#flow();
  }

  /** Idempotent; no event follows. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopWaiting();
    this.#stopListening();
    this.#cancelRetry();
    this.#guard.close();
    for (const undo of this.#undo) undo();
    this.#undoWant?.();
    this.#closeSub();
    this.#main.close();
    this.#options.lease.release();
  }

  /** What the viewer's link and wish come to. */
  get #picture(): Quality | 'none' {
    if (this.#level === 'paused') return 'none';
    if (this.#level === 'sub') return 'sub';
    const isToBeSub = this.#wish.quality === 'sub' && !this.#subFailed;
    return isToBeSub && this.#options.sub() !== undefined ? 'sub' : 'main';
  }

  /** The kinds that are consumed of the stream itself, where the picture is that of `picture`. */
  #ofMain(picture: Quality): ReadonlySet<TrackKind> {
    const kinds = new Set<TrackKind>();
    if (picture === 'main') kinds.add('video');
    if (this.#wish.sound) kinds.add('audio');
    return kinds;
  }

  async #flow(): Promise<void> {
    if (this.#isPaused) {
      await Promise.all([this.#main.flow(NOTHING), this.#sub?.consumers.flow(NOTHING)]);
      return;
    }
    const picture = this.#picture;
    // What a viewer has goes on till the other picture is there; one whose link is too slow has nothing till then.
    const isOfMain = picture === 'main' || (this.#level === 'full' && !this.#hasSubPicture);
    await Promise.all([
      this.#main.flow(this.#ofMain(isOfMain ? 'main' : 'sub')),
      this.#sub?.consumers.flow(picture === 'sub' ? PICTURE : NOTHING),
    ]);
  }

  get #hasSubPicture(): boolean {
    return this.#sub?.consumers.has('video') === true;
  }

  #apply(level: Level): Promise<boolean> {
    this.#level = level;
    this.#stopWaiting();
    return this.#work.run(() => this.#settle());
  }

  /** Gives what is to be given now; false where the viewer's link needs the second stream and that does not come. */
  async #settle(how: 'told' | 'quietly' = 'told'): Promise<boolean> {
    if (this.#isClosed) return true;
    const level = this.#level;
    try {
      switch (this.#picture) {
        case 'none':
          if (this.#wish.quality === 'main') this.#closeSub();
          break;
        case 'main':
          await this.#giveMain();
          break;
        case 'sub': {
          await this.#flow();
          const got = await this.#giveSub(how);
          if (got === 'missing') return this.#withoutSub(level);
          // Something else is wanted by now, and comes next.
          if (got === 'stopped') return true;
        }
      }
      this.#matchWant();
      await this.#flow();
      return true;
    } catch {
      // The producer went away in between, or the worker died. The feed brings the stream's own tracks again.
      return level === 'full';
    }
  }

  async #giveMain(): Promise<void> {
    this.#closeSub();
    this.#matchWant('main');
    await this.#main.consume(this.#ofMain('main'));
    this.#tellGiven('main');
  }

  async #giveSub(how: 'told' | 'quietly'): Promise<'given' | 'missing' | 'stopped'> {
    if (!this.#hasSubPicture) {
      if (!this.#isWanted) return 'stopped';
      const stop = { isAsked: false };
      this.#stopWaiting = () => {
        stop.isAsked = true;
      };
      const isOpen = await this.#openSub(stop);
      this.#stopWaiting = () => {};
      if (stop.isAsked && !isOpen) return 'stopped';
      if (!isOpen) return 'missing';
    }
    await this.#main.consume(this.#ofMain('sub'));
    const sub = this.#sub;
    const added = sub?.tell() ?? [];
    if (how === 'told') for (const consumer of added) this.#options.onAdded(consumer);
    if (this.#level === 'full') this.#tellGiven('sub');
    return 'given';
  }

  async #withoutSub(level: Level): Promise<boolean> {
    if (this.#isClosed || level !== this.#level || this.#picture !== 'sub') return true;
    if (level === 'sub') return false;
    this.#subFailed = true;
    this.#cancelRetry();
    this.#cancelRetry = this.#options.clock.after(SUB_AGAIN_MS, () => {
      this.#subFailed = false;
      this.#work.run(() => this.#settle()).catch(() => {});
    });
    await this.#giveMain();
    await this.#flow();
    return true;
  }

  #tellGiven(quality: Quality): void {
    if (this.#given === quality || this.#isClosed) return;
    const before = this.state;
    this.#given = quality;
    this.#options.onGiven(quality);
    const { state } = this;
    if (state.state !== before.state || state.reason?.code !== before.reason?.code)
      this.#options.onState(state);
  }

  /** Has the stream itself read while its viewer takes something of it. */
  #matchWant(picture = this.#picture): void {
    const isOfUse = picture === 'main' || this.#wish.sound || this.#main?.has('video') === true;
    if (!this.#isWanted || !isOfUse || this.#isClosed) {
      this.#undoWant?.();
      this.#undoWant = undefined;
    } else {
      this.#undoWant ??= this.#options.lease.feed.want();
    }
    this.#sub?.want(this.#isWanted);
  }

  /** Consumes the second stream's picture; false where it does not come. */
  async #openSub(stop: { isAsked: boolean }): Promise<boolean> {
    const { feeds, pipes, router, transport, rtpCapabilities, clock, onAdded, onClosed } = this.#options;
    const stream = this.#options.sub();
    if (stream === undefined || this.#isClosed || this.#picture !== 'sub') return false;
    const lease = feeds.acquire(stream, router.worker);
    const sub = new SubPicture({
      ...{ stream, lease, clock, pipes, router, transport, rtpCapabilities, onAdded, onClosed },
      onScore: () => this.#guard.hurry(),
      onState: (change) => {
        if (this.#given === 'sub') this.#options.onState(change);
      },
      onLost: () => {
        if (this.#sub !== sub) return;
        if (this.#level === 'sub') this.#guard.subLost();
        else this.#subLost();
      },
    });
    this.#sub = sub;
    try {
      const stopped = new Promise<never>((_, reject) => {
        this.#stopWaiting = () => {
          stop.isAsked = true;
          reject(new Error('something else is wanted'));
        };
      });
      await sub.start(stopped);
      if (this.#sub !== sub) return false;
      if (!sub.consumers.has('video')) {
        this.#closeSub();
        return false;
      }
      sub.follow();
      return true;
    } catch {
      if (this.#sub === sub) this.#closeSub();
      return false;
    }
  }

  /** What was asked for does not come any more: the stream itself takes its place, until it does. */
  #subLost(): void {
    this.#work
      .run(async () => {
        if (this.#level === 'full' && this.#picture === 'sub') await this.#withoutSub('full');
      })
      .catch(() => {});
  }

  #closeSub(): void {
    const sub = this.#sub;
    if (sub === undefined) return;
    this.#sub = undefined;
    const gone = sub.told;
    sub.close();
    if (this.#isClosed) return;
    for (const { id } of gone) this.#options.onClosed(id);
  }

  /** The viewer may have to connect first; however often it asks, it is told of once. */
  #whenConnected(): void {
    this.#stopListening();
    this.#stopListening = onceConnected(this.#options.transport, () => {
      if (!this.#isClosed && this.#isWanted) this.#viewerReady();
    });
  }

  #viewerReady(): void {
    this.#options.lease.feed.viewerReady();
    this.#sub?.viewerReady();
  }
}
