import { join } from 'node:path';
import { ApiError } from '../../../shared/errors.ts';
import { type StreamId, streamId } from '../../../shared/names.ts';
import type { PeriodFile } from '../../../shared/recording.ts';
import { type Clock, sleep } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { ExportFiles, ServedFile } from './export-files.ts';
import type { ExportLimits } from './export-limits.ts';
import { compactTime } from './export-request.ts';
import { ExportCancelled, type ExportThreads } from './export-threads.ts';
import type { PeriodCursor, PeriodFilter, StoredPeriodFile } from './exports-database.ts';
import { type Footage, settled } from './footage.ts';
import type { Slots } from './slots.ts';

/** A stream that is to have period files. */
export interface PeriodStream {
  readonly stream: StreamId;
  readonly everyMs: number;
}

export interface PeriodFilesOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly footage: Footage;
  readonly threads: Pick<ExportThreads, 'export'>;
  readonly files: Pick<ExportFiles, 'catalog' | 'on' | 'open'>;
  readonly slots: Slots;
  readonly limits: Pick<ExportLimits, 'minFreeBytes'>;
  /** Streams that have `record.mp4EveryMs` now. */
  streams(): readonly PeriodStream[];
  /** How long and how much is kept of a stream: the rules of its footage. */
  policyOf(stream: StreamId): { readonly keepMs: number; readonly maxBytes: number | undefined };
}

const PERIOD_FILES_FOLDER = 'period-files';
const TICK_MS = 5_000;
const RETRY_MS = 60_000;
const CHORE_MS = 3_600_000;
const MAX_TRIES = 3;
const NICENESS = 15;

/**
 * An MP4 of each fixed period of the clock (UTC), for streams that ask for them. A stream's next period is kept in the
 * database, so that after a stop, however long, the missing ones are made as far as their footage is still there.
 */
export class PeriodFiles {
  readonly #options: PeriodFilesOptions;
  readonly #closed = new AbortController();
  readonly #stopTimers: ReadonlyArray<() => void>;
  readonly #notBeforeMs = new Map<StreamId, number>();
  readonly #tries = new Map<StreamId, number>();
  /** What the database says, so that it need not be asked every few seconds. */
  readonly #cursors = new Map<string, PeriodCursor>();
  #working: Promise<void> | undefined;
  #isTrimming = false;

