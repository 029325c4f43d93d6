import { ApiError } from '../../../shared/errors.ts';
import type { StreamId } from '../../../shared/names.ts';
import type { GapReason } from '../../../shared/recording.ts';
import { type Clock, withTimeout } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Segment } from '../segment.ts';
import type { ReaderHandlers } from './reader-handlers.ts';
import type { ArgsOf, ResultOf } from './rpc.ts';
import type { StoreHandlers } from './store-handlers.ts';
import type { FromReader, FromStore, KeptStream, ToReader, ToStore } from './store-messages.ts';
import { ThreadLink } from './thread-link.ts';
import { type MemoryBudget, type QueueLimits, WriteQueue } from './write-queue.ts';

const RESTART_MS = 1_000;
const WATCH_MS = 1_000;
const STORE_HEAP_MB = 64;
const READER_HEAP_MB = 256;

export interface StoreLimits extends QueueLimits {
  /** A disk that has not answered for so long hangs. */
  readonly hangMs: number;
  /** How long an orderly stop waits for what is queued. */
  readonly closeTimeoutMs: number;
  /** How often a folder that is missing or cannot be opened is looked for. */
  readonly openAgainMs: number;
}

export const DEFAULT_STORE_LIMITS: StoreLimits = {
  streamBytes: 64 * 1024 * 1024,
  totalBytes: 512 * 1024 * 1024,
  hangMs: 10_000,
  closeTimeoutMs: 8_000,
  openAgainMs: 3_000,
};

/** Remembers which disk was at a folder, beside the catalog's other data. */
export interface DiskRegistry {
  /** The uuid of the disk that was accepted at this folder, or undefined where none was. */
  diskOf(dir: string): Promise<string | undefined>;
  rememberDisk(dir: string, uuid: string): Promise<void>;
}

/** How the folder of one disk fares. */
export type RootState =
  | { readonly kind: 'opening' }
  | { readonly kind: 'ready' }
  /** Writing fails, or is not answered; it is tried again. */
  | { readonly kind: 'failing'; readonly reason: GapReason; readonly message: string }
  /** Not mounted, or another disk in its place. */
  | { readonly kind: 'missing'; readonly message: string }
  | { readonly kind: 'closed' };

export interface RootStoreEvents {
  segment(stream: StreamId, startMs: number, endMs: number): void;
  kept(streams: readonly KeptStream[]): void;
  state(): void;
}

export interface RootStoreOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** The folder that holds `recordings`. */
  readonly dir: string;
  readonly recordingsDir: string;
  readonly disks: DiskRegistry;
  readonly limits: StoreLimits;
  readonly budget: MemoryBudget;
  readonly events: RootStoreEvents;
}

type StoreLink = ThreadLink<StoreHandlers, ToStore, FromStore>;
type ReaderLink = ThreadLink<ReaderHandlers, ToReader, FromReader>;

/** One recordings folder as the media loop sees it: two threads, the queue of what they are to write, and how it goes. */
export class RootStore {
  readonly dir: string;
  readonly recordingsDir: string;
  readonly #options: RootStoreOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #queue: WriteQueue;
  readonly #waiters = new Set<() => void>();
  readonly #refusing = new Map<StreamId, GapReason>();
  readonly #undo: (() => void)[] = [];
  #store: StoreLink;
  #reader: ReaderLink;
  #state: RootState = { kind: 'opening' };
  #isHung = false;
  /** Since the gateway started. */
  #wasOpen = false;
  #isClosing = false;
  #cancelOpen: (() => void) | undefined;
  /** When the thread last made something durable, or had nothing to do. */
  #progressMs: number;

  constructor(options: RootStoreOptions) {
    this.#options = options;
    this.dir = options.dir;
    this.recordingsDir = options.recordingsDir;
    this.#clock = options.clock;
    this.#log = options.log.child({ dir: options.dir });
    this.#queue = new WriteQueue(options.limits, options.budget);
    this.#progressMs = options.clock.monotonicMs();
    this.#store = this.#startStore();
    this.#reader = this.#startReader();
    this.#undo.push(options.clock.every(WATCH_MS, () => this.#watch()));
    void this.#open();
  }

