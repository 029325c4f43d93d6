import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../server/base/log.ts';
import { cameraAdvice, cameraReport } from '../../server/gateway/index.ts';
import { reportRoutes } from '../../server/http/index.ts';
import { Hub, type SourceSink, type Stream } from '../../server/stream/index.ts';
import { type CameraReport, cameraReportSchema, type SourceReport } from '../../shared/report.ts';
import { streamDefinitionSchema } from '../../shared/stream.ts';
import { type EdgeApp, HOST, startEdgeApp, TOKEN } from '../support/edge-app.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { h264Format, pcmuFormat, playVideo } from '../support/units.ts';

const track: SourceReport['received'][number] = {
  kind: 'video',
  packets: { count: 5_000, meanBytes: 900, maxBytes: 1_412, overMtu: 0 },
  lostPackets: 0,
  lossPercent: 0,
  jitterMs: 2,
  droppedUnits: 0,
  restarts: 0,
  timestampJumps: 0,
  clockDrift: { ppm: 12, uncertaintyPpm: 3, overMs: 60_000 },
  senderReports: { count: 12, everyMs: 5_000 },
  parameterSets: { inSdp: true, inBand: true, keyFrames: 100, keyFramesWithSets: 100, changes: 0 },
  timestampFps: 25,
  withoutMarker: 0,
  maxSlices: 1,
};

/** A camera that has nothing to be said of. */
const good: CameraReport & { camera: SourceReport } = {
  app: 'live',
  name: 'door',
  state: 'live',
  isCurrent: true,
  video: {
    codec: 'h264',
    profile: 'Main 4.0',
    codecString: '4d0028',
    width: 1920,
    height: 1080,
    declaredFps: 25,
  },
  audio: { codec: 'pcma', clockRate: 8_000, channels: 1 },
  pictures: {
    pictures: 5_000,
    fps: 25,
    largestGapMs: 55,
    bFrames: { kind: 'none', share: 0, disposableShare: 0, reorderDepth: 0 },
    keyFrames: { count: 100, intervalMs: { mean: 2_000, min: 1_990, max: 2_010, stdDev: 4 } },
  },
  camera: {
    connection: {
      encrypted: false,
      authentication: { scheme: 'digest', algorithm: 'MD5' },
      methods: ['DESCRIBE'],
      transport: { configured: 'auto', used: 'tcp' },
      offered: [{ kind: 'video', encoding: 'H264', used: true }],
    },
    received: [track, { ...track, kind: 'audio' }],
    connections: 1,
  },
  clock: { offsetMs: 40, trusted: false },
  advice: [],
};

const withTrack = (change: Partial<typeof track>): CameraReport => ({
  ...good,
  camera: { ...good.camera, received: [{ ...track, ...change }] },
});
const withPictures = (change: Partial<NonNullable<CameraReport['pictures']>>): CameraReport => ({
  ...good,
  pictures: { ...(good.pictures as NonNullable<CameraReport['pictures']>), ...change },
});
const withConnection = (change: Partial<SourceReport['connection']>): CameraReport => ({
  ...good,
  camera: { ...good.camera, connection: { ...good.camera.connection, ...change } },
});
const keyFrames = (mean: number, stdDev = 0) =>
  withPictures({
    keyFrames: { count: 50, intervalMs: { mean, min: mean - stdDev, max: mean + stdDev, stdDev } },
  });

