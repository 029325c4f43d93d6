import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { ApiError } from '../../../shared/errors.ts';
import { type StreamId, streamId } from '../../../shared/names.ts';
import type { ExportJob } from '../../../shared/recording.ts';
import { type Clock, sleep } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import { nothingKeptOf } from '../../base/no-such-stream.ts';
import { notRecorded } from '../playlist/not-recorded.ts';
import type { ExportFiles } from './export-files.ts';
import type { ExportLimits } from './export-limits.ts';
import { baseNameOf, type ExportRequest, requestedRange } from './export-request.ts';
import { ExportCancelled, type ExportThreads } from './export-threads.ts';
import type { StoredJob } from './exports-database.ts';
import { type Footage, isKnown } from './footage.ts';
import { baseNameOfJob, type JobFile, JobFiles } from './job-files.ts';
import { JobSaver } from './job-saver.ts';
import { errorOf, runJob } from './run-job.ts';
import type { Slots } from './slots.ts';

export interface ExportJobsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly footage: Footage;
  readonly threads: Pick<ExportThreads, 'export'>;
  readonly files: Pick<ExportFiles, 'catalog' | 'open'>;
  readonly slots: Slots;
  /** `<dataDir>` */
  readonly dataDir: string;
  readonly limits: ExportLimits;
}

interface Entry {
  job: ExportJob;
  readonly manifest: boolean;
  /** While it waits or runs. */
  stop: AbortController | undefined;
  startedAtMs: number;
}

const EXPORTS_FOLDER = 'exports';
const MAX_OPEN_JOBS = 200;
/** A job during which the gateway ended so often is not begun again by itself. */
const MAX_INTERRUPTED = 3;
const LOAD_RETRY_MS = 5_000;
const CHORE_MS = 10 * 60_000;

/**
 * The jobs that make MP4 files: persisted before they are promised, run so many at once, begun again after a restart. What is
 * held here is the truth; the database follows, and is tried again where its disk does not answer.
 */
export class ExportJobs {
  readonly #options: ExportJobsOptions;
  readonly #dir: string;
  readonly #jobs = new Map<string, Entry>();
  readonly #saver: JobSaver;
  readonly #files: JobFiles;
  readonly #closed = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #loaded: Promise<void>;
  readonly #stopChores: () => void;
  #isLoaded = false;
  #lastCreate: Promise<unknown> = Promise.resolve();

  /** Begins at once with the jobs that a former run of the gateway left. */
  constructor(options: ExportJobsOptions) {
    this.#options = options;
    this.#dir = join(options.dataDir, EXPORTS_FOLDER);
    this.#saver = new JobSaver(options);
    this.#files = new JobFiles({ files: options.files, dataDir: options.dataDir, dir: this.#dir });
    this.#loaded = this.#load();
    this.#stopChores = options.clock.every(CHORE_MS, () => void this.#removeOld());
  }

