import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../server/base/clock.ts';
import { Listeners } from '../../server/base/emitter.ts';
import { silentLogger } from '../../server/base/log.ts';
import type { LiveSegments, RingEntry } from '../../server/recording/live.ts';
import { Hls } from '../../server/recording/playlist/hls.ts';
import type { AskedTimes } from '../../server/recording/playlist/playlist-request.ts';
import type { Segment } from '../../server/recording/segment.ts';
import { segmentFile } from '../../server/recording/store/layout.ts';
import { RecordingArchive } from '../../server/recording/store/recording-archive.ts';
import { readTimeline } from '../../server/recording/timeline-reader.ts';
import { accessUnits } from '../../server/recording/ts/index.ts';
import { codedFootage, segmentsOfFootage } from '../support/coded-footage.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingOf, segmentsOf } from '../support/recorded-segments.ts';
import { readPlaylist } from './support/m3u8.ts';

const DOOR = 'live/door';
const HOUR_MS = 3_600_000;

/** A recorder that cuts what it is given. */
class FakeLive implements LiveSegments {
  entries: RingEntry[] = [];
  demands = 0;
  current: ReturnType<LiveSegments['state']> = { state: 'recording' };
  untilMs: number | undefined;
  readonly #listeners = new Listeners<RingEntry>();

  demand(): void {
    this.demands += 1;
  }
  ring(): readonly RingEntry[] {
    return this.entries;
  }
  segmentMs(): number {
    return 2000;
  }
  onSegment(_stream: string, listener: (entry: RingEntry) => void): () => void {
    return this.#listeners.add(listener);
  }
  state() {
    return this.current;
  }
  recordedUntilMs(): number | undefined {
    return this.untilMs;
  }

  cut(segment: Segment): void {
    const sequence = (this.entries.at(-1)?.sequence ?? 99) + 1;
    const entry = { sequence, discontinuitySequence: 0, segment };
    this.entries = [...this.entries.slice(-9), entry];
    this.untilMs = segment.endMs;
    this.#listeners.emit(entry);
  }
  get waiting(): number {
    return this.#listeners.size;
  }
}

let dir: string;
let clock: FakeClock;
let live: FakeLive;
let archive: RecordingArchive;
let hls: Hls;
let isRecorded = true;
const streams = new Set<string>([DOOR]);
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-hls-'));
  clock = new FakeClock();
  live = new FakeLive();
  isRecorded = true;
  archive = new RecordingArchive({
    clock: systemClock,
    log: silentLogger,
    dataDir: dir,
    appDirs: new Map(),
    disks: { diskOf: async () => undefined, rememberDisk: async () => {} },
  });
  await archive.open();
  hls = new Hls({
    clock,
    live,
    archive: {
      readSegment: (stream, startMs) => archive.readSegment(stream, startMs),
      timeline: (stream, fromMs, toMs) => readTimeline(archive, stream, fromMs, toMs),
      queued: (stream) => archive.queued(stream),
      query: (stream, name, args) => archive.query(stream, name, args),
      keyFrames: (stream, fromMs, toMs) => archive.query(stream, 'keyFrames', { stream, fromMs, toMs }),
    },
    hasStream: (stream) => streams.has(stream),
    isRecorded: () => isRecorded,
  });
});
afterEach(async () => {
  await archive.close();
  rmSync(dir, { recursive: true, force: true });
});

const PLAIN = { gzip: false, uriSuffix: '' };
async function ask(asked: AskedTimes = {}, stream: `${string}/${string}` = DOOR) {
  const { body } = await hls.playlist(stream, asked, PLAIN);
  return readPlaylist(Buffer.from(body).toString());
}
const fresh = (count: number, offsetMs = 0) =>
  segmentsOf(recordingOf('run', clock.wallMs() - count * 2000 + offsetMs), count);
