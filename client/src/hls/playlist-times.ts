import type { SegmentTime } from './time-map.ts';

const DURATION = '#EXTINF:';
const DATE = '#EXT-X-PROGRAM-DATE-TIME:';

/** The segments of a media playlist (RFC 8216, section 4.3) with their times; positions count from its beginning. */
export function playlistTimes(text: string): SegmentTime[] {
  const segments: SegmentTime[] = [];
  let start = 0;
  let duration = 0;
  let dateMs: number | null = null;
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith(DURATION)) duration = Number.parseFloat(line.slice(DURATION.length)) || 0;
    else if (line.startsWith(DATE)) dateMs = Date.parse(line.slice(DATE.length));
    if (line === '' || line.startsWith('#')) continue;
    segments.push({ start, duration, programDateTime: Number.isNaN(dateMs) ? null : dateMs });
    start += duration;
    // Without a date of its own a segment follows the one before.
    dateMs = dateMs === null ? null : dateMs + duration * 1000;
  }
  return segments;
}
