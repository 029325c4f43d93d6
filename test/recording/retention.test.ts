import { existsSync, readdirSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lock, unlock } from '../../server/recording/store/locks.ts';
import { Retention, setRetentionPolicies } from '../../server/recording/store/retention.ts';
import type { DiskRoom } from '../../server/recording/store/retention-disk.ts';
import {
  type RetentionSettings,
  retentionPolicies,
} from '../../server/recording/store/retention-policies.ts';
import { IndexHouse } from './support/index-house.ts';

const DAY_MS = 86_400_000;
const GIB = 1024 ** 3;
/** Ten packets, as the house records. */
const SEGMENT_BYTES = 1_880;
const ROOMY: DiskRoom = { totalBytes: 100 * GIB, freeBytes: 50 * GIB, totalFiles: 0, freeFiles: 0 };

let house: IndexHouse;
let room: DiskRoom;
let retention: Retention;

beforeEach(() => {
  house = new IndexHouse();
  room = ROOMY;
  retention = new Retention(house.index, () => room);
});
afterEach(() => house.close());

function setPolicies(
  recording: Partial<RetentionSettings['recording']> = {},
  rest: { apps?: RetentionSettings['apps']; streams?: Parameters<typeof retentionPolicies>[1] } = {},
): void {
  const settings = { recording: { keepDays: 7, minFreeBytes: GIB, ...recording }, apps: rest.apps ?? {} };
  setRetentionPolicies(house.index, { policies: retentionPolicies(settings, rest.streams ?? []) });
}

/** Does what there is to do now, as the store's thread does it between batches. */
function work(diskFull = false): void {
  for (;;) {
    const more = retention.step({ nowMs: house.clock.wallMs(), diskFull });
    house.collectGarbage();
    if (!more) return;
  }
}

const now = () => house.clock.wallMs();

test('nothing is deleted before the policies are known', () => {
  house.record('live/a', { startMs: now() - 30 * DAY_MS, count: 5 });
  house.record('live/a', { startMs: now() - 60_000, count: 5 });
  work();
  expect(house.startsOf('live/a')).toHaveLength(10);
});

test('keepDays: what is older goes, with its files, empty folders, ledger and recording', () => {
  const oldMs = now() - 8 * DAY_MS;
  house.record('live/a', { startMs: oldMs, count: 300 });
  house.note('live/a', oldMs, 'RECORDER_RESTARTED');
  house.note('live/a', oldMs + 600_000, 'CAMERA_UNREACHABLE');
  house.record('live/a', { startMs: now() - 60_000, count: 30 });
  house.record('live/other', { startMs: oldMs, count: 2 });
  setPolicies({}, { streams: [{ stream: 'live/other', record: { keepDays: 30 } }] });
  work();
  expect(house.startsOf('live/a')).toHaveLength(30);
  expect(house.startsOf('live/other')).toHaveLength(2);
  const row = house.index.reader.streamRow('live/a');
  expect(row).toMatchObject({ bytes: 30 * SEGMENT_BYTES, segments: 30, expiredBeforeMs: oldMs + 600_000 });
  expect(house.index.reader.notes('live/a', 0, now())).toEqual([
    { atMs: oldMs + 600_000, reason: 'CAMERA_UNREACHABLE' },
  ]);
  const days = readdirSync(`${house.dir}/live/a`);
  expect(days).toEqual([new Date(now() - 60_000).toISOString().slice(0, 10)]);
  expect(house.index.database.prepare('SELECT count(*) AS n FROM recordings').get()).toEqual({ n: 2 });
  expect(house.index.database.prepare('SELECT count(*) AS n FROM garbage').get()).toEqual({ n: 0 });
});

test('one step is bounded, so that the store can write in between', () => {
  house.record('live/a', { startMs: now() - 8 * DAY_MS, count: 300 });
  house.record('live/a', { startMs: now() - 60_000, count: 5 });
  setPolicies();
  expect(retention.step({ nowMs: now(), diskFull: false })).toBe(true);
  const left = house.startsOf('live/a').length;
  expect(left).toBeGreaterThan(100);
  // What was given up is still on the disk: nothing more is planned before it is gone.
  expect(retention.step({ nowMs: now(), diskFull: false })).toBe(false);
  expect(house.startsOf('live/a')).toHaveLength(left);
});

test('a lock keeps its time, whatever the limits; without it the time goes', () => {
  const oldMs = now() - 8 * DAY_MS;
  house.record('live/a', { startMs: oldMs, count: 100 });
  house.record('live/a', { startMs: now() - 60_000, count: 30 });
  const range = { start: oldMs + 21_000, end: oldMs + 40_000 };
  const { id } = lock(house.index, { stream: 'live/a', ...range, label: 'break-in' });
  setPolicies({ maxBytes: 1 });
  work();
  const kept = house.startsOf('live/a').filter((startMs) => startMs < now() - DAY_MS);
  // The segments that hold the two ends stay whole.
  expect(kept).toEqual(Array.from({ length: 10 }, (_, index) => oldMs + 20_000 + index * 2_000));
  for (const startMs of kept)
    expect(existsSync(house.index.reader.segmentFile('live/a', startMs))).toBe(true);
  unlock(house.index, { stream: 'live/a', lockId: id });
  house.clock.advance(5_000);
  work();
  expect(house.startsOf('live/a').filter((startMs) => startMs < now() - DAY_MS)).toEqual([]);
});

