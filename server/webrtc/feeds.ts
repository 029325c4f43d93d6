import type { StreamId } from '../../shared/names.ts';
import type { WatchableStream } from './ports.ts';
import { StreamFeed, type StreamFeedDeps } from './stream-feed.ts';
import type { WorkerHandle } from './worker-handle.ts';

export interface FeedsOptions extends StreamFeedDeps {
  /** How long the producers stay after the last viewer left. */
  readonly lingerMs: number;
}

export interface FeedLease {
  readonly feed: StreamFeed;
  release(): void;
}

interface Entry {
  readonly feed: StreamFeed;
  viewers: number;
  cancelLinger: (() => void) | undefined;
  readonly undoRemoved: () => void;
}

/** The feeds of all watched streams, each shared by its viewers and kept a little longer than the last of them. */
export class Feeds {
  readonly #options: FeedsOptions;
  readonly #entries = new Map<StreamId, Entry>();

  constructor(options: FeedsOptions) {
    this.#options = options;
  }

  /** `near`: the worker of who watches, which saves a pipe where the stream is in none yet. */
  acquire(stream: WatchableStream, near?: WorkerHandle): FeedLease {
    let entry = this.#entries.get(stream.id);
    if (entry !== undefined && entry.feed.stream !== stream) {
      // The same name was removed and added again; its old viewers have been told by the old stream.
      this.#drop(stream.id, entry);
      entry = undefined;
    }
    if (entry === undefined) {
      const made: Entry = {
        feed: new StreamFeed(stream, this.#options, near),
        viewers: 0,
        cancelLinger: undefined,
        // After the viewers, who close their consumers: the worker has none of them any more once their producers went.
        undoRemoved: stream.onRemoved(() => queueMicrotask(() => this.#drop(stream.id, made))),
      };
      entry = made;
      this.#entries.set(stream.id, entry);
    }
    const held = entry;
    held.viewers += 1;
    held.cancelLinger?.();
    held.cancelLinger = undefined;
    let isReleased = false;
    return {
      feed: held.feed,
      release: () => {
        if (isReleased) return;
        isReleased = true;
        held.viewers -= 1;
        if (held.viewers === 0) this.#linger(stream.id, held);
      },
    };
  }

  viewersOf(id: StreamId): number {
    return this.#entries.get(id)?.viewers ?? 0;
  }

  /** Streams that are in the workers, with their viewers. */
  list(): Array<{ stream: StreamId; viewers: number; worker: number | undefined }> {
    return [...this.#entries].map(([stream, entry]) => ({
      stream,
      viewers: entry.viewers,
      worker: entry.feed.worker?.index,
    }));
  }

  close(): void {
    for (const [id, entry] of [...this.#entries]) this.#drop(id, entry);
  }

  #linger(id: StreamId, entry: Entry): void {
    if (this.#entries.get(id) !== entry) return;
    entry.cancelLinger = this.#options.clock.after(this.#options.lingerMs, () => this.#drop(id, entry));
  }

  #drop(id: StreamId, entry: Entry): void {
    if (this.#entries.get(id) === entry) this.#entries.delete(id);
    entry.cancelLinger?.();
    entry.undoRemoved();
    entry.feed.close();
  }
}
