import { ApiError } from '../../../shared/errors.ts';
import { isoTime, looksLikeSeconds } from '../../../shared/time.ts';
import { REWIND_WINDOW_MS } from './recorded-list.ts';

const HOUR_MS = 3_600_000;
const MAX_VOD_MS = 7 * 24 * HOUR_MS;
/** The longest playlist that grows up to an end. */
export const MAX_EVENT_MS = 4 * HOUR_MS;
/** Clocks of viewers may be ahead of ours by so much. */
const AHEAD_MS = 10_000;

/** Which part of a stream is asked for; Unix milliseconds. */
export type PlaylistRange =
  | { readonly kind: 'live' }
  | { readonly kind: 'vod' | 'event'; readonly startMs: number; readonly endMs: number }
  | { readonly kind: 'rewind'; readonly startMs: number };

/** As it was asked; `endMs` wins over `durationMs`. */
export interface AskedTimes {
  readonly startMs?: number | undefined;
  readonly endMs?: number | undefined;
  readonly durationMs?: number | undefined;
  /** Key frames alone, for fast play. */
  readonly keyFrames?: boolean | undefined;
}

/** Throws BAD_REQUEST where times make no sense or span too much, NOT_RECORDED where they lie ahead. */
export function playlistRange(asked: AskedTimes, nowMs: number): PlaylistRange {
  const { startMs: askedStartMs, durationMs } = asked;
  if (askedStartMs === undefined) {
    if (asked.endMs === undefined && durationMs === undefined) return { kind: 'live' };
    throw badRequest('Give start_time with end_time or duration; without any of them the playlist is live.');
  }
  if (askedStartMs > nowMs + AHEAD_MS) {
    throw new ApiError('NOT_RECORDED', `start_time lies ahead: here it is ${isoTime(nowMs)} (${nowMs}).`);
  }
  const startMs = Math.min(askedStartMs, nowMs);
  const endMs = asked.endMs ?? (durationMs === undefined ? undefined : askedStartMs + durationMs);
  if (endMs === undefined) {
    if (looksLikeSeconds(askedStartMs, nowMs)) {
      throw badRequest('start_time is a Unix time in milliseconds; this looks like seconds.');
    }
    return { kind: 'rewind', startMs };
  }
  if (endMs <= askedStartMs) throw badRequest('end_time must be later than start_time.');
  if (looksLikeSeconds(endMs, nowMs)) {
    throw badRequest('start_time and end_time are Unix times in milliseconds; these look like seconds.');
  }
  if (endMs > nowMs) {
    if (endMs - startMs <= MAX_EVENT_MS) return { kind: 'event', startMs, endMs };
    throw badRequest(
      'A playlist that ends in the future may span 4 hours at most. Ask for an end that is past (7 days at most), ' +
        'or leave it out to play on into live.',
    );
  }
  if (endMs - startMs > MAX_VOD_MS) throw badRequest('A playlist may span 7 days at most; ask in parts.');
  return { kind: 'vod', startMs, endMs };
}

/** The same of key frames alone: that plays no live, so an end that is missing or lies ahead is now. */
export function keyFramesRange(
  asked: AskedTimes,
  nowMs: number,
): Extract<PlaylistRange, { kind: 'vod' | 'event' }> {
  if (asked.startMs === undefined) {
    throw badRequest('key_frames plays recorded time: give start_time, and end_time or duration.');
  }
  const { startMs, durationMs } = asked;
  if (looksLikeSeconds(startMs, nowMs)) {
    throw badRequest('start_time is a Unix time in milliseconds; this looks like seconds.');
  }
  const endMs = asked.endMs ?? (durationMs === undefined ? nowMs : startMs + durationMs);
  // Equal where all of it lies ahead, which is told as such.
  const untilMs = endMs <= startMs ? endMs : Math.max(startMs + 1, Math.min(endMs, nowMs));
  const range = playlistRange({ startMs, endMs: untilMs }, nowMs);
  if (range.kind === 'vod' || range.kind === 'event') return { ...range, kind: 'vod' };
  throw badRequest('key_frames plays recorded time: give start_time, and end_time or duration.');
}

export function rewindTooLong(): ApiError {
  const hours = REWIND_WINDOW_MS / HOUR_MS;
  return badRequest(
    `start_time alone plays on into live and may lie ${hours} hours back at most; give end_time or duration as well.`,
  );
}

function badRequest(message: string): ApiError {
  return new ApiError('BAD_REQUEST', message);
}
