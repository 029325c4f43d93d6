import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../server/base/clock.ts';
import { type RecordedListArgs, RecordedLists } from '../../server/recording/playlist/recorded-list.ts';
import { IndexReader } from '../../server/recording/store/index-reader.ts';
import { IndexHouse } from './support/index-house.ts';
import { expectGrownOnly, type ReadPlaylist, readPlaylist } from './support/m3u8.ts';
import { addRows } from './support/rows.ts';

const DOOR = 'live/door';
const HOUR_MS = 3_600_000;
/** The start of an hour. */
const T0 = 1_790_000 * 1_000_000 - ((1_790_000 * 1_000_000) % HOUR_MS);

let house: IndexHouse;
let reader: IndexReader;
let lists: RecordedLists;
beforeEach(() => {
  house = new IndexHouse();
  reader = IndexReader.open(house.dir);
  lists = new RecordedLists(house.clock);
});
afterEach(() => {
  reader.close();
  house.close();
});

function build(args: Partial<RecordedListArgs>) {
  return lists.build(reader, {
    stream: DOOR,
    kind: 'vod',
    startMs: T0,
    nowMs: T0 + 48 * HOUR_MS,
    tail: [],
    isRecording: false,
    segmentMs: 2000,
    gzip: false,
    uriSuffix: '',
    budgetMs: Number.POSITIVE_INFINITY,
    ...args,
  });
}

function textOf(args: Partial<RecordedListArgs>): string {
  const result = build(args);
  if (result.kind !== 'list') throw new Error(`no list but ${result.kind}`);
  return Buffer.from(result.body).toString();
}

const list = (args: Partial<RecordedListArgs>): ReadPlaylist => readPlaylist(textOf(args));
const startsOf = (playlist: ReadPlaylist) => playlist.segments.map(({ dateMs }) => dateMs);
const series = (startMs: number, count: number, stepMs = 2000) =>
  Array.from({ length: count }, (_, index) => startMs + index * stepMs);

