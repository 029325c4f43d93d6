import type { WireConsumer } from '../../shared/signaling.ts';
import type { Clock } from '../base/clock.ts';
import type { StateChange, TrackKind } from '../stream/index.ts';
import { FeedConsumers, type FeedConsumersOptions } from './feed-consumers.ts';
import { waitUntilLive } from './live-wait.ts';
import type { WatchableStream } from './ports.ts';

/** How long a second stream may take to come before its viewers do without it, and may be gone before they leave it. */
const PATIENCE_MS = 8_000;
const PICTURE: ReadonlySet<TrackKind> = new Set(['video']);

export interface SubPictureOptions extends Omit<FeedConsumersOptions, 'kinds'> {
  readonly stream: WatchableStream;
  readonly clock: Clock;
  onState(change: StateChange): void;
  /** It is removed, or was gone for too long. */
  onLost(): void;
}

/**
 * A camera's second stream as one viewer watches it. 1. It is wanted, and so dialled, from the start. 2. `start` waits for its picture.
 * 3. `tell` lets the viewer know of it. 4. `close`.
 */
export class SubPicture {
  readonly consumers: FeedConsumers;
  readonly #options: SubPictureOptions;
  readonly #undo: Array<() => void> = [];
  #undoWant: (() => void) | undefined;
  /** The viewer knows of its consumers. */
  #isTold = false;

  /** Its lease is released with it. */
  constructor(options: SubPictureOptions) {
    this.#options = options;
    this.consumers = new FeedConsumers({ ...options, kinds: PICTURE });
    this.want(true);
    this.#undo.push(options.stream.onState((change) => options.onState(change)));
  }

  /** Resolves once its picture can be given; rejects where it does not come, or when `stopped` does. */
  async start(stopped: Promise<never>): Promise<void> {
    const { lease, clock } = this.#options;
    await Promise.race([waitUntilLive(lease.feed, clock, PATIENCE_MS), stopped]);
    await this.consumers.start();
  }

  /** From now on its loss is told. */
  follow(): void {
    const { stream, clock, onLost } = this.#options;
    let cancel: (() => void) | undefined;
    const onState = () => {
      cancel?.();
      cancel = undefined;
      if (stream.state.state !== 'live') cancel = clock.after(PATIENCE_MS, onLost);
    };
    this.#undo.push(stream.onRemoved(onLost), stream.onState(onState), () => cancel?.());
  }

  /** Has its stream read, or not. */
  want(isWanted: boolean): void {
    if (isWanted) {
      this.#undoWant ??= this.#options.lease.feed.want();
    } else {
      this.#undoWant?.();
      this.#undoWant = undefined;
    }
  }

  viewerReady(): void {
    this.#options.lease.feed.viewerReady();
  }

  /** The consumers that the viewer has to hear of; none where it knows of them. */
  tell(): WireConsumer[] {
    if (this.#isTold) return [];
    this.#isTold = true;
    return this.consumers.wire();
  }

  /** The consumers that the viewer knows of. */
  get told(): WireConsumer[] {
    return this.#isTold ? this.consumers.wire() : [];
  }

  /** Tells of nothing any more. */
  close(): void {
    for (const undo of this.#undo) undo();
    this.want(false);
    this.consumers.close();
    this.#options.lease.release();
  }
}
