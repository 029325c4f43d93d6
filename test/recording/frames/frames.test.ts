import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../server/base/clock.ts';
import { silentLogger } from '../../../server/base/log.ts';
import { frameRoutes } from '../../../server/http/index.ts';
import { Frames } from '../../../server/recording/frames/frames.ts';
import type { RingEntry } from '../../../server/recording/live.ts';
import type { Segment } from '../../../server/recording/segment.ts';
import { type CutSegment, Segmenter } from '../../../server/recording/ts/index.ts';
import { FrameDecoder } from '../../../server/transcode/index.ts';
import { ArchiveHouse } from '../../support/archive-house.ts';
import { type EdgeApp, HOST, startEdgeApp } from '../../support/edge-app.ts';
import { decodeJpeg, encodeLevelsTs, levelOf } from '../../support/levels-clip.ts';
import { recordingOf } from '../../support/recorded-segments.ts';
import { waitFor } from '../../support/wait.ts';

const STREAM = 'live/door';
const FRAMES = 24;
const FRAME_MS = 40;
/** Two segments of 12 pictures, of which one is in the middle of a group of pictures. */
const SEGMENT_MS = 480;
const HOUR_MS = 3_600_000;
const START_MS = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - HOUR_MS;

let cuts: CutSegment[];
let decoder: FrameDecoder;
let house: ArchiveHouse;
let frames: Frames;
let ring: RingEntry[];
let edge: EdgeApp | undefined;

beforeAll(async () => {
  decoder = new FrameDecoder({ clock: systemClock });
  cuts = [];
  const segmenter = new Segmenter({ segmentMs: SEGMENT_MS, onSegment: (cut) => cuts.push(cut) });
  segmenter.begin({ expectedPts90k: 0, cause: 'started' });
  segmenter.push(await encodeLevelsTs({ frames: FRAMES, keyFrameEvery: 6, bFrames: 2 }));
  segmenter.interrupt({ isWhole: true });
  segmenter.end();
  expect(cuts).toHaveLength(2);
});
afterAll(() => decoder.close());

beforeEach(async () => {
  house = new ArchiveHouse();
  await house.open();
  ring = [];
  frames = openFrames();
});
afterEach(async () => {
  frames.close();
  await edge?.close();
  edge = undefined;
  await house.close();
});

function openFrames(options: { keepThumbnails?: boolean } = {}): Frames {
  return new Frames({
    clock: systemClock,
    log: silentLogger,
    decoder,
    now: async () => ({ jpeg: Buffer.from('now'), atMs: START_MS }),
    archive: house.archive,
    live: { ring: () => ring, recordedUntilMs: () => undefined },
    hasStream: (stream) => stream === STREAM,
    keepThumbnails: options.keepThumbnails ?? true,
  });
}

/** The clip as it was recorded at `startMs`. */
function segmentsAt(startMs: number, name = 'a'): Segment[] {
  const recording = recordingOf(name, startMs);
  return cuts.map((cut, index) => ({
    recording,
    startMs: startMs + index * SEGMENT_MS,
    endMs: startMs + (index + 1) * SEGMENT_MS,
    startPts90k: cut.startPts90k,
    duration90k: cut.duration90k,
    data: cut.data,
  }));
}

async function record(startMs: number, name = 'a'): Promise<void> {
  for (const segment of segmentsAt(startMs, name)) house.archive.append(STREAM, segment);
  await house.archive.flush();
}

async function shownAt(atMs: number): Promise<number> {
  return Math.round(await levelOf((await frames.frame(STREAM, { atMs })).jpeg));
}

const thumbnails = () => frames.thumbnails(STREAM, { fromMs: START_MS, toMs: START_MS + HOUR_MS });

