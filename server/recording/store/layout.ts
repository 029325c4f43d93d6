import { join } from 'node:path';
import type { StreamId } from '../../../shared/names.ts';
import { isoTime } from '../../../shared/time.ts';

const HOUR_MS = 3_600_000;

/** The folder below an application's `dir` (or `dataDir`) that belongs to the store alone. */
export const RECORDINGS_FOLDER = 'recordings';

/** The start of the UTC hour in which `ms` lies. */
export function hourOf(ms: number): number {
  return Math.floor(ms / HOUR_MS) * HOUR_MS;
}

/** `<recordings>/<app>/<name>/<UTC day>/<UTC hour>`; names are known to match CONTRACT's pattern (parseStreamId). */
export function hourFolder(recordingsDir: string, stream: StreamId, ms: number): string {
  const [app = '', name = ''] = stream.split('/');
  const iso = isoTime(ms);
  return join(recordingsDir, app, name, iso.slice(0, 10), iso.slice(11, 13));
}

/** Where a segment's file lies. */
export function segmentFile(recordingsDir: string, stream: StreamId, startMs: number): string {
  return join(hourFolder(recordingsDir, stream, startMs), `${startMs}.ts`);
}

/** Where a segment lies until it is whole and durable. */
export function partFile(recordingsDir: string, stream: StreamId, startMs: number): string {
  return join(hourFolder(recordingsDir, stream, startMs), `${startMs}.part`);
}

/** The start time that a segment's file name tells, or undefined where it is none. */
export function startOfFile(fileName: string): number | undefined {
  const digits = /^(\d{1,15})\.ts$/.exec(fileName)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