  /** Newest first. */
  list(): ExportJob[] {
    this.#requireLoaded();
    return [...this.#jobs.values()].map((entry) => this.#shown(entry)).reverse();
  }

  get(id: string): ExportJob | undefined {
    this.#requireLoaded();
    const entry = this.#jobs.get(id);
    return entry === undefined ? undefined : this.#shown(entry);
  }

  /** Resolves when the job will survive a restart. */
  create(request: ExportRequest): Promise<ExportJob> {
    const created = this.#lastCreate.then(() => this.#create(request));
    this.#lastCreate = created.catch(() => {});
    return created;
  }

  /** Cancels a job that waits or runs (and gives it back); removes any other with its files. */
  async remove(id: string): Promise<ExportJob | undefined> {
    const entry = this.#entry(id);
    if (entry.stop !== undefined) {
      entry.stop.abort();
      entry.stop = undefined;
      this.#become(entry, { state: 'cancelled', finishedAt: this.#nowMs() });
      return this.#shown(entry);
    }
    await this.#forget(entry);
    return undefined;
  }

  /** Puts a failed or cancelled job into the queue again. */
  async retry(id: string): Promise<ExportJob> {
    const entry = this.#entry(id);
    const { state } = entry.job;
    if (state !== 'failed' && state !== 'cancelled') {
      throw new ApiError(
        'CONFLICT',
        `This export is ${state}; only a failed or cancelled one can be tried again.`,
      );
    }
    this.#requireRoom();
    const { error: _, startedAt: __, finishedAt: ___, ...job } = entry.job;
    entry.job = { ...job, state: 'queued', progress: 0, attempts: 0 };
    this.#save(entry);
    this.#start(entry);
    return this.#shown(entry);
  }

  /** `part` counts from 1. */
  file(id: string, part: number): Promise<JobFile> {
    return this.#files.open(this.#entry(id).job, part);
  }

  /** The digests, as `sha256sum -c` reads them. */
  manifest(id: string): Promise<JobFile> {
    return this.#files.openManifest(this.#entry(id));
  }

  /** Stops what runs; it begins again with the next start. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    this.#stopChores();
    for (const entry of this.#jobs.values()) {
      if (entry.stop === undefined) continue;
      if (entry.job.state === 'running') {
        // Ended in order, so this try does not count.
        const { startedAt: _, ...job } = entry.job;
        entry.job = { ...job, state: 'queued', progress: 0, attempts: job.attempts - 1 };
        this.#save(entry);
      }
      entry.stop.abort();
    }
    await this.#loaded;
    await this.#saver.close();
    await Promise.all(this.#running);
  }

  async #load(): Promise<void> {
    const { clock, files, log } = this.#options;
    while (!this.#closed.signal.aborted) {
      try {
        const { jobs, damaged } = await files.catalog.call('loadJobs', { dirs: [this.#dir] });
        if (damaged !== undefined)
          log.error({ damaged }, 'the list of exports was damaged and begins anew; their files are kept');
        for (const stored of jobs) this.#adopt(stored);
        this.#isLoaded = true;
        for (const entry of this.#jobs.values()) if (entry.job.state === 'queued') this.#start(entry);
        void this.#removeOld();
        return;
      } catch (failure) {
        log.warn({ err: failure }, 'the list of exports cannot be read yet');
        await sleep(clock, LOAD_RETRY_MS, this.#closed.signal);
      }
    }
  }

  #adopt({ job, manifest }: StoredJob): void {
    const entry: Entry = { job, manifest, stop: undefined, startedAtMs: 0 };
    this.#jobs.set(job.id, entry);
    if (job.state !== 'running') return;
    // The gateway ended in the middle of it.
    if (job.attempts < MAX_INTERRUPTED) {
      entry.job = { ...job, state: 'queued', progress: 0 };
      return;
    }
    const message = `The gateway ended ${job.attempts} times during this export. Look into its log, then retry.`;
    this.#become(entry, {
      state: 'failed',
      finishedAt: this.#nowMs(),
      error: { code: 'INTERNAL', message },
    });
  }

  async #create(request: ExportRequest): Promise<ExportJob> {
    this.#requireLoaded();
    const { footage, files } = this.#options;
    const { stream } = request;
    if (!isKnown(footage, stream)) throw nothingKeptOf(stream);
    const range = requestedRange(request, this.#nowMs());
    const wantedName = baseNameOf(request);
    this.#requireRoom();
    await this.#requireFootage(stream, range);
    const taken = [...this.#jobs.values()].map(({ job }) => baseNameOfJob(job));
    const baseName = await files.catalog.call('freeName', { dir: this.#dir, baseName: wantedName, taken });
    const [app = '', name = ''] = stream.split('/');
    const job: ExportJob = {
      id: randomBytes(12).toString('hex'),
      app,
      name,
      state: 'queued',
      progress: 0,
      ...range,
      gapMode: request.gaps ?? 'skip',
      createdAt: this.#nowMs(),
      attempts: 0,
      gaps: [],
      files: [],
      fileName: `${baseName}.mp4`,
    };
    const entry: Entry = { job, manifest: request.manifest ?? true, stop: undefined, startedAtMs: 0 };
    await files.catalog.call('putJob', { job, manifest: entry.manifest });
    this.#jobs.set(job.id, entry);
    this.#start(entry);
    return this.#shown(entry);
  }

  /** NOT_RECORDED with the reasons, where nothing of the time was recorded or will be in a moment. */
  async #requireFootage(stream: StreamId, { start, end }: { start: number; end: number }): Promise<void> {
    const { footage } = this.#options;
    const { ranges, gaps } = await footage.timeline(stream, start, end);
    if (ranges.length > 0) return;
    const newestMs = (await footage.archive.newestEndMs(stream)) ?? 0;
    if (end > newestMs && footage.live.state(stream).state === 'recording') return;
    throw notRecorded(stream, { startMs: start, endMs: end }, gaps);
  }

