import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { accessUnits, probeTs } from '../../../server/recording/ts/index.ts';
import type { StreamId } from '../../../shared/names.ts';
import { AAC, ClipCamera, OPUS, PCMU } from '../../support/clip-camera.ts';
import { type Clip, encodeClip } from '../../support/h264-clip.ts';
import { waitFor } from '../../support/wait.ts';
import { CAM, FFMPEG, faultsOf, house, RecorderHouse, zombies } from './recorder-house.ts';

type After = (step: () => Promise<void>) => void;

let clip: Clip;
let wideClip: Clip;

beforeAll(async () => {
  [clip, wideClip] = await Promise.all([encodeClip(), encodeClip({ width: 480 })]);
});

async function open(after: After, options: Parameters<typeof house>[1] = {}): Promise<RecorderHouse> {
  const h = await house(clip, options);
  after(() => h.close());
  return h;
}

async function recordingHouse(after: After, options: Parameters<typeof house>[1] = {}) {
  const h = await open(after, options);
  h.add(CAM, { record: true });
  await segmentsOf(h, 2);
  return h;
}

/** Resolves with so many more segments in the archive. */
async function segmentsOf(h: RecorderHouse, more: number) {
  const until = h.archive.segmentsKept.length + more;
  await waitFor(`${more} segments`, () => h.archive.segmentsKept.length >= until);
}