describe('advice', () => {
  it('has nothing to say of a good camera', () => {
    expect(cameraAdvice(good)).toEqual([]);
  });

  it.each<[code: string, CameraReport]>([
    ['PACKET_LOSS', withTrack({ lossPercent: 1.5 })],
    [
      'NO_PARAMETER_SETS',
      withTrack({
        parameterSets: { inSdp: false, inBand: false, keyFrames: 0, keyFramesWithSets: 0, changes: 0 },
      }),
    ],
    ['TIMESTAMPS_AT_WRONG_PACE', { ...withPictures({ fps: 21 }) }],
    ['DECLARED_FPS_WRONG', { ...withPictures({ fps: 15 }), camera: undefined }],
    ['KEY_FRAMES_FAR_APART', keyFrames(10_000)],
    ['KEY_FRAMES_FAR_APART', withPictures({ keyFrames: { count: 1, sinceMs: 20_000 } })],
    ['KEY_FRAMES_UNEVEN', keyFrames(3_000, 2_500)],
    ['KEY_FRAMES_CLOSE', keyFrames(40)],
    [
      'B_FRAMES',
      withPictures({ bFrames: { kind: 'disposable', share: 0.5, disposableShare: 0.5, reorderDepth: 1 } }),
    ],
    [
      'B_FRAMES_REFERENCED',
      withPictures({ bFrames: { kind: 'reference', share: 0.7, disposableShare: 0.5, reorderDepth: 2 } }),
    ],
    [
      'H265',
      {
        ...good,
        video: { ...good.video, codec: 'h265', profile: 'Main 4.0', codecString: 'x', width: 1, height: 1 },
      },
    ],
    ['AAC', { ...good, audio: { codec: 'aac', clockRate: 16_000, channels: 1 } }],
    [
      'UNUSUAL_PROFILE',
      {
        ...good,
        video: { codec: 'h264', profile: 'High 10 4.0', codecString: '6e0028', width: 1, height: 1 },
      },
    ],
    [
      'PACKETS_OVER_MTU',
      {
        ...withTrack({ packets: { count: 10, meanBytes: 3_000, maxBytes: 8_000, overMtu: 9 } }),
        camera: {
          ...good.camera,
          connection: { ...good.camera.connection, transport: { configured: 'auto', used: 'udp' } },
          received: [{ ...track, packets: { count: 10, meanBytes: 3_000, maxBytes: 8_000, overMtu: 9 } }],
        },
      },
    ],
    ['JITTER', withTrack({ jitterMs: 80 })],
    ['PICTURES_STALL', withPictures({ largestGapMs: 1_900 })],
    ['TIMESTAMP_JUMPS', withTrack({ timestampJumps: 2 })],
    ['STREAM_RESTARTS', withTrack({ restarts: 1 })],
    ['MEDIA_CLOCK_DRIFTS', withTrack({ clockDrift: { ppm: -510, uncertaintyPpm: 20, overMs: 60_000 } })],
    ['CLOCK_OFF', { ...good, clock: { offsetMs: -3_600_000, trusted: false } }],
    [
      'CLOCK_DRIFTS',
      { ...good, camera: { ...good.camera, wallClockDrift: { ppm: 400, uncertaintyPpm: 9, overMs: 1 } } },
    ],
    [
      'NO_SENDER_REPORTS',
      {
        ...good,
        camera: {
          ...good.camera,
          received: [track, { ...track, kind: 'audio', senderReports: { count: 0 } }],
        },
      },
    ],
    ['PASSWORD_IN_CLEAR', withConnection({ authentication: { scheme: 'basic' } })],
    ['NO_PASSWORD', withConnection({ authentication: { scheme: 'none' } })],
    ['UDP_SET', withConnection({ transport: { configured: 'udp', used: 'udp' } })],
    [
      'PARAMETER_SETS_CHANGE',
      withTrack({
        parameterSets: { inSdp: true, inBand: true, keyFrames: 9, keyFramesWithSets: 9, changes: 3 },
      }),
    ],
    ['NO_MARKERS', withTrack({ withoutMarker: 1 })],
    [
      'HIGH_BITRATE',
      { ...good, video: { ...(good.video as NonNullable<CameraReport['video']>), bitrateKbps: 12_000 } },
    ],
    [
      'TRACKS_NOT_USED',
      withConnection({ offered: [{ kind: 'application', encoding: 'VND.ONVIF.METADATA', used: false }] }),
    ],
    [
      'CAMERA_AUTH_FAILED',
      {
        ...good,
        state: 'waiting',
        reason: { code: 'CAMERA_AUTH_FAILED', message: 'It refused the password.' },
      },
    ],
    [
      'NOT_STARTED',
      { ...good, state: 'idle', video: undefined, audio: undefined, pictures: undefined, camera: undefined },
    ],
  ])('tells of %s alone where that is all that is wrong', (code, facts) => {
    const advice = cameraAdvice(facts);
    expect(advice.map((one) => one.code)).toEqual([code]);
    expect(advice[0]?.message).toMatch(/^[A-Z].*[.]$/);
    expect(advice[0]?.message).not.toMatch(/undefined|NaN/);
  });

  it('puts the worst first', () => {
    const severities = cameraAdvice({ ...withTrack({ lossPercent: 3, jitterMs: 90, restarts: 2 }) }).map(
      ({ severity }) => severity,
    );
    expect(severities).toEqual(['problem', 'warning', 'note']);
  });

  it('tells of a lossy network alone, not of what it takes from the pictures, and what is left to do about it', () => {
    const { camera, ...rest } = withTrack({ lossPercent: 3 });
    const { pictures } = keyFrames(1_800, 1_200);
    const advised = (configured: 'auto' | 'udp', used: 'tcp' | 'udp') =>
      cameraAdvice({
        ...rest,
        pictures: { ...pictures, fps: 3.7, largestGapMs: 4_000 } as CameraReport['pictures'],
        camera: {
          ...good.camera,
          ...camera,
          connection: { ...good.camera.connection, transport: { configured, used } },
        },
      }).filter(({ code }) => code !== 'UDP_SET');
    for (const advice of [advised('auto', 'udp'), advised('udp', 'udp'), advised('auto', 'tcp')])
      expect(advice.map(({ code }) => code)).toEqual(['PACKET_LOSS']);
    expect(advised('udp', 'udp')[0]?.message).toContain('to auto');
    expect(advised('auto', 'udp')[0]?.message).not.toMatch(/Set the transport|to auto/);
  });

  it('makes a wrong clock a problem where recordings go by it', () => {
    const [advice] = cameraAdvice({ ...good, clock: { offsetMs: 90_000, trusted: true } });
    expect(advice).toMatchObject({ code: 'CLOCK_OFF', severity: 'problem' });
    expect(advice?.message).toContain('90 s ahead of');
  });
});

