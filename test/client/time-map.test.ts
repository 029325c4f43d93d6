import fc from 'fast-check';
import { expect, test } from 'vitest';
import { playlistTimes } from '../../client/src/hls/playlist-times.ts';
import { type SegmentTime, TimeMap } from '../../client/src/hls/time-map.ts';

const T0 = 1_790_000_000_000;

/** Segments with gaps of the clock between some, which the media do not have. */
const segmentsArb = fc
  .array(
    fc.record({
      durationMs: fc.integer({ min: 40, max: 60_000 }),
      gapMs: fc.constantFrom(0, 0, 0, 1, 90_000),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .chain((pieces) => fc.integer({ min: 0, max: 5_000 }).map((startS) => ({ pieces, startS })))
  .map(({ pieces, startS }) => {
    let positionS = startS;
    let timeMs = T0;
    return pieces.map(({ durationMs, gapMs }): SegmentTime => {
      timeMs += gapMs;
      const segment = { start: positionS, duration: durationMs / 1000, programDateTime: timeMs };
      positionS += durationMs / 1000;
      timeMs += durationMs;
      return segment;
    });
  });

const share = fc.double({ min: 0, max: 0.999, noNaN: true });

test('a time within a segment and its position lead to each other', () => {
  fc.assert(
    fc.property(segmentsArb, fc.nat(), share, (segments, which, part) => {
      const map = new TimeMap(segments);
      const segment = segments[which % segments.length] as SegmentTime;
      const timeMs = (segment.programDateTime ?? 0) + segment.duration * part * 1000;
      const positionS = map.positionOf(timeMs) ?? Number.NaN;
      expect(positionS).toBeCloseTo(segment.start + segment.duration * part, 3);
      expect(Math.abs((map.timeAt(positionS) ?? Number.NaN) - timeMs)).toBeLessThan(1);
    }),
  );
});

test('later times never lead back, and all lie within what there is', () => {
  fc.assert(
    fc.property(segmentsArb, fc.array(fc.integer({ min: -100_000, max: 5_000_000 })), (segments, offsets) => {
      const map = new TimeMap(segments);
      const positions = [...offsets]
        .sort((a, b) => a - b)
        .map((offset) => map.positionOf(T0 + offset) ?? Number.NaN);
      expect(positions).toEqual([...positions].sort((a, b) => a - b));
      for (const position of positions) {
        expect(position).toBeGreaterThanOrEqual(map.startS);
        expect(position).toBeLessThanOrEqual(map.startS + map.lengthS + 1e-6);
      }
    }),
  );
});

test('a time in a gap leads to what comes next', () => {
  const map = new TimeMap([
    { start: 0, duration: 2, programDateTime: T0 },
    { start: 2, duration: 2, programDateTime: T0 + 60_000 },
  ]);
  expect(map.positionOf(T0 + 30_000)).toBe(2);
  expect(map.positionOf(T0 - 5_000)).toBe(0);
  expect(map.positionOf(T0 + 99_000)).toBe(4);
  expect(map.timeAt(3)).toBe(T0 + 61_000);
  expect([map.startMs, map.endMs, map.lengthS]).toEqual([T0, T0 + 62_000, 4]);
});

test('a playlist without times has none', () => {
  const map = new TimeMap([{ start: 0, duration: 2, programDateTime: null }]);
  expect([map.timeAt(1), map.endMs]).toEqual([undefined, undefined]);
  expect(new TimeMap([]).positionOf(T0)).toBeUndefined();
});

test('the times of a playlist are read from it, also where only some segments have one', () => {
  const text = [
    '#EXTM3U',
    '#EXT-X-TARGETDURATION:2',
    `#EXT-X-PROGRAM-DATE-TIME:${new Date(T0).toISOString()}`,
    '#EXTINF:2.000,',
    'a.ts',
    '#EXTINF:1.5,title',
    'b.ts?access_token=x',
    '#EXT-X-DISCONTINUITY',
    `#EXT-X-PROGRAM-DATE-TIME:${new Date(T0 + 60_000).toISOString()}`,
    '#EXTINF:2,',
    'c.ts',
    '#EXT-X-ENDLIST',
    '',
  ].join('\r\n');
  expect(playlistTimes(text)).toEqual([
    { start: 0, duration: 2, programDateTime: T0 },
    { start: 2, duration: 1.5, programDateTime: T0 + 2_000 },
    { start: 3.5, duration: 2, programDateTime: T0 + 60_000 },
  ]);
  expect(playlistTimes('#EXTM3U\n#EXTINF:2,\na.ts\n')).toEqual([
    { start: 0, duration: 2, programDateTime: null },
  ]);
});
