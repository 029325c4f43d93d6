import { isoTime } from '../../../shared/time.ts';

/** A segment as a playlist lists it. */
export interface ListedSegment {
  readonly startMs: number;
  readonly endMs: number;
  readonly duration90k: number;
  /** Which recording it belongs to. */
  readonly run: number | string;
}

/** What of a listed segment decides how the next one goes on from it. */
export type Edge = Pick<ListedSegment, 'startMs' | 'endMs' | 'run'>;

export interface PlaylistHeader {
  readonly targetS: number;
  readonly mediaSequence: number;
  readonly discontinuitySequence: number;
  readonly type?: 'VOD' | 'EVENT';
  /** How far behind the first segment's start playing begins; undefined: as the player likes. */
  readonly playFromMs?: number;
}

export const DISCONTINUITY = '#EXT-X-DISCONTINUITY\n';
export const ENDLIST = '#EXT-X-ENDLIST\n';

/** The tags in front of the segments (RFC 8216 sections 4.3.1 to 4.3.3 and 4.3.5). */
export function headerText(header: PlaylistHeader): string {
  const { targetS, mediaSequence, discontinuitySequence, type, playFromMs } = header;
  return [
    '#EXTM3U',
    '#EXT-X-VERSION:3',
    `#EXT-X-TARGETDURATION:${targetS}`,
    `#EXT-X-MEDIA-SEQUENCE:${mediaSequence}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${discontinuitySequence}`,
    ...(type === undefined ? [] : [`#EXT-X-PLAYLIST-TYPE:${type}`]),
    '#EXT-X-INDEPENDENT-SEGMENTS',
    ...(playFromMs === undefined ? [] : [`#EXT-X-START:TIME-OFFSET=${playFromMs / 1000},PRECISE=YES`]),
    '',
  ].join('\n');
}

/** One segment; `uriSuffix` is the query of its URI with its question mark, or nothing. */
export function segmentText(
  segment: Pick<ListedSegment, 'startMs' | 'endMs' | 'duration90k'>,
  uriSuffix: string,
  keyFrames = false,
): string {
  const { startMs, endMs, duration90k } = segment;
  const uri = keyFrames ? `key-frames/${startMs}-${endMs}.ts` : `segments/${startMs}.ts`;
  return `#EXTINF:${seconds(duration90k)},\n#EXT-X-PROGRAM-DATE-TIME:${isoTime(startMs)}\n${uri}${uriSuffix}\n`;
}

/** Less than any segment lasts that may be missing between two others, and more than their times are rounded by. */
const SAME_MS = 250;

/** Whether a player can go on from one segment to the next without being told of a break. */
export function continues(before: Edge, next: Edge): boolean {
  return before.run === next.run && Math.abs(next.startMs - before.endMs) < SAME_MS;
}

/** What EXT-X-TARGETDURATION is compared with (RFC 8216 section 4.3.3.1). */
export function roundedSeconds(duration90k: number): number {
  return Math.round(duration90k / 90_000);
}

/** To the microsecond, so that a day of them adds up to within a frame. */
function seconds(duration90k: number): number {
  return Math.round((duration90k * 100) / 9) / 1_000_000;
}