describe.concurrent('recording a stream', () => {
  it('cuts it into segments that play alone, without losing a picture, at its own times', async ({
    onTestFinished: after,
  }) => {
    const h = await recordingHouse(after);
    const beganMs = Date.now();
    await segmentsOf(h, 3);
    await h.recorder.close();
    const { segmentsKept, recordings } = h.archive;
    expect(recordings).toHaveLength(1);
    expect(faultsOf(segmentsKept)).toEqual([]);
    const [first] = segmentsKept;
    expect(first?.recording).toMatchObject({ cause: 'started', isRepeat: false, startMs: first?.startMs });
    expect(first?.recording.format).toMatchObject({
      width: 320,
      height: 240,
      profileLevelId: clip.format.profileLevelId,
    });
    expect(first?.recording.format.audio).toBeUndefined();
    expect(Math.abs((segmentsKept[2]?.startMs ?? 0) - beganMs)).toBeLessThan(3000);
    expect(h.recorder.ring(CAM)).toEqual([]);
  });

  it('counts as no viewer, and needs no more than one reader', async ({ onTestFinished: after }) => {
    const h = await recordingHouse(after);
    expect(h.hub.get(CAM)?.readerCounts).toMatchObject({ viewers: 0, services: 1 });
    expect(h.recorder.status(CAM).state).toBe('recording');
    expect(h.camera().connections).toBe(1);
  });

  it.for([
    ['AAC', AAC],
    ['G.711', PCMU],
    ['Opus', OPUS],
  ] as const)('takes sound along (%s), as AAC', async ([, audio], { onTestFinished: after }) => {
    const h = await recordingHouse(after, { audio });
    await h.recorder.close();
    const [first] = h.archive.segmentsKept;
    expect(faultsOf(h.archive.segmentsKept)).toEqual([]);
    expect(first?.recording.format.audio).toEqual({ clockRate: audio.clockRate, channels: audio.channels });
    const probe = probeTs(first?.data ?? Buffer.alloc(0), { nearPts90k: first?.startPts90k ?? 0 });
    // To one frame of AAC, and to what the clip camera may be late with its first sound.
    const late90k = (probe?.audioStartPts90k ?? 0) - (first?.startPts90k ?? 0);
    expect(Math.abs(late90k)).toBeLessThan((1024 / audio.clockRate + 0.25) * 90_000);
  });

  it('records the picture while announced sound never comes, and both once it does', async ({
    onTestFinished: after,
  }) => {
    const h = await open(after, { audio: PCMU });
    h.camera().isSilent = true;
    h.add(CAM, { record: true });
    await segmentsOf(h, 2);
    h.camera().isSilent = false;
    await waitFor('sound', () => h.archive.recordings.length === 2);
    h.camera().isSilent = true;
    await waitFor('the end of sound', () => h.archive.recordings.length === 3);
    await h.recorder.close();
    const { recordings, segmentsKept } = h.archive;
    expect(recordings.map(([first]) => first?.recording.cause)).toEqual([
      'started',
      'format-changed',
      'format-changed',
    ]);
    expect(recordings.map(([first]) => first?.recording.format.audio?.clockRate)).toEqual([
      undefined,
      8000,
      undefined,
    ]);
    // Not one picture is lost at either change.
    expect(faultsOf(segmentsKept)).toEqual([]);
  });

  it('begins another recording where the picture changes its size, without a gap', async ({
    onTestFinished: after,
  }) => {
    const h = await recordingHouse(after);
    h.camera().switchTo(wideClip);
    await waitFor('the other picture', () => h.archive.recordings.length === 2);
    await h.recorder.close();
    const { recordings, segmentsKept } = h.archive;
    expect(recordings.map(([first]) => first?.recording.format.width)).toEqual([320, 480]);
    expect(recordings[1]?.[0]?.recording.cause).toBe('format-changed');
    expect(faultsOf(segmentsKept)).toEqual([]);
  });

  it('ends with the camera and begins again with it; the ledger has the reason', async ({
    onTestFinished: after,
  }) => {
    const h = await recordingHouse(after);
    h.camera().lose();
    await waitFor('the end', () => h.recorder.status(CAM).state === 'waiting');
    await waitFor('the reason', () => h.recorder.status(CAM).reason?.code === 'CAMERA_UNREACHABLE');
    const lastEndMs = h.archive.segmentsKept.at(-1)?.endMs ?? 0;
    expect(h.archive.notes.at(-1)).toEqual({ atMs: lastEndMs, reason: 'CAMERA_UNREACHABLE' });
    expect(await h.ffmpegPids()).toEqual([]);
    h.camera().restore();
    await segmentsOf(h, 2);
    await h.recorder.close();
    const [first, second] = h.archive.recordings;
    expect(second?.[0]?.recording.cause).toBe('camera-back');
    expect(faultsOf(first ?? [])).toEqual([]);
    expect(faultsOf(second ?? [])).toEqual([]);
    expect(second?.[0]?.startMs).toBeGreaterThan(lastEndMs);
    expect(h.archive.reasons).toEqual(['RECORDER_RESTARTED', 'CAMERA_UNREACHABLE', 'RECORDER_RESTARTED']);
  });

  it('tells why a camera that never answered is not recorded', async ({ onTestFinished: after }) => {
    const h = await open(after);
    h.camera().lose();
    h.add(CAM, { record: true });
    await waitFor('the reason', () => h.archive.reasons[0] === 'CAMERA_UNREACHABLE');
    expect(h.recorder.status(CAM)).toMatchObject({
      state: 'waiting',
      reason: { code: 'CAMERA_UNREACHABLE', message: 'The camera does not answer.' },
    });
  });

  it('tells that no key frame comes', async ({ onTestFinished: after }) => {
    const h = await open(after);
    h.camera().hasKeyFrames = false;
    h.add(CAM, { record: true });
    await waitFor('pictures', () => h.hub.get(CAM)?.state.state === 'live');
    h.clock.skip(6000);
    await waitFor('the reason', () => h.recorder.status(CAM).reason?.code === 'NO_KEY_FRAME');
    expect(h.archive.reasons).toEqual(['NO_KEY_FRAME']);
    h.camera().hasKeyFrames = true;
    await segmentsOf(h, 1);
    expect(h.recorder.status(CAM).state).toBe('recording');
  });

  it('loses nothing of what came before an orderly stop', async ({ onTestFinished: after }) => {
    const h = await open(after, { segmentMs: 60_000 });
    h.add(CAM, { record: true });
    const seen: number[] = [];
    h.hub.get(CAM)?.read({
      name: 'test',
      role: 'service',
      start: 'next',
      write: (unit) => seen.push(unit.pts90k) > 0,
    });
    await waitFor('FFmpeg', () => h.recorder.status(CAM).state === 'recording');
    await waitFor('some pictures', () => seen.length > 30);
    const newestPts90k = seen.at(-1) ?? 0;
    await h.recorder.close();
    const { segmentsKept } = h.archive;
    const [segment] = segmentsKept;
    expect(segmentsKept).toHaveLength(1);
    expect((segment?.startPts90k ?? 0) + (segment?.duration90k ?? 0)).toBeGreaterThan(newestPts90k);
    expect(faultsOf(segmentsKept)).toEqual([]);
    expect(await h.ffmpegPids()).toEqual([]);
  });

  it('keeps the order of reordered pictures (B-frames), also where FFmpeg is replaced', async ({
    onTestFinished: after,
  }) => {
    const h = await open(after);
    h.add(CAM, { record: true, source: { url: 'publish:', username: 'u', password: 'p' } });
    const publisher = spawn(
      FFMPEG,
      [
        ...['-nostdin', '-loglevel', 'error', '-re', '-f', 'lavfi', '-i', 'testsrc2=s=320x240:r=25'],
        ...['-c:v', 'libx264', '-preset', 'veryfast', '-bf', '2', '-g', '25', '-pix_fmt', 'yuv420p'],
        ...['-f', 'rtsp', '-rtsp_transport', 'tcp', h.url(CAM, 'u:p@')],
      ],
      { stdio: 'ignore' },
    );
    after(() => void publisher.kill('SIGKILL'));
    await segmentsOf(h, 2);
    const [pid] = await h.ffmpegPids();
    process.kill(pid ?? expect.fail('no FFmpeg'), 'SIGKILL');
    await segmentsOf(h, 2);
    await h.recorder.close();
    const { segmentsKept, recordings } = h.archive;
    const [first] = segmentsKept;
    const units = accessUnits(first?.data ?? Buffer.alloc(0), { nearPts90k: first?.startPts90k ?? 0 });
    expect(units.some(({ pts90k, dts90k }) => pts90k > dts90k)).toBe(true);
    expect(units.some(({ pts90k }, n) => pts90k < (units[n - 1]?.pts90k ?? 0))).toBe(true);
    expect(recordings).toHaveLength(1);
    // At the very end pictures may be missing that are shown before the last one that came.
    expect(faultsOf(segmentsKept.slice(0, -1))).toEqual([]);
  });
});

