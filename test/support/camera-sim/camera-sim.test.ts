import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { systemClock } from '../../../server/base/clock.ts';
import { silentLogger } from '../../../server/base/log.ts';
import { startRtspSource } from '../../../server/rtsp/index.ts';
import { cameraAt, RecordingSink } from '../recording-sink.ts';
import { waitFor } from '../wait.ts';
import { roleOf } from './access-units.ts';
import {
  type CameraOptions,
  CameraSim,
  mediaOfFile,
  type Packetisation,
  type SimAudio,
  type SimVideo,
  testAudio,
  testVideo,
} from './index.ts';

let video: SimVideo;
let other: SimVideo;
let h265: SimVideo;
let audio: SimAudio;

beforeAll(async () => {
  const short = { fps: 50, frames: 50, keyFrameEvery: 25, bitrate: '800k', params: 'aud=1' };
  [video, other, h265, audio] = await Promise.all([
    testVideo(short),
    testVideo({ ...short, width: 480, height: 272, profile: 'high' }),
    testVideo({ ...short, codec: 'h265' }),
    testAudio('pcmu'),
  ]);
});

interface Scene {
  readonly camera: CameraSim;
  readonly sink: RecordingSink;
  readonly pictures: (more: number) => Promise<unknown>;
}

/** A camera, and a source that pulls from it until the test ends. */
async function scene(
  test: TestContext,
  options: CameraOptions = {},
  settings: Readonly<Record<string, unknown>> = {},
): Promise<Scene> {
  const camera = await CameraSim.start({ video, ...options });
  const sink = new RecordingSink();
  const deps = { clock: systemClock, log: silentLogger, random: () => 0 };
  const definition = cameraAt(camera.url(), { transport: 'tcp', silenceTimeoutMs: 1_000, ...settings });
  const source = startRtspSource(definition, sink, deps);
  test.onTestFinished(async () => {
    await source.close();
    await camera.close();
  });
  const pictures = (more: number) => {
    const before = sink.videoUnits.length;
    return waitFor(`${more} pictures`, () => sink.videoUnits.length >= before + more);
  };
  return { camera, sink, pictures };
}

/** What is left of a picture when it has become a unit: no delimiter, no parameter sets, no SEI. */
const slices = (nals: readonly Buffer[], { codec }: SimVideo) =>
  nals.filter((nal) => ['slice', 'key-slice'].includes(roleOf(nal, codec)));

/** Short, so that a picture that is another one does not fill the report. */
const fingerprint = (nals: readonly Buffer[], film: SimVideo) =>
  slices(nals, film).map((nal) => `${nal.length} ${createHash('sha1').update(nal).digest('hex')}`);

/** The pictures came as they lie in the film, from its first on. */
function expectFilm(sink: RecordingSink, film: SimVideo): void {
  for (const [index, { payloads, isKeyFrame }] of sink.videoUnits.entries()) {
    const picture = film.pictures[index % film.pictures.length];
    expect([index, isKeyFrame]).toEqual([index, picture?.isKeyFrame]);
    expect([index, fingerprint(payloads, film)]).toEqual([index, fingerprint(picture?.nals ?? [], film)]);
  }
}

/** Whatever came is a picture of the film; a busy machine may lose one over UDP. */
function expectWhole(sink: RecordingSink, film: SimVideo): void {
  const whole = new Set(film.pictures.map(({ nals }) => fingerprint(nals, film).join()));
  for (const { payloads } of sink.videoUnits) expect(whole).toContain(fingerprint(payloads, film).join());
}

/** The steps between the pictures' timestamps, each named once. */
const steps = ({ videoUnits }: RecordingSink) =>
  new Set(
    videoUnits
      .slice(1)
      .map(({ rtpTimestamp }, index) => (rtpTimestamp - (videoUnits[index]?.rtpTimestamp ?? 0)) >>> 0),
  );

const reasons = ({ waits }: RecordingSink) => waits.map(({ reason }) => reason);

