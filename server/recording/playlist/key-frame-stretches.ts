import { SEGMENT_MAX_MS } from '../store/schema.ts';
import { continues, type ListedSegment } from './m3u8.ts';

/**
 * What one request brings of a playlist of key frames: some pictures, not a single one, so that 16 times the speed asks for about
 * one request a second. Divides an hour, which lists are kept by.
 */
const STRETCH_MS = 15_000;
/** The longest a stretch can be: the last segment in it begins before its end. */
export const STRETCH_MAX_MS = STRETCH_MS + SEGMENT_MAX_MS;

/** Where the stretch begins that an instant lies in. */
export function stretchOf(ms: number): number {
  return ms - (ms % STRETCH_MS);
}

/** Joins segments, oldest first, that go on from each other and begin in the same stretch. */
export function stretches(segments: readonly ListedSegment[]): ListedSegment[] {
  const joined: ListedSegment[] = [];
  let before: ListedSegment | undefined;
  for (const segment of segments) {
    const last = joined.at(-1);
    if (
      last !== undefined &&
      before !== undefined &&
      continues(before, segment) &&
      stretchOf(before.startMs) === stretchOf(segment.startMs)
    ) {
      joined[joined.length - 1] = {
        ...last,
        endMs: segment.endMs,
        duration90k: last.duration90k + segment.duration90k,
      };
    } else joined.push(segment);
    before = segment;
  }
  return joined;
}