  #start(entry: Entry): void {
    if (this.#closed.signal.aborted) return;
    const stop = new AbortController();
    entry.stop = stop;
    const running = this.#run(entry, stop.signal).catch((failure: unknown) => {
      this.#options.log.error({ err: failure, exportId: entry.job.id }, 'an export failed unforeseen');
    });
    this.#running.add(running);
    void running.then(() => this.#running.delete(running));
  }

  async #run(entry: Entry, stop: AbortSignal): Promise<void> {
    const free = await this.#options.slots.take('first', stop);
    if (free === undefined) return;
    try {
      await this.#runOnce(entry, stop);
    } finally {
      free();
    }
  }

  async #runOnce(entry: Entry, stop: AbortSignal): Promise<void> {
    const { clock, log, limits } = this.#options;
    const { app, name, id } = entry.job;
    entry.startedAtMs = clock.monotonicMs();
    this.#become(entry, { state: 'running', startedAt: this.#nowMs(), attempts: entry.job.attempts + 1 });
    try {
      const parts = { ...this.#options, dir: this.#dir, minFreeBytes: limits.minFreeBytes };
      const made = await runJob(parts, entry, {
        stop,
        onProgress: (progress) => {
          // Done is what is done, not what is nearly so.
          if (!stop.aborted) entry.job = { ...entry.job, progress: Math.min(0.999, progress) };
        },
      });
      if (stop.aborted) {
        // Cancelled while the last step was under way.
        await this.#files.remove({ job: { ...entry.job, ...made }, manifest: entry.manifest });
        return;
      }
      entry.stop = undefined;
      this.#become(entry, { state: 'done', progress: 1, finishedAt: this.#nowMs(), ...made });
    } catch (failure) {
      if (stop.aborted || failure instanceof ExportCancelled) return;
      const error = errorOf(failure);
      entry.stop = undefined;
      this.#become(entry, { state: 'failed', finishedAt: this.#nowMs(), error });
      log.warn({ exportId: id, stream: streamId(app, name), ...error }, 'an export failed');
    }
  }

  #become(entry: Entry, change: Partial<ExportJob>): void {
    entry.job = { ...entry.job, ...change };
    this.#save(entry);
  }

  #save({ job, manifest }: Entry): void {
    this.#saver.save({ job, manifest });
  }

  async #removeOld(): Promise<void> {
    const { keepMs } = this.#options.limits;
    if (keepMs === undefined || !this.#isLoaded) return;
    for (const entry of [...this.#jobs.values()]) {
      const { finishedAt } = entry.job;
      if (entry.stop !== undefined || finishedAt === undefined || finishedAt > this.#nowMs() - keepMs)
        continue;
      await this.#forget(entry).catch((failure: unknown) => {
        this.#options.log.warn({ err: failure }, 'an old export cannot be removed yet');
      });
    }
  }

  async #forget(entry: Entry): Promise<void> {
    const { job } = entry;
    if (job.files.length > 0) await this.#files.remove(entry);
    this.#saver.forget(job.id);
    await this.#options.files.catalog.call('removeJob', { id: job.id });
    this.#jobs.delete(job.id);
  }

  #shown({ job, startedAtMs }: Entry): ExportJob {
    const { state, progress } = job;
    if (state !== 'running' || progress < 0.01) return job;
    const elapsedMs = this.#options.clock.monotonicMs() - startedAtMs;
    return { ...job, etaMs: Math.round((elapsedMs * (1 - progress)) / progress) };
  }

  #entry(id: string): Entry {
    this.#requireLoaded();
    const entry = this.#jobs.get(id);
    if (entry === undefined) {
      throw new ApiError(
        'EXPORT_NOT_FOUND',
        'There is no such export; GET /api/v1/exports lists those there are.',
      );
    }
    return entry;
  }

  #requireLoaded(): void {
    if (this.#isLoaded) return;
    throw new ApiError(
      'STORAGE_UNAVAILABLE',
      'The list of exports is still being read; try again in a moment.',
    );
  }

  #requireRoom(): void {
    const open = [...this.#jobs.values()].filter(({ stop }) => stop !== undefined).length;
    if (open < MAX_OPEN_JOBS) return;
    throw new ApiError(
      'TOO_MANY_EXPORTS',
      `${open} exports wait already; wait for some of them, or cancel them.`,
    );
  }

  #nowMs(): number {
    return Math.floor(this.#options.clock.wallMs());
  }
}
