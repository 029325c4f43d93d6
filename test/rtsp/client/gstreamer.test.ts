import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../server/base/clock.ts';
import { silentLogger } from '../../../server/base/log.ts';
import { type RtspSourceDeps, startRtspSource } from '../../../server/rtsp/index.ts';
import type { Source } from '../../../server/stream/index.ts';
import { type GstRtspServer, startGstRtspServer } from '../../support/gst-rtsp-server.ts';
import { cameraAt, RecordingSink } from '../../support/recording-sink.ts';
import { waitFor } from '../../support/wait.ts';

const open: Source[] = [];

function pull(
  url: string,
  source: Readonly<Record<string, unknown>> = {},
  deps: Partial<RtspSourceDeps> = {},
): RecordingSink {
  const sink = new RecordingSink();
  open.push(startRtspSource(cameraAt(url, source), sink, { clock: systemClock, log: silentLogger, ...deps }));
  return sink;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((source) => source.close()));
});

describe('a GStreamer RTSP server as camera', () => {
  let server: GstRtspServer;
  beforeAll(async () => {
    server = await startGstRtspServer({
      mounts: {
        '/plain': {},
        '/aac': { audio: 'aac' },
        '/pcmu': { audio: 'pcmu' },
        '/main': { profile: 'main', parameterSets: 'both' },
        '/high': { profile: 'high', audio: 'opus' },
        '/big': { mtu: 60_000, pattern: 'snow', width: 640, height: 480, kbps: 8_000 },
        '/udp-only': { transport: 'udp' },
        '/tcp-only': { transport: 'tcp' },
        '/h265': { video: 'h265', audio: 'aac' },
        '/feedback': { feedback: true, gop: 10_000 },
        '/jpeg': { video: 'jpeg' },
        '/sound-only': { video: 'none', audio: 'pcma' },
      },
    });
  });
  afterAll(() => server.close());

  it('plays plain H.264 over TCP, with parameter sets only in the SDP', async () => {
    const sink = pull(server.url('/plain'));
    await waitFor('pictures', () => sink.videoUnits.length > 30);
    expect(sink.playings).toHaveLength(1);
    expect(sink.playings[0]?.transport).toBe('tcp');
    expect(sink.playings[0]?.formats[0]).toMatchObject({
      kind: 'video',
      codec: 'h264',
      width: 320,
      height: 240,
      declaredFps: 25,
    });
    expect(sink.videoUnits[0]?.isKeyFrame).toBe(true);
    const keyFrames = sink.videoUnits.flatMap((unit, index) => (unit.isKeyFrame ? [index] : []));
    expect(keyFrames.slice(0, 2)).toEqual([0, 25]);
    const steps = sink.videoUnits.slice(1, 25).map((unit, index) => {
      return (unit.rtpTimestamp - (sink.videoUnits[index]?.rtpTimestamp ?? 0)) >>> 0;
    });
    expect(steps.every((step) => step === 3600)).toBe(true);
  });

  it.each(['tcp', 'udp'])(
    'gives a key frame when asked over %s, for its description says that it does',
    async (transport) => {
      const sink = pull(server.url('/feedback'), { transport });
      // The media is shared, so the second one to come may have to ask before it sees anything.
      const source = open.at(-1);
      await waitFor('the answer to PLAY', () => sink.playings.length === 1);
      const ask = setInterval(() => source?.requestKeyFrame(), 500);
      await waitFor('a picture', () => sink.videoUnits.length > 10).finally(() => clearInterval(ask));
      const before = sink.videoUnits.filter((unit) => unit.isKeyFrame).length;
      source?.requestKeyFrame();
      await waitFor('a key frame', () => sink.videoUnits.filter((unit) => unit.isKeyFrame).length > before);
    },
  );

  it('plays H.264 with AAC, and reads the sender reports of both', async () => {
    const sink = pull(server.url('/aac'));
    await waitFor('both tracks', () => sink.videoUnits.length > 10 && sink.audioUnits.length > 10);
    expect(sink.playings[0]?.formats.map((format) => format.codec)).toEqual(['h264', 'aac']);
    const reports = await waitFor('sender reports of both tracks', () => {
      const kinds = new Set(sink.senderReports.map((report) => report.kind));
      return kinds.size === 2 && sink.senderReports;
    });
    for (const report of reports) expect(Math.abs(report.ntpMs - Date.now())).toBeLessThan(60_000);
  });

  it('plays H.264 with G.711 over UDP', async () => {
    const sink = pull(server.url('/pcmu'), { transport: 'udp' });
    await waitFor('both tracks', () => sink.videoUnits.length > 30 && sink.audioUnits.length > 10);
    expect(sink.playings[0]?.transport).toBe('udp');
    expect(sink.audioUnits.every((unit) => unit.payloads.length === 1)).toBe(true);
  });

  it.each(['/main', '/high'])('plays the profile of %s', async (path) => {
    const sink = pull(server.url(path));
    await waitFor('pictures', () => sink.videoUnits.length > 10);
    const format = sink.playings[0]?.formats[0];
    const profile = format?.codec === 'h264' ? format.profileLevelId.slice(0, 2) : '';
    expect(profile).toBe(path === '/main' ? '4d' : '64');
  });

  it('plays packets of up to 60 KB over TCP', async () => {
    const sink = pull(server.url('/big'));
    await waitFor('pictures', () => sink.videoUnits.length > 30);
    const largest = Math.max(...sink.videoUnits.flatMap((unit) => unit.payloads.map((nal) => nal.length)));
    expect(largest).toBeGreaterThan(20_000);
    await waitFor('counters', () => sink.lastCounters);
    expect(sink.lastCounters).toMatchObject({ lostPackets: 0, droppedUnits: 0 });
  });

  it('falls back to UDP where the camera answers TCP with 461, and remembers it', async () => {
    const workedTransports = new Map();
    const sink = pull(server.url('/udp-only'), {}, { workedTransports });
    await waitFor('pictures', () => sink.videoUnits.length > 5);
    expect(sink.playings[0]?.transport).toBe('udp');
    expect(sink.waits).toEqual([]);
    await waitFor('the memory', () => workedTransports.get('live/cam') === 'udp');
  });

  it('falls back to TCP where the remembered UDP is answered with 461', async () => {
    const workedTransports = new Map([['live/cam', 'udp' as const]]);
    const sink = pull(server.url('/tcp-only'), {}, { workedTransports: workedTransports as never });
    await waitFor('pictures', () => sink.videoUnits.length > 5);
    expect(sink.playings[0]?.transport).toBe('tcp');
    await waitFor('the memory', () => workedTransports.get('live/cam') !== 'udp');
  });

  it('plays H.265, with the sound beside it', async () => {
    const sink = pull(server.url('/h265'));
    await waitFor(
      'two groups of pictures',
      () => sink.videoUnits.filter((unit) => unit.isKeyFrame).length > 1,
    );
    const format = [...(sink.playings[0]?.formats ?? []), ...sink.formats].findLast(
      ({ kind }) => kind === 'video',
    );
    expect(format).toMatchObject({ codec: 'h265', width: 320, height: 240, declaredFps: 25 });
    expect(format?.kind === 'video' && format.codec === 'h265' && format.codecString).toMatch(/^hvc1\.1\./);
    expect(sink.videoUnits[0]?.isKeyFrame).toBe(true);
    await waitFor('sound', () => sink.units.some((unit) => unit.kind === 'audio'));
  });

  it('names the codec of a camera without H.264 and H.265, and what to do', async () => {
    const sink = pull(server.url('/jpeg'));
    const wait = await waitFor('the reason', () => sink.waits[0]);
    expect(wait.reason).toBe('CAMERA_NO_H264');
    expect(wait.message).toMatch(/Motion JPEG/);
    expect(wait.message).toMatch(/Switch its video to H\.264/);
  });

  it('says so where there is sound only, or nothing at the path', async () => {
    const sound = pull(server.url('/sound-only'));
    const nothing = pull(server.url('/no-such-path'));
    expect((await waitFor('the reason', () => sound.waits[0])).reason).toBe('CAMERA_NO_H264');
    const wait = await waitFor('the reason', () => nothing.waits[0]);
    expect(wait.reason).toBe('CAMERA_REFUSED');
    expect(wait.message).toMatch(/404/);
  });
});

