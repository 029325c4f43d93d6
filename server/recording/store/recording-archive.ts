import { join, resolve } from 'node:path';
import type { StreamId } from '../../../shared/names.ts';
import type { GapReason, RecorderStatus } from '../../../shared/recording.ts';
import type { Clock } from '../../base/clock.ts';
import { Listeners } from '../../base/emitter.ts';
import type { Logger } from '../../base/log.ts';
import type { Archive, SegmentList } from '../archive.ts';
import type { Segment } from '../segment.ts';
import type { LedgerNote } from './index-reader.ts';
import { RECORDINGS_FOLDER } from './layout.ts';
import type { ReaderHandlers } from './reader-handlers.ts';
import {
  DEFAULT_STORE_LIMITS,
  type DiskRegistry,
  type RootState,
  RootStore,
  type StoreLimits,
} from './root-store.ts';
import type { ArgsOf, ResultOf } from './rpc.ts';
import { unpackSegments } from './segment-columns.ts';
import type { StoreHandlers } from './store-handlers.ts';
import type { KeptStream } from './store-messages.ts';
import { MemoryBudget, type QueuedSegment } from './write-queue.ts';

export interface RecordingArchiveOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Where streams are kept whose application has no folder of its own. */
  readonly dataDir: string;
  /** `apps.<app>.dir` */
  readonly appDirs: ReadonlyMap<string, string>;
  readonly disks: DiskRegistry;
  readonly limits?: Partial<StoreLimits>;
}

export interface RootInfo {
  readonly dir: string;
  readonly recordingsDir: string;
  readonly state: RootState;
}

/** Something became durable and can be found in the index. */
export interface KeptSegment {
  readonly stream: StreamId;
  readonly startMs: number;
  readonly endMs: number;
}

/** All recordings folders, and which stream is kept in which. */
export class RecordingArchive implements Archive {
  readonly #defaultDir: string;
  readonly #appDirs: ReadonlyMap<string, string>;
  readonly #roots = new Map<string, RootStore>();
  readonly #kept = new Map<StreamId, KeptStream>();
  readonly #segmentListeners = new Listeners<KeptSegment>();
  readonly #stateListeners = new Listeners<void>();
  #closing: Promise<void> | undefined;

