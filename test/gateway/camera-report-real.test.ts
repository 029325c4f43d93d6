import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../server/base/clock.ts';
import { silentLogger } from '../../server/base/log.ts';
import { cameraReport } from '../../server/gateway/index.ts';
import { startRtspSource } from '../../server/rtsp/index.ts';
import { Hub, type Stream } from '../../server/stream/index.ts';
import { streamId } from '../../shared/names.ts';
import { type CameraReport, cameraReportSchema } from '../../shared/report.ts';
import { streamDefinitionSchema } from '../../shared/stream.ts';
import { type CameraOptions, CameraSim, testAudio, testVideo } from '../support/camera-sim/index.ts';
import { anewForAnotherTry } from '../support/tried-again.ts';
import { waitFor } from '../support/wait.ts';

/** Cameras with habits of their own, all at once, nobody watching: each one's report says what it is. */

const cameras = new Map<string, CameraSim>();
let hub: Hub;

const open = async () => {
  const [plain, withB, pyramid, hevc, sound] = await Promise.all([
    testVideo(),
    testVideo({ bFrames: 2, profile: 'main', params: 'b-pyramid=none', keyFrameEvery: 50 }),
    testVideo({
      bFrames: 3,
      profile: 'high',
      params: 'b-pyramid=normal:b-adapt=0',
      frames: 100,
      keyFrameEvery: 50,
    }),
    testVideo({ codec: 'h265' }),
    testAudio('aac'),
  ]);
  hub = new Hub({
    clock: systemClock,
    log: silentLogger,
    startSource: (definition, sink) =>
      startRtspSource(definition, sink, { clock: systemClock, log: silentLogger }),
  });
  const add = async (name: string, options: CameraOptions, source: object = {}) => {
    const camera = await CameraSim.start(options);
    cameras.set(name, camera);
    hub.add(streamDefinitionSchema.parse({ name, source: { url: camera.url(), ...source } }));
  };
  const auth = { scheme: 'digest', username: 'u', password: 'canary-p4ssword' } as const;
  await add('plain', { video: plain, auth, sessionTimeoutS: 30 }, { username: 'u', password: auth.password });
  await add('sets-in-sdp', { video: plain, audio: sound, packetisation: { parameterSets: 'sdp' } });
  await add('sets-in-band', { video: plain, packetisation: { parameterSets: 'in-band', markers: 'none' } });
  await add('lossy', { video: plain, network: { lossFraction: 0.02 } }, { transport: 'udp' });
  await add('wrong-pace', { video: { ...plain, fps: 21 } });
  await add('old-clock', {
    video: plain,
    audio: sound,
    clockOffsetMs: -86_400_000,
    senderReportEveryMs: 500,
  });
  await add('b-frames', { video: withB });
  await add('pyramid', { video: pyramid });
  await add('hevc', { video: hevc });
};
const close = async () => {
  await hub?.close();
  for (const camera of cameras.values()) await camera.close();
};
beforeAll(open);
afterAll(close);
// Reports are of all that was since a camera's start.
anewForAnotherTry(close, open);

async function reportOf(name: string, isReady: (report: CameraReport) => boolean): Promise<CameraReport> {
  const stream = hub.get(streamId('live', name)) as Stream;
  const report = await waitFor(
    `the report of ${name}`,
    () => {
      const now = cameraReport(stream);
      return isReady(now) ? now : undefined;
    },
    20_000,
  );
  expect(cameraReportSchema.parse(report)).toEqual(report);
  expect(JSON.stringify(report)).not.toContain('canary');
  return report;
}

const hasPictures = (report: CameraReport) => (report.pictures?.keyFrames.count ?? 0) >= 4;
const videoOf = (report: CameraReport) => report.camera?.received.find(({ kind }) => kind === 'video');
const codes = (report: CameraReport) => report.advice.map(({ code }) => code);

