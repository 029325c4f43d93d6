import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../support/fake-clock.ts';
import {
  FAKE_SDP,
  FAKE_SDP_WITH_AUDIO,
  interleaved,
  rtpPacket,
  startFakeRtspServer,
} from '../../support/fake-rtsp-server.ts';
import { waitFor } from '../../support/wait.ts';
import { camera, firstWait, pull, stream } from './source-support.ts';

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

  it('an SDP without H.264 and H.265: CAMERA_NO_H264, with the codecs that there are', async () => {
    const sdp = FAKE_SDP.replace('H264/90000', 'MP4V-ES/90000').replace('packetization-mode=1;', '');
    const server = await camera({ sdp });
    const wait = await firstWait(pull(server.url()).sink);
    expect(wait.reason).toBe('CAMERA_NO_H264');
    expect(wait.message).toContain('The camera offers MPEG-4 Visual, and neither H.264 nor H.265');
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
    expect((await firstWait(pull('publish:').sink)).reason).toBe('CAMERA_NOT_RTSP');
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

  it('404 to the usual place of a track: the other places that its control may mean are asked', async () => {
    const server = await camera({
      onPlay: (connection) => connection.sendPicture({ timestamp: 0 }),
      onRequest: (request) => {
        if (request.method === 'DESCRIBE') {
          return { headers: { 'Content-Type': 'application/sdp' }, body: FAKE_SDP };
        }
        return request.method === 'SETUP' && !request.url.endsWith('/trackID=0?ch=1')
          ? { status: 404 }
          : undefined;
      },
    });
    const { sink } = pull(server.url('/cam?ch=1'));
    await waitFor('a picture', () => sink.units.length === 1);
    const setups = server.requests.filter(({ method }) => method === 'SETUP');
    expect(setups.map(({ url }) => url.replace(/^.*:\d+/, ''))).toEqual([
      '/cam?ch=1/trackID=0',
      '/cam/trackID=0?ch=1',
    ]);
  });

  it('457 to PLAY from the beginning: PLAY without a range', async () => {
    const server = await camera({
      onPlay: (connection) => connection.sendPicture({ timestamp: 0 }),
      onRequest: (request) => (request.headers.has('range') ? { status: 457 } : undefined),
    });
    const { sink } = pull(server.url());
    await waitFor('a picture', () => sink.units.length > 0);
    expect(sink.waits).toEqual([]);
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

  it('461 to the profile with feedback that the camera itself describes: asked for the plain one', async () => {
    const server = await camera({
      sdp: FAKE_SDP.replace('RTP/AVP ', 'RTP/AVPF '),
      onRequest: ({ method, headers }) =>
        method === 'SETUP' && headers.get('transport')?.startsWith('RTP/AVPF') ? { status: 461 } : undefined,
      onPlay: stream,
    });
    const { sink } = pull(server.url());
    await waitFor('a picture', () => sink.units.length > 0);
    const asked = server.requests.flatMap((request) => request.headers.get('transport') ?? []);
    expect(asked).toEqual(['RTP/AVPF/TCP;unicast;interleaved=0-1', 'RTP/AVP/TCP;unicast;interleaved=0-1']);
  });

  it.each([
    [
      'keys in the description',
      FAKE_SDP.replace('RTP/AVP 96', 'RTP/SAVP 96\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:xh1o'),
    ],
    ['an answer that promises nothing else', FAKE_SDP.replace('RTP/AVP', 'RTP/SAVP')],
  ])('media that is encrypted by itself is told: %s', async (_what, sdp) => {
    const server = await camera({
      sdp,
      onPlay: stream,
      onRequest: ({ method }) =>
        method === 'SETUP'
          ? { headers: { Session: '1', Transport: 'RTP/SAVP/TCP;unicast;interleaved=0-1' } }
          : undefined,
    });
    expect(await firstWait(pull(server.url()).sink)).toMatchObject({
      reason: 'CAMERA_REFUSED',
      message: expect.stringContaining('SRTP'),
    });
    expect(server.requests.some(({ method }) => method === 'PLAY')).toBe(false);
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

  it('packets that never make a picture: CAMERA_NO_KEY_FRAME, and CAMERA_BAD_DATA in the end', async () => {
    const clock = new FakeClock();
    const server = await camera({
      onPlay: (connection) => connection.sendPicture({ timestamp: 0, key: false }),
    });
    const { sink } = pull(server.url(), { transport: 'tcp', silenceTimeoutMs: 120_000 }, { clock });
    const connection = await waitFor('PLAY', () => sink.playings.length === 1 && server.connections[0]);
    let timestamp = 3_600;
    const isOver = () => sink.waits.some(({ reason }) => reason === 'CAMERA_BAD_DATA');
    for (let seconds = 0; seconds < 80 && !isOver(); seconds += 2) {
      connection.sendPicture({ timestamp, key: false });
      timestamp += 3_600;
      await new Promise((resolve) => setTimeout(resolve, 10));
      clock.advance(2_000);
    }
    // TEARDOWN goes first.
    await waitFor('the end', isOver);
    expect(sink.waits[0]).toMatchObject({ reason: 'CAMERA_NO_KEY_FRAME' });
    expect(sink.units).toEqual([]);
  });
});