  /** Starts the threads; `open` tells when they are ready. */
  constructor(options: RecordingArchiveOptions) {
    const limits = { ...DEFAULT_STORE_LIMITS, ...options.limits };
    const budget = new MemoryBudget(limits.totalBytes);
    this.#defaultDir = resolve(options.dataDir);
    this.#appDirs = new Map([...options.appDirs].map(([app, dir]) => [app, resolve(dir)]));
    for (const dir of new Set([this.#defaultDir, ...this.#appDirs.values()])) {
      const root = new RootStore({
        clock: options.clock,
        log: options.log,
        dir,
        recordingsDir: join(dir, RECORDINGS_FOLDER),
        disks: options.disks,
        limits,
        budget,
        events: {
          segment: (stream, startMs, endMs) => this.#segmentListeners.emit({ stream, startMs, endMs }),
          kept: (streams) => {
            // A folder may hold old footage of an application that is kept elsewhere now.
            for (const kept of streams) {
              if (this.rootOf(kept.stream) === dir) this.#kept.set(kept.stream, kept);
            }
          },
          state: () => this.#stateListeners.emit(),
        },
      });
      this.#roots.set(dir, root);
    }
  }

  /** Resolves when each folder is ready, or known not to be; those are tried again for as long as it takes. */
  async open(): Promise<void> {
    await Promise.all([...this.#roots.values()].map((root) => root.opened()));
  }

  append(stream: StreamId, segment: Segment): boolean {
    return this.#rootFor(stream).append(stream, segment);
  }

  note(stream: StreamId, atMs: number, reason: GapReason): void {
    this.#rootFor(stream).note(stream, atMs, reason);
  }

  async flush(): Promise<void> {
    await Promise.all([...this.#roots.values()].map((root) => root.flush()));
  }

  async newestEndMs(stream: StreamId): Promise<number | undefined> {
    const queued = this.queued(stream).segments.map(({ endMs }) => endMs);
    const indexed = await this.query(stream, 'newestEndMs', { stream });
    const ends = indexed === undefined ? queued : [...queued, indexed];
    return ends.length === 0 ? undefined : Math.max(...ends);
  }

  async segments(stream: StreamId, fromMs: number, toMs: number): Promise<SegmentList> {
    const { columns, recordings } = await this.query(stream, 'segments', { stream, fromMs, toMs });
    return { segments: unpackSegments(columns), recordings };
  }

  async readSegment(stream: StreamId, startMs: number): Promise<Buffer> {
    const waiting = this.#rootFor(stream).queue.find(stream, startMs);
    if (waiting !== undefined) return waiting;
    const bytes = await this.query(stream, 'readSegment', { stream, startMs });
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  kept(stream: StreamId): Omit<RecorderStatus, 'state'> {
    const { state } = this.#rootFor(stream);
    const kept = this.#kept.get(stream);
    const { stream: _, ...totals } = kept ?? { stream, bytes: 0, segments: 0 };
    if (state.kind === 'failing')
      return { ...totals, reason: { code: state.reason, message: state.message } };
    if (state.kind === 'missing')
      return { ...totals, reason: { code: 'DISK_MISSING', message: state.message } };
    return totals;
  }

  rootOf(stream: StreamId): string {
    return this.#appDirs.get(stream.split('/')[0] ?? '') ?? this.#defaultDir;
  }

  recordingsDirOf(stream: StreamId): string {
    return this.#rootFor(stream).recordingsDir;
  }

  roots(): RootInfo[] {
    return [...this.#roots.values()].map(({ dir, recordingsDir, state }) => ({ dir, recordingsDir, state }));
  }

  /** What is kept in a folder, by its streams. */
  keptIn(dir: string): KeptStream[] {
    return [...this.#kept.values()].filter(({ stream }) => this.rootOf(stream) === dir);
  }

  /** What was taken of a stream and is not in the index yet. */
  queued(stream: StreamId): { segments: QueuedSegment[]; notes: LedgerNote[] } {
    return this.#rootFor(stream).queue.queued(stream);
  }

  /** Asks the reader's thread of the folder that a stream is kept in. */
  query<K extends keyof ReaderHandlers & string>(
    stream: StreamId,
    name: K,
    args: ArgsOf<ReaderHandlers, K>,
  ): Promise<ResultOf<ReaderHandlers, K>> {
    return this.#rootFor(stream).query(name, args);
  }

  /** Asks the store's thread of the folder that a stream is kept in. */
  command<K extends keyof StoreHandlers & string>(
    stream: StreamId,
    name: K,
    args: ArgsOf<StoreHandlers, K>,
  ): Promise<ResultOf<StoreHandlers, K>> {
    return this.#rootFor(stream).command(name, args);
  }

  /** The same by folder (`RootInfo.dir`), for what concerns all of it. */
  queryRoot<K extends keyof ReaderHandlers & string>(
    dir: string,
    name: K,
    args: ArgsOf<ReaderHandlers, K>,
  ): Promise<ResultOf<ReaderHandlers, K>> {
    return this.#root(dir).query(name, args);
  }

  commandRoot<K extends keyof StoreHandlers & string>(
    dir: string,
    name: K,
    args: ArgsOf<StoreHandlers, K>,
  ): Promise<ResultOf<StoreHandlers, K>> {
    return this.#root(dir).command(name, args);
  }

  /** A segment became durable. */
  onSegment(listener: (segment: KeptSegment) => void): () => void {
    return this.#segmentListeners.add(listener);
  }

  /** A folder became ready, failed, disappeared or hangs. */
  onState(listener: () => void): () => void {
    return this.#stateListeners.add(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const ended = await Promise.all([...this.#roots.values()].map((root) => root.close()));
    if (ended.every(Boolean)) return;
    // A thread that hangs in the kernel would hold up the end of the process for as long as the disk hangs.
    process.once('exit', () => process.kill(process.pid, 'SIGKILL'));
  }

  #rootFor(stream: StreamId): RootStore {
    return this.#root(this.rootOf(stream));
  }

  #root(dir: string): RootStore {
    const root = this.#roots.get(dir);
    if (root === undefined) throw new Error(`${dir} is no folder of recordings`);
    return root;
  }
}
