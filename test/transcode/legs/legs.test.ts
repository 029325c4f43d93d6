import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../../server/base/clock.ts';
import { silentLogger } from '../../../server/base/log.ts';
import { startRtspSource } from '../../../server/rtsp/index.ts';
import { Hub, type Stream, type Unit } from '../../../server/stream/index.ts';
import { Legs, type LegsOptions } from '../../../server/transcode/index.ts';
import { streamDefinitionSchema } from '../../../shared/stream.ts';
import { CameraSim, type SimAudio, type SimVideo, testVideo } from '../../support/camera-sim/index.ts';
import { flashAndBeep } from '../../support/flash-and-beep.ts';
import { childrenNamed } from '../../support/processes.ts';
import { waitFor } from '../../support/wait.ts';

let media: { video: SimVideo; audio: SimAudio };
beforeAll(async () => {
  media = await flashAndBeep('h265');
}, 30_000);

/** Patience for an FFmpeg that makes nothing, where a test waits for it. */
const QUICK = { startingMs: 3_000, runningMs: 1_000 };

const cleanups: Array<() => Promise<unknown> | unknown> = [];
const cleanUp = async () => {
  for (const step of cleanups.splice(0).reverse()) await step();
};
afterEach(cleanUp);
afterAll(async () => expect(await childrenNamed('ffmpeg')).toEqual([]));

async function house(
  given: { video?: SimVideo; audio?: SimAudio } = media,
  options: Partial<LegsOptions> = {},
) {
  const camera = await CameraSim.start(given);
  cleanups.push(() => camera.close());
  const clock = systemClock;
  const log = silentLogger;
  const ffmpegPath = process.env.FFMPEG_PATH ?? 'ffmpeg';
  const legs = new Legs({ clock, log, stream: (id) => hub.get(id), ffmpegPath, ...options });
  const hub: Hub = new Hub({
    clock,
    log,
    startSource: (definition, sink) => startRtspSource(definition, sink, { clock, log }),
    startLeg: (request, sink) => legs.start(request, sink),
    lingerMs: 100,
  });
  cleanups.push(() => hub.close());
  const stream = hub.add(streamDefinitionSchema.parse({ name: 'cam', source: { url: camera.url() } }));
  await waitFor('the camera', () => stream.state.state === 'live');
  const leg = (kind: 'h264' | 'opus'): Stream => {
    const found = hub.derived('live/cam', kind);
    if (found === undefined) throw new Error(`no ${kind} leg`);
    return found;
  };
  return { camera, hub, stream, legs, leg };
}

function read(stream: Stream): { units: Unit[]; close(): void } {
  const units: Unit[] = [];
  const reader = stream.read({
    name: 'test',
    role: 'viewer',
    start: 'cached',
    write: (unit) => {
      units.push(unit);
      return true;
    },
  });
  cleanups.push(() => reader.close());
  return { units, close: () => reader.close() };
}