describe('a playlist of recorded time', () => {
  it('lists what overlaps the time, each segment with its duration and date', () => {
    addRows(house.index, DOOR, { startMs: T0, count: 10 });
    const vod = list({ startMs: T0 + 3_000, endMs: T0 + 8_001 });
    expect(vod).toMatchObject({ type: 'VOD', isEnded: true, targetS: 2, startOffsetS: 1 });
    expect(startsOf(vod)).toEqual(series(T0 + 2_000, 4));
    expect(vod.segments[0]).toEqual({
      uri: `segments/${T0 + 2_000}.ts`,
      sequence: 0,
      discontinuity: 0,
      durationS: 2,
      dateMs: T0 + 2_000,
    });
  });

  it('takes neither the segment that ends as the time begins nor the one that begins as it ends', () => {
    addRows(house.index, DOOR, { startMs: T0, count: 10 });
    expect(startsOf(list({ startMs: T0 + 4_000, endMs: T0 + 6_000 }))).toEqual([T0 + 4_000]);
  });

  it('breaks at gaps, at new recordings and where segments of a recording are missing', () => {
    const key = addRows(house.index, DOOR, { startMs: T0, count: 2 });
    addRows(house.index, DOOR, { startMs: T0 + 4_000, count: 2 });
    addRows(house.index, DOOR, { startMs: T0 + 60_000, count: 2, key });
    const { segments } = list({ endMs: T0 + HOUR_MS });
    expect(segments.map(({ discontinuity }) => discontinuity)).toEqual([0, 0, 1, 1, 2, 2]);
  });

  it('plays the newest recording where time was recorded twice', () => {
    addRows(house.index, DOOR, { startMs: T0, count: 30 });
    addRows(house.index, DOOR, { startMs: T0 + 20_500, count: 5, isRepeat: true });
    const starts = startsOf(list({ endMs: T0 + HOUR_MS }));
    expect(starts).toEqual([...series(T0, 10), ...series(T0 + 20_500, 5), ...series(T0 + 32_000, 14)]);
  });

  it('of key frames lists stretches of 15 s, the same ones whatever part of them is asked for', () => {
    addRows(house.index, DOOR, { startMs: T0 + 1_000, count: 20 });
    addRows(house.index, DOOR, { startMs: T0 + 50_000, count: 2 });
    const all = list({ startMs: T0, endMs: T0 + HOUR_MS, keyFrames: true });
    expect(all).toMatchObject({ type: 'VOD', isEnded: true, targetS: 16, startOffsetS: undefined });
    expect(all.segments.map(({ uri, durationS, discontinuity }) => [uri, durationS, discontinuity])).toEqual([
      [`key-frames/${T0 + 1_000}-${T0 + 15_000}.ts`, 14, 0],
      [`key-frames/${T0 + 15_000}-${T0 + 31_000}.ts`, 16, 0],
      [`key-frames/${T0 + 31_000}-${T0 + 41_000}.ts`, 10, 0],
      [`key-frames/${T0 + 50_000}-${T0 + 54_000}.ts`, 4, 1],
    ]);
    const part = list({ startMs: T0 + 22_500, endMs: T0 + 24_000, keyFrames: true, uriSuffix: '?t=1' });
    expect(part.segments.map(({ uri }) => uri)).toEqual([`key-frames/${T0 + 15_000}-${T0 + 31_000}.ts?t=1`]);
    expect(part.startOffsetS).toBe(7.5);
    // Neither is taken for the other, though both are kept.
    expect(startsOf(list({ startMs: T0 + 22_500, endMs: T0 + 24_000 }))).toEqual([T0 + 21_000, T0 + 23_000]);
  });

  it('is one and the same over hours, whether they are kept or not, as text and as gzip', () => {
    addRows(house.index, DOOR, { startMs: T0 - 30_000, count: 2 * 1800 });
    addRows(house.index, DOOR, { startMs: T0 + 2 * HOUR_MS + 1, count: 600 });
    const asked = { startMs: T0 - 9_000, endMs: T0 + 3 * HOUR_MS };
    const cold = textOf(asked);
    expect(textOf(asked)).toBe(cold);
    const zipped = build({ ...asked, gzip: true });
    expect(zipped.kind === 'list' && gunzipSync(zipped.body).toString()).toBe(cold);
    const vod = readPlaylist(cold);
    expect(startsOf(vod)).toEqual([...series(T0 - 10_000, 3590), ...series(T0 + 2 * HOUR_MS + 1, 600)]);
    expect(vod.segments.at(-1)?.discontinuity).toBe(1);
  });

  it('notices that kept hours have changed', () => {
    addRows(house.index, DOOR, { startMs: T0, count: 1800 });
    addRows(house.index, DOOR, { startMs: T0 + HOUR_MS, count: 100 });
    const asked = { endMs: T0 + 2 * HOUR_MS };
    expect(list(asked).segments).toHaveLength(1900);
    house.index.transaction(() => house.index.toGarbage(house.index.streamId(DOOR), series(T0, 20)));
    expect(startsOf(list(asked))[0]).toBe(T0 + 40_000);
    addRows(house.index, DOOR, { startMs: T0 + 100_500, count: 10, isRepeat: true });
    const { segments } = list(asked);
    expect(segments).toHaveLength(1879);
    expect(segments.at(-1)?.discontinuity).toBe(3);
  });

  it('notices what was recorded in an hour that was empty when it was asked for', () => {
    addRows(house.index, DOOR, { startMs: T0, count: 10 });
    const asked = { startMs: T0, endMs: T0 + 2 * HOUR_MS };
    expect(list(asked).segments).toHaveLength(10);
    addRows(house.index, DOOR, { startMs: T0 + HOUR_MS, count: 10 });
    expect(list(asked).segments).toHaveLength(20);
  });

  it('carries a query on into each URI', () => {
    addRows(house.index, DOOR, { startMs: T0, count: 3 });
    const { segments } = list({ endMs: T0 + HOUR_MS, uriSuffix: '?access_token=abc' });
    expect(segments.map(({ uri }) => uri)).toEqual(
      series(T0, 3).map((ms) => `segments/${ms}.ts?access_token=abc`),
    );
    expect(list({ endMs: T0 + HOUR_MS }).segments[0]?.uri).toBe(`segments/${T0}.ts`);
  });

  it('tells a stream without footage from one that never was', () => {
    addRows(house.index, DOOR, { startMs: T0, count: 3 });
    expect(build({ startMs: T0 + HOUR_MS, endMs: T0 + 2 * HOUR_MS })).toEqual({
      kind: 'nothing',
      isKnownStream: true,
    });
    expect(build({ stream: 'live/other', endMs: T0 + HOUR_MS })).toEqual({
      kind: 'nothing',
      isKnownStream: false,
    });
  });

  it('gives up in time and goes on where it was', () => {
    addRows(house.index, DOOR, { startMs: T0, count: 3 * 1800 });
    const clock = house.clock;
    const slow = new RecordedLists({
      ...systemClock,
      monotonicMs: () => {
        clock.advance(30);
        return clock.monotonicMs();
      },
    });
    const args: RecordedListArgs = {
      stream: DOOR,
      kind: 'vod',
      startMs: T0,
      endMs: T0 + 3 * HOUR_MS,
      nowMs: T0 + 48 * HOUR_MS,
      tail: [],
      isRecording: false,
      segmentMs: 2000,
      gzip: false,
      uriSuffix: '',
      budgetMs: 20,
    };
    expect(slow.build(reader, args)).toEqual({ kind: 'working' });
    expect(slow.build(reader, { ...args, budgetMs: 1_000 }).kind).toBe('list');
  });

  it('changes its tag with its contents', () => {
    addRows(house.index, DOOR, { startMs: T0, count: 10 });
    const tag = (args: Partial<RecordedListArgs>) => {
      const result = build(args);
      return result.kind === 'list' ? result.etag : undefined;
    };
    const first = tag({ endMs: T0 + HOUR_MS });
    expect(first).toMatch(/^W\/"[a-z0-9-]+"$/);
    expect(tag({ endMs: T0 + HOUR_MS, gzip: true })).toBe(first);
    expect(tag({ endMs: T0 + 10_000 })).not.toBe(first);
  });
});