/** Lets promises go on that wait for nothing but one another. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('live', () => {
  it('is there at once where segments are, and says that somebody watches', async () => {
    for (const segment of fresh(3)) live.cut(segment);
    expect((await ask()).segments).toHaveLength(3);
    expect(live.demands).toBe(1);
    expect(clock.timers).toBe(0);
  });

  it('waits for the first segment of a stream that starts on demand', async () => {
    live.current = { state: 'idle' };
    const answer = ask();
    await settle();
    expect(live.waiting).toBe(1);
    live.current = { state: 'recording' };
    clock.advance(4_000);
    const [segment] = fresh(1);
    if (segment !== undefined) live.cut(segment);
    expect((await answer).segments).toHaveLength(1);
    expect([live.waiting, clock.timers]).toEqual([0, 0]);
  });

  it('shows nobody the old pictures of a stream that was idle', async () => {
    for (const segment of fresh(3)) live.cut(segment);
    live.current = { state: 'idle' };
    clock.advance(60_000);
    const answer = ask();
    await settle();
    const [segment] = segmentsOf(recordingOf('next', clock.wallMs() - 2000), 1);
    if (segment !== undefined) live.cut(segment);
    expect((await answer).segments.map(({ dateMs }) => dateMs)).toEqual([segment?.startMs]);
  });

  it('goes on with what there is while a camera is away for a while', async () => {
    for (const segment of fresh(3)) live.cut(segment);
    live.current = {
      state: 'waiting',
      reason: { code: 'CAMERA_UNREACHABLE', message: 'It does not answer.' },
    };
    clock.advance(60_000);
    expect((await ask()).segments).toHaveLength(3);
    clock.advance(120_000);
    const answer = ask().catch((failure: unknown) => failure);
    await settle();
    clock.advance(3_500);
    expect(await answer).toMatchObject({
      code: 'STREAM_NOT_LIVE',
      message: 'live/door is not live: It does not answer.',
      details: { reason: 'CAMERA_UNREACHABLE', retryAfterMs: 2000 },
    });
  });

  it('gives up after a while', async () => {
    const answer = ask().catch((failure: unknown) => failure);
    await settle();
    clock.advance(14_900);
    expect(live.waiting).toBe(1);
    clock.advance(200);
    expect(await answer).toMatchObject({ code: 'STREAM_NOT_LIVE' });
    expect([live.waiting, clock.timers]).toEqual([0, 0]);
  });

  it('is nothing for a stream that is not there', async () => {
    await expect(ask({}, 'live/other')).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND' });
  });
});

describe('recorded time', () => {
  const keep = async (segments: readonly Segment[]) => {
    for (const segment of segments) expect(archive.append(DOOR, segment)).toBe(true);
    await archive.flush();
  };

  it('comes from the index, and each segment with its bytes', async () => {
    const segments = fresh(40, -HOUR_MS);
    await keep(segments);
    const startMs = segments[0]?.startMs ?? 0;
    const vod = await ask({ startMs, durationMs: 60_000 });
    expect(vod.segments.map(({ dateMs }) => dateMs)).toEqual(segments.slice(0, 30).map((one) => one.startMs));
    expect(vod).toMatchObject({ type: 'VOD', isEnded: true });
    expect(Buffer.from(await hls.segment(DOOR, startMs))).toEqual(segments[0]?.data);
    await expect(hls.segment(DOOR, startMs + 1)).rejects.toMatchObject({ code: 'NOT_RECORDED' });
  });

  it('comes as its key frames alone, whatever of it is lost', async () => {
    const startMs = Math.ceil((clock.wallMs() - HOUR_MS) / 15_000) * 15_000;
    const footage = await codedFootage({ seconds: 30, keyFrameEvery: 50 });
    const segments = segmentsOfFootage(footage, { name: 'keys', startMs });
    await keep(segments);
    const times = { startMs: startMs + 3_000, durationMs: 20_000 };
    const list = await ask({ ...times, keyFrames: true });
    const fromTo = (at: number) =>
      /^key-frames\/(\d+)-(\d+)\.ts$/
        .exec(list.segments[at]?.uri ?? '')
        ?.slice(1)
        .map(Number) as [number, number];
    expect(list.segments).toHaveLength(2);
    expect(fromTo(0)[0]).toBe(startMs);
    const pictures = async ([fromMs, toMs]: [number, number]) =>
      accessUnits(Buffer.from(await hls.keyFrames(DOOR, fromMs, toMs))).map(({ pts90k }) => pts90k / 90_000);
    expect(await pictures(fromTo(0))).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 15]);
    expect(await pictures(fromTo(1))).toEqual([16, 18, 20, 22, 24, 26, 28, 29]);
    rmSync(segmentFile(archive.recordingsDirOf(DOOR), DOOR, startMs + 4_000));
    expect(await pictures(fromTo(0))).toEqual([0, 2, 6, 8, 10, 12, 14, 15]);
    for (const [fromMs, toMs] of [
      [startMs - 60_000, startMs - 50_000],
      [startMs + 4_000, startMs + 6_000],
    ] as const) {
      await expect(hls.keyFrames(DOOR, fromMs, toMs)).rejects.toMatchObject({ code: 'NOT_RECORDED' });
    }
    for (const toMs of [startMs, startMs - 1, startMs + 200_000]) {
      await expect(hls.keyFrames(DOOR, startMs, toMs)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    }
  });

  it('by its key frames has an end always, and is complete when nothing more can come', async () => {
    await keep(fresh(10));
    const startMs = clock.wallMs() - 20_000;
    for (const more of [{}, { durationMs: HOUR_MS }, { endMs: clock.wallMs() }]) {
      const { body, isComplete } = await hls.playlist(DOOR, { startMs, keyFrames: true, ...more }, PLAIN);
      expect(readPlaylist(Buffer.from(body).toString())).toMatchObject({ type: 'VOD', isEnded: true });
      expect(isComplete).toBe(false);
    }
    expect([live.waiting, clock.timers]).toEqual([0, 0]);
    await expect(ask({ keyFrames: true })).rejects.toThrow('start_time');
    await expect(ask({ keyFrames: true, startMs: Math.floor(startMs / 1000) })).rejects.toThrow('seconds');
    await expect(ask({ keyFrames: true, startMs, endMs: startMs })).rejects.toThrow('later');
    await expect(ask({ keyFrames: true, startMs: startMs - 8 * 24 * HOUR_MS })).rejects.toThrow('7 days');
    const before = { startMs: startMs - HOUR_MS, durationMs: 60_000, keyFrames: true };
    await expect(ask(before)).rejects.toMatchObject({ code: 'NOT_RECORDED' });
    await expect(ask(before, 'live/none')).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND' });
  });

  it('ends where end_time says, whatever the duration', async () => {
    const segments = fresh(10, -HOUR_MS);
    await keep(segments);
    const startMs = segments[0]?.startMs ?? 0;
    expect((await ask({ startMs, endMs: startMs + 4_000, durationMs: 20_000 })).segments).toHaveLength(2);
  });

  it('comes as gzip that says the same', async () => {
    const segments = fresh(10, -HOUR_MS);
    await keep(segments);
    const asked = { startMs: segments[0]?.startMs ?? 0, durationMs: 20_000 };
    const plain = await hls.playlist(DOOR, asked, PLAIN);
    const zipped = await hls.playlist(DOOR, asked, { ...PLAIN, gzip: true });
    expect(zipped).toMatchObject({ isGzip: true, etag: plain.etag });
    expect(gunzipSync(zipped.body)).toEqual(Buffer.from(plain.body));
  });

  it('goes on into live, also with what is not in the index yet', async () => {
    const segments = fresh(10);
    await keep(segments.slice(0, 6));
    for (const segment of segments) live.cut(segment);
    for (const segment of segments.slice(6)) archive.append(DOOR, segment);
    const rewind = await ask({ startMs: segments[2]?.startMs ?? 0 });
    expect(rewind).toMatchObject({ type: undefined, isEnded: false, startOffsetS: 0 });
    expect(rewind.segments.map(({ dateMs }) => dateMs)).toEqual(segments.slice(2).map((one) => one.startMs));
    expect(new Set(rewind.segments.map(({ discontinuity }) => discontinuity)).size).toBe(1);
  });

  it('ends at its newest segment once nothing more is recorded', async () => {
    const segments = fresh(10);
    await keep(segments);
    const asked = { startMs: segments[2]?.startMs ?? 0 };
    expect((await ask(asked)).isEnded).toBe(false);
    isRecorded = false;
    expect((await ask(asked)).isEnded).toBe(true);
  });

  it('waits for the first segment of a recording that has just begun', async () => {
    live.untilMs = clock.wallMs();
    const answer = ask({ startMs: clock.wallMs() });
    // The index is asked in another thread.
    while (live.waiting === 0) await settle();
    const segments = segmentsOf(recordingOf('run', clock.wallMs()), 1);
    for (const segment of segments) {
      archive.append(DOOR, segment);
      live.cut(segment);
    }
    expect((await answer).segments).toHaveLength(1);
  });

  it('that is just over waits for its last segment, which is being cut', async () => {
    const segments = fresh(6, 1_000);
    await keep(segments.slice(0, 5));
    for (const segment of segments.slice(0, 5)) live.cut(segment);
    const answer = ask({ startMs: segments[2]?.startMs ?? 0, endMs: clock.wallMs() });
    await settle();
    expect(live.waiting).toBe(1);
    const last = segments[5];
    if (last === undefined) throw new Error('no segment');
    archive.append(DOOR, last);
    live.cut(last);
    const vod = await answer;
    expect(vod).toMatchObject({ type: 'VOD', isEnded: true });
    expect(vod.segments.map(({ dateMs }) => dateMs)).toEqual(segments.slice(2).map((one) => one.startMs));
    expect([live.waiting, clock.timers]).toEqual([0, 0]);
  });

  it('that is just over grows up to its end where that takes long to be cut, and has all of it then', async () => {
    const segments = fresh(6, 1_000);
    await keep(segments.slice(0, 5));
    for (const segment of segments.slice(0, 5)) live.cut(segment);
    const asked = { startMs: segments[2]?.startMs ?? 0, endMs: clock.wallMs() };
    const answer = ask(asked);
    await settle();
    clock.advance(8_000);
    expect(await answer).toMatchObject({ type: 'EVENT', isEnded: false });
    const last = segments[5];
    if (last === undefined) throw new Error('no segment');
    await keep([last]);
    live.cut(last);
    const grown = await ask(asked);
    expect(grown).toMatchObject({ type: 'EVENT', isEnded: true });
    expect(grown.segments.map(({ dateMs }) => dateMs)).toEqual(segments.slice(2).map((one) => one.startMs));
  });

  it('that was not recorded gets the reasons of the ledger', async () => {
    const startMs = clock.wallMs() - HOUR_MS;
    archive.note(DOOR, startMs - 1000, 'CAMERA_AUTH_FAILED');
    archive.note(DOOR, startMs + 5000, 'DISK_FULL');
    await archive.flush();
    await expect(ask({ startMs, durationMs: 10_000 })).rejects.toMatchObject({
      code: 'NOT_RECORDED',
      message: expect.stringContaining('the camera refused user name or password; the disk was full'),
      details: { reasons: ['CAMERA_AUTH_FAILED', 'DISK_FULL'] },
    });
  });

  it('of a stream that is no more can still be played; of one that never was there is none', async () => {
    const segments = fresh(10, -HOUR_MS);
    await keep(segments);
    streams.delete(DOOR);
    try {
      expect((await ask({ startMs: segments[0]?.startMs ?? 0, durationMs: 4_000 })).segments).toHaveLength(2);
      // Nobody adds anything to it.
      expect((await ask({ startMs: segments[0]?.startMs ?? 0 })).isEnded).toBe(true);
      await expect(ask()).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND' });
    } finally {
      streams.add(DOOR);
    }
    await expect(ask({ startMs: 1_600_000_000_000, durationMs: 1 }, 'live/never')).rejects.toMatchObject({
      code: 'STREAM_NOT_FOUND',
    });
  });

  const bad = (asked: (nowMs: number) => AskedTimes, message: RegExp) => async () => {
    await expect(ask(asked(clock.wallMs()))).rejects.toMatchObject({
      code: 'BAD_REQUEST',
      message: expect.stringMatching(message),
    });
  };
  it(
    'needs a start',
    bad(() => ({ endMs: 5 }), /start_time/),
  );
  it(
    'ends after it starts',
    bad((now) => ({ startMs: now - 5, endMs: now - 5 }), /later than start_time/),
  );
  it(
    'spans 7 days at most',
    bad((now) => ({ startMs: now - 8 * 24 * HOUR_MS, endMs: now }), /7 days/),
  );
  it(
    'spans 4 hours at most where it ends ahead',
    bad((now) => ({ startMs: now - 4 * HOUR_MS, endMs: now + 1 }), /4 hours/),
  );
  it(
    'is asked in milliseconds',
    bad((now) => ({ startMs: now / 1000 - 60, endMs: now / 1000 }), /milliseconds/),
  );
  it(
    'is asked in milliseconds on into live, too',
    bad((now) => ({ startMs: now / 1000 - 60 }), /milliseconds/),
  );
  it(
    'goes on into live from a day ago at most',
    bad((now) => ({ startMs: now - 25 * HOUR_MS }), /24 hours/),
  );
  it('does not lie ahead', async () => {
    await expect(ask({ startMs: clock.wallMs() + 60_000 })).rejects.toMatchObject({ code: 'NOT_RECORDED' });
  });
});