it('a good camera: profile, rates, key frames, packets, log-in and keep-alive', async () => {
  const report = await reportOf('plain', hasPictures);
  expect(report.video).toMatchObject({ codec: 'h264', width: 320, height: 240 });
  expect(report.pictures?.fps).toBeGreaterThan(23);
  expect(report.pictures?.fps).toBeLessThan(27);
  expect(report.pictures?.keyFrames.intervalMs).toMatchObject({ mean: 1_000 });
  expect(report.pictures?.bFrames.kind).toBe('none');
  expect(report.camera?.connection).toMatchObject({
    encrypted: false,
    authentication: { scheme: 'digest', algorithm: 'MD5' },
    keepAlive: { everyMs: 15_000, sessionTimeoutMs: 30_000 },
    transport: { configured: 'auto', used: 'tcp' },
  });
  expect(videoOf(report)).toMatchObject({ lostPackets: 0, lossPercent: 0, restarts: 0, timestampJumps: 0 });
  expect(videoOf(report)?.packets.maxBytes).toBeGreaterThan(1_000);
  expect(videoOf(report)?.parameterSets).toMatchObject({ inSdp: true, inBand: true, changes: 0 });
  expect(codes(report).filter((code) => code !== 'JITTER' && code !== 'PICTURES_STALL')).toEqual([]);
});

it('parameter sets in the description only, and sound that WebRTC does not carry', async () => {
  const report = await reportOf('sets-in-sdp', hasPictures);
  expect(videoOf(report)?.parameterSets).toMatchObject({ inSdp: true, inBand: false, keyFramesWithSets: 0 });
  expect(report.audio?.codec).toBe('aac');
  expect(codes(report)).toContain('AAC');
  expect(codes(report)).toContain('NO_PASSWORD');
});

it('parameter sets in band before each key frame, and no markers', async () => {
  const report = await reportOf('sets-in-band', hasPictures);
  const sets = videoOf(report)?.parameterSets;
  expect(sets).toMatchObject({ inSdp: false, inBand: true });
  expect(sets?.keyFramesWithSets).toBe(sets?.keyFrames);
  expect(codes(report)).toContain('NO_MARKERS');
});

it('packets that UDP loses', async () => {
  const report = await reportOf('lossy', (now) => (videoOf(now)?.lostPackets ?? 0) > 3);
  expect(videoOf(report)?.lossPercent).toBeGreaterThan(0.1);
  expect(codes(report)).toContain('PACKET_LOSS');
  expect(codes(report)).toContain('UDP_SET');
});

it('a clock that is a day behind', async () => {
  const report = await reportOf('old-clock', (now) => now.clock?.offsetMs !== undefined);
  expect(Math.abs((report.clock?.offsetMs ?? 0) + 86_400_000)).toBeLessThan(1_000);
  expect(report.advice.find(({ code }) => code === 'CLOCK_OFF')?.message).toContain('24 hours behind');
});

it('B-frames that can be left out, and such that cannot', async () => {
  const plain = await reportOf('b-frames', hasPictures);
  expect(plain.pictures?.bFrames).toMatchObject({ kind: 'disposable', reorderDepth: 1 });
  expect(codes(plain)).toContain('B_FRAMES');
  const pyramid = await reportOf('pyramid', hasPictures);
  expect(pyramid.pictures?.bFrames).toMatchObject({ kind: 'reference', reorderDepth: 2 });
  expect(codes(pyramid)).toContain('B_FRAMES_REFERENCED');
});

it('a camera that declares 25 pictures a second and sends 21', async () => {
  const report = await reportOf('wrong-pace', (now) => (now.pictures?.fps ?? 0) > 0);
  expect(report.pictures?.fps).toBeLessThan(23);
  expect(codes(report)).toContain('DECLARED_FPS_WRONG');
});

it('H.265', async () => {
  const report = await reportOf(
    'hevc',
    (now) => now.camera !== undefined && (hasPictures(now) || now.state === 'waiting'),
  );
  expect(report.video).toMatchObject({ codec: 'h265', profile: expect.stringMatching(/^Main/) });
  expect(codes(report)).toContain('H265');
});

it('what was known is told while the camera is away, with the reason first', async () => {
  await reportOf('plain', hasPictures);
  await cameras.get('plain')?.stop();
  const report = await reportOf('plain', ({ state }) => state === 'waiting');
  expect(report.isCurrent).toBe(false);
  expect(report.advice[0]).toMatchObject({ severity: 'problem', code: expect.stringMatching(/^CAMERA_/) });
  expect(videoOf(report)?.packets.count).toBeGreaterThan(50);
  expect(report.camera?.connection.authentication.scheme).toBe('digest');
});