it('one FFmpeg makes H.264 of H.265 for all its readers, on the timeline of the stream, and ends when nobody reads', async () => {
  const { stream, leg, legs } = await house();
  const parent = read(stream);
  const viewers = [read(leg('h264')), read(leg('h264'))] as const;
  const [first, second] = viewers;
  await waitFor('pictures', () => first.units.length > 80 && second.units.length > 80);
  expect(await childrenNamed('ffmpeg')).toHaveLength(1);
  expect(legs.status('live/cam')).toEqual([{ kind: 'h264', state: 'running', encoder: 'libx264' }]);
  expect(legs.running).toEqual({ video: 1, audio: 0 });
  expect(leg('h264').tracks).toMatchObject([{ kind: 'video', codec: 'h264', width: 320, height: 240 }]);
  // The very pictures of the camera, in order, none twice.
  const ofParent = new Map(parent.units.map((unit) => [unit.pts90k, unit]));
  const late: number[] = [];
  for (const [n, unit] of first.units.entries()) {
    const own = ofParent.get(unit.pts90k);
    expect(own?.format.codec).toBe('h265');
    expect(unit.wallMs).toBe(own?.wallMs);
    if (n > 0) expect(unit.pts90k - (first.units[n - 1]?.pts90k ?? 0)).toBeGreaterThan(0);
    late.push(unit.receivedAtMs - (own?.receivedAtMs ?? 0));
  }
  // Far less than the second that a decoder and an encoder with their usual habits hold back of each picture; those that a busy
  // machine makes late are not counted.
  expect(Math.min(...late)).toBeLessThan(500);
  expect(first.units[0]?.isKeyFrame).toBe(true);
  const keys = first.units.filter(({ isKeyFrame }) => isKeyFrame);
  expect((keys[1]?.pts90k ?? 0) - (keys[0]?.pts90k ?? 0)).toBeLessThanOrEqual(2.1 * 90_000);
  // Each second reader may ask for one more; all others are no key frames.
  expect(keys.length).toBeLessThan(first.units.length / 10);
  first.close();
  expect(await childrenNamed('ffmpeg')).toHaveLength(1);
  second.close();
  await waitFor('FFmpeg to end', async () => (await childrenNamed('ffmpeg')).length === 0);
  expect(legs.status('live/cam')).toEqual([]);
  expect(stream.state.state).toBe('live');
}, 30_000);

it('a key frame that somebody asks for comes at once, not with the next group of pictures', async () => {
  const { leg } = await house();
  const { units } = read(leg('h264'));
  await waitFor('pictures', () => units.length > 10);
  leg('h264').requestKeyFrame();
  const asked = units.length;
  const next = await waitFor(
    'a key frame',
    () => units.slice(asked).findIndex(({ isKeyFrame }) => isKeyFrame) + 1,
  );
  expect(next).toBeLessThan(20);
}, 30_000);

it('pictures that the camera sends out of their order come in order, each at its own time', async () => {
  const video = await testVideo({ codec: 'h265', bFrames: 3 });
  const { leg, stream } = await house({ video });
  const parent = read(stream);
  const { units } = read(leg('h264'));
  await waitFor('pictures', () => units.length > 60);
  expect(parent.units.some(({ pts90k }, n) => pts90k < (parent.units[n - 1]?.pts90k ?? 0))).toBe(true);
  const times = new Set(parent.units.map(({ pts90k }) => pts90k));
  for (const [n, { pts90k }] of units.entries()) {
    expect(times.has(pts90k)).toBe(true);
    expect(pts90k).toBeGreaterThan(units[n - 1]?.pts90k ?? 0);
  }
}, 30_000);

it('a camera that is away and comes back finds the same FFmpeg; another size gets another one', async () => {
  const { camera, stream, leg } = await house();
  const { units } = read(leg('h264'));
  await waitFor('pictures', () => units.length > 10);
  const [pid] = await childrenNamed('ffmpeg');
  camera.stop();
  await waitFor('the camera to be missed', () => stream.state.state === 'waiting');
  await waitFor('the leg to say so', () => leg('h264').state.state === 'waiting');
  expect(leg('h264').state.reason?.code).toBe(stream.state.reason?.code);
  const before = units.length;
  await camera.start();
  await waitFor('pictures again', () => units.length > before + 10);
  expect(units[before]?.isKeyFrame).toBe(true);
  expect(await childrenNamed('ffmpeg')).toEqual([pid]);
  expect((units.at(-1)?.pts90k ?? 0) - (units[before - 1]?.pts90k ?? 0)).toBeGreaterThan(0);
  const larger = await testVideo({ codec: 'h265', width: 480, height: 270 });
  await camera.reboot({ video: larger });
  await waitFor('pictures of the new size', () => {
    const format = units.at(-1)?.format;
    return format?.kind === 'video' && format.width === 480;
  });
  expect(await childrenNamed('ffmpeg')).not.toEqual([pid]);
}, 30_000);