describe.concurrent('what a person changes', () => {
  it('to another source: the ledger says that the stream was stopped', async ({ onTestFinished: after }) => {
    const h = await recordingHouse(after);
    await h.change(CAM, { record: true, source: { url: 'rtsp://192.0.2.2/y' } });
    await waitFor('the other source', () => h.archive.recordings.length === 2);
    expect(h.archive.reasons).toEqual(['RECORDER_RESTARTED', 'STOPPED', 'RECORDER_RESTARTED']);
    expect(h.archive.recordings[1]?.[0]?.recording.cause).toBe('camera-back');
  });

  it('switches recording off and on', async ({ onTestFinished: after }) => {
    const h = await recordingHouse(after);
    await h.change(CAM, { record: false });
    await waitFor('the end', () => h.archive.reasons.at(-1) === 'RECORDING_OFF');
    const kept = h.archive.segmentsKept.length;
    expect(h.archive.notes.at(-1)?.atMs).toBe(h.archive.segmentsKept.at(-1)?.endMs);
    expect(h.recorder.status(CAM)).toEqual({ state: 'off' });
    expect(await h.ffmpegPids()).toEqual([]);
    await h.change(CAM, { record: { segmentMs: 2000 } });
    await waitFor('segments', () => h.archive.segmentsKept.length > kept);
    const again = h.archive.segmentsKept[kept];
    expect(again?.recording.cause).toBe('started');
    expect(again?.duration90k).toBe(180_000);
    expect(h.recorder.segmentMs(CAM)).toBe(2000);
  });

  it('keeps the last segment of a stream that is removed, and begins again with one of that name', async ({
    onTestFinished: after,
  }) => {
    const h = await recordingHouse(after);
    const sequences = () => h.recorder.ring(CAM).map(({ sequence }) => sequence);
    const lastSequence = sequences().at(-1) ?? 0;
    await h.hub.remove(CAM);
    await waitFor('the end', () => h.archive.reasons.at(-1) === 'RECORDING_OFF');
    expect(h.archive.notes.at(-1)?.atMs).toBe(h.archive.segmentsKept.at(-1)?.endMs);
    expect(faultsOf(h.archive.segmentsKept)).toEqual([]);
    h.add(CAM, { record: true });
    await segmentsOf(h, 2);
    expect(h.archive.recordings).toHaveLength(2);
    expect(sequences()[0]).toBeGreaterThan(lastSequence);
  });
});

