import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../server/base/clock.ts';
import type { Logger } from '../../../server/base/log.ts';
import { silentLogger } from '../../../server/base/log.ts';
import { type RtspSource, type RtspSourceDeps, startRtspSource } from '../../../server/rtsp/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import {
  FAKE_PPS,
  FAKE_SDP,
  FAKE_SDP_WITH_AUDIO,
  FAKE_SPS,
  type FakeConnection,
  type FakeReply,
  type FakeRequest,
  type FakeRtspServer,
  type FakeServerOptions,
  fakePicture,
  interleaved,
  rtpPacket,
  senderReport,
  startFakeRtspServer,
} from '../../support/fake-rtsp-server.ts';
import { cameraAt, RecordingSink } from '../../support/recording-sink.ts';
import { waitFor } from '../../support/wait.ts';

const sources: RtspSource[] = [];
const servers: FakeRtspServer[] = [];

async function camera(options: FakeServerOptions = {}): Promise<FakeRtspServer> {
  const server = await startFakeRtspServer(options);
  servers.push(server);
  return server;
}

interface Pulled {
  readonly sink: RecordingSink;
  readonly source: RtspSource;
}

function pull(
  url: string,
  source: Readonly<Record<string, unknown>> = {},
  deps: Partial<RtspSourceDeps> = {},
): Pulled {
  const sink = new RecordingSink();
  const started = startRtspSource(cameraAt(url, source), sink, {
    clock: systemClock,
    log: silentLogger,
    ...deps,
  });
  sources.push(started);
  return { sink, source: started };
}