it('an FFmpeg that is killed, or hangs, costs a pause', async () => {
  const { leg, legs } = await house(media, { stallLimits: QUICK });
  const { units } = read(leg('h264'));
  for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
    const before = units.length;
    await waitFor('pictures', () => units.length > before + 10);
    const [pid = 0] = await childrenNamed('ffmpeg');
    const killed = units.length;
    process.kill(pid, signal);
    await waitFor('another FFmpeg', async () => {
      const pids = await childrenNamed('ffmpeg');
      return pids.length === 1 && pids[0] !== pid;
    });
    const seen = units.length;
    await waitFor('pictures again', () => units.length > seen + 10);
    // What the one that ended had made still comes; the other's first picture is behind the pause.
    const pauses = units.map((unit, n) => unit.receivedAtMs - (units[n - 1] ?? unit).receivedAtMs);
    const pause = Math.max(...pauses.slice(killed));
    expect(units[pauses.lastIndexOf(pause)]?.isKeyFrame).toBe(true);
  }
  await waitFor('the status', () => legs.status('live/cam')[0]?.state === 'running');
}, 60_000);

it('no more pictures are converted than allowed, and whoever is refused is told why and what to do', async () => {
  const { leg, legs, stream } = await house(media, { maxVideoLegs: 0 });
  read(leg('h264'));
  const sound = read(leg('opus'));
  const { reason } = await waitFor('the refusal', () => {
    const { state } = leg('h264');
    return state.state === 'waiting' && state;
  });
  expect(reason?.code).toBe('TRANSCODER_BUSY');
  expect(reason?.message).toMatch(/H\.265 over WebRTC.*maxVideoLegs.*HLS/s);
  expect(legs.status('live/cam')[0]).toMatchObject({
    kind: 'h264',
    state: 'waiting',
    reason: reason?.message,
  });
  // Sound has a bound of its own.
  await waitFor('sound', () => sound.units.length > 10);
  expect(stream.state.state).toBe('live');
}, 30_000);

it('AAC becomes Opus that lies where the sound was: a beep is with its flash', async () => {
  const { leg, stream } = await house();
  const camera = read(stream);
  const { units } = read(leg('opus'));
  expect(leg('opus').tracks).toEqual([]);
  await waitFor('sound of 4 s', () => units.length > 200, 20_000);
  expect(leg('opus').tracks).toEqual([{ kind: 'audio', codec: 'opus', clockRate: 48_000, channels: 2 }]);
  for (const [n, unit] of units.entries()) {
    // Frame to frame.
    if (n > 0) expect(unit.pts90k - (units[n - 1]?.pts90k ?? 0)).toBe(1800);
  }
  // Each flash begins with a key frame; a frame of the tone is far larger than one of silence.
  const flashes = camera.units.filter(({ format, isKeyFrame }) => format.kind === 'video' && isKeyFrame);
  const isTone = (unit: Unit | undefined) => unit !== undefined && unit.sizeBytes > 60;
  const beeps = units.filter((unit, n) => n > 0 && isTone(unit) && !isTone(units[n - 1]));
  expect(beeps.length).toBeGreaterThanOrEqual(3);
  for (const { pts90k } of beeps) {
    const apart = Math.min(...flashes.map((flash) => Math.abs(flash.pts90k - pts90k)));
    expect(apart).toBeLessThanOrEqual(40 * 90);
  }
}, 30_000);

it('sound that cannot be decoded costs itself alone', async () => {
  const garbage = Array.from({ length: 50 }, (_, n) => Buffer.alloc(300, n * 5 + 1));
  const { leg, stream, legs } = await house({
    video: media.video,
    audio: { ...media.audio, frames: garbage },
  });
  const pictures = read(stream);
  const sound = read(leg('opus'));
  const transcoded = read(leg('h264'));
  await waitFor(
    'the leg to be given up',
    () => legs.status('live/cam').find(({ kind }) => kind === 'opus')?.reason,
    30_000,
  );
  const before = pictures.units.length;
  await waitFor('pictures', () => pictures.units.length > before + 25 && transcoded.units.length > 50);
  const times = transcoded.units.map(({ pts90k }) => pts90k);
  expect(Math.max(...times.slice(1).map((pts90k, n) => pts90k - (times[n] ?? 0)))).toBeLessThanOrEqual(
    90_000,
  );
  expect(sound.units.length).toBe(0);
}, 60_000);
