import { randomUUID } from 'node:crypto';
import { ApiError, ERROR_TABLE, type ErrorCode } from '../../shared/errors.ts';
import { isInternalStream, type StreamId } from '../../shared/names.ts';
import type { EventData, MethodResult, Params, WireTransport } from '../../shared/signaling.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import { noSuchStream } from '../base/no-such-stream.ts';
import type { StateChange } from '../stream/index.ts';
import { congestedEvent } from './congestion-words.ts';
import { shuttingDown, toApiError } from './failures.ts';
import type { Feeds } from './feeds.ts';
import type { LevelCounts } from './level-counts.ts';
import { requireSuitable } from './live-wait.ts';
import type { Pipes } from './pipes.ts';
import { type Placement, type PlacementDeps, placeViewer } from './placement.ts';
import type { WatchableStream, WatchableStreams } from './ports.ts';
import type { QualityLadder } from './quality-ladder.ts';
import { viewerCapabilities } from './rtp-parameters.ts';
import { Serial } from './serial.ts';
import type { StreamFeed } from './stream-feed.ts';
import { Watch, type WatchWish } from './watch.ts';

/** What a session tells its viewer, in the words of the signaling protocol. */
export type ViewerEvent =
  | { readonly event: 'stream.state'; readonly data: EventData<'stream.state'> }
  | { readonly event: 'consumer.added'; readonly data: EventData<'consumer.added'> }
  | { readonly event: 'consumer.closed'; readonly data: EventData<'consumer.closed'> }
  | { readonly event: 'watch.congested'; readonly data: EventData<'watch.congested'> }
  | { readonly event: 'watch.quality'; readonly data: EventData<'watch.quality'> }
  | { readonly event: 'watch.closed'; readonly data: EventData<'watch.closed'> };

/** One watch, for lists of viewers. */
export interface Watching {
  readonly stream: StreamId;
  readonly sinceMs: number;
  /** Where the media go; undefined until ICE has found that. */
  readonly address: string | undefined;
}

export interface ViewerSessionDeps extends PlacementDeps {
  readonly streams: WatchableStreams;
  readonly feeds: Feeds;
  readonly pipes: Pipes;
  readonly clock: Clock;
  readonly counts: LevelCounts;
  readonly log: Logger;
}

export interface ViewerSessionOptions extends ViewerSessionDeps {
  onEvent(event: ViewerEvent): void;
  onClosed(): void;
}

const MAX_WATCHES = 64;

interface HeldWatch {
  readonly sinceMs: number;
  readonly watch: Watch;
  readonly stream: StreamId;
  readonly undo: Array<() => void>;
  wish: WatchWish;
}

interface HeldPlacement {
  readonly placement: Placement;
  readonly undoDied: () => void;
  isTold: boolean;
}

/**
 * One viewer's connection: at most one transport, on one router, for all streams it watches. The transport is
 * made with the first watch, and anew with the first one after its worker died.
 */
export class ViewerSession {
  readonly id: string = randomUUID();
  readonly #options: ViewerSessionOptions;
  readonly #watches = new Map<string, HeldWatch>();
  readonly #ladders = new Map<StreamId, QualityLadder>();
  readonly #placing = new Serial();
  readonly #connected = new Set<string>();
  #placement: HeldPlacement | undefined;
  #starting = 0;
  #isClosed = false;

  constructor(options: ViewerSessionOptions) {
    this.#options = options;
  }