describe('what it plays', { concurrent: true }, () => {
  it.for(['tcp', 'udp'])(
    'picture and sound over %s, byte for byte as they lie in the film',
    async (transport, test) => {
      const { sink, pictures } = await scene(test, { audio }, { transport });
      await pictures(60);
      expectFilm(sink, video);
      expect(steps(sink)).toEqual(new Set([1800]));
      expect(sink.audioUnits.slice(0, 20).map(({ payloads }) => payloads[0])).toEqual(
        audio.frames.slice(0, 20),
      );
      expect(sink.playings[0]?.formats.map(({ codec }) => codec)).toEqual(['h264', 'pcmu']);
    },
  );

  const habits: ReadonlyArray<readonly [string, Packetisation]> = [
    ['aggregates', { smallNals: 'aggregate' }],
    ['small packets', { maxPayloadBytes: 200 }],
    ['no markers', { markers: 'none' }],
    ['markers on every packet', { markers: 'every-packet', maxPayloadBytes: 300 }],
    ['markers on SEI', { markers: 'sei' }],
    ['parameter sets in the SDP alone', { parameterSets: 'sdp' }],
    ['parameter sets in band alone', { parameterSets: 'in-band', smallNals: 'aggregate' }],
    ['Annex B inside RTP', { annexB: true, maxPayloadBytes: 60_000 }],
  ];
  it.for(habits)('H.264 with %s', async ([_what, packetisation], test) => {
    const { sink, pictures } = await scene(test, { packetisation });
    await pictures(40);
    expectFilm(sink, video);
  });

  it.for(habits)('H.265 with %s', async ([_what, packetisation], test) => {
    const { sink, pictures } = await scene(test, { video: h265, packetisation });
    await pictures(40);
    expectFilm(sink, h265);
  });

  it('B-pictures with the times of their display, looped without an overlap', async (test) => {
    const reordered = await testVideo({ fps: 50, frames: 25, keyFrameEvery: 25, bFrames: 2 });
    const { sink, pictures } = await scene(test, { video: reordered });
    await pictures(60);
    const times = sink.videoUnits.map(
      ({ rtpTimestamp }) => rtpTimestamp - (sink.videoUnits[0]?.rtpTimestamp ?? 0),
    );
    const shown = times.slice(0, 50).sort((a, b) => a - b);
    expect(shown).not.toEqual(times.slice(0, 50));
    expect(shown).toEqual(Array.from({ length: 50 }, (_, index) => index * 1800));
  });

  it('an MP4 file with its AAC sound', async (test) => {
    const path = new URL('../../fixtures/camera-sim/bars-h264-aac.mp4', import.meta.url).pathname;
    const media = await mediaOfFile(path, { audio: 'aac' });
    const { sink, pictures } = await scene(test, media);
    await pictures(30);
    if (media.video !== undefined) expectFilm(sink, media.video);
    expect(sink.playings[0]?.formats).toMatchObject([
      { codec: 'h264', width: 160, height: 96 },
      { codec: 'aac', clockRate: 48_000, channels: 2, config: Buffer.from('1190', 'hex') },
    ]);
    const frames = media.audio?.frames.slice(0, 20);
    expect(sink.audioUnits.slice(0, 20).map(({ payloads }) => payloads[0])).toEqual(frames);
  });

  it('a captured reply, and media as it says', async (test) => {
    const describe = `RTSP/1.0 200 OK\nCSeq: 77\nServer: Captured\nContent-Type: application/sdp\nContent-Length: 78\n
v=0
m=audio 0 RTP/AVP 0
a=control:sound
m=video 0 RTP/AVP 101
a=rtpmap:101 H264/90000
a=control:picture
`;
    const sdp = describe.slice(describe.indexOf('v=0')).replace(/\n/g, '\r\n');
    const reply = describe.replace('78', String(Buffer.byteLength(sdp)));
    const { camera, sink, pictures } = await scene(test, { audio, replies: { DESCRIBE: reply } });
    await pictures(30);
    expectFilm(sink, video);
    const setups = camera.requests.filter(({ method }) => method === 'SETUP').map(({ url }) => url);
    expect(setups.map((url) => url.split('/').at(-1)).sort()).toEqual(['picture', 'sound']);
    expect(camera.session?.tracks.map(({ state }) => state.payloadType).sort()).toEqual([0, 101]);
    expect(sink.audioUnits.length).toBeGreaterThan(0);
  });

  it('a real camera, from its captured replies: a Dahua with other channels and session ids than asked for', async (test) => {
    const reply = (name: string) =>
      readFileSync(new URL(`../../fixtures/rtsp/dahua_${name}.txt`, import.meta.url), 'latin1');
    const replies = {
      OPTIONS: reply('options'),
      DESCRIBE: reply('describe_h265_pcma'),
      SETUP: ['0-1', '2-3'].map((channels) =>
        reply('setup').replace(/interleaved=\d+-\d+/, `interleaved=${channels}`),
      ),
      PLAY: reply('play'),
    };
    const pcma = await testAudio('pcma');
    const { camera, sink, pictures } = await scene(test, { video: h265, audio: pcma, replies });
    await pictures(30);
    expectFilm(sink, h265);
    expect(sink.playings[0]?.formats.map(({ codec }) => codec)).toEqual(['h265', 'pcma']);
    expect(sink.audioUnits.length).toBeGreaterThan(0);
    expect(camera.requests.find(({ method }) => method === 'SETUP')?.url).toContain('rtsp://cam-driveway/');
  });

  it.for(['tcp', 'udp'])('before it has answered PLAY, over %s', async (transport, test) => {
    const { camera, sink, pictures } = await scene(test, { earlyMs: 300, rtpInfo: false }, { transport });
    await pictures(30);
    expectFilm(sink, video);
    expect(sink.playings).toHaveLength(1);
    expect(camera.connections).toHaveLength(1);
  });

  it.for(['basic', 'digest'] as const)('to those who know the password (%s)', async (scheme, test) => {
    const auth = { scheme, username: 'admin', password: 'pass word' };
    const good = await scene(test, { auth }, { username: 'admin', password: 'pass word' });
    const bad = await scene(test, { auth }, { username: 'admin', password: 'password' });
    await good.pictures(5);
    await waitFor('the refusal', () => reasons(bad.sink).includes('CAMERA_AUTH_FAILED'));
  });
});

