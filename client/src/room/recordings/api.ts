import { z } from 'zod';
import { type CameraEvent, eventPageSchema } from '../../../../shared/events.ts';
import {
  type ExportJob,
  exportJobSchema,
  lockSchema,
  type RecordingLock,
  type RecordingTimeline,
  timelineSchema,
} from '../../../../shared/recording.ts';
import { ok, type Result } from '../../../../shared/result.ts';
import { type StreamDefinition, type StreamStatus, streamStatusSchema } from '../../../../shared/stream.ts';
import { call, type Failure, streamPath } from '../api/call.ts';

const exportsSchema = z.object({ exports: z.array(exportJobSchema) });
const thumbnailsSchema = z.object({ thumbnails: z.array(z.object({ at: z.number() })) });
/** As many as the gateway tells at once. */
const EVENTS_AT_ONCE = 1_000;

/** A stream by its names. */
export interface StreamKey {
  readonly app: string;
  readonly name: string;
}

/** Unix milliseconds. */
export interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** At most 31 days at once. */
export function readTimeline(
  { app, name }: StreamKey,
  { fromMs, toMs }: TimeSpan,
): Promise<Result<RecordingTimeline, Failure>> {
  return call('GET', `${streamPath(app, name)}/timeline?${fromTo({ fromMs, toMs })}`, timelineSchema);
}

/** Times, oldest first, of which small pictures are kept; at most `max`, evenly over the span. */
export async function readThumbnailTimes(
  { app, name }: StreamKey,
  span: TimeSpan,
  max: number,
): Promise<Result<readonly number[], Failure>> {
  const path = `${streamPath(app, name)}/thumbnails?${fromTo(span)}&max=${max}`;
  const answer = await call('GET', path, thumbnailsSchema);
  return answer.ok ? ok(answer.value.thumbnails.map(({ at }) => at)) : answer;
}

/** Where the small picture (320 pixels wide) of a time is to be had. */
export function thumbnailUrl({ app, name }: StreamKey, atMs: number): string {
  return `${streamPath(app, name)}/thumbnail?at=${Math.round(atMs)}`;
}

/** Where the very picture of a time is to be had. */
export function frameUrl({ app, name }: StreamKey, atMs: number, width: number): string {
  return `${streamPath(app, name)}/frame?at=${Math.round(atMs)}&width=${width}`;
}

/** The newest of them, newest first. */
export async function readEvents(
  { app, name }: StreamKey,
  { fromMs, toMs }: TimeSpan,
  max: number,
): Promise<Result<readonly CameraEvent[], Failure>> {
  const stream = encodeURIComponent(`${app}/${name}`);
  const path = `api/v1/events?stream=${stream}&${fromTo({ fromMs, toMs })}`;
  const events: CameraEvent[] = [];
  let before = '';
  do {
    const most = Math.min(EVENTS_AT_ONCE, max - events.length);
    const answer = await call('GET', `${path}&max=${most}${before}`, eventPageSchema);
    if (!answer.ok) return answer;
    events.push(...answer.value.events);
    const { next } = answer.value;
    before = next === undefined ? '' : `&before=${encodeURIComponent(next)}`;
  } while (before !== '' && events.length < max);
  return ok(events);
}

export function setRecord(
  { app, name }: StreamKey,
  record: NonNullable<StreamDefinition['record']>,
): Promise<Result<StreamStatus, Failure>> {
  return call('PATCH', streamPath(app, name), streamStatusSchema, { record });
}

/** Retention leaves the span alone from now on. */
export function lockSpan(
  { app, name }: StreamKey,
  { fromMs, toMs }: TimeSpan,
  label?: string,
): Promise<Result<RecordingLock, Failure>> {
  const wish = { start: Math.round(fromMs), end: Math.round(toMs) };
  const body = label === undefined || label === '' ? wish : { ...wish, label };
  return call('POST', `${streamPath(app, name)}/locks`, lockSchema, body);
}

export function removeLock({ app, name }: StreamKey, id: number): Promise<Result<unknown, Failure>> {
  return call('DELETE', `${streamPath(app, name)}/locks/${id}`, z.unknown());
}

export function startExport(
  { app, name }: StreamKey,
  { fromMs, toMs }: TimeSpan,
): Promise<Result<{ job_id: string }, Failure>> {
  const wish = {
    app_name: app,
    stream_name: name,
    start_time: Math.round(fromMs),
    end_time: Math.round(toMs),
  };
  return call('POST', 'v1/nvr/convert2mp4', z.object({ job_id: z.string() }), wish);
}

/** The export jobs of all streams, or of one, newest first. */
export async function listExports(stream?: StreamKey): Promise<Result<readonly ExportJob[], Failure>> {
  const answer = await call('GET', 'api/v1/exports', exportsSchema);
  if (!answer.ok) return answer;
  const own = answer.value.exports.filter(
    ({ app, name }) => stream === undefined || (app === stream.app && name === stream.name),
  );
  return ok(own.sort((a, b) => b.createdAt - a.createdAt));
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

function fromTo({ fromMs, toMs }: TimeSpan): string {
  return `from=${Math.round(fromMs)}&to=${Math.round(toMs)}`;
}