test('maxBytes of a stream, of an application and of all: oldest first', () => {
  const startMs = now() - 3_600_000;
  for (const stream of ['live/a', 'live/b', 'farm/c'] as const) house.record(stream, { startMs, count: 100 });
  setPolicies(
    { maxBytes: 150 * SEGMENT_BYTES },
    {
      apps: { live: { maxBytes: 120 * SEGMENT_BYTES } },
      streams: [{ stream: 'live/a', record: { maxBytes: 40 * SEGMENT_BYTES } }],
    },
  );
  work();
  const counts = (['live/a', 'live/b', 'farm/c'] as const).map((stream) => house.startsOf(stream).length);
  expect(counts[0]).toBe(40);
  expect((counts[0] ?? 0) + (counts[1] ?? 0)).toBeLessThanOrEqual(120);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(150);
  for (const stream of ['live/a', 'live/b', 'farm/c'] as const) {
    expect(house.startsOf(stream).at(-1)).toBe(startMs + 99 * 2_000);
  }
});

// Hundreds of files are written and deleted for good, and the disk may be slow.
test('minFreeBytes: the oldest goes when the disk has less, but not the last minute', {
  timeout: 180_000,
}, () => {
  const startMs = now() - 800_000;
  house.record('live/a', { startMs, count: 400 });
  setPolicies();
  room = { ...ROOMY, freeBytes: GIB - 100 * SEGMENT_BYTES };
  const before = house.startsOf('live/a').length;
  retention.step({ nowMs: now(), diskFull: false });
  house.collectGarbage();
  expect(before - house.startsOf('live/a').length).toBe(100);
  // A disk that other programs have filled.
  room = { ...ROOMY, freeBytes: 0 };
  for (let step = 0; step < 6; step += 1) {
    house.clock.advance(5_000);
    work();
  }
  expect(house.startsOf('live/a')).toEqual(
    Array.from({ length: 30 }, (_, index) => startMs + (370 + index) * 2_000),
  );
  expect(house.lines.filter((line) => line.includes('nearly full'))).toHaveLength(1);
});

test('a disk that refuses to write although it shows room (a quota) is given some', () => {
  house.record('live/a', { startMs: now() - 3_600_000, count: 200 });
  setPolicies();
  work();
  expect(house.startsOf('live/a')).toHaveLength(200);
  retention.step({ nowMs: now(), diskFull: true });
  expect(house.startsOf('live/a').length).toBeLessThan(200);
});

test('a clock that leaps by more than a day deletes nothing for an hour', () => {
  house.record('live/a', { startMs: now() - 60_000, count: 30 });
  setPolicies();
  work();
  house.clock.stepWall(400 * DAY_MS);
  house.clock.advance(10_000);
  work();
  expect(house.startsOf('live/a')).toHaveLength(30);
  expect(house.lines.some((line) => line.includes('see that it is right'))).toBe(true);
  house.clock.advance(3_600_000);
  work();
  expect(house.startsOf('live/a')).toHaveLength(0);
});

test('a clock that was put right within the hour has deleted nothing', () => {
  house.record('live/a', { startMs: now() - 60_000, count: 30 });
  setPolicies();
  house.clock.stepWall(400 * DAY_MS);
  work();
  house.clock.stepWall(-400 * DAY_MS);
  for (let minute = 0; minute < 90; minute += 1) {
    house.clock.advance(60_000);
    work();
  }
  expect(house.startsOf('live/a')).toHaveLength(30);
});

test('daysLeft: what the limits will hold, shared as they will be', () => {
  // Both 940 bytes a second: 81.2 MB a day.
  for (const stream of ['live/a', 'live/b'] as const) {
    house.record(stream, { startMs: now() - 600_000, count: 300 });
  }
  const dayBytes = (DAY_MS / 2_000) * SEGMENT_BYTES;
  setPolicies({ keepDays: 30 }, { streams: [{ stream: 'live/a', record: { keepDays: 2 } }] });
  // Room for 2 days of one and 6 of the other.
  room = { ...ROOMY, freeBytes: GIB + 8 * dayBytes - 600 * SEGMENT_BYTES };
  work();
  const days = (stream: 'live/a' | 'live/b') =>
    house.index.daysLeft.get(house.index.reader.findStreamId(stream) ?? 0);
  expect(days('live/a')).toBeCloseTo(2, 3);
  expect(days('live/b')).toBeCloseTo(6, 3);
});
