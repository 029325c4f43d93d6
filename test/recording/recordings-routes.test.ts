import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../server/base/clock.ts';
import { silentLogger } from '../../server/base/log.ts';
import { recordingRoutes } from '../../server/http/index.ts';
import type { LiveSegments } from '../../server/recording/live.ts';
import { RecordingsDesk } from '../../server/recording/recordings-desk.ts';
import { RecordingArchive } from '../../server/recording/store/recording-archive.ts';
import type { StreamRecordSettings } from '../../server/recording/store/retention-policies.ts';
import { type EdgeApp, HOST, startEdgeApp } from '../support/edge-app.ts';
import { recordingOf, segmentsOf } from '../support/recorded-segments.ts';
import { waitFor } from '../support/wait.ts';

/** Aligned, as segments are in no way; so that sums below are easy to follow. */
const START_MS = Math.floor(Date.now() / 60_000) * 60_000 - 3_600_000;
const DAY_MS = 86_400_000;
const headers = { host: HOST };

let dir: string;
let archive: RecordingArchive;
let desk: RecordingsDesk;
let edge: EdgeApp;
let streams: StreamRecordSettings[];
let recordedUntilMs: number | undefined;

const live: Pick<LiveSegments, 'state' | 'recordedUntilMs'> = {
  state: () => ({ state: recordedUntilMs === undefined ? 'off' : 'recording' }),
  recordedUntilMs: () => recordedUntilMs,
};

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-recordings-'));
  streams = [{ stream: 'live/door', record: true }];
  recordedUntilMs = undefined;
  archive = new RecordingArchive({
    clock: systemClock,
    log: silentLogger,
    dataDir: dir,
    appDirs: new Map(),
    disks: { diskOf: async () => undefined, rememberDisk: async () => {} },
  });
  await archive.open();
  const settings = { recording: { keepDays: 7, minFreeBytes: 0 }, apps: {} };
  desk = new RecordingsDesk({
    clock: systemClock,
    log: silentLogger,
    archive,
    live,
    settings,
    streams: () => streams,
    isRecorded: (stream) => streams.some((one) => one.stream === stream && one.record !== false),
  });
  edge = await startEdgeApp({ routes: recordingRoutes(desk) });
});
afterEach(async () => {
  await edge.close();
  desk.close();
  await archive.close();
  rmSync(dir, { recursive: true });
});

async function record(startMs: number, count: number, stream: `${string}/${string}` = 'live/door') {
  for (const segment of segmentsOf(
    recordingOf(`${stream.slice(-4)}${startMs.toString(36)}`, startMs),
    count,
  )) {
    expect(archive.append(stream, segment)).toBe(true);
  }
  await archive.flush();
}

const get = (url: string) => edge.app.inject({ url, headers });
const lockAt = (payload: object, stream = 'live/door') =>
  edge.app.inject({ method: 'POST', url: `/api/v1/streams/${stream}/locks`, headers, payload });
const unlock = (id: number | string) =>
  edge.app.inject({ method: 'DELETE', url: `/api/v1/streams/live/door/locks/${id}`, headers });
const timeline = (query: string) => get(`/api/v1/streams/live/door/timeline?${query}`);

test('the timeline tells ranges, gaps with reasons, locks and bytes', async () => {
  await record(START_MS, 10);
  archive.note('live/door', START_MS, 'RECORDER_RESTARTED');
  archive.note('live/door', START_MS + 20_000, 'CAMERA_UNREACHABLE');
  await record(START_MS + 60_000, 5);
  await lockAt({ start: START_MS + 1_000, end: START_MS + 2_000, label: 'gate' });
  const answer = await timeline(`from=${START_MS - 1_000}&to=${START_MS + 100_000}`);
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toEqual({
    ranges: [
      { start: START_MS, end: START_MS + 20_000 },
      { start: START_MS + 60_000, end: START_MS + 70_000 },
    ],
    gaps: [
      { start: START_MS - 1_000, end: START_MS, reason: 'RECORDING_OFF' },
      { start: START_MS + 20_000, end: START_MS + 60_000, reason: 'CAMERA_UNREACHABLE' },
      { start: START_MS + 70_000, end: START_MS + 100_000, reason: 'CAMERA_UNREACHABLE' },
    ],
    locks: [{ id: 1, start: START_MS + 1_000, end: START_MS + 2_000, label: 'gate' }],
    bytes: 15 * 1_504,
  });
});