describe.concurrent('live segments of a stream that is not recorded', () => {
  it('begin when somebody asks and end when nobody does any more', async ({ onTestFinished: after }) => {
    const h = await open(after);
    h.add(CAM);
    expect(h.recorder.state(CAM)).toEqual({ state: 'idle' });
    h.recorder.demand(CAM);
    const heard: number[] = [];
    const undo = h.recorder.onSegment(CAM, ({ sequence }) => heard.push(sequence));
    await waitFor('segments', () => h.recorder.ring(CAM).length >= 2);
    undo();
    expect(heard).toEqual(
      h.recorder
        .ring(CAM)
        .slice(0, heard.length)
        .map(({ sequence }) => sequence),
    );
    expect(h.recorder.state(CAM).state).toBe('recording');
    expect(h.recorder.status(CAM).state).toBe('off');
    h.clock.skip(20_000);
    h.recorder.demand(CAM);
    h.clock.skip(20_000);
    await segmentsInRing(h, 1);
    h.clock.skip(11_000);
    await waitFor('the end', () => h.recorder.state(CAM).state === 'idle');
    expect(h.recorder.ring(CAM)).toEqual([]);
    expect(await h.ffmpegPids()).toEqual([]);
    expect([h.archive.segmentsKept, h.archive.notes]).toEqual([[], []]);
  });

  it('wake an on-demand camera', async ({ onTestFinished: after }) => {
    const h = await open(after);
    h.add(CAM, { onDemand: true });
    expect(h.camera().connections).toBe(0);
    h.recorder.demand(CAM);
    await waitFor('a segment', () => h.recorder.ring(CAM).length > 0);
    expect(h.camera().connections).toBe(1);
  });

  it('tell why there are none', async ({ onTestFinished: after }) => {
    const h = await open(after);
    h.camera().lose();
    h.add(CAM);
    h.recorder.demand(CAM);
    await waitFor('the reason', () => h.recorder.state(CAM).reason?.code === 'CAMERA_UNREACHABLE');
    expect(h.recorder.state('live/nobody')).toEqual({ state: 'off' });
  });
});

/** Resolves with so many more segments in the ring. */
async function segmentsInRing(h: RecorderHouse, more: number) {
  const last = h.recorder.ring(CAM).at(-1)?.sequence ?? 0;
  await waitFor('more segments', () => (h.recorder.ring(CAM).at(-1)?.sequence ?? 0) >= last + more);
}