describe('what befalls it', { concurrent: true }, () => {
  it.for([
    ['killed', (camera: CameraSim) => camera.stop(), 'CAMERA_CLOSED'],
    ['reset', (camera: CameraSim) => camera.cues.reset(), 'CAMERA_CLOSED'],
    ['half closed', (camera: CameraSim) => camera.cues.halfClose(), 'CAMERA_CLOSED'],
    ['silent', (camera: CameraSim) => camera.cues.silence(), 'CAMERA_SILENT'],
    ['hung', (camera: CameraSim) => camera.cues.silence({ answers: true }), 'CAMERA_SILENT'],
  ] as const)('%s, and back', async ([_what, act, reason], test) => {
    const { camera, sink, pictures } = await scene(test);
    await pictures(5);
    await act(camera);
    await waitFor('the reason', () => reasons(sink)[0] === reason);
    await camera.start();
    camera.cues.speak();
    await pictures(5);
    expect(sink.playings.length).toBeGreaterThan(1);
  });

  it('redirects', async (test) => {
    const { camera: target } = await scene(test);
    const { camera, sink, pictures } = await scene(test);
    await pictures(2);
    camera.cues.redirect(target.url('/elsewhere'));
    camera.cues.reset();
    await waitFor('the end', () => sink.waits.length > 0);
    await pictures(5);
    expect(target.requests.some(({ url }) => url.includes('/elsewhere'))).toBe(true);
  });

  it('401 for ever', async (test) => {
    const { camera, sink, pictures } = await scene(test, {}, { username: 'admin', password: 'secret' });
    await pictures(2);
    camera.cues.unauthorised();
    camera.cues.reset();
    await waitFor('the refusal', () => reasons(sink).includes('CAMERA_AUTH_FAILED'));
  });

  it.for([
    ['a giant header', (camera: CameraSim) => camera.cues.giantHeader(2_000_000)],
    ['headers without end', (camera: CameraSim) => camera.cues.manyHeaders(20_000)],
  ] as const)('%s', async ([_what, act], test) => {
    const { camera, sink, pictures } = await scene(test);
    await pictures(2);
    act(camera);
    camera.cues.reset();
    await waitFor('the verdict', () => reasons(sink).includes('CAMERA_BAD_DATA'));
    await pictures(2);
  });

  it('garbage between frames: found and skipped', async (test) => {
    const { camera, sink, pictures } = await scene(test);
    await pictures(5);
    for (const sizeBytes of [1, 10, 500]) camera.cues.garbage(sizeBytes);
    await pictures(60);
    expect(sink.waits).toEqual([]);
  });

  it('loss over UDP is counted, and damaged pictures are left out', async (test) => {
    const { camera, sink, pictures } = await scene(test, {}, { transport: 'udp' });
    await pictures(5);
    camera.cues.dropNext(2);
    await waitFor('the loss', () => (sink.lastCounters?.lostPackets ?? 0) >= 2);
    await pictures(10);
    expectWhole(sink, video);
  });

  it('reordered and doubled packets over UDP cost nothing', async (test) => {
    const network = { reorderFraction: 0.05, reorderDepth: 2, duplicateFraction: 0.1 };
    const { sink, pictures } = await scene(test, { network }, { transport: 'udp' });
    await pictures(60);
    expectWhole(sink, video);
  });

  it('delay and jitter over UDP cost nothing but time', async (test) => {
    const { sink, pictures } = await scene(
      test,
      { network: { delayMs: 40, jitterMs: 30 } },
      { transport: 'udp' },
    );
    await pictures(60);
    expectWhole(sink, video);
  });

  it('sequence and timestamp wrap unnoticed', async (test) => {
    const first = { sequence: 65_500, timestamp: 2 ** 32 - 20 * 1800 };
    const { sink, pictures } = await scene(test, { first });
    await pictures(60);
    expectFilm(sink, video);
    expect(steps(sink)).toEqual(new Set([1800]));
    expect(sink.videoUnits.some(({ rtpTimestamp }) => rtpTimestamp < 1e6)).toBe(true);
  });

  it('jumps of sequence and timestamp happen as told', async (test) => {
    const { camera, sink, pictures } = await scene(test);
    const signedSteps = () => [...steps(sink)].map((step) => step | 0).sort((a, b) => a - b);
    await pictures(5);
    camera.cues.jumpTimestamp(60_000);
    await waitFor('the jump ahead', () => signedSteps().length === 2);
    camera.cues.jumpTimestamp(-120_000);
    await waitFor('the jump back', () => signedSteps().length === 3);
    expect(signedSteps()).toEqual([1800 - 120 * 90_000, 1800, 1800 + 60 * 90_000]);
    camera.cues.jumpSequence(100);
    await waitFor('the loss', () => (sink.lastCounters?.lostPackets ?? 0) >= 100);
  });

  it('another SSRC in the middle is taken over at its first key frame', async (test) => {
    const { camera, sink, pictures } = await scene(test);
    await pictures(5);
    camera.cues.newSsrc();
    camera.cues.keyFrame();
    await pictures(50);
    expect(sink.waits).toEqual([]);
  });

  it('a payload type that nobody was told of is no picture, and is one again', async (test) => {
    const { camera, sink, pictures } = await scene(test);
    await pictures(5);
    camera.cues.payloadType(77);
    await waitFor(
      'the silence',
      () => reasons(sink)[0] === 'CAMERA_SILENT' || reasons(sink)[0] === 'CAMERA_BAD_DATA',
    );
    await pictures(5);
  });

  it('another picture size on the same connection', async (test) => {
    const { camera, sink, pictures } = await scene(test);
    await pictures(5);
    camera.cues.switchMedia(other);
    await waitFor('the new size', () =>
      sink.formats.some((format) => format.kind === 'video' && format.width === 480),
    );
    await pictures(5);
    expect(sink.playings).toHaveLength(1);
  });

  it('another codec and payload type after a reboot', async (test) => {
    const { camera, sink, pictures } = await scene(test, { audio });
    await pictures(5);
    await camera.reboot({ video: h265, audio: undefined, payloadTypes: { video: 111 } });
    await waitFor('H.265', () => sink.playings.at(-1)?.formats[0]?.codec === 'h265');
    await pictures(5);
    expect(sink.playings.at(-1)?.formats).toHaveLength(1);
  });

  it.for([
    ['good', {}, (count: number) => count > 1],
    ['none', { senderReports: 'none' }, (count: number) => count === 0],
    ['late', { senderReports: 'late' }, (count: number) => count === 0],
  ] as const)('sender reports: %s', async ([_what, traits, isRight], test) => {
    const { sink, pictures } = await scene(test, {
      ...traits,
      senderReportEveryMs: 100,
      clockOffsetMs: 3_600_000,
    });
    await pictures(40);
    expect(isRight(sink.senderReports.length)).toBe(true);
    for (const { ntpMs } of sink.senderReports)
      expect(Math.abs(ntpMs - Date.now() - 3_600_000)).toBeLessThan(5_000);
  });

  it('a sender report that is nonsense, and BYE', async (test) => {
    const { camera, sink, pictures } = await scene(
      test,
      { senderReports: 'none' },
      { silenceTimeoutMs: 5_000 },
    );
    await pictures(5);
    camera.cues.senderReport(1_234_567, 42);
    await waitFor('the report', () => sink.senderReports[0]?.rtpTimestamp === 42);
    camera.cues.bye();
    camera.cues.silence({ answers: true });
    await waitFor('the end', () => reasons(sink)[0] === 'CAMERA_CLOSED');
  });
});