  /** Begins at once. */
  constructor(options: PeriodFilesOptions) {
    this.#options = options;
    this.#stopTimers = [
      options.clock.every(TICK_MS, () => this.#wake()),
      options.clock.every(CHORE_MS, () => void this.#trim()),
    ];
  }

  /** Newest first. */
  async list(filter: PeriodFilter): Promise<PeriodFile[]> {
    const stored = await this.#options.files.catalog.call('periodFiles', filter);
    return stored.map(({ file }) => file);
  }

  async open(id: string): Promise<ServedFile & { readonly name: string }> {
    const stored = await this.#options.files.catalog.call('periodFile', { id });
    if (stored === undefined) {
      throw new ApiError(
        'PERIOD_FILE_NOT_FOUND',
        'There is no such file (any more); GET /api/v1/period-files lists those there are.',
      );
    }
    const { file, root } = stored;
    return { ...(await this.#options.files.open(root, pathOf(stored))), name: file.fileName };
  }

  /** Stops what runs; it is made after the next start. Idempotent. */
  async close(): Promise<void> {
    this.#closed.abort();
    for (const stop of this.#stopTimers) stop();
    await this.#working;
  }

  #wake(): void {
    if (this.#closed.signal.aborted) return;
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  /** One period of each stream in turn, until none is due. */
  async #work(): Promise<void> {
    let more = true;
    while (more && !this.#closed.signal.aborted) {
      more = false;
      for (const stream of this.#options.streams()) {
        if (this.#closed.signal.aborted) return;
        if (this.#options.clock.monotonicMs() < (this.#notBeforeMs.get(stream.stream) ?? 0)) continue;
        try {
          more = (await this.#runOnce(stream)) || more;
          this.#tries.delete(stream.stream);
        } catch (failure) {
          if (failure instanceof ExportCancelled) return;
          await this.#failed(stream, failure);
        }
      }
    }
  }

  /** Makes the stream's next period if it is over. False: nothing is due. */
  async #runOnce({ stream, everyMs }: PeriodStream): Promise<boolean> {
    const cursor = await this.#cursor({ stream, everyMs });
    const end = cursor.nextMs + everyMs;
    if (this.#options.clock.wallMs() < end) return false;
    const files = await this.#make(cursor, end);
    if (this.#closed.signal.aborted) return false;
    await this.#advance({ ...cursor, nextMs: end }, files);
    return true;
  }

  async #cursor({ stream, everyMs }: PeriodStream): Promise<PeriodCursor> {
    const { clock, files, footage } = this.#options;
    const startOf = (ms: number) => Math.floor(ms / everyMs) * everyMs;
    const cursor =
      this.#cursors.get(`${stream} ${everyMs}`) ??
      (await files.catalog.call('periodCursor', { stream, everyMs, nextMs: startOf(clock.wallMs()) }));
    this.#cursors.set(`${stream} ${everyMs}`, cursor);
    // After a long stop: nothing is left of what lies before the oldest footage.
    const oldestMs = footage.archive.kept(stream).oldestMs ?? cursor.nextMs;
    return {
      ...cursor,
      nextMs: Math.max(cursor.nextMs, Math.min(startOf(oldestMs), startOf(clock.wallMs()))),
    };
  }

  /** None where nothing was recorded. */
  async #make({ stream, everyMs, nextMs: start }: PeriodCursor, end: number): Promise<StoredPeriodFile[]> {
    const { clock, footage, threads, slots } = this.#options;
    const stop = this.#closed.signal;
    await settled(footage, clock, { stream, untilMs: end, stop });
    const free = await slots.take('later', stop);
    if (free === undefined) throw new ExportCancelled();
    const root = footage.archive.rootOf(stream);
    const [app = '', name = ''] = stream.split('/');
    try {
      const { files } = await threads.export(
        footage.archive.recordingsDirOf(stream),
        {
          ...{
            stream,
            start,
            end,
            gapMode: 'skip',
            manifest: false,
            whenTaken: 'replace',
            niceness: NICENESS,
          },
          dir: join(root, PERIOD_FILES_FOLDER, app, name),
          baseName: `${name}_${compactTime(start)}_${lengthLabel(everyMs)}`,
          minFreeBytes: this.#options.limits.minFreeBytes,
        },
        { stop, onProgress: () => {} },
      );
      return files.map(({ name: fileName, sizeBytes, durationMs }, index) => ({
        root,
        file: {
          id: [app, name, start, everyMs, index + 1].join('~'),
          ...{ app, name, start, end, fileName, sizeBytes, durationMs },
        },
      }));
    } catch (failure) {
      if (failure instanceof ApiError && failure.code === 'NOT_RECORDED') return [];
      throw failure;
    } finally {
      free();
    }
  }

  async #advance(cursor: PeriodCursor, made: readonly StoredPeriodFile[]): Promise<void> {
    await this.#options.files.catalog.call('putPeriod', { cursor, files: made });
    this.#cursors.set(`${cursor.stream} ${cursor.everyMs}`, cursor);
  }

  async #failed({ stream, everyMs }: PeriodStream, failure: unknown): Promise<void> {
    const { clock, log } = this.#options;
    const tries = (this.#tries.get(stream) ?? 0) + 1;
    this.#tries.set(stream, tries);
    this.#notBeforeMs.set(stream, clock.monotonicMs() + RETRY_MS);
    const isFault = failure instanceof ApiError && failure.code === 'INTERNAL';
    if (tries === 1 || isFault)
      log.warn({ err: failure, stream }, 'a period file could not be made; it is tried again');
    // A disk comes back; footage that FFmpeg cannot take stays as it is, and must not hold up the periods after it.
    if (!isFault || tries < MAX_TRIES) return;
    this.#tries.delete(stream);
    try {
      const cursor = await this.#cursor({ stream, everyMs });
      await this.#advance({ ...cursor, nextMs: cursor.nextMs + everyMs }, []);
      log.error({ stream, periodStart: cursor.nextMs }, 'a period file could not be made and is left out');
    } catch {
      // The database cannot be written either: all of it is tried again.
    }
  }

  /** Period files go by the rules of the footage they are made of: its days, and once more its bytes. */
  async #trim(): Promise<void> {
    const { clock, files, footage, log, policyOf } = this.#options;
    if (this.#isTrimming) return;
    this.#isTrimming = true;
    try {
      const ready = new Set(
        footage.archive
          .roots()
          .filter(({ state }) => state.kind === 'ready')
          .map(({ dir }) => dir),
      );
      for (const text of await files.catalog.call('periodStreams', {})) {
        const [app = '', name = ''] = text.split('/');
        const stream = streamId(app, name);
        const { keepMs, maxBytes } = policyOf(stream);
        const surplus = await files.catalog.call('surplusPeriodFiles', {
          stream,
          beforeMs: clock.wallMs() - keepMs,
          maxBytes: maxBytes ?? Number.MAX_SAFE_INTEGER,
        });
        for (const stored of surplus) {
          // A file on a disk that is away would stay for ever once its row is gone.
          if (!ready.has(stored.root)) continue;
          await files.on(stored.root).call('removeFiles', { paths: [pathOf(stored)] });
          await files.catalog.call('removePeriodFile', { id: stored.file.id });
          await sleep(clock, 0, this.#closed.signal);
        }
      }
    } catch (failure) {
      log.warn({ err: failure }, 'old period files cannot be removed yet');
    } finally {
      this.#isTrimming = false;
    }
  }
}

function pathOf({ root, file }: StoredPeriodFile): string {
  return join(root, PERIOD_FILES_FOLDER, file.app, file.name, file.fileName);
}

/** `1h`, `10m`, `90s`: how long a period is. */
function lengthLabel(ms: number): string {
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000}h`;
  return ms % 60_000 === 0 ? `${ms / 60_000}m` : `${Math.round(ms / 1000)}s`;
}