describe('report of a stream', () => {
  let hub: Hub;
  let sink: SourceSink;
  let known: SourceReport | undefined;
  let stream: Stream;
  const definition = streamDefinitionSchema.parse({
    name: 'door',
    source: { url: 'rtsp://admin:canary-p4ssword@10.0.0.5/s1' },
  });

  beforeEach(() => {
    known = undefined;
    hub = new Hub({
      clock: new FakeClock(),
      log: silentLogger,
      startSource(_definition, given) {
        sink = given;
        return { setWatched() {}, requestKeyFrame() {}, report: () => known, close: async () => {} };
      },
    });
    stream = hub.add(definition);
  });
  afterEach(() => hub.close());

  it('is there before any viewer, fits its schema and holds no password', () => {
    sink.playing([h264Format(), pcmuFormat], 'tcp');
    known = good.camera;
    playVideo(sink, { from: 0, count: 260, gop: 25 });
    const report = cameraReport(stream);
    expect(cameraReportSchema.parse(report)).toEqual(report);
    expect(report).toMatchObject({
      isCurrent: true,
      video: { codec: 'h264', codecString: '42c01f', width: 640 },
      audio: { codec: 'pcmu' },
      pictures: { fps: 25, keyFrames: { intervalMs: { mean: 1_000, stdDev: 0 } } },
      camera: { connection: { authentication: { scheme: 'digest' } } },
    });
    expect(JSON.stringify(report)).not.toContain('canary');
  });

  it('keeps what it knew while the camera is away, and forgets it with another source', async () => {
    sink.playing([h264Format()], 'tcp');
    known = good.camera;
    playVideo(sink, { from: 0, count: 100, gop: 25 });
    sink.waiting('CAMERA_SILENT', 'No video has come. Check its power and network.', 1_000);
    const away = cameraReport(stream);
    expect(away).toMatchObject({ state: 'waiting', isCurrent: false, pictures: { pictures: 100 } });
    expect(away.camera).toEqual(good.camera);
    expect(away.advice[0]).toMatchObject({ code: 'CAMERA_SILENT', severity: 'problem' });
    known = undefined;
    await hub.update({ ...definition, source: { ...definition.source, url: 'rtsp://10.0.0.6/s1' } });
    expect(cameraReport(stream)).not.toHaveProperty('pictures');
    expect(cameraReport(stream)).not.toHaveProperty('camera');
  });
});

describe('the route', () => {
  let edge: EdgeApp;
  beforeEach(async () => {
    const routes = reportRoutes({ report: (id) => (id === 'live/door' ? good : undefined) });
    edge = await startEdgeApp({ apiToken: TOKEN, routes });
  });
  afterEach(() => edge.close());
  const get = (name: string, token?: string) =>
    edge.app.inject({
      url: `/api/v1/streams/live/${name}/report`,
      headers: { host: HOST, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    });

  it('gives the report, 404 for what there is not, and asks for the token', async () => {
    expect((await get('door', TOKEN)).json()).toEqual(good);
    const missing = await get('nothing', TOKEN);
    expect(missing.statusCode).toBe(404);
    expect(missing.json().error.code).toBe('STREAM_NOT_FOUND');
    expect((await get('door')).statusCode).toBe(401);
  });

  it('stands in the OpenAPI document', async () => {
    const document = await edge.app.inject({
      url: '/api/openapi.json',
      headers: { host: HOST, authorization: `Bearer ${TOKEN}` },
    });
    expect(Object.keys(document.json().paths)).toContain('/api/v1/streams/{app}/{name}/report');
  });
});