  /** Consumers come paused. Throws `STREAM_NOT_FOUND`, `TOO_MANY_VIEWERS`, `NO_COMMON_CODEC`, `WEBRTC_UNSUITABLE`, `WORKER_DIED`. */
  async startWatch(params: Params<'watch.start'>): Promise<MethodResult<'watch.start'>> {
    if (this.#isClosed) throw shuttingDown();
    const stream = isInternalStream(params.stream) ? undefined : this.#options.streams.get(params.stream);
    if (stream === undefined) throw noSuchStream(params.stream);
    if (this.#watches.size + this.#starting >= MAX_WATCHES) {
      throw new ApiError('TOO_MANY_VIEWERS', `One session watches at most ${MAX_WATCHES} streams.`);
    }
    this.#starting += 1;
    try {
      return await this.#startWatch(stream, params);
    } catch (failure) {
      // Whatever else failed because the stream was removed meanwhile.
      if (this.#options.streams.get(params.stream) === undefined) throw noSuchStream(params.stream);
      throw this.#failure(failure);
    } finally {
      this.#starting -= 1;
    }
  }

  async resumeWatch(params: Params<'watch.resume'>): Promise<void> {
    await this.#guard(() => this.#watch(params.watchId).watch.resume());
  }

  async pauseWatch(params: Params<'watch.pause'>): Promise<void> {
    await this.#guard(() => this.#watch(params.watchId).watch.pause());
  }

  /** Which picture, and whether with sound; what is left out stays as it was. */
  async setQuality({ watchId, quality, sound }: Params<'watch.quality'>): Promise<void> {
    const held = this.#watch(watchId);
    held.wish = { quality: quality ?? held.wish.quality, sound: sound ?? held.wish.sound };
    held.watch.ask(held.wish);
  }

  async stopWatch(params: Params<'watch.stop'>): Promise<void> {
    this.#dropWatch(this.#watch(params.watchId));
  }

  /** Throws `CONFLICT` when it was connected before. */
  async connectTransport(params: Params<'transport.connect'>): Promise<void> {
    const { transport } = this.#transport(params.transportId);
    if (this.#connected.has(transport.id)) {
      throw new ApiError('CONFLICT', 'This transport is connected already.');
    }
    this.#connected.add(transport.id);
    const { role, fingerprints } = params.dtlsParameters;
    await this.#guard(() =>
      transport.connect({ dtlsParameters: { ...(role === undefined ? {} : { role }), fingerprints } }),
    );
  }

  async restartIce(params: Params<'transport.restartIce'>): Promise<MethodResult<'transport.restartIce'>> {
    const { transport } = this.#transport(params.transportId);
    return { iceParameters: await this.#guard(() => transport.restartIce()) };
  }

  /** What it watches just now. */
  get watching(): Watching[] {
    const address = this.#placement?.placement.transport.iceSelectedTuple?.remoteIp;
    return [...this.#watches.values()].map(({ stream, sinceMs }) => ({ stream, sinceMs, address }));
  }

  /** Idempotent; no event follows. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const held of [...this.#watches.values()]) this.#dropWatch(held);
    this.#dropPlacement();
    this.#options.onClosed();
  }

  async #startWatch(
    stream: WatchableStream,
    params: Params<'watch.start'>,
  ): Promise<MethodResult<'watch.start'>> {
    const lease = this.#options.feeds.acquire(stream, this.#placement?.placement.router.worker);
    let held: HeldWatch | undefined;
    try {
      await lease.feed.settled();
      const wish: WatchWish = { quality: params.quality ?? 'main', sound: params.sound ?? true };
      const hasSub = this.#options.streams.derived(stream.id, 'sub') !== undefined;
      if (wish.quality === 'main' || !hasSub) requireSuitable(lease.feed);
      const place = await this.#placing.run(() => this.#ensurePlacement(lease.feed));
      if (this.#isClosed) throw shuttingDown();
      const id = randomUUID();
      const watch = new Watch({
        id,
        lease,
        feeds: this.#options.feeds,
        pipes: this.#options.pipes,
        clock: this.#options.clock,
        counts: this.#options.counts,
        router: place.placement.router,
        transport: place.placement.transport,
        rtpCapabilities: viewerCapabilities(params.rtpCapabilities),
        ladder: this.#takeLadder(stream.id),
        wish,
        sub: () => this.#options.streams.derived(stream.id, 'sub'),
        onAdded: (consumer) => this.#emit({ event: 'consumer.added', data: { watchId: id, consumer } }),
        onClosed: (consumerId) => this.#emit({ event: 'consumer.closed', data: { watchId: id, consumerId } }),
        onCongested: (notice) => this.#emit({ event: 'watch.congested', data: congestedEvent(id, notice) }),
        onState: (change) =>
          this.#emit({ event: 'stream.state', data: { stream: stream.id, ...wireState(change) } }),
        onGiven: (given) => {
          this.#emit({ event: 'watch.quality', data: { watchId: id, given } });
          if (held !== undefined) this.#endUnsuitable(held, lease.feed);
        },
      });
      held = this.#hold(watch, stream, lease.feed, wish);
      const { consumers, refused } = await watch.start();
      if (refused) {
        throw new ApiError(
          'NO_COMMON_CODEC',
          'The viewer supports none of the codecs of this stream: its video is H.264 (packetization-mode 1).',
        );
      }
      if (!this.#watches.has(id)) throw new ApiError('WORKER_DIED', 'A media worker died; watch again.');
      const transport = place.isTold ? undefined : wireTransport(place.placement);
      place.isTold = true;
      return {
        watchId: id,
        ...wireState(watch.state),
        consumers,
        qualities: hasSub ? ['main', 'sub'] : ['main'],
        given: watch.given,
        ...(transport && { transport }),
      };
    } catch (failure) {
      if (held === undefined) lease.release();
      else this.#dropWatch(held);
      throw failure;
    }
  }

  #hold(watch: Watch, stream: WatchableStream, feed: StreamFeed, wish: WatchWish): HeldWatch {
    const sinceMs = this.#options.clock.wallMs();
    const held: HeldWatch = { sinceMs, watch, stream: stream.id, undo: [], wish };
    held.undo.push(
      stream.onRemoved(() => this.#endWatch(held, 'STREAM_NOT_FOUND')),
      feed.onChanged(() => this.#endUnsuitable(held, feed)),
    );
    this.#watches.set(watch.id, held);
    return held;
  }

  async #ensurePlacement(feed: StreamFeed): Promise<HeldPlacement> {
    if (this.#placement !== undefined) return this.#placement;
    const placement = await placeViewer(this.#options, feed);
    if (this.#isClosed || !placement.router.worker.isAlive) {
      placement.close();
      throw this.#isClosed
        ? shuttingDown()
        : new ApiError('WORKER_DIED', 'A media worker died; watch again.');
    }
    const undoDied = placement.router.worker.onDied(() => this.#onWorkerDied());
    const held: HeldPlacement = { placement, undoDied, isTold: false };
    this.#placement = held;
    return held;
  }

  #onWorkerDied(): void {
    this.#dropPlacement();
    for (const held of [...this.#watches.values()]) this.#endWatch(held, 'WORKER_DIED');
  }

  /** A viewer of the second stream's picture is none of this. */
  #endUnsuitable(held: HeldWatch, { unsuitable }: StreamFeed): void {
    if (unsuitable === undefined || held.watch.given === 'sub') return;
    this.#endWatch(held, 'WEBRTC_UNSUITABLE', unsuitable);
  }

  #endWatch(held: HeldWatch, code: ErrorCode, message?: string): void {
    if (!this.#watches.has(held.watch.id)) return;
    this.#dropWatch(held);
    const { retryable } = ERROR_TABLE[code];
    this.#emit({
      event: 'watch.closed',
      data: { watchId: held.watch.id, code, retryable, ...(message === undefined ? {} : { message }) },
    });
  }