describe('a playlist that still grows', () => {
  const grow = (args: Partial<RecordedListArgs>) =>
    list({ isRecording: true, recordedUntilMs: args.nowMs ?? T0, ...args });

  it('is an event up to its end, and remains one', () => {
    addRows(house.index, DOOR, { startMs: T0, count: 10 });
    const asked = { startMs: T0, endMs: T0 + 30_000 } as const;
    const first = grow({ ...asked, kind: 'event', nowMs: T0 + 20_000 });
    expect(first).toMatchObject({ type: 'EVENT', isEnded: false, startOffsetS: 0 });
    addRows(house.index, DOOR, { startMs: T0 + 20_000, count: 4 });
    // Its end is behind us, but what belongs to it is not all there.
    const second = grow({ ...asked, kind: 'vod', nowMs: T0 + 30_500, recordedUntilMs: T0 + 28_000 });
    expectGrownOnly(first, second);
    expect(second).toMatchObject({ type: 'EVENT', isEnded: false });
    addRows(house.index, DOOR, { startMs: T0 + 28_000, count: 4 });
    const third = grow({ ...asked, kind: 'vod', nowMs: T0 + 32_000, recordedUntilMs: T0 + 36_000 });
    expectGrownOnly(second, third);
    expect(third).toMatchObject({ type: 'EVENT', isEnded: true });
    expect(startsOf(third).at(-1)).toBe(T0 + 28_000);
  });

  it('ends even if the recorder never gets there', () => {
    addRows(house.index, DOOR, { startMs: T0, count: 10 });
    const asked = { startMs: T0, endMs: T0 + 30_000 } as const;
    grow({ ...asked, kind: 'event', nowMs: T0 + 20_000 });
    expect(grow({ ...asked, kind: 'vod', nowMs: T0 + 40_000, recordedUntilMs: T0 + 20_000 }).isEnded).toBe(
      false,
    );
    expect(grow({ ...asked, kind: 'vod', nowMs: T0 + 100_000, recordedUntilMs: T0 + 20_000 }).isEnded).toBe(
      true,
    );
  });

  it('goes on into what is cut and on its way to the index', () => {
    const key = addRows(house.index, DOOR, { startMs: T0, count: 10 });
    const tail = series(T0 + 18_000, 3).map((startMs) => ({
      startMs,
      endMs: startMs + 2000,
      duration90k: 180_000,
      run: key,
    }));
    const rewind = grow({
      kind: 'rewind',
      startMs: T0 + 1_000,
      nowMs: T0 + 24_500,
      recordedUntilMs: T0 + 24_000,
      tail,
    });
    expect(startsOf(rewind)).toEqual(series(T0, 12));
    expect(rewind.segments.at(-1)?.discontinuity).toBe(0);
    expect(rewind).toMatchObject({ type: undefined, isEnded: false, startOffsetS: 1 });
    addRows(house.index, DOOR, { startMs: T0 + 20_000, count: 3, key });
    expectGrownOnly(
      rewind,
      grow({ kind: 'rewind', startMs: T0 + 1_000, nowMs: T0 + 27_000, recordedUntilMs: T0 + 26_000 }),
    );
  });

  it('knows a recording again that was on its way when it was first listed', () => {
    addRows(house.index, DOOR, { startMs: T0, count: 2 });
    const tail = [
      { startMs: T0 + 10_000, endMs: T0 + 12_000, duration90k: 180_000, run: 'abcdefgh12345678' },
    ];
    const asked = { kind: 'rewind', startMs: T0 } as const;
    let before = grow({ ...asked, nowMs: T0 + 12_000, tail });
    expect(before.segments.map(({ discontinuity }) => discontinuity)).toEqual([0, 0, 1]);
    addRows(house.index, DOOR, { startMs: T0 + 10_000, count: 3, key: 'abcdefgh12345678' });
    for (const nowMs of [T0 + 14_000, T0 + 16_000]) {
      const after = grow({ ...asked, nowMs });
      expectGrownOnly(before, after);
      before = after;
    }
    expect(before.segments.map(({ discontinuity }) => discontinuity)).toEqual([0, 0, 1, 1, 1]);
  });

  it('leaves out what lies ahead, recorded before the clock was set back', () => {
    addRows(house.index, DOOR, { startMs: T0, count: 100 });
    addRows(house.index, DOOR, { startMs: T0 + 50_001, count: 3, isRepeat: true });
    const rewind = grow({ kind: 'rewind', startMs: T0, nowMs: T0 + 57_000, recordedUntilMs: T0 + 56_001 });
    expect(startsOf(rewind)).toEqual([...series(T0, 25), ...series(T0 + 50_001, 3)]);
  });

  it('refuses to begin more than a day ago, but lets nobody down who has been there for long', () => {
    addRows(house.index, DOOR, { startMs: T0, count: 26 * 60, segmentMs: 60_000 });
    const at = (hours: number) => ({
      kind: 'rewind' as const,
      startMs: T0,
      nowMs: T0 + hours * HOUR_MS,
      segmentMs: 60_000,
    });
    expect(build({ ...at(24.1), isRecording: true }).kind).toBe('too-old');
    let before = grow(at(23.75));
    for (let hours = 24; hours <= 26; hours += 0.25) {
      const after = grow(at(hours));
      expectGrownOnly(before, after);
      before = after;
    }
    expect(before.segments[0]?.sequence).toBe(120);
    expect(before.segments).toHaveLength(24 * 60);
  });

  // Thousands of commits, each of which waits for the disk.
  it('never breaks the rules, whatever is recorded, deleted and asked for', { timeout: 180_000 }, () => {
    const step = fc.record({
      segments: fc.array(
        fc.record({ durationMs: fc.integer({ min: 900, max: 7_000 }), begins: fc.boolean() }),
        {
          maxLength: 6,
        },
      ),
      pauseMs: fc.constantFrom(0, 0, 0, 5_000, 840_000, 840_000),
      deleted: fc.constantFrom(0, 0, 0, 1, 4),
      kept: fc.integer({ min: 0, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 14 }), (steps) => {
        const own = new IndexHouse();
        const view = IndexReader.open(own.dir);
        // So small that blocks come and go.
        const small = new RecordedLists(own.clock, 3_000);
        try {
          let nowMs = T0 + HOUR_MS - 20_000;
          const startMs = nowMs;
          let key = addRows(own.index, DOOR, { startMs: nowMs, count: 1 });
          nowMs += 2_000;
          let before: ReadPlaylist | undefined;
          for (const { segments, pauseMs, deleted, kept } of steps) {
            for (const [at, { durationMs, begins }] of segments.entries()) {
              if (begins || (at === 0 && pauseMs > 0)) key = '';
              if (at === 0) nowMs += pauseMs;
              key = addRows(own.index, DOOR, {
                startMs: nowMs,
                count: 1,
                segmentMs: durationMs,
                ...(key === '' ? {} : { key }),
              });
              nowMs += durationMs;
            }
            const all = own.startsOf(DOOR);
            const gone = all.slice(0, Math.min(deleted, Math.max(0, all.length - kept - 1)));
            own.index.transaction(() => own.index.toGarbage(own.index.streamId(DOOR), gone));
            const result = small.build(view, {
              stream: DOOR,
              kind: 'rewind',
              startMs,
              nowMs,
              recordedUntilMs: nowMs,
              tail: [],
              isRecording: true,
              segmentMs: 2000,
              gzip: false,
              uriSuffix: '',
              budgetMs: Number.POSITIVE_INFINITY,
            });
            if (result.kind !== 'list') throw new Error(result.kind);
            const after = readPlaylist(Buffer.from(result.body).toString());
            expect(startsOf(after)).toEqual(own.startsOf(DOOR));
            if (before !== undefined) expectGrownOnly(before, after);
            before = after;
          }
        } finally {
          view.close();
          own.close();
        }
      }),
      { numRuns: 60 },
    );
  });
});