test('a timeline over many days is the same as if it were asked for at once', async () => {
  for (const days of [6, 5, 3, 1]) await record(START_MS - days * DAY_MS, 3);
  const answer = await timeline(`from=${START_MS - 7 * DAY_MS}&to=${START_MS}`);
  const { ranges, gaps, bytes } = answer.json();
  expect(ranges).toEqual(
    [6, 5, 3, 1].map((days) => ({ start: START_MS - days * DAY_MS, end: START_MS - days * DAY_MS + 6_000 })),
  );
  expect(gaps).toHaveLength(5);
  expect(bytes).toBe(12 * 1_504);
});

test('while a recording is under way nothing after its newest segment is a gap', async () => {
  await record(START_MS, 10);
  recordedUntilMs = START_MS + 20_000;
  const { ranges, gaps } = (await timeline(`from=${START_MS}`)).json();
  expect(ranges).toEqual([{ start: START_MS, end: START_MS + 20_000 }]);
  expect(gaps).toEqual([]);
  recordedUntilMs = undefined;
  const later = (await timeline(`from=${START_MS}`)).json();
  expect(later.gaps).toHaveLength(1);
  expect(later.gaps[0].end).toBeLessThanOrEqual(Date.now());
});

test('without times it tells of the last day', async () => {
  await record(START_MS, 2);
  const { ranges, gaps } = (await timeline('')).json();
  expect(ranges).toEqual([{ start: START_MS, end: START_MS + 4_000 }]);
  expect(gaps.at(-1).end - gaps[0].start).toBe(DAY_MS);
});

const REFUSED_TIMES: readonly (readonly [query: string, why: string])[] = [
  ['from=5&to=5', 'later than'],
  [`from=${START_MS}&to=${START_MS - 1}`, 'later than'],
  ['from=-5&to=5', 'digits'],
  ['from=1.5&to=5', 'digits'],
  ['from=yesterday', 'digits'],
  [`from=${START_MS - 3650 * DAY_MS}&to=${START_MS}`, 'at most 31 days'],
  ['from=999999999999998&to=999999999999999', 'no time'],
  ['from=1&from=2&to=5', 'from'],
];

test('times that make no sense are refused and told why', async () => {
  for (const [query, why] of REFUSED_TIMES) {
    const answer = await timeline(query);
    expect(answer.statusCode, query).toBe(400);
    expect(answer.json().error).toMatchObject({ code: 'BAD_REQUEST' });
    expect(answer.json().error.message).toContain(why);
  }
});

test('unknown streams and names that are none are refused', async () => {
  expect((await get('/api/v1/streams/live/nobody/timeline')).json().error.code).toBe('STREAM_NOT_FOUND');
  expect((await get('/api/v1/streams/live/nobody/locks')).statusCode).toBe(404);
  expect((await lockAt({ start: 1, end: 2 }, 'live/nobody')).statusCode).toBe(404);
  for (const name of ['..', '%2e%2e', '..%2f..', 'a%00b']) {
    expect((await get(`/api/v1/streams/live/${name}/timeline`)).statusCode, name).toBeGreaterThanOrEqual(400);
    expect((await get(`/api/v1/streams/live/${name}/timeline`)).statusCode, name).toBeLessThan(500);
  }
});

test('locks are made, listed and removed', async () => {
  await record(START_MS, 10);
  const made = await lockAt({ start: START_MS, end: START_MS + 10_000, label: 'gate' });
  expect(made.statusCode).toBe(201);
  expect(made.headers.location).toBe('/api/v1/streams/live/door/locks/1');
  expect((await get('/api/v1/streams/live/door/locks')).json()).toEqual({ locks: [made.json()] });
  expect((await unlock(1)).statusCode).toBe(204);
  expect((await unlock(1)).json().error.code).toBe('LOCK_NOT_FOUND');
  expect((await unlock('x')).statusCode).toBe(400);
  expect((await get('/api/v1/streams/live/door/locks')).json()).toEqual({ locks: [] });
});

const REFUSED_LOCKS: readonly (readonly [payload: object, status: number])[] = [
  [{ start: START_MS }, 400],
  [{ start: START_MS, end: START_MS }, 400],
  [{ start: -1, end: START_MS }, 400],
  [{ start: Math.floor(START_MS / 1000), end: Math.floor(START_MS / 1000) + 60 }, 400],
  [{ start: START_MS, end: START_MS + 3650 * DAY_MS }, 400],
  [{ start: START_MS, end: START_MS + 1, label: 'x'.repeat(201) }, 400],
  [{ start: START_MS, end: START_MS + 1, forever: true }, 400],
  [{ start: START_MS - 9_000, end: START_MS - 1 }, 404],
];

test('locks of no time, of too much and of nothing kept are refused', async () => {
  await record(START_MS, 2);
  for (const [payload, status] of REFUSED_LOCKS) {
    expect((await lockAt(payload)).statusCode, JSON.stringify(payload)).toBe(status);
  }
});