  #dropWatch(held: HeldWatch): void {
    this.#watches.delete(held.watch.id);
    this.#keepLadder(held);
    for (const undo of held.undo) undo();
    held.watch.close();
  }

  /** A player that sees no picture watches again; its link is the one that it was. */
  #keepLadder({ watch, stream }: HeldWatch): void {
    if (!watch.ladder.hasFailed) return;
    this.#ladders.set(stream, watch.ladder);
    const [oldest] = this.#ladders.keys();
    if (this.#ladders.size > MAX_WATCHES && oldest !== undefined) this.#ladders.delete(oldest);
  }

  #takeLadder(stream: StreamId): QualityLadder | undefined {
    const ladder = this.#ladders.get(stream);
    this.#ladders.delete(stream);
    return ladder;
  }

  #dropPlacement(): void {
    const held = this.#placement;
    this.#placement = undefined;
    held?.undoDied();
    held?.placement.close();
  }

  #watch(id: string): HeldWatch {
    const held = this.#watches.get(id);
    if (held === undefined) throw new ApiError('NOT_FOUND', 'This session has no such watch.');
    return held;
  }

  #transport(id: string): Placement {
    const placement = this.#placement?.placement;
    if (placement === undefined || placement.transport.id !== id) {
      throw new ApiError('NOT_FOUND', 'This session has no such transport.');
    }
    return placement;
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (failure) {
      throw this.#failure(failure);
    }
  }

  #failure(failure: unknown): ApiError {
    const error = toApiError(failure, this.#placement?.placement.router.worker);
    if (error.code === 'INTERNAL') this.#options.log.warn({ err: failure }, 'a viewer request failed');
    return error;
  }

  #emit(event: ViewerEvent): void {
    if (!this.#isClosed) this.#options.onEvent(event);
  }
}

/** A state for the wire: when the next try comes is nothing that a viewer needs. */
function wireState({ state, reason }: StateChange): Omit<EventData<'stream.state'>, 'stream'> {
  return {
    state,
    ...(reason === undefined ? {} : { reason: { code: reason.code, message: reason.message } }),
  };
}

function wireTransport(placement: Placement): WireTransport {
  const { id, iceParameters, dtlsParameters } = placement.transport;
  return { id, iceParameters, iceCandidates: [...placement.iceCandidates], dtlsParameters };
}