describe.concurrent('FFmpeg in trouble', () => {
  it('is replaced when it dies, and not one picture is lost', async ({ onTestFinished: after }) => {
    const h = await recordingHouse(after);
    for (let n = 0; n < 3; n += 1) {
      const [pid] = await h.ffmpegPids();
      process.kill(pid ?? expect.fail('no FFmpeg'), 'SIGKILL');
      await waitFor('another FFmpeg', async () => (await h.ffmpegPids()).some((each) => each !== pid));
      await segmentsOf(h, 2);
    }
    await h.recorder.close();
    expect(h.recorder.figures()).toEqual([]);
    expect(h.archive.recordings).toHaveLength(1);
    expect(faultsOf(h.archive.segmentsKept)).toEqual([]);
    await waitFor('no zombie', async () => (await zombies()).length === 0);
  });

  it('is replaced when it is stopped, and not one picture is lost', async ({ onTestFinished: after }) => {
    const h = await recordingHouse(after, { audio: PCMU });
    const [pid] = await h.ffmpegPids();
    process.kill(pid ?? expect.fail('no FFmpeg'), 'SIGSTOP');
    await waitFor('another FFmpeg', async () => (await h.ffmpegPids()).some((each) => each !== pid));
    await segmentsOf(h, 5);
    expect(h.recorder.figures()).toMatchObject([{ stream: CAM, restarts: 1 }]);
    await h.recorder.close();
    expect(h.archive.recordings).toHaveLength(1);
    expect(faultsOf(h.archive.segmentsKept)).toEqual([]);
    await waitFor('no zombie', async () => (await zombies()).length === 0);
  });

  it('may write as many complaints as it likes', async ({ onTestFinished: after }) => {
    const dir = await mkdtemp(join(tmpdir(), 'sluice-flood-'));
    const script = join(dir, 'ffmpeg.sh');
    // A flood as fast as the pipe takes it, beside the real one.
    await writeFile(script, `#!/bin/sh\nyes 'error: something is wrong here' >&2 &\nexec ${FFMPEG} "$@"\n`, {
      mode: 0o755,
    });
    try {
      const h = await recordingHouse(after, { ffmpegPath: script });
      await segmentsOf(h, 3);
      expect(h.recorder.figures()).toMatchObject([{ restarts: 0 }]);
      await h.recorder.close();
      expect(faultsOf(h.archive.segmentsKept)).toEqual([]);
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it('is not replaced because a camera sends few pictures', async ({ onTestFinished: after }) => {
    const slowly = { ...clip, units: clip.units.slice(0, 1), fps: 1 / 2.2 };
    const h = await RecorderHouse.open(new Map([[CAM, new ClipCamera(slowly)]]));
    after(() => h.close());
    h.add(CAM, { record: true });
    await waitFor('segments', () => h.archive.segmentsKept.length > 6, 50_000);
    expect(h.recorder.figures()).toMatchObject([{ restarts: 0 }]);
    expect(new Set(h.archive.segmentsKept.map(({ duration90k }) => duration90k))).toEqual(new Set([198_000]));
  }, 60_000);

  it('that is not installed is named', async ({ onTestFinished: after }) => {
    const h = await open(after, { ffmpegPath: '/nowhere/ffmpeg' });
    h.add(CAM, { record: true });
    await waitFor('the reason', () => h.recorder.status(CAM).reason !== undefined);
    expect(h.recorder.status(CAM)).toMatchObject({
      state: 'waiting',
      reason: { code: 'RECORDER_RESTARTED' },
    });
    expect(h.recorder.status(CAM).reason?.message).toMatch(
      /\/nowhere\/ffmpeg.*Install it, or name it in FFMPEG_PATH/,
    );
  });
});

describe.concurrent('many streams at once', () => {
  it('all begin, a few at a time, and each from the first key frame that was there', async ({
    onTestFinished: after,
  }) => {
    const ids = Array.from({ length: 12 }, (_, n): StreamId => `live/cam${n}`);
    const h = await RecorderHouse.open(new Map(ids.map((id) => [id, new ClipCamera(clip)])));
    after(() => h.close());
    for (const id of ids) h.add(id, { record: true });
    await waitFor('all', () => ids.every((id) => h.recorder.ring(id).length >= 2), 25_000);
    await h.recorder.close();
    const starts = new Set(h.archive.recordings.map(([first]) => first?.startPts90k));
    expect(h.archive.recordings).toHaveLength(ids.length);
    // 90000 is where every timeline begins.
    expect(starts).toEqual(new Set([90_000]));
    for (const segments of h.archive.recordings) expect(faultsOf(segments)).toEqual([]);
  });
});
