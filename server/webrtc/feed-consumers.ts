import type { types } from 'mediasoup';
import type { WireConsumer } from '../../shared/signaling.ts';
import type { TrackKind } from '../stream/index.ts';
import type { FeedLease } from './feeds.ts';
import type { Pipes } from './pipes.ts';
import type { RouterRef } from './router-set.ts';
import { Serial } from './serial.ts';
import { consumeTrack, type TrackConsumer } from './track-consumers.ts';

export interface FeedConsumersOptions {
  readonly lease: FeedLease;
  readonly pipes: Pipes;
  readonly router: RouterRef;
  readonly transport: types.WebRtcTransport;
  readonly rtpCapabilities: types.RtpCapabilities;
  /** The kinds that are consumed at first. */
  readonly kinds: ReadonlySet<TrackKind>;
  onAdded(consumer: WireConsumer): void;
  onClosed(consumerId: string): void;
  /** mediasoup thinks worse or better of a consumer's way to its viewer. */
  onScore(): void;
}

interface Entry {
  readonly held: TrackConsumer;
  /** The viewer has its track and has said so. */
  isReady: boolean;
}

/**
 * What a viewer consumes of one feed: the tracks of the wanted kinds, followed as they come and go. They start paused;
 * those that the viewer is ready for flow while their kind may.
 */
export class FeedConsumers {
  readonly #options: FeedConsumersOptions;
  readonly #entries = new Map<string, Entry>();
  /** Producers that the viewer cannot take, so that each is tried once. */
  readonly #refused = new Set<string>();
  readonly #work = new Serial();
  readonly #undo: () => void;
  #kinds: ReadonlySet<TrackKind>;
  #isTold = false;
  #isClosed = false;

  constructor(options: FeedConsumersOptions) {
    this.#options = options;
    this.#kinds = options.kinds;
    this.#undo = options.lease.feed.onChanged(() => this.#follow());
  }

  /** Makes the consumers of what there is, without events; those of later changes are told. */
  async start(): Promise<WireConsumer[]> {
    await this.#options.lease.feed.settled();
    await this.#work.run(() => this.#match());
    this.#isTold = true;
    return this.wire();
  }

  wire(): WireConsumer[] {
    return [...this.#entries.values()].map(({ held }) => wireConsumer(held));
  }

  /** The viewer knows of the consumers. */
  get isTold(): boolean {
    return this.#isTold;
  }

  /** The viewer could take none of the tracks there were. */
  get isRefused(): boolean {
    return this.#entries.size === 0 && this.#refused.size > 0;
  }

  has(kind: TrackKind): boolean {
    return this.#of(kind) !== undefined;
  }

  /** The consumer of a kind, where it flows. */
  flowing(kind: TrackKind): types.Consumer | undefined {
    const consumer = this.#of(kind)?.held.consumer;
    return consumer?.paused === false ? consumer : undefined;
  }

  /** Other kinds are to be consumed than before: makes what is missing and ends what is too much. */
  async consume(kinds: ReadonlySet<TrackKind>): Promise<void> {
    this.#kinds = kinds;
    for (const [producerId, { held }] of this.#entries) {
      if (kinds.has(held.track.kind)) continue;
      this.#entries.delete(producerId);
      held.close();
      if (this.#isTold && !this.#isClosed) this.#options.onClosed(held.consumer.id);
    }
    await this.#work.run(() => this.#match());
  }

  /** The viewer has the tracks of all consumers there are. */
  ready(): void {
    for (const entry of this.#entries.values()) entry.isReady = true;
  }

  /** Lets these kinds flow, of what the viewer is ready for, and holds the others. */
  async flow(kinds: ReadonlySet<TrackKind>): Promise<void> {
    await Promise.all(
      [...this.#entries.values()].map(async ({ held, isReady }) => {
        const { consumer, track } = held;
        if (isReady && kinds.has(track.kind)) await consumer.resume();
        else await consumer.pause();
      }),
    );
  }

  /** Idempotent; no event follows. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#undo();
    for (const { held } of this.#entries.values()) held.close();
    this.#entries.clear();
  }

  #of(kind: TrackKind): Entry | undefined {
    for (const entry of this.#entries.values()) if (entry.held.track.kind === kind) return entry;
    return undefined;
  }

  #follow(): void {
    this.#work
      .run(() => this.#match())
      .catch(() => {
        // The producer went away in between, or the worker died: the next change of the feed brings this again.
      });
  }

  async #match(): Promise<void> {
    for (const track of this.#options.lease.feed.tracks) {
      if (this.#isClosed) return;
      const { producerId, kind } = track;
      if (!this.#kinds.has(kind) || this.#entries.has(producerId) || this.#refused.has(producerId)) continue;
      const { pipes, router, transport, rtpCapabilities } = this.#options;
      const onClosed = () => this.#onConsumerClosed(producerId);
      const held = await consumeTrack({ pipes, router, transport, track, rtpCapabilities, onClosed });
      if (held === undefined) {
        this.#refused.add(producerId);
        continue;
      }
      if (this.#isClosed || !this.#kinds.has(kind)) {
        held.close();
        continue;
      }
      held.consumer.on('score', () => this.#options.onScore());
      this.#entries.set(producerId, { held, isReady: false });
      if (this.#isTold) this.#options.onAdded(wireConsumer(held));
    }
  }

  #onConsumerClosed(producerId: string): void {
    const entry = this.#entries.get(producerId);
    if (entry === undefined || this.#isClosed) return;
    this.#entries.delete(producerId);
    if (this.#isTold) this.#options.onClosed(entry.held.consumer.id);
  }
}

function wireConsumer(held: TrackConsumer): WireConsumer {
  const { id, producerId, kind, rtpParameters } = held.consumer;
  return { id, producerId, kind, rtpParameters: { ...rtpParameters } };
}