describe.each(['basic', 'digest'] as const)('a camera that asks for %s authentication', (auth) => {
  const password = 'pä$$ "word"';
  let server: GstRtspServer;
  beforeAll(async () => {
    server = await startGstRtspServer({
      auth,
      username: 'admin',
      password: auth === 'digest' ? 'pass word' : password,
      mounts: { '/cam': {} },
    });
  });
  afterAll(() => server.close());

  it('lets the right user in', async () => {
    const sink = pull(server.url('/cam'), {
      username: 'admin',
      password: auth === 'digest' ? 'pass word' : password,
    });
    await waitFor('pictures', () => sink.videoUnits.length > 5);
    expect(sink.waits).toEqual([]);
  });

  it('refuses a wrong password, and the stream says so without it', async () => {
    const sink = pull(server.url('/cam'), { username: 'admin', password: 'not-the-one' });
    const wait = await waitFor('the reason', () => sink.waits[0]);
    expect(wait.reason).toBe('CAMERA_AUTH_FAILED');
    expect(wait.message).not.toContain('not-the-one');
    expect(wait.retryInMs).toBeGreaterThanOrEqual(15_000);
  });

  it('asks for credentials where there are none', async () => {
    const sink = pull(server.url('/cam'));
    const wait = await waitFor('the reason', () => sink.waits[0]);
    expect(wait).toMatchObject({ reason: 'CAMERA_AUTH_FAILED' });
    expect(wait.message).toMatch(/user name and password/);
  });
});

