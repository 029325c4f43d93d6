import { expect } from 'vitest';

/** A playlist as a player understands it. */
export interface ReadPlaylist {
  readonly targetS: number;
  readonly type: string | undefined;
  readonly isEnded: boolean;
  /** From EXT-X-START, in seconds. */
  readonly startOffsetS: number | undefined;
  readonly segments: readonly ReadSegment[];
}

export interface ReadSegment {
  readonly uri: string;
  readonly sequence: number;
  readonly discontinuity: number;
  readonly durationS: number;
  readonly dateMs: number;
}

/** Reads a media playlist strictly: every tag has to be one of those that Sluice writes, in a place where it may be. */
export function readPlaylist(text: string): ReadPlaylist {
  expect(text.endsWith('\n')).toBe(true);
  const lines = text.slice(0, -1).split('\n');
  expect(lines[0]).toBe('#EXTM3U');
  const header = new Map<string, string>();
  const segments: ReadSegment[] = [];
  let breaks = 0;
  let durationS: number | undefined;
  let dateMs: number | undefined;
  let isEnded = false;
  for (const line of lines.slice(1)) {
    expect(isEnded, `after the end: ${line}`).toBe(false);
    const [, tag = '', value = ''] = /^#([A-Z-]+):?(.*)$/.exec(line) ?? [];
    if (tag === 'EXTINF') durationS = Number(/^(\d+(?:\.\d+)?),$/.exec(value)?.[1]);
    else if (tag === 'EXT-X-PROGRAM-DATE-TIME') dateMs = Date.parse(value);
    else if (tag === 'EXT-X-DISCONTINUITY') breaks += 1;
    else if (tag === 'EXT-X-ENDLIST') isEnded = true;
    else if (tag !== '') {
      expect(segments, `${tag} behind a segment`).toEqual([]);
      expect(header.has(tag), `${tag} twice`).toBe(false);
      header.set(tag, value);
    } else {
      expect(durationS, line).toBeGreaterThan(0);
      expect(dateMs, line).toBeGreaterThan(0);
      segments.push({
        uri: line,
        sequence: Number(header.get('EXT-X-MEDIA-SEQUENCE')) + segments.length,
        discontinuity: Number(header.get('EXT-X-DISCONTINUITY-SEQUENCE')) + breaks,
        durationS: durationS ?? 0,
        dateMs: dateMs ?? 0,
      });
      durationS = undefined;
      dateMs = undefined;
    }
  }
  const known = [
    'EXT-X-VERSION',
    'EXT-X-TARGETDURATION',
    'EXT-X-MEDIA-SEQUENCE',
    'EXT-X-DISCONTINUITY-SEQUENCE',
  ];
  const maybe = ['EXT-X-PLAYLIST-TYPE', 'EXT-X-START', 'EXT-X-INDEPENDENT-SEGMENTS'];
  for (const tag of known) expect(header.has(tag), tag).toBe(true);
  for (const tag of header.keys()) expect([...known, ...maybe]).toContain(tag);
  const targetS = Number(header.get('EXT-X-TARGETDURATION'));
  for (const segment of segments) expect(Math.round(segment.durationS)).toBeLessThanOrEqual(targetS);
  const start = header.get('EXT-X-START');
  return {
    targetS,
    type: header.get('EXT-X-PLAYLIST-TYPE'),
    isEnded,
    startOffsetS: start === undefined ? undefined : Number(/TIME-OFFSET=([\d.]+)/.exec(start)?.[1]),
    segments,
  };
}

/** What RFC 8216 section 6.2.1 and 6.2.2 demand of a playlist that was loaded again. */
export function expectGrownOnly(before: ReadPlaylist, after: ReadPlaylist): void {
  expect(before.isEnded).toBe(false);
  const known = new Map(before.segments.map((segment) => [segment.uri, segment]));
  const shared = after.segments.filter(({ uri }) => known.has(uri));
  for (const segment of shared) expect(segment).toEqual(known.get(segment.uri));
  const fresh = after.segments.slice(shared.length);
  // What both have stands at the head of the new one, and at the end of the old one: nothing came or went between.
  expect(after.segments.slice(0, shared.length)).toEqual(shared);
  if (shared.length > 0) expect(before.segments.slice(-shared.length)).toEqual(shared);
  const newest = before.segments.at(-1);
  const next = fresh[0];
  if (newest !== undefined && next !== undefined) {
    expect(next.sequence).toBeGreaterThan(newest.sequence);
    expect(next.discontinuity).toBeGreaterThanOrEqual(newest.discontinuity);
  }
  expect(after.targetS).toBeGreaterThanOrEqual(before.targetS);
  if (after.targetS > before.targetS) {
    const longer = after.segments.find(({ durationS }) => Math.round(durationS) > before.targetS);
    expect((longer ?? next)?.discontinuity).toBeGreaterThan(newest?.discontinuity ?? 0);
  }
}
