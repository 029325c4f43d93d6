import { join } from 'node:path';
import { ApiError } from '../../../shared/errors.ts';
import type { ExportJob } from '../../../shared/recording.ts';
import type { ExportFiles, ServedFile } from './export-files.ts';
import type { StoredJob } from './exports-database.ts';
import { MANIFEST_EXTENSIONS } from './published-names.ts';

/** A file of a job as it is served. */
export interface JobFile extends ServedFile {
  readonly name: string;
}

/** The files of jobs that are done. */
export class JobFiles {
  readonly #files: Pick<ExportFiles, 'catalog' | 'open'>;
  readonly #dataDir: string;
  readonly #dir: string;

  /** `dir`: where they are, below `dataDir`. */
  constructor(options: { files: Pick<ExportFiles, 'catalog' | 'open'>; dataDir: string; dir: string }) {
    this.#files = options.files;
    this.#dataDir = options.dataDir;
    this.#dir = options.dir;
  }

  /** `part` counts from 1. EXPORT_NOT_READY, NOT_FOUND, STORAGE_UNAVAILABLE. */
  async open(job: ExportJob, part: number): Promise<JobFile> {
    requireDone(job);
    const file = job.files[part - 1];
    if (file === undefined) {
      throw new ApiError(
        'NOT_FOUND',
        `This export has ${job.files.length} file(s); there is no part ${part}.`,
      );
    }
    return this.#open(file.name);
  }

  /** The digests. EXPORT_NOT_READY, NOT_FOUND, STORAGE_UNAVAILABLE. */
  async openManifest({ job, manifest }: StoredJob): Promise<JobFile> {
    requireDone(job);
    if (!manifest) throw new ApiError('NOT_FOUND', 'This export was made without a manifest.');
    return this.#open(`${baseNameOfJob(job)}.sha256`);
  }

  async remove({ job, manifest }: StoredJob): Promise<void> {
    const beside = manifest ? MANIFEST_EXTENSIONS.map((extension) => baseNameOfJob(job) + extension) : [];
    const paths = [...job.files.map(({ name }) => name), ...beside].map((name) => join(this.#dir, name));
    await this.#files.catalog.call('removeFiles', { paths });
  }

  async #open(name: string): Promise<JobFile> {
    return { ...(await this.#files.open(this.#dataDir, join(this.#dir, name))), name };
  }
}

/** The name of a job's first file without `.mp4`. */
export function baseNameOfJob({ fileName }: Pick<ExportJob, 'fileName'>): string {
  return fileName.replace(/\.mp4$/, '');
}

function requireDone({ state, error }: ExportJob): void {
  if (state === 'done') return;
  const why = error === undefined ? '' : ` (${error.message})`;
  const next = state === 'failed' || state === 'cancelled' ? 'retry it' : 'ask again once it is done';
  throw new ApiError('EXPORT_NOT_READY', `This export has no file: it is ${state}${why}; ${next}.`);
}
