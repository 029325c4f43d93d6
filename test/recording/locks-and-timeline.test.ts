import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LOCKS_FILE, lock, locks, restoreLocks, unlock } from '../../server/recording/store/locks.ts';
import { INDEX_FILE } from '../../server/recording/store/schema.ts';
import { type TimelineArgs, timelinePart } from '../../server/recording/store/timeline-query.ts';
import { IndexHouse } from './support/index-house.ts';

const STREAM = 'live/a';
const SEGMENT_BYTES = 1_880;

let house: IndexHouse;
beforeEach(() => {
  house = new IndexHouse();
});
afterEach(() => house.close());

const now = () => house.clock.wallMs();

function timeline(args: Partial<TimelineArgs> & { fromMs: number; toMs: number }) {
  const queued = { segments: [], notes: [] };
  return timelinePart(house.index.reader, { stream: STREAM, countsHead: true, queued, ...args });
}

test('segments of a recording are one range; what is missing has its reason from the ledger', () => {
  const startMs = now() - 600_000;
  house.record(STREAM, { startMs, count: 50 });
  house.note(STREAM, startMs, 'RECORDER_RESTARTED');
  house.note(STREAM, startMs + 100_000, 'CAMERA_UNREACHABLE');
  house.record(STREAM, { startMs: startMs + 200_000, count: 10 });
  house.note(STREAM, startMs + 200_000, 'RECORDER_RESTARTED');
  expect(timeline({ fromMs: startMs - 5_000, toMs: startMs + 300_000 })).toEqual({
    ranges: [
      { start: startMs, end: startMs + 100_000 },
      { start: startMs + 200_000, end: startMs + 220_000 },
    ],
    gaps: [
      { start: startMs - 5_000, end: startMs, reason: 'RECORDING_OFF' },
      { start: startMs + 100_000, end: startMs + 200_000, reason: 'CAMERA_UNREACHABLE' },
      { start: startMs + 220_000, end: startMs + 300_000, reason: 'RECORDER_RESTARTED' },
    ],
    bytes: 60 * SEGMENT_BYTES,
  });
});

test('a segment that begins before the asked time counts once, in the first part', () => {
  const startMs = now() - 600_000;
  house.record(STREAM, { startMs, count: 50 });
  const middleMs = startMs + 51_000;
  const first = timeline({ fromMs: startMs + 1_000, toMs: middleMs });
  const second = timeline({ fromMs: middleMs, toMs: startMs + 100_000, countsHead: false });
  expect(first.ranges).toEqual([{ start: startMs + 1_000, end: middleMs }]);
  expect(first.bytes + second.bytes).toBe(50 * SEGMENT_BYTES);
});

test('an hour that was recorded twice is one range, marked where it is repeated', () => {
  const startMs = now() - 600_000;
  house.record(STREAM, { startMs, count: 100 });
  house.record(STREAM, { startMs: startMs + 101_000, count: 100, isRepeat: true });
  expect(timeline({ fromMs: startMs, toMs: startMs + 301_000 }).ranges).toEqual([
    { start: startMs, end: startMs + 101_000 },
    { start: startMs + 101_000, end: startMs + 200_000, repeated: true },
    { start: startMs + 200_000, end: startMs + 301_000 },
  ]);
});

test('what waits to be written is recorded already, and counted once if it was written meanwhile', () => {
  const startMs = now() - 600_000;
  house.record(STREAM, { startMs, count: 5 });
  const queued = {
    segments: [4, 5, 6].map((index) => ({
      startMs: startMs + index * 2_000,
      endMs: startMs + (index + 1) * 2_000,
      sizeBytes: SEGMENT_BYTES,
    })),
    notes: [{ atMs: startMs + 14_000, reason: 'CAMERA_SILENT' as const }],
  };
  expect(timeline({ fromMs: startMs, toMs: startMs + 20_000, queued })).toEqual({
    ranges: [{ start: startMs, end: startMs + 14_000 }],
    gaps: [{ start: startMs + 14_000, end: startMs + 20_000, reason: 'CAMERA_SILENT' }],
    bytes: 7 * SEGMENT_BYTES,
  });
});

test('locks are listed by their time, and removed once', () => {
  const startMs = now() - 600_000;
  house.record(STREAM, { startMs, count: 50 });
  const later = lock(house.index, { stream: STREAM, start: startMs + 50_000, end: startMs + 60_000 });
  const sooner = lock(house.index, { stream: STREAM, start: startMs, end: startMs + 1, label: 'gate' });
  expect(sooner).toEqual({ id: 2, start: startMs, end: startMs + 1, label: 'gate', createdAt: now() });
  expect(locks(house.index.reader, { stream: STREAM })).toEqual([sooner, later]);
  expect(locks(house.index.reader, { stream: STREAM, fromMs: startMs + 1, toMs: startMs + 50_001 })).toEqual([
    later,
  ]);
  expect(() => unlock(house.index, { stream: 'live/b', lockId: later.id })).toThrow('no lock');
  unlock(house.index, { stream: STREAM, lockId: later.id });
  expect(() => unlock(house.index, { stream: STREAM, lockId: later.id })).toThrow('no lock');
  expect(locks(house.index.reader, { stream: STREAM })).toEqual([sooner]);
});

test('nothing that is past can be locked where nothing is kept; a time to come can', () => {
  house.record(STREAM, { startMs: now() - 600_000, count: 50 });
  const refused = () => lock(house.index, { stream: STREAM, start: now() - 10_000, end: now() - 5_000 });
  expect(refused).toThrow(expect.objectContaining({ code: 'NOT_RECORDED' }));
  expect(lock(house.index, { stream: STREAM, start: now(), end: now() + 60_000 }).id).toBe(1);
});

test('locks outlive the index: a new one takes them from the copy beside it', () => {
  const startMs = now() - 600_000;
  house.record(STREAM, { startMs, count: 50 });
  const kept = lock(house.index, { stream: STREAM, start: startMs, end: startMs + 9_000, label: 'gate' });
  const gone = lock(house.index, { stream: STREAM, start: startMs, end: startMs + 5_000 });
  unlock(house.index, { stream: STREAM, lockId: gone.id });
  house.index.close();
  for (const end of ['', '-wal', '-shm']) rmSync(join(house.dir, `${INDEX_FILE}${end}`), { force: true });
  house.index = house.open();
  expect(restoreLocks(house.index)).toBe(1);
  expect(locks(house.index.reader, { stream: STREAM })).toEqual([kept]);
});

test.each([
  ['no JSON', '{"locks": ['],
  ['no list', '{"locks": 5}'],
  ['wrong entries', '{"locks": [null, 7, {"stream": "../x", "start": 1, "end": 2, "createdAt": 3}]}'],
])('a damaged copy of the locks has none: %s', (_what, text) => {
  writeFileSync(join(house.dir, LOCKS_FILE), text);
  expect(restoreLocks(house.index)).toBe(0);
  expect(readFileSync(join(house.dir, LOCKS_FILE), 'utf8')).toBe(text);
});
