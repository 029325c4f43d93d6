import { existsSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventsToWrite, keepEvents } from '../../../server/recording/events/event-handlers.ts';
import { keepThumbnail, thumbnailsToWrite } from '../../../server/recording/frames/thumbnail-handlers.ts';
import { erase } from '../../../server/recording/store/erase.ts';
import { segmentFile } from '../../../server/recording/store/layout.ts';
import { lock } from '../../../server/recording/store/locks.ts';
import { timelinePart } from '../../../server/recording/store/timeline-query.ts';
import type { CameraEvent } from '../../../shared/events.ts';
import { IndexHouse } from '../support/index-house.ts';

const STREAM = 'live/a';
/** Ten packets, as the house records. */
const SEGMENT_BYTES = 1_880;

let house: IndexHouse;
let t: number;
beforeEach(() => {
  house = new IndexHouse();
  t = house.clock.wallMs() - 3_600_000;
});
afterEach(() => house.close());

const eraseAll = (fromMs: number, toMs: number) => {
  const sum = { segments: 0, bytes: 0, locked: 0, steps: 0 };
  for (let nextMs: number | undefined = fromMs; nextMs !== undefined; ) {
    const part = erase(house.index, { stream: STREAM, fromMs: nextMs, toMs });
    sum.segments += part.segments;
    sum.bytes += part.bytes;
    sum.locked += part.locked;
    sum.steps += 1;
    nextMs = part.nextMs;
  }
  return sum;
};
const gaps = (fromMs: number, toMs: number) =>
  timelinePart(house.index.reader, {
    ...{ stream: STREAM, fromMs, toMs, countsHead: true, queued: { segments: [], notes: [] } },
  }).gaps.map(({ start, end, reason }) => [start - t, end - t, reason]);
const event = (id: string, start: number, end: number): CameraEvent => ({
  ...{ id, app: 'live', name: 'a', kind: 'motion', start, end, isActive: false, origin: 'onvif' },
});

test('whole segments within the time go, with their files; others and what is locked stay', () => {
  house.record(STREAM, { startMs: t, count: 10 });
  house.record('live/other', { startMs: t, count: 10 });
  lock(house.index, { stream: STREAM, start: t + 9_000, end: t + 9_500 });
  expect(eraseAll(t + 1_000, t + 15_000)).toEqual({
    ...{ segments: 5, bytes: 5 * SEGMENT_BYTES, locked: 1, steps: 1 },
  });
  expect(house.startsOf(STREAM)).toEqual([t, t + 8_000, t + 14_000, t + 16_000, t + 18_000]);
  expect(house.startsOf('live/other')).toHaveLength(10);
  expect(house.index.reader.streamRow(STREAM)).toMatchObject({ segments: 5, bytes: 5 * SEGMENT_BYTES });
  expect(existsSync(segmentFile(house.dir, STREAM, t + 2_000))).toBe(true);
  // A crash before the files are unlinked.
  house.index.close();
  house.index = house.open();
  house.collectGarbage();
  expect(existsSync(segmentFile(house.dir, STREAM, t + 2_000))).toBe(false);
  expect(existsSync(segmentFile(house.dir, STREAM, t + 8_000))).toBe(true);
  expect(eraseAll(t, t + 100_000)).toMatchObject({ segments: 4, locked: 1 });
  expect(eraseAll(t, t + 100_000)).toMatchObject({ segments: 0, locked: 1 });
});

test('one step is bounded, so that the store can write in between', () => {
  house.record(STREAM, { startMs: t, count: 300 });
  expect(eraseAll(t, t + 600_000)).toMatchObject({ segments: 300, steps: 3 });
  expect(erase(house.index, { stream: 'live/none', fromMs: 0, toMs: t })).toMatchObject({ segments: 0 });
});

test('the ledger tells what was deleted, and the same as before of what was missing already', () => {
  house.note(STREAM, t, 'RECORDER_RESTARTED');
  house.record(STREAM, { startMs: t, count: 5 });
  house.note(STREAM, t + 10_000, 'CAMERA_UNREACHABLE');
  house.record(STREAM, { startMs: t + 20_000, count: 10 });
  // A note without a hole says nothing; it must not be what the hole that now comes is told by.
  house.note(STREAM, t + 31_000, 'RECORDER_RESTARTED');
  house.note(STREAM, t + 40_000, 'CAMERA_SILENT');
  eraseAll(t + 4_000, t + 30_000);
  expect(gaps(t - 1_000, t + 50_000)).toEqual([
    [-1_000, 0, 'RECORDING_OFF'],
    [4_000, 10_000, 'DELETED'],
    [10_000, 20_000, 'CAMERA_UNREACHABLE'],
    [20_000, 30_000, 'DELETED'],
    [40_000, 50_000, 'CAMERA_SILENT'],
  ]);
  eraseAll(t, t + 4_000);
  eraseAll(t + 30_000, t + 60_000);
  expect(gaps(t - 1_000, t + 50_000)).toEqual([
    [-1_000, 0, 'RECORDING_OFF'],
    [0, 10_000, 'DELETED'],
    [10_000, 20_000, 'CAMERA_UNREACHABLE'],
    [20_000, 40_000, 'DELETED'],
    [40_000, 50_000, 'CAMERA_SILENT'],
  ]);
});

test('thumbnails and events go along, not those of what is left', () => {
  house.record(STREAM, { startMs: t, count: 10 });
  for (const atMs of [t, t + 8_000, t + 16_000]) {
    keepThumbnail(house.index, { stream: STREAM, atMs, jpeg: new Uint8Array([1]) });
  }
  keepEvents(house.index, {
    events: [
      event('within', t + 5_000, t + 6_000),
      event('into-what-stays', t + 9_000, t + 12_000),
      event('later', t + 15_000, t + 16_000),
      // Of a time of which nothing was recorded: kept as long as retention says.
      event('elsewhere', t + 60_000, t + 61_000),
    ],
  });
  eraseAll(t + 1_000, t + 10_000);
  const thumbnails = thumbnailsToWrite(house.index).use((db) => db.times(STREAM, t, t + 60_000, 100));
  expect(thumbnails).toEqual([t, t + 16_000]);
  const ids = eventsToWrite(house.index).use((db) =>
    db.page(STREAM, { startMs: 0, id: '' }, t + 99_000, 100).map(({ id }) => id),
  );
  expect(ids).toEqual(['into-what-stays', 'later', 'elsewhere']);
});
