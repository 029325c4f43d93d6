import { z } from 'zod';
import {
  type ExportJob,
  exportJobSchema,
  type RecordingTimeline,
  timelineSchema,
} from '../../../../shared/recording.ts';
import type { Result } from '../../../../shared/result.ts';
import { type StreamDefinition, type StreamStatus, streamStatusSchema } from '../../../../shared/stream.ts';
import { call, type Failure, streamPath } from '../api/call.ts';
import type { TimeWindow } from '../camera/time-window.ts';

const exportsSchema = z.object({ exports: z.array(exportJobSchema) });

/** A stream by its names. */
export interface StreamKey {
  readonly app: string;
  readonly name: string;
}

export function readTimeline(
  { app, name }: StreamKey,
  { fromMs, toMs }: TimeWindow,
): Promise<Result<RecordingTimeline, Failure>> {
  return call('GET', `${streamPath(app, name)}/timeline?from=${fromMs}&to=${toMs}`, timelineSchema);
}

export function setRecord(
  { app, name }: StreamKey,
  record: NonNullable<StreamDefinition['record']>,
): Promise<Result<StreamStatus, Failure>> {
  return call('PATCH', streamPath(app, name), streamStatusSchema, { record });
}

export function startExport(
  { app, name }: StreamKey,
  { fromMs, toMs }: TimeWindow,
): Promise<Result<{ job_id: string }, Failure>> {
  const wish = { app_name: app, stream_name: name, start_time: fromMs, end_time: toMs };
  return call('POST', 'v1/nvr/convert2mp4', z.object({ job_id: z.string() }), wish);
}

/** The export jobs of a stream, newest first. */
export async function listExports({ app, name }: StreamKey): Promise<Result<ExportJob[], Failure>> {
  const answer = await call('GET', 'api/v1/exports', exportsSchema);
  if (!answer.ok) return answer;
  const own = answer.value.exports.filter((job) => job.app === app && job.name === name);
  return { ok: true, value: own.sort((a, b) => b.createdAt - a.createdAt) };
}

export function retryExport(id: string): Promise<Result<unknown, Failure>> {
  return call('POST', `${exportPath(id)}/retry`, z.unknown());
}

/** Cancels a job that waits or runs; removes any other, with its files. */
export function removeExport(id: string): Promise<Result<unknown, Failure>> {
  return call('DELETE', exportPath(id), z.unknown());
}

/** Where a job's file is to be had; the first part has number 1. */
export function exportFileUrl(id: string, part: number): string {
  return `${exportPath(id)}/file${part === 1 ? '' : `?part=${part}`}`;
}

function exportPath(id: string): string {
  return `api/v1/exports/${encodeURIComponent(id)}`;
}
