import type { types } from 'mediasoup';
import type { WireConsumer } from '../../shared/signaling.ts';
import type { FeedLease } from './feeds.ts';
import type { Pipes } from './pipes.ts';
import type { RouterRef } from './router-set.ts';
import { Serial } from './serial.ts';
import { consumeTrack, type TrackConsumer } from './track-consumers.ts';

export interface WatchOptions {
  readonly id: string;
  readonly lease: FeedLease;
  readonly pipes: Pipes;
  readonly router: RouterRef;
  readonly transport: types.WebRtcTransport;
  readonly rtpCapabilities: types.RtpCapabilities;
  onAdded(consumer: WireConsumer): void;
  onClosed(consumerId: string): void;
  onCongested(): void;
}

/** mediasoup's score of a consumer, 0 to 10; at this and below its viewer loses more than can be resent. */
const CONGESTED_SCORE = 4;

/**
 * One stream watched in a session: its consumers follow the stream's tracks. They start paused; `resume` starts
 * those there are, and is called again for one that was added later.
 */
export class Watch {
  readonly id: string;
  readonly #options: WatchOptions;
  readonly #consumers = new Map<string, TrackConsumer>();
  /** Producers that the viewer cannot take, so that each is tried once. */
  readonly #refused = new Set<string>();
  readonly #work = new Serial();
  readonly #undo: Array<() => void> = [];
  #undoWant: (() => void) | undefined;
  #isTold = false;
  #isClosed = false;

  constructor(options: WatchOptions) {
    this.id = options.id;
    this.#options = options;
    this.#undo.push(options.lease.feed.onChanged(() => this.#follow()));
    // A stream that rests wakes up for its viewer, who pauses it when it is not to be shown.
    this.#undoWant = options.lease.feed.want();
  }

  /** The first consumers; events tell of any later one. `refused`: the viewer can take none of the tracks. */
  async start(): Promise<{ consumers: WireConsumer[]; refused: boolean }> {
    await this.#options.lease.feed.settled();
    await this.#work.run(() => this.#match());
    this.#isTold = true;
    const consumers = [...this.#consumers.values()].map((held) => wireConsumer(held));
    return { consumers, refused: consumers.length === 0 && this.#refused.size > 0 };
  }

  async resume(): Promise<void> {
    this.#undoWant ??= this.#options.lease.feed.want();
    await Promise.all([...this.#consumers.values()].map((held) => held.consumer.resume()));
    this.#whenConnected();
  }

  async pause(): Promise<void> {
    this.#undoWant?.();
    this.#undoWant = undefined;
    await Promise.all([...this.#consumers.values()].map((held) => held.consumer.pause()));
  }

  /** Idempotent; no event follows. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const undo of this.#undo) undo();
    this.#undoWant?.();
    for (const held of this.#consumers.values()) held.close();
    this.#consumers.clear();
    this.#options.lease.release();
  }

  #whenConnected(): void {
    const { transport, lease } = this.#options;
    if (transport.dtlsState === 'connected') {
      lease.feed.viewerReady();
      return;
    }
    const onState = () => {
      if (transport.dtlsState !== 'connected') return;
      transport.off('dtlsstatechange', onState);
      if (!this.#isClosed && this.#undoWant !== undefined) lease.feed.viewerReady();
    };
    transport.on('dtlsstatechange', onState);
    this.#undo.push(() => transport.off('dtlsstatechange', onState));
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
      if (this.#consumers.has(track.producerId) || this.#refused.has(track.producerId)) continue;
      const { pipes, router, transport, rtpCapabilities } = this.#options;
      const onClosed = () => this.#onConsumerClosed(track.producerId);
      const held = await consumeTrack({ pipes, router, transport, track, rtpCapabilities, onClosed });
      if (held === undefined) {
        this.#refused.add(track.producerId);
        continue;
      }
      if (this.#isClosed) {
        held.close();
        return;
      }
      this.#consumers.set(track.producerId, held);
      this.#watchScore(held.consumer);
      if (this.#isTold) this.#options.onAdded(wireConsumer(held));
    }
  }

  #onConsumerClosed(producerId: string): void {
    const held = this.#consumers.get(producerId);
    if (held === undefined || this.#isClosed) return;
    this.#consumers.delete(producerId);
    if (this.#isTold) this.#options.onClosed(held.consumer.id);
  }

  #watchScore(consumer: types.Consumer): void {
    let wasCongested = false;
    consumer.on('score', ({ score, producerScore }) => {
      const isCongested = score <= CONGESTED_SCORE && producerScore > CONGESTED_SCORE && !consumer.paused;
      if (isCongested && !wasCongested) this.#options.onCongested();
      wasCongested = isCongested;
    });
  }
}

function wireConsumer(held: TrackConsumer): WireConsumer {
  const { id, producerId, kind, rtpParameters } = held.consumer;
  return { id, producerId, kind, rtpParameters: { ...rtpParameters } };
}
