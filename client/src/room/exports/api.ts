import { z } from 'zod';
import {
  type ErasedRecordings,
  type ExportJob,
  erasedRecordingsSchema,
  exportJobSchema,
  type KeptRecordings,
  keptRecordingsSchema,
  lockSchema,
  type PeriodFile,
  periodFileSchema,
  type RecordingLock,
} from '../../../../shared/recording.ts';
import { ok, type Result } from '../../../../shared/result.ts';
import { call, type Failure, streamPath } from '../api/call.ts';
import type { StreamKey } from '../recordings/api.ts';

/** It may take 20 s by itself. */
const ERASE_TIMEOUT_MS = 40_000;
const keptSchema = z.object({ recordings: z.array(keptRecordingsSchema) });
const locksSchema = z.object({ locks: z.array(lockSchema) });
const periodsSchema = z.object({ files: z.array(periodFileSchema) });

/** Of which streams something is kept, also of those that were removed. */
export async function listKept(): Promise<Result<readonly KeptRecordings[], Failure>> {
  const answer = await call('GET', 'api/v1/recordings', keptSchema);
  return answer.ok ? ok(answer.value.recordings) : answer;
}

/** Newest first. */
export async function listLocks({
  app,
  name,
}: StreamKey): Promise<Result<readonly RecordingLock[], Failure>> {
  const answer = await call('GET', `${streamPath(app, name)}/locks`, locksSchema);
  return answer.ok ? ok(answer.value.locks.toSorted((a, b) => b.start - a.start)) : answer;
}

/** Deletes what is kept of a stream, as far as the gateway gets in 20 s; nothing that is locked. */
export function eraseRecordings({
  app,
  name,
  start,
  end,
}: KeptRecordings): Promise<Result<ErasedRecordings, Failure>> {
  const path = `${streamPath(app, name)}/recordings?from=${start}&to=${end}`;
  return call('DELETE', path, erasedRecordingsSchema, undefined, ERASE_TIMEOUT_MS);
}

/** The newest files of fixed periods, at most `max`. */
export async function listPeriodFiles(max: number): Promise<Result<readonly PeriodFile[], Failure>> {
  const answer = await call('GET', `api/v1/period-files?limit=${max}`, periodsSchema);
  return answer.ok ? ok(answer.value.files) : answer;
}

export function periodFileUrl(id: string): string {
  return `api/v1/period-files/${encodeURIComponent(id)}/file`;
}

/** What an export is to be of; times are Unix milliseconds. */
export interface ExportWish extends StreamKey {
  readonly start: number;
  readonly end: number;
  readonly gaps: 'skip' | 'keep';
  readonly fileName?: string;
}

export function createExport(wish: ExportWish): Promise<Result<ExportJob, Failure>> {
  return call('POST', 'api/v1/exports', exportJobSchema, wish);
}