describe('pictures of recorded time', () => {
  it('are exactly those that were to be seen then, to the millisecond', async () => {
    await record(START_MS);
    for (const n of [0, 5, 7, 11, 12, 23]) {
      const fromMs = START_MS + n * FRAME_MS;
      expect(await shownAt(fromMs), `the beginning of picture ${n}`).toBe(n);
      expect(await shownAt(fromMs + FRAME_MS - 1), `the end of picture ${n}`).toBe(n);
    }
  });

  it('tell their time, by which the same picture is found again', async () => {
    await record(START_MS);
    const { atMs, jpeg } = await frames.frame(STREAM, { atMs: START_MS + 7 * FRAME_MS + 25, width: 64 });
    expect(atMs).toBe(START_MS + 7 * FRAME_MS);
    expect(await decodeJpeg(jpeg)).toMatchObject({ width: 64, height: 38 });
    expect(await frames.frame(STREAM, { atMs, width: 64 })).toMatchObject({ atMs });
  });

  it('are taken from memory where the archive does not have them yet', async () => {
    ring = segmentsAt(START_MS).map((segment, sequence) => ({ sequence, discontinuitySequence: 0, segment }));
    expect(await shownAt(START_MS + 14 * FRAME_MS)).toBe(14);
  });

  it('are those of the newer recording where time was recorded twice', async () => {
    await record(START_MS, 'a');
    await record(START_MS + 5 * FRAME_MS, 'b');
    expect(await shownAt(START_MS + 5 * FRAME_MS)).toBe(0);
  });

  it('are not there where nothing was recorded', async () => {
    await record(START_MS);
    for (const atMs of [START_MS - 1, START_MS + FRAMES * FRAME_MS]) {
      await expect(frames.frame(STREAM, { atMs })).rejects.toMatchObject({ code: 'NOT_RECORDED' });
    }
    await expect(frames.frame('live/none', { atMs: START_MS })).rejects.toMatchObject({
      code: 'STREAM_NOT_FOUND',
    });
  });

  it('that are damaged are an error, and the next ones are not', async () => {
    const [first, second] = segmentsAt(START_MS);
    if (first === undefined || second === undefined) throw new Error('no segments');
    const noise = Buffer.from(new SharedArrayBuffer(188 * 50)).fill(0x47);
    house.archive.append(STREAM, { ...first, data: noise });
    house.archive.append(STREAM, second);
    await house.archive.flush();
    await expect(frames.frame(STREAM, { atMs: START_MS })).rejects.toMatchObject({
      code: /PICTURE_DAMAGED|NOT_RECORDED/,
    });
    expect(await shownAt(second.startMs)).toBe(12);
  });
});

describe('thumbnails', () => {
  it('are kept along the recording, one for ten seconds', async () => {
    const times = [0, 1, 2].map((minute) => START_MS + minute * 60_000);
    for (const [index, atMs] of times.entries()) {
      await record(atMs, `r${index}`);
      // A segment that comes while its stream's last one waits for the decoder takes that one's place.
      await waitFor('its thumbnail', async () => (await thumbnails()).length === index + 1);
    }
    expect(await thumbnails()).toEqual(times);
    const { jpeg, atMs } = await frames.thumbnail(STREAM, START_MS + 60_000 + 9_000);
    expect(atMs).toBe(START_MS + 60_000);
    expect(await decodeJpeg(jpeg)).toMatchObject({ width: 320, height: 192 });
    expect(Math.round(await levelOf(jpeg))).toBe(0);
    const few = await frames.thumbnails(STREAM, { fromMs: START_MS, toMs: START_MS + 180_000, max: 2 });
    expect(few).toEqual([times[0], times[2]]);
  });

  it('are made of the recording where none is kept', async () => {
    frames.close();
    frames = openFrames({ keepThumbnails: false });
    await record(START_MS);
    expect(await thumbnails()).toEqual([]);
    const { jpeg, atMs } = await frames.thumbnail(STREAM, START_MS + 8 * FRAME_MS);
    // The key frame before, not the very picture.
    expect(atMs).toBe(START_MS + 6 * FRAME_MS);
    expect(Math.round(await levelOf(jpeg))).toBe(6);
  });

  it('outlive a restart, and a damaged file of theirs costs the thumbnails alone', async () => {
    await record(START_MS);
    await waitFor('the thumbnail', async () => (await thumbnails()).length === 1);
    frames.close();
    await house.stop();
    await house.open();
    frames = openFrames();
    expect(await thumbnails()).toEqual([START_MS]);
    frames.close();
    await house.stop();
    writeFileSync(join(house.recordingsDir, 'thumbnails.db'), 'no database at all, '.repeat(500));
    await house.open();
    frames = openFrames();
    await record(START_MS + 60_000, 'b');
    await waitFor('a new thumbnail', async () => (await thumbnails().catch(() => [])).length === 1);
    expect(await shownAt(START_MS)).toBe(0);
    expect(house.state.kind).toBe('ready');
  });

  it('leave a picture that cannot be decoded out', async () => {
    const [first] = segmentsAt(START_MS);
    if (first === undefined) throw new Error('no segment');
    const noise = Buffer.from(new SharedArrayBuffer(188 * 50)).fill(0x47);
    house.archive.append(STREAM, { ...first, data: noise });
    await record(START_MS + 60_000, 'b');
    await waitFor('the thumbnail', async () => (await thumbnails()).length === 1);
    await waitFor('the other to fail', () => frames.thumbnailCounts.failed === 1);
    expect(await thumbnails()).toEqual([START_MS + 60_000]);
  });
});

