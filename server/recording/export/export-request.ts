import { ApiError } from '../../../shared/errors.ts';
import type { StreamId } from '../../../shared/names.ts';
import { isoTime, looksLikeSeconds } from '../../../shared/time.ts';
import type { GapMode, TimeRange } from './plan.ts';

/** What somebody asks to have as MP4. Times are Unix milliseconds. */
export interface ExportRequest {
  readonly stream: StreamId;
  readonly start: number;
  readonly end?: number | undefined;
  /** Instead of `end`; given both they have to agree. */
  readonly durationMs?: number | undefined;
  readonly fileName?: string | undefined;
  /** Default `skip`. */
  readonly gaps?: GapMode | undefined;
  /** Digests beside the files; default true. */
  readonly manifest?: boolean | undefined;
}

/** MPEG-TS time wraps after 26.5 hours, and a file of more is of no use to anybody. */
const MAX_SPAN_MS = 24 * 3_600_000;
const MAX_CLIP_MS = 4 * 3_600_000;
/** The asker's clock may be a little ahead of ours. */
const CLOCK_TOLERANCE_MS = 5_000;
const MAX_NAME_CHARS = 100;
const MAX_NAME_BYTES = 180;

/** The time that is asked for. Throws BAD_REQUEST where it is none, lies ahead or is too long. */
export function requestedRange(request: Omit<ExportRequest, 'stream'>, nowMs: number): TimeRange {
  return checkedRange(request, {
    nowMs,
    maxMs: MAX_SPAN_MS,
    advice: 'make several exports of at most 24 hours',
  });
}

/** The same for a clip. */
export function clipRange(request: Omit<ExportRequest, 'stream'>, nowMs: number): TimeRange {
  return checkedRange(request, {
    nowMs,
    maxMs: MAX_CLIP_MS,
    advice: 'clips are at most 4 hours; make an export',
  });
}

function checkedRange(
  { start, end, durationMs }: Omit<ExportRequest, 'stream'>,
  { nowMs, maxMs, advice }: { nowMs: number; maxMs: number; advice: string },
): TimeRange {
  if (end === undefined && durationMs === undefined) throw bad('An end time or a duration is needed.');
  if (end !== undefined && durationMs !== undefined && end !== start + durationMs) {
    throw bad('The end time and the duration name two different ends; give one of them.');
  }
  const until = end ?? start + (durationMs ?? 0);
  if (until <= start) throw bad('The end has to lie behind the start.');
  if (looksLikeSeconds(until, nowMs)) {
    throw bad('Times and durations are in milliseconds (Unix time); these look like seconds.');
  }
  if (until - start > maxMs) throw bad(`That is too long: ${advice}.`);
  if (start >= nowMs) throw bad('The start lies in the future; only what was recorded can be exported.');
  if (until > nowMs + CLOCK_TOLERANCE_MS) {
    throw bad(`The end lies in the future (it is ${Math.round(nowMs)} now); choose one that has passed.`);
  }
  return { start, end: Math.min(until, Math.floor(nowMs)) };
}

/**
 * The name of the file without `.mp4`. It is one name, never a path: letters and digits of any language, and a few signs.
 * Throws BAD_REQUEST.
 */
export function baseNameOf({
  stream,
  start,
  fileName,
}: Pick<ExportRequest, 'stream' | 'start' | 'fileName'>): string {
  if (fileName === undefined) return `${stream.replace('/', '_')}_${compactTime(start)}`;
  const name = fileName.normalize('NFC').replace(/\.mp4$/i, '');
  const isName = /^[\p{L}\p{N}_][\p{L}\p{M}\p{N}_ .()+,-]*$/u.test(name);
  if (
    !isName ||
    /[ .]$/.test(name) ||
    name.length > MAX_NAME_CHARS ||
    Buffer.byteLength(name) > MAX_NAME_BYTES
  ) {
    throw bad(
      'The file name may hold letters, digits, spaces and . _ - + , ( ), at most 100 in all; it begins with a letter or ' +
        'digit, and is a name without folders.',
    );
  }
  return name;
}

/** `20261121T124326Z`: sorts well, and every file system takes it. */
export function compactTime(ms: number): string {
  return isoTime(ms).replace(/[-:]|\.\d+/g, '');
}

function bad(message: string): ApiError {
  return new ApiError('BAD_REQUEST', message);
}
