import { join } from 'node:path';
import { ApiError } from '../../../shared/errors.ts';
import type { StreamId } from '../../../shared/names.ts';
import type { ExportJob, PeriodFile } from '../../../shared/recording.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import { nothingKeptOf } from '../../base/no-such-stream.ts';
import { ExportFiles, type ServedFile } from './export-files.ts';
import { ExportJobs } from './export-jobs.ts';
import type { ExportLimits } from './export-limits.ts';
import { clipRange, type ExportRequest } from './export-request.ts';
import { type ClipStream, ExportThreads } from './export-threads.ts';
import type { PeriodFilter } from './exports-database.ts';
import { type Footage, isKnown, nothingRecorded, settled } from './footage.ts';
import { PeriodFiles, type PeriodFilesOptions } from './period-files.ts';
import { Slots } from './slots.ts';

/** What may be changed while it runs. */
export interface ExportSettings {
  /** `recording.minFreeBytes`: exports leave it free too, else retention would make room for them. */
  readonly minFreeBytes: number;
  readonly maxRunning: number;
  readonly keepDays?: number | undefined;
}

export interface ExportsOptions extends ExportSettings, Pick<PeriodFilesOptions, 'streams' | 'policyOf'> {
  readonly clock: Clock;
  readonly log: Logger;
  readonly footage: Footage;
  readonly dataDir: string;
  /** Default: `ffmpeg` by PATH. */
  readonly ffmpegPath?: string | undefined;
}

const DAY_MS = 86_400_000;
const MAX_CLIPS = 8;
/** The end of a time since then may lie in a segment that is not cut yet, as long as segments may be. */
const RECENT_MS = 150_000;
const DATABASE_FILE = 'exports.db';

/** All that makes MP4 of what is recorded: jobs, clips at once, and period files. Failures reject with `ApiError`. */
export class Exports {
  readonly #clock: Clock;
  readonly #footage: Footage;
  readonly #threads: ExportThreads;
  readonly #files: ExportFiles;
  readonly #jobs: ExportJobs;
  readonly #periods: PeriodFiles;
  readonly #slots: Slots;
  readonly #limits: ExportLimits;
  readonly #closed = new AbortController();
  #clips = 0;

  constructor(options: ExportsOptions) {
    const { clock, log, footage, dataDir } = options;
    const limits = limitsOf(options);
    const slots = new Slots(options.maxRunning);
    const threads = new ExportThreads({ clock, log, ffmpegPath: options.ffmpegPath });
    const files = new ExportFiles({ clock, log, dataDir, databasePath: join(dataDir, DATABASE_FILE) });
    const parts = { clock, log, footage, threads, files, slots, limits };
    this.#clock = clock;
    this.#footage = footage;
    this.#threads = threads;
    this.#files = files;
    this.#limits = limits;
    this.#slots = slots;
    this.#jobs = new ExportJobs({ ...parts, dataDir });
    this.#periods = new PeriodFiles({ ...parts, streams: options.streams, policyOf: options.policyOf });
  }

  /** Other settings; what runs goes on by the old ones. */
  update(settings: ExportSettings): void {
    Object.assign(this.#limits, limitsOf(settings));
    this.#slots.max = settings.maxRunning;
  }

  /** BAD_REQUEST, STREAM_NOT_FOUND, NOT_RECORDED, TOO_MANY_EXPORTS, STORAGE_UNAVAILABLE. */
  create(request: ExportRequest): Promise<ExportJob> {
    return this.#jobs.create(request);
  }

  /** Newest first. */
  list(): readonly ExportJob[] {
    return this.#jobs.list();
  }

  get(id: string): ExportJob | undefined {
    return this.#jobs.get(id);
  }

  /** A job that waits or runs is cancelled and given back; any other is removed with its files. EXPORT_NOT_FOUND. */
  remove(id: string): Promise<ExportJob | undefined> {
    return this.#jobs.remove(id);
  }

  /** EXPORT_NOT_FOUND, CONFLICT, TOO_MANY_EXPORTS. */
  retry(id: string): Promise<ExportJob> {
    return this.#jobs.retry(id);
  }

  /** EXPORT_NOT_FOUND, EXPORT_NOT_READY, NOT_FOUND, STORAGE_UNAVAILABLE. */
  file(id: string, part: number): Promise<ServedFile & { readonly name: string }> {
    return this.#jobs.file(id, part);
  }

  /** The same for the digests. */
  manifest(id: string): Promise<ServedFile & { readonly name: string }> {
    return this.#jobs.manifest(id);
  }

  /** BAD_REQUEST, STREAM_NOT_FOUND, NOT_RECORDED, TOO_MANY_EXPORTS, STORAGE_UNAVAILABLE. */
  async clip(
    stream: StreamId,
    asked: { start: number; end?: number | undefined; durationMs?: number | undefined },
  ): Promise<ClipStream> {
    if (!isKnown(this.#footage, stream)) throw nothingKeptOf(stream);
    const range = clipRange(asked, this.#clock.wallMs());
    if (this.#clips >= MAX_CLIPS) {
      throw new ApiError(
        'TOO_MANY_EXPORTS',
        `${MAX_CLIPS} clips are being sent already; try again in a moment.`,
      );
    }
    this.#clips += 1;
    let isOver = false;
    const over = () => {
      if (!isOver) this.#clips -= 1;
      isOver = true;
    };
    try {
      // Older times are in the index for long, and need not wait for a look at it.
      if (this.#clock.wallMs() - range.end < RECENT_MS) {
        await settled(this.#footage, this.#clock, { stream, untilMs: range.end, stop: this.#closed.signal });
      }
      const clip = await this.#threads.clip(this.#footage.archive.recordingsDirOf(stream), {
        stream,
        ...range,
      });
      clip.body.once('close', over);
      return clip;
    } catch (failure) {
      over();
      const isNothing = failure instanceof ApiError && failure.code === 'NOT_RECORDED';
      throw isNothing ? await nothingRecorded(this.#footage, stream, range) : failure;
    }
  }

  /** Newest first. STORAGE_UNAVAILABLE. */
  periodFiles(filter: PeriodFilter): Promise<readonly PeriodFile[]> {
    return this.#periods.list(filter);
  }

  /** PERIOD_FILE_NOT_FOUND, NOT_FOUND, STORAGE_UNAVAILABLE. */
  periodFile(id: string): Promise<ServedFile & { readonly name: string }> {
    return this.#periods.open(id);
  }

  /** Stops what runs, so that it begins again with the next start; ends threads and FFmpeg. Idempotent. */
  async close(): Promise<void> {
    this.#closed.abort();
    const closing = [this.#jobs.close(), this.#periods.close()];
    await this.#threads.close();
    await Promise.all(closing);
    await this.#files.close();
  }
}

function limitsOf({ minFreeBytes, keepDays }: ExportSettings): ExportLimits {
  return { minFreeBytes, keepMs: keepDays === undefined ? undefined : keepDays * DAY_MS };
}