describe('routes of pictures', () => {
  const get = (path: string, headers: Record<string, string> = {}) => {
    if (edge === undefined) throw new Error('no edge');
    return edge.app.inject({ url: `/api/v1/streams/${path}`, headers: { host: HOST, ...headers } });
  };

  beforeEach(async () => {
    await record(START_MS);
    edge = await startEdgeApp({ routes: frameRoutes(frames) });
  });

  it('answer a JPEG with its time, and 304 where it is known already', async () => {
    const answer = await get(`live/door/frame?at=${START_MS + 45}&width=128`);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers).toMatchObject({
      'content-type': 'image/jpeg',
      'x-frame-time': String(START_MS + 40),
      'cache-control': 'private, max-age=3600',
    });
    expect(await decodeJpeg(answer.rawPayload)).toMatchObject({ width: 128 });
    const etag = String(answer.headers.etag);
    const again = await get(`live/door/frame?at=${START_MS + 45}&width=128`, { 'if-none-match': etag });
    expect([again.statusCode, again.rawPayload.length]).toEqual([304, 0]);
    const now = await get('live/door/frame');
    expect(now.headers['cache-control']).toBe('private, no-cache');
    expect(now.body).toBe('now');
    for (const route of ['frame', `frame?at=${START_MS}`, `thumbnail?at=${START_MS}`, 'thumbnails'])
      expect((await get(`internal/probe-1/${route}`)).statusCode, route).toBe(404);
  });

  it('give thumbnails and their times', async () => {
    await waitFor('the thumbnail', async () => (await thumbnails()).length === 1);
    const list = await get(`live/door/thumbnails?from=${START_MS - 5000}&to=${START_MS + 5000}`);
    expect(list.json()).toEqual({ thumbnails: [{ at: START_MS }] });
    const one = await get(`live/door/thumbnail?at=${START_MS + 5000}`);
    expect([one.statusCode, one.headers['x-frame-time']]).toEqual([200, String(START_MS)]);
  });

  it('refuse what makes no sense, each with its reason', async () => {
    for (const [path, status, code] of [
      ['live/door/frame?at=-1', 400, 'BAD_REQUEST'],
      ['live/door/frame?at=yesterday', 400, 'BAD_REQUEST'],
      ['live/door/frame?width=0', 400, 'BAD_REQUEST'],
      ['live/door/frame?width=100000', 400, 'BAD_REQUEST'],
      ['live/door/frame?at=999999999999999', 404, 'NOT_RECORDED'],
      ['live/none/frame?at=0', 404, 'STREAM_NOT_FOUND'],
      ['live/..%2fdoor/frame', 400, 'BAD_REQUEST'],
      ['live/door/thumbnail', 400, 'BAD_REQUEST'],
      [`live/door/thumbnail?at=${START_MS - 60_000}`, 404, 'NOT_RECORDED'],
      ['live/door/thumbnails?from=5&to=5', 400, 'BAD_REQUEST'],
      ['live/door/thumbnails?from=0', 400, 'BAD_REQUEST'],
      ['live/door/thumbnails?max=0', 400, 'BAD_REQUEST'],
      ['live/none/thumbnails', 404, 'STREAM_NOT_FOUND'],
    ] as const) {
      const answer = await get(path);
      expect([path, answer.statusCode, answer.json().error?.code]).toEqual([path, status, code]);
    }
  });
});