  /** A disk that hangs is `failing` too. */
  get state(): RootState {
    if (!this.#isHung || this.#isClosing) return this.#state;
    return {
      kind: 'failing',
      reason: 'DISK_SLOW',
      message: `The disk of ${this.recordingsDir} does not answer. Check it; recording resumes by itself once it does.`,
    };
  }

  get queue(): Pick<WriteQueue, 'queued' | 'find' | 'length'> {
    return this.#queue;
  }

  /** Resolves once the folder is ready, or is known not to be. */
  async opened(): Promise<void> {
    await this.#until(() => this.#state.kind !== 'opening' || this.#isHung);
  }

  append(stream: StreamId, segment: Segment): boolean {
    if (this.#isClosing) return false;
    const reason = this.#refusalOf(stream, segment.data.length);
    const before = this.#refusing.get(stream);
    if (reason !== undefined) {
      if (before !== reason) {
        this.#refusing.set(stream, reason);
        this.#push({ kind: 'note', stream, atMs: segment.startMs, reason });
        this.#log.warn({ stream, reason }, 'segments are dropped');
      }
      return false;
    }
    if (before !== undefined) {
      this.#refusing.delete(stream);
      this.#push({ kind: 'note', stream, atMs: segment.startMs, reason: 'RECORDER_RESTARTED' });
      this.#log.info({ stream }, 'segments are kept again');
    }
    this.#push({ kind: 'segment', stream, segment });
    return true;
  }

  note(stream: StreamId, atMs: number, reason: GapReason): void {
    if (this.#isClosing) return;
    this.#push({ kind: 'note', stream, atMs, reason });
    // From here on this is the reason, so the disk's own is told again should it still hold.
    this.#refusing.delete(stream);
  }

  query<K extends keyof ReaderHandlers & string>(
    name: K,
    args: ArgsOf<ReaderHandlers, K>,
  ): Promise<ResultOf<ReaderHandlers, K>> {
    const refusal = this.#unavailable();
    return refusal === undefined ? this.#reader.call(name, args) : Promise.reject(refusal);
  }

  command<K extends keyof StoreHandlers & string>(
    name: K,
    args: ArgsOf<StoreHandlers, K>,
  ): Promise<ResultOf<StoreHandlers, K>> {
    const refusal = this.#unavailable();
    return refusal === undefined ? this.#store.call(name, args) : Promise.reject(refusal);
  }

  /** Resolves when all that was taken so far is durable, or cannot become so for now. */
  async flush(): Promise<void> {
    await this.#until(
      () => this.#queue.length === 0 || (this.state.kind !== 'ready' && this.state.kind !== 'opening'),
    );
  }

  /** Persists what is queued, within some seconds, and ends the threads. False: a thread is stuck in the disk. */
  async close(): Promise<boolean> {
    this.#isClosing = true;
    this.#cancelOpen?.();
    for (const undo of this.#undo.splice(0)) undo();
    const { closeTimeoutMs } = this.#options.limits;
    this.#reader.send({ kind: 'close' });
    // The last one to close the index tidies its log away, which the reader may not do.
    await this.#endsWithin(closeTimeoutMs / 8, this.#reader.exited);
    this.#store.send({ kind: 'close' });
    const ended = await this.#endsWithin(
      closeTimeoutMs,
      Promise.all([this.#reader.exited, this.#store.exited]),
    );
    if (this.#queue.length > 0)
      this.#log.warn({ items: this.#queue.length }, 'some segments could not be written before the stop');
    this.#queue.clear();
    this.#setState({ kind: 'closed' });
    if (ended) return true;
    this.#log.error({}, 'the disk does not answer; the gateway stops without it');
    this.#reader.terminate();
    this.#store.terminate();
    return false;
  }

  #refusalOf(stream: StreamId, sizeBytes: number): GapReason | undefined {
    const state = this.state;
    if (state.kind === 'missing') return 'DISK_MISSING';
    if (this.#queue.fits(stream, sizeBytes)) return undefined;
    return state.kind === 'failing' ? state.reason : 'DISK_SLOW';
  }

  #unavailable(): ApiError | undefined {
    const { state } = this;
    if (state.kind === 'missing') return new ApiError('STORAGE_UNAVAILABLE', state.message);
    if (state.kind === 'closed' || this.#isClosing)
      return new ApiError('SHUTTING_DOWN', 'The gateway is stopping.');
    return undefined;
  }

  #push(item: Parameters<WriteQueue['push']>[0]): void {
    if (this.#queue.length === 0) this.#progressMs = this.#clock.monotonicMs();
    this.#store.send({ kind: 'item', ...this.#queue.push(item) });
  }

  /** Asks the thread to open the folder, and again from time to time until it has. */
  async #open(): Promise<void> {
    this.#openLater();
    try {
      const expectedUuid = await this.#options.disks.diskOf(this.dir);
      this.#store.send({ kind: 'open', expectedUuid, isNewRun: !this.#wasOpen });
    } catch (failure) {
      this.#log.error({ err: failure }, 'the catalog does not tell which disk belongs here');
    }
  }

  #openLater(): void {
    this.#cancelOpen?.();
    if (!this.#isClosing)
      this.#cancelOpen = this.#clock.after(this.#options.limits.openAgainMs, () => void this.#open());
  }

  #startStore(): StoreLink {
    return new ThreadLink<StoreHandlers, ToStore, FromStore>({
      clock: this.#clock,
      name: 'recordings-store',
      entry: new URL('./store-thread.ts', import.meta.url),
      workerData: { recordingsDir: this.recordingsDir },
      maxHeapMb: STORE_HEAP_MB,
      onMessage: (message) => this.#fromStore(message),
      onExit: (failure) => {
        if (this.#isClosing) return;
        this.#log.error(
          { err: failure },
          'the thread that writes the recordings ended; a new one takes over',
        );
        this.#clock.after(RESTART_MS, () => this.#restartStore());
      },
    });
  }

  #restartStore(): void {
    if (this.#isClosing) return;
    this.#store = this.#startStore();
    for (const queued of this.#queue.items) this.#store.send({ kind: 'item', ...queued });
    void this.#open();
  }

  #startReader(): ReaderLink {
    return new ThreadLink<ReaderHandlers, ToReader, FromReader>({
      clock: this.#clock,
      name: 'recordings-reader',
      entry: new URL('./reader-thread.ts', import.meta.url),
      workerData: { recordingsDir: this.recordingsDir },
      maxHeapMb: READER_HEAP_MB,
      onMessage: (message) => {
        if (message.kind === 'damaged') this.#store.send({ kind: 'suspect' });
      },
      onExit: (failure) => {
        if (this.#isClosing) return;
        this.#log.error({ err: failure }, 'the thread that reads the recordings ended; a new one takes over');
        this.#clock.after(RESTART_MS, () => {
          if (this.#isClosing) return;
          this.#reader = this.#startReader();
          if (this.#state.kind !== 'missing') this.#reader.send({ kind: 'open' });
        });
      },
    });
  }

  #fromStore(message: FromStore): void {
    switch (message.kind) {
      case 'opened':
        this.#wasOpen = true;
        this.#reader.send({ kind: 'open' });
        this.#options.disks
          .rememberDisk(this.dir, message.uuid)
          .catch((failure) =>
            this.#log.error({ err: failure }, 'the catalog does not keep which disk belongs here'),
          );
        break;
      case 'written':
        this.#queue.settle(message.upToSeq);
        this.#progressMs = this.#clock.monotonicMs();
        for (const { stream, startMs, endMs } of message.segments)
          this.#options.events.segment(stream, startMs, endMs);
        this.#wake();
        break;
      case 'kept':
        this.#options.events.kept(message.streams);
        break;
      case 'state':
        this.#onState(message.state);
        break;
      case 'log':
        this.#log[message.level](message.fields, message.message);
        break;
      case 'closed':
      case 'result':
      case 'failure':
        break;
    }
  }

  #onState(state: RootState): void {
    if (state.kind === 'missing') this.#reader.send({ kind: 'release' });
    // What cannot be written may still be played.
    if (state.kind === 'failing' && this.#state.kind === 'opening') this.#reader.send({ kind: 'open' });
    // A thread that could not open the folder waits to be told to try again; one that has it open tries by itself.
    if (state.kind !== 'ready') this.#openLater();
    else this.#cancelOpen?.();
    this.#setState(state);
  }

  #setState(state: RootState): void {
    const before = this.#state;
    this.#state = state;
    if (state.kind === 'ready' && before.kind !== 'opening')
      this.#log.info({}, 'the recordings are written again');
    if (state.kind === 'failing' || state.kind === 'missing') this.#log.error({}, state.message);
    this.#options.events.state();
    this.#wake();
  }

  /** Tells of a disk that swallows writes without an answer. */
  #watch(): void {
    const isOpening = this.#state.kind === 'opening';
    const waits = (this.#queue.length > 0 && this.#state.kind === 'ready') || isOpening;
    if (!waits) this.#progressMs = this.#clock.monotonicMs();
    const isHung = waits && this.#clock.monotonicMs() - this.#progressMs > this.#options.limits.hangMs;
    if (isHung === this.#isHung) return;
    this.#isHung = isHung;
    if (isHung) this.#log.error({}, 'the disk of the recordings does not answer');
    else this.#log.info({}, 'the disk of the recordings answers again');
    this.#options.events.state();
    this.#wake();
  }

  #endsWithin(timeoutMs: number, work: Promise<unknown>): Promise<boolean> {
    const late = new Error('late');
    return withTimeout(this.#clock, timeoutMs, work, () => late).then(
      () => true,
      () => false,
    );
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiters.add(resolve));
  }

  #wake(): void {
    for (const wake of [...this.#waiters]) {
      this.#waiters.delete(wake);
      wake();
    }
  }
}