test('footage of a stream that was removed is listed, and can be asked for', async () => {
  await record(START_MS, 10);
  await record(START_MS, 2, 'live/gone');
  const { recordings } = (await get('/api/v1/recordings')).json();
  expect(recordings).toEqual([
    {
      app: 'live',
      name: 'door',
      exists: true,
      bytes: 15_040,
      segments: 10,
      start: START_MS,
      end: START_MS + 20_000,
    },
    {
      app: 'live',
      name: 'gone',
      exists: false,
      bytes: 3_008,
      segments: 2,
      start: START_MS,
      end: START_MS + 4_000,
    },
  ]);
  expect((await get('/api/v1/streams/live/gone/timeline')).json().ranges).toHaveLength(1);
});

test('a disk that fails is told its policies too, and a stream that is off that it is', async () => {
  const told: unknown[] = [];
  const root = {
    dir,
    recordingsDir: dir,
    state: { kind: 'failing', reason: 'DISK_FULL', message: '' },
  } as const;
  const failing = new RecordingsDesk({
    clock: systemClock,
    log: silentLogger,
    archive: {
      queued: () => ({ segments: [], notes: [] }),
      kept: () => ({}),
      rootOf: () => dir,
      roots: () => [root],
      onState: () => () => {},
      query: () => Promise.reject(new Error('not asked')),
      command: () => Promise.reject(new Error('not asked')),
      queryRoot: () => Promise.reject(new Error('not asked')),
      commandRoot: async (_dir, name) => {
        told.push(name);
        return undefined as never;
      },
    },
    live,
    settings: { recording: { keepDays: 7, minFreeBytes: 0 }, apps: {} },
    streams: () => streams,
    isRecorded: () => false,
  });
  failing.startRetention();
  await waitFor('the store to be told', () => told.length > 0);
  failing.close();
  expect(told).toEqual(['setRetentionPolicies', 'noteSwitchedOff']);
});

test('policies reach the store: what is older than keepDays is deleted, and the timeline says so', async () => {
  await record(START_MS - 3 * DAY_MS, 3);
  await record(START_MS, 3);
  // Only now: were it to find nothing newer than three days, it would take the clock for wrong and hold.
  desk.startRetention();
  streams = [{ stream: 'live/door', record: { keepDays: 1 } }];
  desk.updatePolicies();
  await waitFor('the old segments to go', () => archive.kept('live/door').oldestMs === START_MS);
  const { ranges, gaps } = (await timeline(`from=${START_MS - 4 * DAY_MS}&to=${START_MS + 6_000}`)).json();
  expect(ranges).toEqual([{ start: START_MS, end: START_MS + 6_000 }]);
  expect(gaps[0]).toEqual({
    start: START_MS - 4 * DAY_MS,
    end: START_MS - 3 * DAY_MS + 6_000,
    reason: 'EXPIRED',
  });
});

test('what was recorded is deleted by time, also of a stream that is gone, but never what is locked', async () => {
  await record(START_MS, 10);
  await record(START_MS, 4, 'live/gone');
  await lockAt({ start: START_MS, end: START_MS + 1_000 });
  const erase = (stream: string, query: string) =>
    edge.app.inject({ method: 'DELETE', url: `/api/v1/streams/${stream}/recordings?${query}`, headers });
  const range = `from=${START_MS}&to=${START_MS + 11_000}`;
  const answer = await erase('live/door', range);
  expect([answer.statusCode, answer.json()]).toEqual([
    200,
    { segments: 4, bytes: 4 * 1_504, locked: 1, more: false },
  ]);
  const { ranges, gaps } = (await timeline(`from=${START_MS}&to=${START_MS + 20_000}`)).json();
  expect(ranges).toEqual([
    { start: START_MS, end: START_MS + 2_000 },
    { start: START_MS + 10_000, end: START_MS + 20_000 },
  ]);
  expect(gaps).toEqual([{ start: START_MS + 2_000, end: START_MS + 10_000, reason: 'DELETED' }]);
  expect((await erase('live/gone', range)).json()).toMatchObject({ segments: 4, more: false });
  await waitFor('the list to follow', async () => {
    const { recordings } = (await get('/api/v1/recordings')).json();
    return recordings.length === 1;
  });
  await waitFor('the totals to follow', () => (archive.kept('live/gone').segments ?? 0) === 0);
  expect((await erase('live/gone', range)).json().error.code).toBe('STREAM_NOT_FOUND');
  for (const query of ['', `from=${START_MS}`, 'from=5&to=5', 'from=0&to=1700000000']) {
    expect((await erase('live/door', query)).json().error.code, query).toBe('BAD_REQUEST');
  }
});
