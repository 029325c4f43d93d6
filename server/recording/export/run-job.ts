import { ApiError, ERROR_TABLE } from '../../../shared/errors.ts';
import { streamId } from '../../../shared/names.ts';
import type { ExportJob } from '../../../shared/recording.ts';
import type { Clock } from '../../base/clock.ts';
import type { ExportThreads } from './export-threads.ts';
import type { StoredJob } from './exports-database.ts';
import { type Footage, settled } from './footage.ts';
import { explainGaps } from './gap-reasons.ts';
import { baseNameOfJob } from './job-files.ts';

const NICENESS = 10;

export interface RunJobParts {
  readonly clock: Clock;
  readonly footage: Footage;
  readonly threads: Pick<ExportThreads, 'export'>;
  /** Where its files come to lie. */
  readonly dir: string;
  readonly minFreeBytes: number;
}

/** What a job tells of the files that were made; the first one's name may have changed since it was promised. */
export type MadeFiles = Pick<ExportJob, 'files' | 'fileName' | 'gaps'>;

/**
 * Makes the files of a job, once what it wants is recorded. Rejects as `ExportThreads.export` does; a stop that comes with the last step
 * may find them made.
 */
export async function runJob(
  { clock, footage, threads, dir, minFreeBytes }: RunJobParts,
  { job, manifest }: StoredJob,
  { stop, onProgress }: { readonly stop: AbortSignal; onProgress(progress: number): void },
): Promise<MadeFiles> {
  const { start, end, gapMode, fileName } = job;
  const stream = streamId(job.app, job.name);
  await settled(footage, clock, { stream, untilMs: end, stop });
  const { files, gaps } = await threads.export(
    footage.archive.recordingsDirOf(stream),
    {
      ...{ stream, start, end, gapMode, dir, whenTaken: 'suffix', niceness: NICENESS },
      ...{ baseName: baseNameOfJob(job), manifest, minFreeBytes },
    },
    { stop, onProgress },
  );
  // The files are there and have their names; that the ledger cannot be asked just now must not cost them.
  const ledger = await footage.timeline(stream, start, end).catch(() => ({ gaps: [] }));
  return { files: [...files], fileName: files[0]?.name ?? fileName, gaps: explainGaps(gaps, ledger) };
}

/** What is told and kept of a failure. */
export function errorOf(failure: unknown): { code: string; message: string } {
  if (failure instanceof ApiError && Object.hasOwn(ERROR_TABLE, failure.code)) {
    return { code: failure.code, message: failure.message };
  }
  return { code: 'INTERNAL', message: failure instanceof Error ? failure.message : String(failure) };
}