afterEach(async () => {
  await Promise.all(sources.splice(0).map((source) => source.close()));
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** Sends a key frame and then a picture every 40 ms until the connection ends. */
function stream(connection: FakeConnection): void {
  let timestamp = 0;
  const send = () => {
    connection.sendPicture({ timestamp, key: timestamp % 90_000 === 0 });
    timestamp += 3_600;
  };
  send();
  const timer = setInterval(send, 40);
  connection.socket.once('close', () => clearInterval(timer));
}

const firstWait = (sink: RecordingSink) => waitFor('the reason', () => sink.waits[0]);

describe('a camera that cannot be played', () => {
  it('refused port: CAMERA_UNREACHABLE, with what to check', async () => {
    const server = await startFakeRtspServer();
    await server.close();
    const wait = await firstWait(pull(server.url()).sink);
    expect(wait).toMatchObject({ reason: 'CAMERA_UNREACHABLE' });
    expect(wait.message).toContain(`127.0.0.1:${server.port} refused the connection`);
    expect(wait.retryInMs).toBeGreaterThanOrEqual(1_000);
    expect(wait.retryInMs).toBeLessThanOrEqual(2_000);
  });

  it('unknown name: CAMERA_UNREACHABLE', async () => {
    const wait = await firstWait(pull('rtsp://no-such-camera.invalid/1').sink);
    expect(wait.reason).toBe('CAMERA_UNREACHABLE');
    expect(wait.message).toContain('"no-such-camera.invalid" is not known');
  });

  it('an address that takes no connection: CAMERA_UNREACHABLE after the connect time-out', async () => {
    const clock = new FakeClock();
    const { sink } = pull('rtsp://127.0.0.1:1/', {}, { clock, resolveAddress: () => new Promise(() => {}) });
    clock.advance(9_999);
    expect(sink.waits).toEqual([]);
    clock.advance(1);
    expect((await firstWait(sink)).reason).toBe('CAMERA_UNREACHABLE');
  });

  it('an address that the policy forbids: ADDRESS_FORBIDDEN, and nothing is dialled', async () => {
    const server = await camera();
    const asked: string[] = [];
    const { sink } = pull(
      server.url(),
      {},
      {
        resolveAddress: async (host) => {
          asked.push(host);
          return { ok: false, error: { kind: 'address-forbidden', message: 'Not to this machine itself.' } };
        },
      },
    );
    expect(await firstWait(sink)).toMatchObject({
      reason: 'ADDRESS_FORBIDDEN',
      message: 'Not to this machine itself.',
    });
    expect(asked).toEqual(['127.0.0.1']);
    expect(server.connections).toHaveLength(0);
  });

  it('the address that was resolved is the one dialled', async () => {
    const server = await camera({ onPlay: stream });
    const { sink } = pull(
      `rtsp://camera.example:${server.port}/cam`,
      {},
      { resolveAddress: async () => ({ ok: true, value: '127.0.0.1' }) },
    );
    await waitFor('a picture', () => sink.units.length > 0);
    expect(server.requests[0]?.url).toBe(`rtsp://camera.example:${server.port}/cam`);
  });

  it('a web server: CAMERA_NOT_RTSP', async () => {
    const page = '<html><body>camera</body></html>';
    const server = await camera({
      onRequest: (_request, connection) => {
        connection.write(
          `HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nContent-Length: ${page.length}\r\n\r\n${page}`,
        );
        return 'silent';
      },
    });
    const wait = await firstWait(pull(server.url()).sink);
    expect(wait.reason).toBe('CAMERA_NOT_RTSP');
    expect(wait.message).toMatch(/HTTP.*554/);
  });

  it('a server of some other kind: CAMERA_NOT_RTSP', async () => {
    const server = await camera({
      onConnection: (connection) => connection.write('SSH-2.0-OpenSSH_9.2\r\n'),
      onRequest: () => 'silent',
    });
    expect((await firstWait(pull(server.url()).sink)).reason).toBe('CAMERA_NOT_RTSP');
  });

  it('endless garbage after the start: CAMERA_BAD_DATA', async () => {
    const server = await camera({
      onPlay: (connection) => {
        for (let n = 0; n < 20; n++) connection.write(Buffer.alloc(8_000, 0x7e));
      },
    });
    expect((await firstWait(pull(server.url()).sink)).reason).toBe('CAMERA_BAD_DATA');
  });

  it.each([
    ['a body without end', 'RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 99999999\r\n\r\n'],
    ['headers without end', `RTSP/1.0 200 OK\r\n${'X-Header: 1\r\n'.repeat(2_000)}`],
    ['a line without end', `RTSP/1.0 200 OK\r\nX: ${'y'.repeat(100_000)}`],
    ['two lengths', 'RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
  ])('%s: CAMERA_BAD_DATA', async (_name, bytes) => {
    const server = await camera({
      onRequest: (_request, connection) => {
        connection.write(bytes);
        return 'silent';
      },
    });
    expect((await firstWait(pull(server.url()).sink)).reason).toBe('CAMERA_BAD_DATA');
  });

  it.each([
    ['an SDP that is none', '<html>'],
    ['an empty one', ''],
  ])('%s is told', async (_name, sdp) => {
    const server = await camera({ sdp });
    expect((await firstWait(pull(server.url()).sink)).reason).toMatch(/^CAMERA_(BAD_DATA|NO_H264)$/);
  });

  it('an SDP without H.264: CAMERA_NO_H264, with the codecs that there are', async () => {
    const sdp = FAKE_SDP.replace('H264/90000', 'H265/90000').replace('packetization-mode=1;', '');
    const server = await camera({ sdp });
    const wait = await firstWait(pull(server.url()).sink);
    expect(wait.reason).toBe('CAMERA_NO_H264');
    expect(wait.message).toContain('The camera offers H.265, and no H.264');
  });

  it.each([
    [404, 'CAMERA_REFUSED', /path/],
    [403, 'CAMERA_REFUSED', /right to watch/],
    [453, 'CAMERA_REFUSED', /no room/],
    [500, 'CAMERA_REFUSED', /DESCRIBE with 500 Trouble/],
  ])('status %i: %s', async (status, reason, message) => {
    const server = await camera({
      onRequest: (request) => (request.method === 'DESCRIBE' ? { status, reason: 'Trouble' } : undefined),
    });
    const wait = await firstWait(pull(server.url()).sink);
    expect(wait.reason).toBe(reason);
    expect(wait.message).toMatch(message);
  });

  it('a URL that is no RTSP: CAMERA_NOT_RTSP', async () => {
    expect((await firstWait(pull('onvif://127.0.0.1/').sink)).reason).toBe('CAMERA_NOT_RTSP');
  });

  it('a refused OPTIONS or a refused sound is no reason not to play', async () => {
    const server = await camera({
      sdp: FAKE_SDP_WITH_AUDIO,
      onPlay: stream,
      onRequest: (request) => {
        if (request.method === 'OPTIONS') return { status: 501 };
        return request.url.endsWith('trackID=1') ? { status: 400 } : undefined;
      },
    });
    const { sink } = pull(server.url());
    await waitFor('pictures', () => sink.videoUnits.length > 3);
    expect(sink.playings[0]?.formats.map((format) => format.codec)).toEqual(['h264']);
  });

  it('459 to the aggregate PLAY: each track is played by itself', async () => {
    const server = await camera({
      onRequest: (request, connection) => {
        if (request.method !== 'PLAY') return undefined;
        if (!request.url.endsWith('trackID=0')) return { status: 459 };
        stream(connection);
        return { headers: { Session: '12345678' } };
      },
    });
    const { sink } = pull(server.url());
    await waitFor('pictures', () => sink.videoUnits.length > 3);
  });
});

describe('silence', () => {
  it('no packet over TCP and none over UDP: CAMERA_SILENT, after both were tried', async () => {
    const server = await camera();
    const { sink } = pull(server.url(), { silenceTimeoutMs: 500 });
    const wait = await firstWait(sink);
    expect(wait.reason).toBe('CAMERA_SILENT');
    expect(wait.message).toMatch(/neither over TCP nor over UDP/);
    const asked = server.requests.flatMap((request) => request.headers.get('transport') ?? []);
    expect(asked).toHaveLength(2);
    expect(asked[0]).toContain('RTP/AVP/TCP');
    expect(asked[1]).toContain('client_port=');
    expect(server.requests.filter((request) => request.method === 'TEARDOWN')).toHaveLength(2);
  });

  it('461 to both transports: CAMERA_REFUSED', async () => {
    const server = await camera({
      onRequest: (request) => (request.method === 'SETUP' ? { status: 461 } : undefined),
    });
    const wait = await firstWait(pull(server.url()).sink);
    expect(wait.reason).toBe('CAMERA_REFUSED');
    expect(wait.message).toMatch(/neither over TCP nor over UDP/);
  });

  it('no further packet: CAMERA_SILENT after the silence time-out, though the socket is open', async () => {
    const server = await camera({ onPlay: (connection) => connection.sendPicture({ timestamp: 0 }) });
    const { sink } = pull(server.url(), { silenceTimeoutMs: 500, transport: 'tcp' });
    const wait = await firstWait(sink);
    expect(wait.reason).toBe('CAMERA_SILENT');
    expect(sink.videoUnits).toHaveLength(1);
  });

  it('sound alone is no sign of life', async () => {
    const server = await camera({
      sdp: FAKE_SDP_WITH_AUDIO,
      onPlay: (connection) => {
        connection.sendPicture({ timestamp: 0 });
        let sequence = 0;
        const timer = setInterval(() => {
          sequence += 1;
          const payload = Buffer.alloc(160, 0xff);
          const packet = rtpPacket({ sequence, timestamp: 160 * sequence, payloadType: 0, payload });
          connection.write(interleaved(2, packet));
        }, 20);
        connection.socket.once('close', () => clearInterval(timer));
      },
    });
    const { sink } = pull(server.url(), { silenceTimeoutMs: 500, transport: 'tcp' });
    expect((await firstWait(sink)).reason).toBe('CAMERA_SILENT');
    expect(sink.audioUnits.length).toBeGreaterThan(5);
  });

  it('RTCP BYE and nothing after it: CAMERA_CLOSED sooner', async () => {
    const server = await camera({
      onPlay: (connection) => {
        connection.sendPicture({ timestamp: 0 });
        connection.write(interleaved(1, Buffer.from([0x81, 203, 0, 1, 0x11, 0x22, 0x33, 0x44])));
      },
    });
    const { sink } = pull(server.url(), { silenceTimeoutMs: 60_000, transport: 'tcp' });
    expect(await firstWait(sink)).toMatchObject({ reason: 'CAMERA_CLOSED' });
  });

  it('packets that never make a picture: CAMERA_BAD_DATA in the end', async () => {
    const clock = new FakeClock();
    const server = await camera({
      onPlay: (connection) => connection.sendPicture({ timestamp: 0, key: false }),
    });
    const { sink } = pull(server.url(), { transport: 'tcp', silenceTimeoutMs: 120_000 }, { clock });
    const connection = await waitFor('PLAY', () => sink.playings.length === 1 && server.connections[0]);
    let timestamp = 3_600;
    for (let seconds = 0; seconds < 62 && sink.waits.length === 0; seconds += 2) {
      connection.sendPicture({ timestamp, key: false });
      timestamp += 3_600;
      await new Promise((resolve) => setTimeout(resolve, 10));
      clock.advance(2_000);
    }
    // TEARDOWN goes first.
    expect(await firstWait(sink)).toMatchObject({ reason: 'CAMERA_BAD_DATA' });
    expect(sink.units).toEqual([]);
  });
});

describe('passwords', () => {
  const deny = (challenges: readonly string[]): FakeReply => ({
    status: 401,
    headers: { 'WWW-Authenticate': challenges },
  });

  it('the strongest of several challenges is answered', async () => {
    const server = await camera({
      onPlay: stream,
      onRequest: (request) =>
        request.headers.has('authorization')
          ? undefined
          : deny([
              'Basic realm="cam"',
              'Digest realm="cam", nonce="m", algorithm=MD5, qop="auth"',
              'Digest realm="cam", nonce="s", algorithm=SHA-256, qop="auth"',
            ]),
    });
    const { sink } = pull(server.url(), { username: 'admin', password: 'secret' });
    await waitFor('pictures', () => sink.videoUnits.length > 0);
    const sent = server.requests[1]?.headers.get('authorization') ?? '';
    expect(sent).toMatch(/algorithm="?SHA-256"?/);
    expect(/response="([0-9a-f]+)"/.exec(sent)?.[1]).toHaveLength(64);
  });

  it('a nonce that went stale is replaced on the way, without a stop', async () => {
    let nonce = 1;
    const server = await camera({
      onPlay: stream,
      onRequest: (request) => {
        const sent = request.headers.get('authorization') ?? '';
        if (request.method === 'PLAY' && nonce === 1) nonce = 2;
        if (sent.includes(`nonce="${nonce}"`)) return undefined;
        return deny([`Digest realm="cam", nonce="${nonce}"${nonce > 1 ? ', stale=TRUE' : ''}`]);
      },
    });
    const { sink } = pull(server.url(), { username: 'admin', password: 'secret' });
    await waitFor('pictures', () => sink.videoUnits.length > 0);
    expect(sink.waits).toEqual([]);
    expect(server.requests.filter((request) => request.method === 'PLAY')).toHaveLength(2);
  });

  it('a wrong one is sent once, told, and not asked again for a while even when watched', async () => {
    const server = await camera({ onRequest: () => deny(['Digest realm="cam", nonce="1"']) });
    const { sink, source } = pull(server.url(), { username: 'admin', password: 'very-secret' });
    source.setWatched(true);
    const wait = await firstWait(sink);
    expect(wait.reason).toBe('CAMERA_AUTH_FAILED');
    expect(wait.retryInMs).toBeGreaterThanOrEqual(15_000);
    expect(server.requests.filter((request) => request.headers.has('authorization'))).toHaveLength(1);
    expect(JSON.stringify(sink.waits)).not.toContain('very-secret');
  });

  it('never reach a log', async () => {
    const lines: string[] = [];
    const write = (fields: object, message: string) => lines.push(JSON.stringify({ ...fields, message }));
    const log: Logger = { debug: write, info: write, warn: write, error: write, child: () => log };
    const server = await camera({ onRequest: () => deny(['Basic realm="cam"']) });
    const { sink } = pull(server.url().replace('rtsp://', 'rtsp://admin:very-secret@'), {}, { log });
    await firstWait(sink);
    await waitFor('a line', () => lines.length > 0);
    expect(lines.join('\n')).not.toMatch(/very-secret|YWRtaW4/);
  });
});

describe('redirects', () => {
  it('are followed, with the credentials on the same host only', async () => {
    const reply = (request: FakeRequest): FakeReply | undefined =>
      request.headers.has('authorization')
        ? undefined
        : { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="cam"' } };
    const target = await camera({ onPlay: stream, onRequest: reply });
    const other = await camera({ onRequest: reply });
    const server = await camera({
      onRequest: (request) =>
        request.method === 'DESCRIBE'
          ? { status: 302, headers: { Location: target.url('/new') } }
          : undefined,
    });
    const credentials = { username: 'admin', password: 'secret' };
    const { sink } = pull(server.url(), credentials);
    await waitFor('pictures', () => sink.videoUnits.length > 0);
    expect(target.requests[1]?.headers.has('authorization')).toBe(true);

    const elsewhere = await camera({
      onRequest: () => ({
        status: 301,
        headers: { Location: other.url().replace('127.0.0.1', 'localhost') },
      }),
    });
    const away = pull(elsewhere.url(), credentials);
    expect((await firstWait(away.sink)).reason).toBe('CAMERA_AUTH_FAILED');
    expect(other.requests.length).toBeGreaterThan(0);
    expect(other.requests.some((request) => request.headers.has('authorization'))).toBe(false);
  });

  it('ask the address policy again', async () => {
    const target = await camera();
    const server = await camera({
      onRequest: () => ({
        status: 302,
        headers: { Location: target.url().replace('127.0.0.1', 'localhost') },
      }),
    });
    const { sink } = pull(
      server.url(),
      {},
      {
        resolveAddress: async (host) =>
          host === '127.0.0.1'
            ? { ok: true, value: host }
            : { ok: false, error: { kind: 'address-forbidden', message: 'no' } },
      },
    );
    expect((await firstWait(sink)).reason).toBe('ADDRESS_FORBIDDEN');
    expect(target.connections).toHaveLength(0);
  });

  it('to another host ask the policy for redirects, also on the way back; those to the same host do not', async () => {
    const asked: string[] = [];
    const here = { ok: true, value: '127.0.0.1' } as const;
    const home = await camera({ onPlay: stream });
    const away = await camera({
      onRequest: () => ({ status: 302, headers: { Location: home.url() } }),
    });
    const first: FakeRtspServer = await camera({
      onRequest: (request) => {
        const next = request.url.endsWith('/again') ? away.url().replace('127.0.0.1', 'localhost') : '/again';
        return { status: 302, headers: { Location: next } };
      },
    });
    const resolver = (name: string) => async (host: string) => {
      asked.push(`${name} ${host}`);
      return here;
    };
    const { sink } = pull(
      first.url(),
      {},
      { resolveAddress: resolver('own'), resolveRedirect: resolver('redirect') },
    );
    await waitFor('pictures', () => sink.videoUnits.length > 0);
    expect(asked).toEqual(['own 127.0.0.1', 'own 127.0.0.1', 'redirect localhost', 'redirect 127.0.0.1']);
  });

  it('do not bring credentials of their own into the log', async () => {
    const lines: string[] = [];
    const write = (fields: object, message: string) => lines.push(JSON.stringify({ ...fields, message }));
    const log: Logger = { debug: write, info: write, warn: write, error: write, child: () => log };
    const loop: FakeRtspServer = await camera({
      onRequest: () => ({
        status: 302,
        headers: { Location: loop.url().replace('rtsp://', 'rtsp://admin:very-secret@') },
      }),
    });
    await firstWait(pull(loop.url(), {}, { log }).sink);
    await waitFor('a line', () => lines.some((line) => line.includes('redirect-refused')));
    expect(lines.join('\n')).not.toContain('very-secret');
  });

  it('end after three, and lead to RTSP only', async () => {
    const loop: FakeRtspServer = await camera({
      onRequest: () => ({ status: 302, headers: { Location: loop.url('/again') } }),
    });
    const { sink } = pull(loop.url());
    const wait = await firstWait(sink);
    expect(wait).toMatchObject({ reason: 'CAMERA_REFUSED' });
    expect(wait.message).toMatch(/more than 3 times/);
    expect(loop.connections).toHaveLength(4);

    const web = await camera({
      onRequest: () => ({ status: 302, headers: { Location: 'http://127.0.0.1/' } }),
    });
    expect((await firstWait(pull(web.url()).sink)).message).toMatch(/no RTSP; it is not followed/);
  });
});

describe('retries', () => {
  it('wait longer and longer up to 30 s, and at most 5 s while watched', async () => {
    const clock = new FakeClock();
    const { sink, source } = pull(
      'rtsp://camera/',
      {},
      {
        clock,
        random: () => 0.999,
        resolveAddress: async () => ({
          ok: false,
          error: { kind: 'name-not-found', message: 'The name is not known.' },
        }),
      },
    );
    for (let n = 1; n <= 6; n++) {
      await waitFor('the failure', () => sink.waits.length === n);
      clock.advance(sink.waits.at(-1)?.retryInMs ?? 0);
    }
    await waitFor('the failure', () => sink.waits.length === 7);
    expect(sink.waits.map((wait) => wait.retryInMs)).toEqual([
      1_999, 3_998, 7_996, 15_992, 29_985, 29_985, 29_985,
    ]);
    expect(sink.connections).toBe(7);

    source.setWatched(true);
    expect(sink.waits).toHaveLength(8);
    expect(sink.waits.at(-1)?.retryInMs).toBeLessThanOrEqual(5_000);
    clock.advance(5_000);
    await waitFor('the next try', () => sink.connections === 8);
    await waitFor('its failure', () => sink.waits.length === 9);
    expect(sink.waits.at(-1)?.retryInMs).toBeLessThanOrEqual(5_000);
  });

  it('begin anew with short waits after media has flowed', async () => {
    const clock = new FakeClock();
    let refuse = true;
    const server = await camera({
      onRequest: () => (refuse ? { status: 503 } : undefined),
      onPlay: (connection) => connection.sendPicture({ timestamp: 0 }),
    });
    const { sink } = pull(
      server.url(),
      { transport: 'tcp', silenceTimeoutMs: 60_000 },
      { clock, random: () => 0.999 },
    );
    for (let n = 1; n <= 3; n++) {
      await waitFor('the refusal', () => sink.waits.length === n);
      if (n === 3) refuse = false;
      clock.advance(sink.waits.at(-1)?.retryInMs ?? 0);
    }
    await waitFor('a picture', () => sink.units.length === 1);
    clock.advance(1_000);
    clock.advance(10_000);
    server.connections.at(-1)?.socket.destroy();
    await waitFor('the loss', () => sink.waits.length === 4);
    expect(sink.waits.map((wait) => wait.retryInMs)).toEqual([1_999, 3_998, 7_996, 1_999]);
  });

  it('454 to the keep-alive: connects anew', async () => {
    const clock = new FakeClock();
    const server = await camera({
      sessionHeader: '1;timeout=4',
      onPlay: (connection) => connection.sendPicture({ timestamp: 0 }),
      onRequest: (request) => (request.method === 'GET_PARAMETER' ? { status: 454 } : undefined),
    });
    const { sink } = pull(server.url(), { transport: 'tcp' }, { clock });
    await waitFor('a picture', () => sink.units.length === 1);
    clock.advance(2_000);
    expect(await firstWait(sink)).toMatchObject({ reason: 'CAMERA_CLOSED' });
    clock.advance(2_000);
    await waitFor('a second connection', () => sink.playings.length === 2);
  });

  it('GET_PARAMETER refused: OPTIONS from then on; not offered: OPTIONS from the start', async () => {
    const clock = new FakeClock();
    const pings = (server: FakeRtspServer) =>
      server.requests.slice(server.requests.findIndex((request) => request.method === 'PLAY') + 1);
    for (const offered of [true, false]) {
      const server = await camera({
        sessionHeader: '1;timeout=4',
        onPlay: (connection) => connection.sendPicture({ timestamp: 0 }),
        onRequest: (request) => {
          if (request.method === 'GET_PARAMETER') return { status: 405 };
          return request.method === 'OPTIONS' && !offered
            ? { headers: { Public: 'DESCRIBE, PLAY' } }
            : undefined;
        },
      });
      const { sink } = pull(server.url(), { transport: 'tcp', silenceTimeoutMs: 60_000 }, { clock });
      await waitFor('a picture', () => sink.units.length === 1);
      for (let n = 1; n <= 3; n++) {
        clock.advance(2_000);
        await waitFor('a ping', () => pings(server).length === n);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const methods = pings(server).map((request) => request.method);
      expect(methods).toEqual([offered ? 'GET_PARAMETER' : 'OPTIONS', 'OPTIONS', 'OPTIONS']);
      expect(sink.waits).toEqual([]);
    }
  });

  it('close() ends a wait, a dial and a play at once, and nothing is told after it', async () => {
    const server = await camera({ onPlay: stream });
    const playing = pull(server.url());
    await waitFor('a picture', () => playing.sink.units.length > 0);
    await playing.source.close();
    const calls = playing.sink.calls.length;
    expect(server.requests.at(-1)?.method).toBe('TEARDOWN');
    expect(playing.source.state).toEqual({ state: 'closed' });

    const waiting = pull('onvif://127.0.0.1/');
    await firstWait(waiting.sink);
    await waiting.source.close();

    const dialling = pull('rtsp://camera/', {}, { resolveAddress: () => new Promise(() => {}) });
    await dialling.source.close();
    expect(dialling.sink.calls).toEqual(['connecting']);
    expect(playing.sink.calls).toHaveLength(calls);
  });
});

describe('units', () => {
  it('that come before the reply to PLAY are told after playing()', async () => {
    const server = await camera({
      onRequest: (request, connection) => {
        if (request.method !== 'PLAY') return undefined;
        connection.write(interleaved(1, senderReport({ ntpMs: 1_700_000_000_000, rtpTimestamp: 0 })));
        connection.sendPicture({ timestamp: 0 });
        return undefined;
      },
      onPlay: (connection) => connection.sendPicture({ timestamp: 3_600, key: false }),
    });
    const { sink } = pull(server.url());
    await waitFor('pictures', () => sink.units.length === 2);
    expect(sink.calls).toEqual(['connecting', 'playing', 'senderReport', 'unit', 'unit']);
    expect(sink.units[0]?.isKeyFrame).toBe(true);
  });

  it('of a camera with parameter sets in band only: playing() without video, then format()', async () => {
    const sdp = FAKE_SDP.replace(/;sprop-parameter-sets=[^\r]*/, '');
    const server = await camera({
      sdp,
      onPlay: (connection) => {
        for (const nal of [FAKE_SPS, FAKE_PPS]) {
          const packet = connection.nextPacket(0, nal);
          packet[1] = 96;
          connection.write(interleaved(0, packet));
        }
        connection.sendPicture({ timestamp: 0 });
        connection.sendPicture({ timestamp: 3_600, key: false });
      },
    });
    const { sink } = pull(server.url());
    await waitFor('pictures', () => sink.units.length === 2);
    expect(sink.playings[0]?.formats).toEqual([]);
    expect(sink.formats).toMatchObject([
      { codec: 'h264', width: 320, height: 240, profileLevelId: '42c00d' },
    ]);
    expect(sink.calls.indexOf('format')).toBeLessThan(sink.calls.indexOf('unit'));
    expect(sink.units[0]?.payloads.map((nal) => (nal[0] ?? 0) & 31)).toEqual([5]);
  });

  it('of a camera that changes its picture on the way: format() before the first unit it holds for', async () => {
    const sps = Buffer.from('Z2QADay0Cg/YC1BgYGpQAAADABAAAAMDKPFCqg==', 'base64');
    const pps = Buffer.from('aO88sA==', 'base64');
    const server = await camera({
      onPlay: (connection) => {
        connection.sendPicture({ timestamp: 0 });
        for (const nal of [sps, pps]) {
          const packet = connection.nextPacket(3_600, nal);
          packet[1] = 96;
          connection.write(interleaved(0, packet));
        }
        connection.sendPicture({ timestamp: 3_600 });
      },
    });
    const { sink } = pull(server.url());
    await waitFor('pictures', () => sink.units.length === 2);
    expect(sink.calls).toEqual(['connecting', 'playing', 'unit', 'format', 'unit']);
    expect(sink.formats).toMatchObject([{ profileLevelId: '64000d' }]);
  });

  it('go on when the camera restarts its encoder with a new SSRC', async () => {
    const send = (connection: FakeConnection, fields: { sequence: number; ssrc: number; key: boolean }) =>
      connection.write(
        interleaved(
          0,
          rtpPacket({
            ...fields,
            timestamp: fields.sequence * 3_600,
            marker: true,
            payload: fakePicture(fields.key),
          }),
        ),
      );
    const server = await camera({
      onPlay: (connection) => {
        send(connection, { sequence: 1, ssrc: 1, key: true });
        send(connection, { sequence: 2, ssrc: 1, key: false });
        // One stray packet of somebody else costs nothing.
        send(connection, { sequence: 900, ssrc: 7, key: false });
        send(connection, { sequence: 3, ssrc: 1, key: false });
        send(connection, { sequence: 50_000, ssrc: 2, key: true });
        send(connection, { sequence: 50_001, ssrc: 2, key: false });
      },
    });
    const { sink } = pull(server.url());
    await waitFor('five pictures', () => sink.units.length === 5);
    expect(sink.units.map((unit) => unit.isKeyFrame)).toEqual([true, false, false, true, false]);
  });

  it('carry the time at which their last packet came, and sender reports theirs', async () => {
    const clock = new FakeClock();
    const server = await camera();
    const { sink } = pull(server.url(), { transport: 'tcp' }, { clock });
    const connection = await waitFor('PLAY', () => sink.playings.length === 1 && server.connections[0]);
    clock.advance(123);
    const atMs = clock.monotonicMs();
    connection.sendPicture({ timestamp: 0 });
    connection.write(interleaved(1, senderReport({ ntpMs: 1_700_000_000_500, rtpTimestamp: 90_000 })));
    await waitFor('both', () => sink.units.length === 1 && sink.senderReports.length === 1);
    expect(sink.units[0]?.receivedAtMs).toBe(atMs);
    const report = sink.senderReports[0];
    expect(report).toMatchObject({ kind: 'video', rtpTimestamp: 90_000, receivedAtMs: atMs });
    expect(Math.round(report?.ntpMs ?? 0)).toBe(1_700_000_000_500);
  });

  it('that miss packets are dropped up to the next key frame, and counted', async () => {
    const server = await camera({
      onPlay: (connection) => {
        connection.sendPicture({ timestamp: 0 });
        connection.nextPacket(0, Buffer.alloc(0));
        connection.sendPicture({ timestamp: 3_600, key: false });
        connection.sendPicture({ timestamp: 7_200, key: true });
        connection.sendPicture({ timestamp: 10_800, key: false });
      },
    });
    const { sink } = pull(server.url());
    await waitFor('three pictures', () => sink.units.length === 3);
    expect(sink.units.map((unit) => unit.rtpTimestamp)).toEqual([0, 7_200, 10_800]);
    await waitFor('the counters', () => sink.lastCounters?.lostPackets === 1);
    expect(sink.lastCounters?.receivedPackets).toBe(4);
    expect(sink.lastCounters?.droppedUnits).toBeGreaterThan(0);
  });

  it('cost this connection only when whoever takes them throws', async () => {
    const server = await camera({ onPlay: stream });
    const { sink } = pull(server.url());
    sink.unit = () => {
      throw new Error('a bug elsewhere');
    };
    expect((await firstWait(sink)).message).toContain('a bug elsewhere');
  });

  it('are told of in receiver reports with a name, every 5 s', async () => {
    const clock = new FakeClock();
    const server = await camera({ onPlay: (connection) => connection.sendPicture({ timestamp: 0 }) });
    const { sink } = pull(server.url(), { transport: 'tcp', silenceTimeoutMs: 60_000 }, { clock });
    await waitFor('a picture', () => sink.units.length === 1);
    clock.advance(5_000);
    const report = await waitFor('the report', () => server.connections[0]?.interleaved[0]);
    expect(report.channel).toBe(1);
    expect(report.packet[1]).toBe(201);
    expect(report.packet.readUInt32BE(8)).toBe(0x11223344);
    expect(report.packet.toString('latin1')).toContain('sluice-');
  });
});