it('goes on when the camera dies and comes back', async () => {
  const first = await startGstRtspServer({ mounts: { '/cam': {} } });
  const { port } = first;
  const sink = pull(first.url('/cam'));
  open.at(-1)?.setWatched(true);
  await waitFor('pictures', () => sink.videoUnits.length > 5);
  await first.kill();
  const wait = await waitFor('the loss to be told', () => sink.waits[0]);
  expect(wait.reason).toBe('CAMERA_CLOSED');
  expect(wait.retryInMs).toBeLessThanOrEqual(5_000);
  const second = await startGstRtspServer({ port, mounts: { '/cam': {} } });
  try {
    const before = sink.videoUnits.length;
    await waitFor(
      'pictures again',
      () => sink.playings.length === 2 && sink.videoUnits.length > before + 5,
      20_000,
    );
    expect(sink.videoUnits[before]?.isKeyFrame).toBe(true);
  } finally {
    await Promise.all(open.splice(0).map((source) => source.close()));
    await second.close();
  }
});

it('notices a camera that hangs with its sockets open, and goes on when it wakes', async () => {
  const server = await startGstRtspServer({ mounts: { '/cam': {} } });
  try {
    const sink = pull(server.url('/cam'), { silenceTimeoutMs: 700, connectTimeoutMs: 700, transport: 'tcp' });
    open.at(-1)?.setWatched(true);
    await waitFor('pictures', () => sink.videoUnits.length > 5);
    process.kill(server.pid, 'SIGSTOP');
    const wait = await waitFor('the silence to be told', () => sink.waits[0]);
    expect(wait.reason).toBe('CAMERA_SILENT');
    await waitFor('a second try', () => sink.waits.length > 1);
    process.kill(server.pid, 'SIGCONT');
    const before = sink.videoUnits.length;
    await waitFor('pictures again', () => sink.videoUnits.length > before + 5, 20_000);
  } finally {
    process.kill(server.pid, 'SIGCONT');
    await Promise.all(open.splice(0).map((source) => source.close()));
    await server.close();
  }
});
