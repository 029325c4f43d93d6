import type { StreamId } from '../../../shared/names.ts';
import type { Target } from '../live/index.ts';
import type { TimeRange } from '../player/playback-engine.ts';

/** Younger than that, an open end is one playlist that grows with what is recorded now. */
const INTO_LIVE_MS = 60 * 60_000;
/** Else it is played in pieces of that length, so that no playlist is longer than need be. */
const WINDOW_MS = 60 * 60_000;

/** Nearer to now there are hardly any key frames to hurry through. */
const KEY_FRAMES_MARGIN_MS = 4_000;

/** One playlist of a stream. */
export type Asked =
  | { readonly kind: 'live' }
  /** `after` is what follows at its end. */
  | {
      readonly kind: 'recorded';
      readonly startMs: number;
      readonly endMs: number;
      readonly after: 'end' | 'next';
    }
  /** The key frames alone, for going through a recorded time fast. */
  | {
      readonly kind: 'key-frames';
      readonly startMs: number;
      readonly endMs: number;
      readonly after: 'end' | 'next';
    }
  | { readonly kind: 'into-live'; readonly startMs: number };

/** Which playlist plays a range from its start. */
export function playlistFor(range: TimeRange | undefined, nowMs: number): Asked {
  if (range === undefined) return { kind: 'live' };
  const { startMs, endMs } = range;
  if (endMs !== undefined) return { kind: 'recorded', startMs, endMs, after: 'end' };
  if (nowMs - startMs <= INTO_LIVE_MS) return { kind: 'into-live', startMs };
  return { kind: 'recorded', startMs, endMs: startMs + WINDOW_MS, after: 'next' };
}

/** Which playlist goes through a range fast from its start; undefined where that is as good as now. */
export function keyFramesFor({ startMs, endMs }: TimeRange, nowMs: number): Asked | undefined {
  const untilMs = Math.min(startMs + WINDOW_MS, endMs ?? Number.POSITIVE_INFINITY, nowMs);
  if (nowMs - startMs < KEY_FRAMES_MARGIN_MS || untilMs <= startMs) return undefined;
  return { kind: 'key-frames', startMs, endMs: untilMs, after: untilMs === endMs ? 'end' : 'next' };
}

/** The playlist's URL, without a token. */
export function playlistUrl({ server }: Target, stream: StreamId, asked: Asked): string {
  const url = new URL(`${server}/${stream}/playlist.m3u8`);
  if (asked.kind !== 'live') url.searchParams.set('start_time', String(Math.round(asked.startMs)));
  if ('endMs' in asked) url.searchParams.set('end_time', String(Math.round(asked.endMs)));
  if (asked.kind === 'key-frames') url.searchParams.set('key_frames', 'true');
  return url.href;
}
