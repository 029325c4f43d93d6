import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ThumbnailChore } from '../../../server/recording/frames/thumbnail-chore.ts';
import { keepThumbnail, thumbnailTimes } from '../../../server/recording/frames/thumbnail-handlers.ts';
import { THUMBNAILS_FILE } from '../../../server/recording/frames/thumbnails-db.ts';
import type { StreamId } from '../../../shared/names.ts';
import { IndexHouse } from '../support/index-house.ts';

const CAM = 'live/cam';
const GONE = 'live/gone';
const EVERY_MS = 10_000;
const JPEG = Buffer.alloc(2_000, 7);

let house: IndexHouse;

beforeEach(() => {
  house = new IndexHouse();
});
afterEach(() => house.close());

/** `count` segments of ten seconds, each with a thumbnail. */
function record(stream: StreamId, count: number): void {
  house.record(stream, { startMs: 0, count, segmentMs: EVERY_MS });
  for (let n = 0; n < count; n += 1) keepThumbnail(house.index, { stream, atMs: n * EVERY_MS, jpeg: JPEG });
}

/** Retention, by hand: what lies before is gone but for the segments named. */
function expire(stream: StreamId, beforeMs: number, locked: readonly number[] = []): void {
  const { index } = house;
  const id = index.reader.findStreamId(stream) ?? 0;
  const old = house.startsOf(stream).filter((startMs) => startMs < beforeMs && !locked.includes(startMs));
  index.transaction(() => {
    index.toGarbage(id, old);
    index.reader.statement('UPDATE streams SET expired_before_ms = ? WHERE id = ?').run(beforeMs, id);
  });
}

function sweep(nowMs: number): number {
  const chore = new ThumbnailChore(house.index);
  let steps = 0;
  while (chore.step({ nowMs, diskFull: false })) steps += 1;
  return steps;
}

const times = (stream: StreamId) =>
  thumbnailTimes(house.index.reader, { stream, fromMs: 0, toMs: 1e7, max: 1000 });

test('thumbnails go with the footage that retention deletes, and stay with what is locked', () => {
  record(CAM, 600);
  expire(CAM, 500 * EVERY_MS, [30 * EVERY_MS, 31 * EVERY_MS]);
  expect(sweep(1e9)).toBeGreaterThan(2);
  const kept = [30, 31, ...Array.from({ length: 100 }, (_, n) => 500 + n)];
  expect(times(CAM)).toEqual(kept.map((n) => n * EVERY_MS));
});

test('thumbnails of streams that the index does not know any more go whole', () => {
  record(CAM, 3);
  for (let n = 0; n < 300; n += 1) keepThumbnail(house.index, { stream: GONE, atMs: n, jpeg: JPEG });
  sweep(1e9);
  expect(times(GONE)).toEqual([]);
  expect(times(CAM)).toHaveLength(3);
});

test('a chore that has just swept rests, also when the clock was set back', () => {
  record(CAM, 3);
  const chore = new ThumbnailChore(house.index);
  const step = (nowMs: number) => chore.step({ nowMs, diskFull: false });
  while (step(1e9)) {}
  expect(step(1e9 + 60_000)).toBe(false);
  expect(step(1e9 + 3_600_000)).toBe(true);
  while (step(1e9 + 3_600_000)) {}
  expect(step(1e9 - 3_600_000)).toBe(true);
});

test('the same time is kept once, and thinned evenly over long times', () => {
  record(CAM, 500);
  keepThumbnail(house.index, { stream: CAM, atMs: 0, jpeg: JPEG });
  expect(existsSync(join(house.dir, THUMBNAILS_FILE))).toBe(true);
  expect(times(CAM)).toHaveLength(500);
  const few = thumbnailTimes(house.index.reader, { stream: CAM, fromMs: 0, toMs: 5_000_000, max: 10 });
  expect(few).toEqual(Array.from({ length: 10 }, (_, n) => n * 500_000));
});
