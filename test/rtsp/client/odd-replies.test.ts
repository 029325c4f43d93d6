import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../server/base/clock.ts';
import { silentLogger } from '../../../server/base/log.ts';
import { type RtspSource, startRtspSource } from '../../../server/rtsp/index.ts';
import { CameraSim, type CameraTraits, type SimVideo, testVideo } from '../../support/camera-sim/index.ts';
import { cameraAt, RecordingSink } from '../../support/recording-sink.ts';
import { waitFor } from '../../support/wait.ts';

/* Cameras whose replies break RTSP in ways that clients can live with: each plays, at the first try. */

let video: SimVideo;

beforeAll(async () => {
  video = await testVideo({ fps: 50, frames: 10, keyFrameEvery: 10 });
});

interface Pulled {
  readonly camera: CameraSim;
  readonly sink: RecordingSink;
  readonly source: RtspSource;
}

const pulled: Pulled[] = [];

afterAll(async () => {
  await Promise.all(pulled.map(({ source }) => source.close()));
  await Promise.all(pulled.map(({ camera }) => camera.close()));
});

/** A camera with these habits, and a source that pulls from it. */
async function pull(
  traits: Partial<CameraTraits>,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<Pulled> {
  const camera = await CameraSim.start({ video, ...traits });
  const sink = new RecordingSink();
  const definition = cameraAt(camera.url(), { transport: 'tcp', ...settings });
  const source = startRtspSource(definition, sink, { clock: systemClock, log: silentLogger });
  pulled.push({ camera, sink, source });
  return { camera, sink, source };
}

/** The same, once there are pictures. */
async function play(...what: Parameters<typeof pull>): Promise<Pulled> {
  const { camera, sink, source } = await pull(...what);
  await waitFor('pictures', () => sink.videoUnits.length > 5 || sink.waits[0]);
  expect(sink.waits).toEqual([]);
  expect(camera.connections).toHaveLength(1);
  return { camera, sink, source };
}

/** A camera with these habits that cannot be played, once it is known why. */
async function fail(...what: Parameters<typeof pull>): Promise<Pulled> {
  const all = await pull(...what);
  await waitFor('the reason', () => all.sink.waits.length > 0);
  return all;
}

/** As the camera would describe itself. */
const SDP = `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:trackID=0\r\n`;

/** What it was asked; our answers to its own requests look like requests to it. */
const sent = ({ requests }: CameraSim): string[] =>
  requests.map(({ method }) => method).filter((method) => method !== 'RTSP/1.0');

describe.concurrent('log-in', () => {
  it.each(['auth', 'auth-int'] as const)('Digest with nothing but qop=%s', async (qop) => {
    const auth = { scheme: 'digest', username: 'admin', password: 'secret', qop } as const;
    const { camera } = await play({ auth }, { username: 'admin', password: 'secret' });
    expect(sent(camera)).toEqual(['OPTIONS', 'DESCRIBE', 'DESCRIBE', 'SETUP', 'PLAY']);
  });
});

describe.concurrent('PLAY at a URL that the camera spells otherwise', () => {
  // Without Content-Base the URL of the whole is the one that was asked for, which has no slash; with it, it has one.
  const spellings: [string, boolean, number][] = [400, 404, 454, 455].flatMap((status) => [
    [`${status} without a slash at its end`, true, status],
    [`${status} with one`, false, status],
  ]);
  it.each(spellings)('%s', async (_what, wantsSlash, status) => {
    const { camera } = await play({
      onRequest: ({ method, url }) => {
        if (method === 'PLAY' && url.endsWith('/') !== wantsSlash) return { status };
        if (method !== 'DESCRIBE' || !wantsSlash) return undefined;
        return { headers: { 'Content-Type': 'application/sdp' }, body: SDP };
      },
    });
    const last = camera.requests.at(-1);
    expect(sent(camera)).toEqual(['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY', 'PLAY']);
    expect(last?.url).toBe(wantsSlash ? camera.url('/cam/') : camera.url());
  });

  it('is spelt so in all that follows', async () => {
    const { camera, source } = await play({
      onRequest: ({ method, url }) => (method === 'PLAY' && url.endsWith('/') ? { status: 454 } : undefined),
    });
    await source.close();
    expect(camera.requests.at(-1)).toMatchObject({ method: 'TEARDOWN', url: camera.url() });
  });
});

describe.concurrent('PLAY with a Range that the camera does not know', () => {
  it.each([400, 451, 456, 457, 501, 551])('%i', async (status) => {
    const { camera } = await play({
      onRequest: ({ method, headers }) =>
        method === 'PLAY' && headers.has('range') ? { status } : undefined,
    });
    expect(camera.requests.at(-1)?.headers.has('range')).toBe(false);
  });
});

describe.concurrent('replies whose CSeq is not of the request', () => {
  const counts: [string, (cseq: number) => number | undefined][] = [
    ['one less', (cseq) => cseq - 1],
    ['one more', (cseq) => cseq + 1],
    ['always the same', () => 1],
    ['none', () => undefined],
    ['far away', (cseq) => 4_000_000_000 - cseq],
    ['right at first only', (cseq) => Math.min(cseq, 2)],
  ];
  it.each(counts)('%s', async (_what, countsAs) => {
    const { camera, source } = await play({ countsAs });
    await source.close();
    expect(sent(camera)).toEqual(['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN']);
  });
});

describe.concurrent('requests that are never answered', () => {
  const keepAlives = ({ requests }: CameraSim) =>
    requests.filter(({ method }) => method === 'GET_PARAMETER' || method === 'OPTIONS');

  it('OPTIONS: the stream is asked for after a moment, at once the next time, and kept alive another way', async () => {
    const { camera, sink, source } = await play(
      { sessionTimeoutS: 2, onRequest: ({ method }) => (method === 'OPTIONS' ? 'silent' : undefined) },
      { connectTimeoutMs: 2_000 },
    );
    source.setWatched(true);
    await waitFor('a keep-alive', () => keepAlives(camera).length > 1);
    expect(sent(camera)).toEqual(['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY', 'GET_PARAMETER']);
    camera.cues.reset();
    const { length } = sink.videoUnits;
    await waitFor('pictures again', () => sink.videoUnits.length > length + 5);
    expect(sent(camera).slice(5, 8)).toEqual(['DESCRIBE', 'SETUP', 'PLAY']);
  });

  it('OPTIONS, answered too late: its answer is taken for no other', async () => {
    const { camera } = await play(
      {
        onRequest: (request, connection) => {
          if (request.method === 'OPTIONS') return 'silent';
          const late = `RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: DESCRIBE\r\n\r\n`;
          if (request.method === 'DESCRIBE') connection.write(late);
          return undefined;
        },
      },
      { connectTimeoutMs: 2_000 },
    );
    expect(sent(camera)).toEqual(['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY']);
  });

  it('OPTIONS and DESCRIBE: the camera is given up no later than for DESCRIBE alone', async () => {
    const { sink } = await fail({ onRequest: () => 'silent' }, { connectTimeoutMs: 1_000 });
    expect(sink.waits[0]).toMatchObject({ reason: 'CAMERA_SILENT' });
    expect(sink.waits[0]?.message).toContain('did not answer DESCRIBE within 0.5 s');
  });

  it.each(['tcp', 'udp'])('PLAY, over %s: the media is the answer', async (transport) => {
    const { camera, sink } = await play(
      {
        onRequest: ({ method }, { session }) => {
          if (method !== 'PLAY') return undefined;
          session.play();
          return 'silent';
        },
      },
      { transport, connectTimeoutMs: 2_000 },
    );
    expect(sink.videoUnits[0]?.isKeyFrame).toBe(true);
    if (transport === 'udp') return;
    // Nor does it end when the answer is overdue.
    const { length } = sink.videoUnits;
    await waitFor('pictures all the time', () => sink.videoUnits.length > length + 100);
    expect(sink.waits).toEqual([]);
    expect(sent(camera).slice(0, 4)).toEqual(['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY']);
  });

  it('PLAY, with no media either: that is told', async () => {
    const { sink } = await fail(
      {
        onRequest: ({ method }) => (method === 'PLAY' ? 'silent' : undefined),
      },
      { connectTimeoutMs: 1_000 },
    );
    expect(sink.waits[0]).toMatchObject({ reason: 'CAMERA_SILENT' });
    expect(sink.waits[0]?.message).toContain('did not answer PLAY');
  });

  it('PLAY, refused after its media had begun: that is told', async () => {
    const { sink } = await fail({
      onRequest: ({ method, headers }, connection) => {
        if (method !== 'PLAY') return undefined;
        connection.session.play();
        const refusal = `RTSP/1.0 453 Not Enough Bandwidth\r\nCSeq: ${headers.get('cseq')}\r\n\r\n`;
        setTimeout(() => connection.write(refusal), 1_000);
        return 'silent';
      },
    });
    expect(sink.videoUnits.length).toBeGreaterThan(0);
    expect(sink.waits[0]).toMatchObject({ reason: 'CAMERA_REFUSED' });
  });
});

describe.concurrent('a description without a Content-Length', () => {
  const fields = 'Content-Base: rtsp://127.0.0.1/cam/\r\nContent-Type: application/sdp\r\n\r\n';
  const reply = (cseq: string | undefined): string => `RTSP/1.0 200 OK\r\nCSeq: ${cseq}\r\n${fields}${SDP}`;
  const ask = 'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n';

  it.each([
    ['the camera waits for what comes next', (text: string) => [text]],
    ['it has one of 0', (text: string) => [text.replace(/^CSeq/m, 'Content-Length: 0\r\nCSeq')]],
    ['it comes in pieces', (text: string) => [text.slice(0, 90), text.slice(90, 200), text.slice(200)]],
    ['a request of the camera comes right behind it', (text: string) => [text + ask]],
  ])('%s', async (_what, pieces) => {
    const { camera } = await play({
      onRequest: ({ method, headers }, connection) => {
        if (method !== 'DESCRIBE') return undefined;
        for (const [n, piece] of pieces(reply(headers.get('cseq'))).entries()) {
          setTimeout(() => connection.write(piece), n * 100);
        }
        return 'silent';
      },
    });
    expect(sent(camera)).toEqual(['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY']);
  });

  it('and without an end: the camera is given up', async () => {
    const { sink } = await fail({
      onRequest: ({ method, headers }, connection) => {
        if (method !== 'DESCRIBE') return undefined;
        connection.write(reply(headers.get('cseq')));
        const timer = setInterval(() => connection.write('a=more\r\n'.repeat(100)), 10);
        connection.socket.once('close', () => clearInterval(timer));
        return 'silent';
      },
    });
    expect(sink.waits[0]).toMatchObject({ reason: 'CAMERA_BAD_DATA' });
  });
});

describe.concurrent('keep-alives', () => {
  const pings = (camera: CameraSim): string[] => sent(camera).slice(sent(camera).indexOf('PLAY') + 1);
  const refuse = (method: string, status: number): Partial<CameraTraits> => ({
    sessionTimeoutS: 2,
    onRequest: (request) => (request.method === method ? { status } : undefined),
  });

  it('that are offered and answered with 454 (thingino): the video that goes on counts', async () => {
    const { camera, sink } = await play(refuse('GET_PARAMETER', 454));
    await waitFor('another way', () => pings(camera).includes('OPTIONS'));
    const { length } = sink.videoUnits;
    await waitFor('pictures', () => sink.videoUnits.length > length + 25);
    expect(sink.waits).toEqual([]);
    expect(camera.connections).toHaveLength(1);
  });

  it('that are offered and refused with the CSeq before (TP-Link): another way is taken', async () => {
    const { camera, sink } = await play({
      ...refuse('GET_PARAMETER', 400),
      countsAs: (cseq) => (cseq === 5 ? 4 : cseq),
    });
    await waitFor('another way', () => pings(camera).length > 1);
    expect(pings(camera).slice(0, 2)).toEqual(['GET_PARAMETER', 'OPTIONS']);
    expect(sink.waits).toEqual([]);
  });
});
