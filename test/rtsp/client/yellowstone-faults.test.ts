import { afterEach, describe, expect, it } from 'vitest';
import { resolveAnyAddress } from '../../../server/base/address-policy.ts';
import { systemClock } from '../../../server/base/clock.ts';
import { GatewayRtspConnection } from '../../../server/rtsp/client/connection.ts';
import { RtspError } from '../../../server/rtsp/client/errors.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import {
  FAKE_SDP,
  FAKE_SDP_WITH_AUDIO,
  type FakeRtspServer,
  type FakeServerOptions,
  fakePicture,
  interleaved,
  rtpPacket,
  startFakeRtspServer,
} from '../../support/fake-rtsp-server.ts';
import { waitFor } from '../../support/wait.ts';

/*
 * What yellowstone 2.1.0 gets wrong, one test for each fault; docs/decisions/0001-yellowstone.md has the table.
 * The name of a test says what holds here, and in brackets what yellowstone does.
 */

interface Received {
  readonly track: number;
  readonly packet: Buffer;
}

class Rig {
  readonly rtp: Received[] = [];
  readonly rtcp: Received[] = [];
  unassigned = 0;
  readonly connection: GatewayRtspConnection;

  constructor(options: Partial<ConstructorParameters<typeof GatewayRtspConnection>[0]> = {}) {
    this.connection = new GatewayRtspConnection({
      transport: 'tcp',
      clock: systemClock,
      resolveAddress: resolveAnyAddress,
      udpPorts: { min: 20_000, max: 29_999 },
      random: Math.random,
      connectTimeoutMs: 5_000,
      requestTimeoutMs: 5_000,
      listener: {
        onRtp: (track, packet) => this.rtp.push({ track, packet }),
        onRtcp: (track, packet) => this.rtcp.push({ track, packet }),
        onUnassigned: () => {
          this.unassigned += 1;
        },
      },
      ...options,
    });
    rigs.push(this);
  }
}

const rigs: Rig[] = [];
const servers: FakeRtspServer[] = [];

async function camera(options: FakeServerOptions = {}): Promise<FakeRtspServer> {
  const server = await startFakeRtspServer(options);
  servers.push(server);
  return server;
}

afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.connection.close(true);
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const PACKET = rtpPacket({ sequence: 1, timestamp: 9000, marker: true, payload: fakePicture(true, 32) });

describe('the data path', () => {
  it('keeps packets that come in one chunk with the reply to PLAY (yellowstone: lost)', async () => {
    const server = await camera({
      onRequest: (request, connection) => {
        if (request.method !== 'PLAY') return undefined;
        const reply = Buffer.from(`RTSP/1.0 200 OK\r\nCSeq: ${request.headers.get('cseq')}\r\n\r\n`);
        connection.write(Buffer.concat([reply, interleaved(0, PACKET), interleaved(0, PACKET)]));
        return 'silent';
      },
    });
    const rig = new Rig();
    await rig.connection.connect(server.url());
    await rig.connection.play();
    expect(rig.rtp).toHaveLength(2);
  });

  it('sees a reply behind a packet in the same chunk (yellowstone: play() never resolves)', async () => {
    const server = await camera({
      onRequest: (request, connection) => {
        if (request.method !== 'PLAY') return undefined;
        const reply = Buffer.from(`RTSP/1.0 200 OK\r\nCSeq: ${request.headers.get('cseq')}\r\n\r\n`);
        connection.write(Buffer.concat([interleaved(0, PACKET), reply]));
        return 'silent';
      },
    });
    const rig = new Rig();
    await rig.connection.connect(server.url());
    await rig.connection.play();
    expect(rig.rtp).toHaveLength(1);
  });

  it('reads packets however TCP cuts them (yellowstone: ERR_OUT_OF_RANGE inside the `$` header)', async () => {
    const server = await camera();
    const rig = new Rig();
    await rig.connection.connect(server.url());
    await rig.connection.play();
    // Straight into the parser: a socket would decide by itself where the chunks end.
    const bytes = Buffer.concat([interleaved(0, PACKET), interleaved(9, PACKET)]);
    for (let cut = 1; cut < bytes.length; cut++) {
      rig.connection._onData(bytes.subarray(0, cut));
      rig.connection._onData(bytes.subarray(cut));
    }
    expect(rig.rtp).toHaveLength(bytes.length - 1);
    expect(rig.rtp.every(({ packet }) => packet.equals(PACKET))).toBe(true);
    expect(rig.unassigned).toBe(bytes.length - 1);
    expect(rig.connection.state.name).toBe('playing');
  });

  it('waits for an SDP that comes in a second chunk (yellowstone: connect rejects, and an uncaught throw)', async () => {
    const server = await camera({
      onRequest: (request, connection) => {
        if (request.method !== 'DESCRIBE') return undefined;
        const head = `RTSP/1.0 200 OK\r\nCSeq: ${request.headers.get('cseq')}\r\nContent-Length: ${FAKE_SDP.length}\r\n\r\n`;
        connection.socket.setNoDelay(true);
        connection.write(head + FAKE_SDP.slice(0, 40));
        setTimeout(() => connection.write(FAKE_SDP.slice(40)), 30);
        return 'silent';
      },
    });
    const rig = new Rig();
    await expect(rig.connection.connect(server.url())).resolves.toMatchObject({ format: 'H264' });
  });

  it('takes RTCP as short as a BYE or an empty report (yellowstone: uncaught ERR_OUT_OF_RANGE)', async () => {
    const bye = Buffer.from([0x81, 203, 0, 1, 0x11, 0x22, 0x33, 0x44]);
    const report = Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 1]);
    const server = await camera({
      onPlay: (connection) => {
        connection.write(interleaved(1, bye));
        connection.write(interleaved(1, report));
        connection.write(interleaved(1, Buffer.alloc(0)));
      },
    });
    const rig = new Rig();
    await rig.connection.connect(server.url());
    await rig.connection.play();
    await waitFor('RTCP', () => rig.rtcp.length === 3);
    expect(rig.rtcp[0]?.packet.equals(bye)).toBe(true);
  });

  it('keeps every byte of a payload (yellowstone: cuts the first four off each packet)', async () => {
    const rtp = rtpPacket({ sequence: 7, timestamp: 1, payload: Buffer.from('0123456789') });
    const withCsrc = rtpPacket({ sequence: 8, timestamp: 1, payload: Buffer.from('abc'), csrcs: [5] });
    const delimiter = rtpPacket({ sequence: 9, timestamp: 1, payload: Buffer.from([9, 0x10]) });
    const server = await camera({
      onPlay: (connection) => {
        for (const packet of [rtp, withCsrc, delimiter]) connection.write(interleaved(0, packet));
      },
    });
    const rig = new Rig();
    const payloads: string[] = [];
    rig.connection.on('data', (channel: number, payload: Buffer, packet: { id: number; length: number }) => {
      payloads.push(`${channel} ${packet.id} ${packet.length} ${payload.toString('latin1')}`);
    });
    await rig.connection.connect(server.url());
    await rig.connection.play();
    await waitFor('three packets', () => payloads.length === 3);
    expect(payloads).toEqual(['0 7 10 0123456789', '0 8 3 abc', '0 9 2 \t\x10']);
  });

  it('takes the channels that the camera answers with (yellowstone: reads 0 and 1 only, silently)', async () => {
    const server = await camera({
      onRequest: (request) =>
        request.method === 'SETUP'
          ? { headers: { Transport: 'RTP/AVP/TCP;unicast;interleaved=4-5;ssrc=1', Session: '1' } }
          : undefined,
      onPlay: (connection) => {
        connection.write(interleaved(0, PACKET));
        connection.write(interleaved(4, PACKET));
        connection.write(interleaved(5, Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 1])));
      },
    });
    const rig = new Rig();
    await rig.connection.connect(server.url());
    await rig.connection.play();
    await waitFor('both packets', () => rig.rtp.length === 1 && rig.rtcp.length === 1);
    expect(rig.unassigned).toBe(1);
  });

  it('finds its place again after stray bytes (yellowstone: "Unknown protocol?", for good)', async () => {
    const server = await camera({
      onPlay: (connection) => {
        connection.write(interleaved(0, PACKET));
        connection.write(Buffer.from([0, 1, 2, 3, 0xff, 0xfe]));
        connection.write('\r\n');
        connection.write(interleaved(0, PACKET));
      },
    });
    const rig = new Rig();
    await rig.connection.connect(server.url());
    await rig.connection.play();
    await waitFor('both packets', () => rig.rtp.length === 2);
  });
});

describe('the end of a connection', () => {
  it('tells of a reset (yellowstone: uncaught exception, the process dies)', async () => {
    const server = await camera({ onPlay: (connection) => connection.socket.resetAndDestroy() });
    const rig = new Rig();
    await rig.connection.connect(server.url());
    const closed = new Promise((resolve) => rig.connection.once('closed', resolve));
    await rig.connection.play().catch(() => {});
    expect(await closed).toMatchObject({ kind: expect.stringMatching(/^peer-(reset|closed)$/) });
    expect(rig.connection.isConnected).toBe(false);
  });

  it('tells when the camera closes (yellowstone: no event)', async () => {
    const server = await camera({ onPlay: (connection) => connection.socket.end() });
    const rig = new Rig();
    await rig.connection.connect(server.url());
    await rig.connection.play();
    const error = await rig.connection.ended;
    expect(error.kind).toBe('peer-closed');
    expect(error.context.peer).toBe(`127.0.0.1:${server.port}`);
  });

  it('close() resolves, after a TEARDOWN with the session (yellowstone: never resolves)', async () => {
    const server = await camera();
    const rig = new Rig();
    await rig.connection.connect(server.url());
    await rig.connection.play();
    await rig.connection.close();
    const teardown = server.requests.find((request) => request.method === 'TEARDOWN');
    expect(teardown?.headers.get('session')).toBe('12345678');
    await waitFor('the socket to go', () => server.connections[0]?.socket.destroyed);
  });

  it('close() does not wait for a camera that does not answer (yellowstone: for ever)', async () => {
    const clock = new FakeClock();
    const server = await camera({
      onRequest: (request) => (request.method === 'TEARDOWN' ? 'silent' : undefined),
    });
    const rig = new Rig({ clock });
    await rig.connection.connect(server.url());
    const closed = rig.connection.close();
    await waitFor('TEARDOWN', () => server.requests.some((request) => request.method === 'TEARDOWN'));
    clock.advance(1_000);
    await closed;
    expect(clock.timers).toBe(0);
  });

  it('a request without an answer is given up (yellowstone: no time-outs anywhere)', async () => {
    const clock = new FakeClock();
    const server = await camera({
      onRequest: (request) => (request.method === 'DESCRIBE' ? 'silent' : undefined),
    });
    const rig = new Rig({ clock });
    const connecting = rig.connection.connect(server.url());
    connecting.catch(() => {});
    await waitFor('DESCRIBE', () => server.requests.some((request) => request.method === 'DESCRIBE'));
    clock.advance(5_000);
    await expect(connecting).rejects.toMatchObject({
      kind: 'request-timeout',
      context: { method: 'DESCRIBE', cseq: 2, peer: `127.0.0.1:${server.port}` },
    });
  });
});

describe('requests and responses', () => {
  it('are matched by CSeq (yellowstone: the first message removes the handler)', async () => {
    const server = await camera({
      onRequest: (request, connection) => {
        if (request.method !== 'DESCRIBE') return undefined;
        connection.write('RTSP/1.0 200 OK\r\nCSeq: 9999\r\n\r\n');
        connection.ask('SET_PARAMETER');
        return undefined;
      },
    });
    const rig = new Rig();
    await expect(rig.connection.connect(server.url())).resolves.toBeDefined();
  });

  it('a Session of digits stays text (yellowstone: parsed and rounded)', async () => {
    const server = await camera({ sessionHeader: '00123456789012345678;timeout=90' });
    const rig = new Rig();
    await rig.connection.connect(server.url());
    await rig.connection.play();
    expect(server.requests.at(-1)?.headers.get('session')).toBe('00123456789012345678');
  });

  it('a Session is sent back without its time-out (yellowstone: verbatim)', async () => {
    const server = await camera({ sessionHeader: 'abc ; timeout = 30' });
    const rig = new Rig();
    await rig.connection.connect(server.url());
    await rig.connection.play();
    expect(server.requests.at(-1)?.headers.get('session')).toBe('abc');
  });

  it('PLAY goes to the aggregate URL of Content-Base (yellowstone: to the last track, hence 460)', async () => {
    const server = await camera({
      sdp: FAKE_SDP_WITH_AUDIO,
      onRequest: (request) =>
        request.method === 'DESCRIBE'
          ? { headers: { 'Content-Base': `${request.url}/base/` }, body: FAKE_SDP_WITH_AUDIO }
          : undefined,
    });
    const rig = new Rig();
    await rig.connection.connect(server.url());
    await rig.connection.play();
    const sent = server.requests.map((request) => `${request.method} ${request.url}`);
    expect(sent).toEqual([
      `OPTIONS ${server.url()}`,
      `DESCRIBE ${server.url()}`,
      `SETUP ${server.url()}/base/trackID=0`,
      `SETUP ${server.url()}/base/trackID=1`,
      `PLAY ${server.url()}/base/`,
    ]);
  });

  it('an absolute control URL is used as it is (yellowstone: url/rtsp://...)', async () => {
    const control = 'rtsp://127.0.0.1/ISAPI/trackID=1?x=1';
    const server = await camera({ sdp: FAKE_SDP.replace('trackID=0', control) });
    const rig = new Rig();
    await rig.connection.connect(server.url());
    expect(server.requests.at(-1)?.url).toBe(control);
  });

  it('audio is set up beside video (yellowstone: the last video only)', async () => {
    const server = await camera({ sdp: FAKE_SDP_WITH_AUDIO });
    const rig = new Rig();
    const { tracks } = await rig.connection.connect(server.url());
    expect(tracks.map((track) => track.codec)).toEqual(['h264', 'pcmu']);
    const asked = server.requests.flatMap((request) => request.headers.get('transport') ?? []);
    expect(asked[1]).toMatch(/interleaved=2-3/);
    expect(server.requests[3]?.headers.get('session')).toBe('12345678');
  });

  it("the camera's own requests are answered (yellowstone: respond() throws)", async () => {
    const answers: string[] = [];
    const server = await camera({
      onConnection: (connection) => {
        connection.socket.on('data', (chunk: Buffer) => {
          const text = chunk.toString('latin1');
          if (text.startsWith('RTSP/1.0')) answers.push(...text.split('\r\n\r\n').filter(Boolean));
        });
      },
      onPlay: (connection) => {
        connection.ask('OPTIONS');
        connection.ask('GET_PARAMETER');
        connection.ask('ANNOUNCE');
        connection.ask('NONSENSE');
      },
    });
    const rig = new Rig();
    await rig.connection.connect(server.url());
    await rig.connection.play();
    await waitFor('four answers', () => answers.length === 4);
    expect(answers.map((answer) => answer.split('\r\n')[0])).toEqual([
      'RTSP/1.0 200 OK',
      'RTSP/1.0 200 OK',
      'RTSP/1.0 200 OK',
      'RTSP/1.0 501 Not Implemented',
    ]);
    expect(answers.map((answer) => /CSeq: (\d+)/.exec(answer)?.[1])).toEqual(['1', '2', '3', '4']);
    expect(rig.connection.state.name).toBe('playing');
  });

  it('a camera that asks without end is left', async () => {
    const server = await camera({
      onPlay: (connection) => connection.write('OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n'.repeat(500)),
    });
    const rig = new Rig();
    await rig.connection.connect(server.url());
    await rig.connection.play().catch(() => {});
    expect(await rig.connection.ended).toMatchObject({ kind: 'bad-data' });
  });

  it('respond() writes one message with each header once (yellowstone: throws)', async () => {
    const lines: string[] = [];
    const server = await camera({
      onConnection: (connection) => {
        connection.socket.on('data', (chunk: Buffer) =>
          lines.push(...chunk.toString('latin1').split('\r\n')),
        );
      },
    });
    const rig = new Rig();
    await rig.connection.connect(server.url());
    rig.connection.respond('200 OK', { CSeq: '77', 'X-Test': 'a\r\nb' });
    await waitFor('the response', () => lines.includes('CSeq: 77'));
    expect(lines.filter((line) => line === 'CSeq: 77')).toHaveLength(1);
    expect(lines).toContain('X-Test: a b');
  });

  it('a REDIRECT is answered and told with its place (yellowstone: connects to any host by itself)', async () => {
    const server = await camera({
      onPlay: (connection) => connection.ask('REDIRECT', { Location: 'rtsp://192.0.2.1/else' }),
    });
    const rig = new Rig();
    await rig.connection.connect(server.url());
    await rig.connection.play();
    expect(await rig.connection.ended).toMatchObject({
      kind: 'redirected',
      context: { location: 'rtsp://192.0.2.1/else' },
    });
  });

  it('a 302 is told with its place (yellowstone: "Bad RTSP status code")', async () => {
    const server = await camera({
      onRequest: () => ({ status: 302, reason: 'Moved', headers: { Location: 'rtsp://192.0.2.1/else' } }),
    });
    const rig = new Rig();
    await expect(rig.connection.connect(server.url())).rejects.toMatchObject({
      kind: 'redirected',
      context: { status: 302, location: 'rtsp://192.0.2.1/else' },
    });
  });

  it('keeps the session alive at half its time-out (yellowstone: not at all)', async () => {
    const clock = new FakeClock();
    const server = await camera({ sessionHeader: '1;timeout=20' });
    const rig = new Rig({ clock });
    await rig.connection.connect(server.url());
    await rig.connection.play();
    for (let n = 1; n <= 3; n++) {
      clock.advance(9_999);
      expect(server.requests.filter((request) => request.method === 'GET_PARAMETER')).toHaveLength(n - 1);
      clock.advance(1);
      await waitFor('the keep-alive', () => {
        const pings = server.requests.filter((request) => request.method === 'GET_PARAMETER');
        return pings.length === n && pings.every((ping) => ping.headers.get('session') === '1');
      });
      // The answer is in before time goes on, or the next one would be left out.
      await waitFor('the answer', () => clock.timers === 1);
    }
  });

  it('sends reports to the camera (yellowstone: none)', async () => {
    const server = await camera();
    const rig = new Rig();
    await rig.connection.connect(server.url());
    rig.connection.sendControl(0, Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 1]));
    await waitFor('the report', () => server.connections[0]?.interleaved[0]);
    expect(server.connections[0]?.interleaved[0]).toMatchObject({ channel: 1 });
  });
});

describe('credentials', () => {
  const challenge = 'Digest realm="cam", nonce="abc", qop="auth"';

  it('Digest is answered (yellowstone: looks for single quotes, sends "undefined")', async () => {
    const server = await camera({ onRequest: (request) => unlessAuthorized(request.headers, [challenge]) });
    const rig = new Rig({ username: 'admin', password: 'secret' });
    await rig.connection.connect(server.url());
    const sent = server.requests[1]?.headers.get('authorization') ?? '';
    expect(sent).toMatch(/^Digest /);
    expect(sent).toContain('realm="cam"');
    expect(sent).toContain('nonce="abc"');
    expect(sent).toMatch(/nc=00000001/);
    expect(server.requests[2]?.headers.get('authorization')).toMatch(/nc=00000002/);
  });

  it("a retry repeats no header of the camera's (yellowstone: a second CSeq, WWW-Authenticate, an empty one)", async () => {
    const server = await camera({
      onRequest: (request) => unlessAuthorized(request.headers, ['Basic realm="cam"']),
    });
    const rig = new Rig({ username: 'admin', password: 'pässword' });
    await rig.connection.connect(server.url());
    const retry = server.requests[1];
    expect(retry?.headers.get('cseq')).toBe('2');
    expect(retry?.headers.has('www-authenticate')).toBe(false);
    expect(retry?.raw).not.toMatch(/^:/m);
    const basic = Buffer.from('admin:pässword').toString('base64');
    expect(retry?.headers.get('authorization')).toBe(`Basic ${basic}`);
  });

  it('a refused password is sent once (yellowstone: for ever)', async () => {
    const server = await camera({
      onRequest: () => ({ status: 401, headers: { 'WWW-Authenticate': challenge } }),
    });
    const rig = new Rig({ username: 'admin', password: 'wrong' });
    const failed = await rig.connection.connect(server.url()).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(RtspError);
    expect(failed).toMatchObject({ kind: 'auth-failed', context: { status: 401, method: 'OPTIONS' } });
    expect(server.requests.filter((request) => request.headers.has('authorization'))).toHaveLength(1);
  });

  it('a camera that calls every nonce stale is given up (yellowstone: a loop)', async () => {
    let nonces = 0;
    const server = await camera({
      onRequest: () => {
        nonces += 1;
        return {
          status: 401,
          headers: { 'WWW-Authenticate': `Digest realm="cam", nonce="n${nonces}", stale=true` },
        };
      },
    });
    const rig = new Rig({ username: 'admin', password: 'secret' });
    await expect(rig.connection.connect(server.url())).rejects.toMatchObject({ kind: 'auth-failed' });
    expect(server.requests).toHaveLength(3);
  });

  it('never go on the request line, nor into the log (yellowstone: both)', async () => {
    const server = await camera({ onRequest: (request) => unlessAuthorized(request.headers, [challenge]) });
    const rig = new Rig();
    const log: string[] = [];
    rig.connection.on('log', (text: string, direction: string) => log.push(`${direction} ${text}`));
    await rig.connection.connect(server.url().replace('rtsp://', 'rtsp://admin:s3cr3t@'));
    await rig.connection.play();
    expect(server.requests.some((request) => request.raw.includes('s3cr3t'))).toBe(false);
    expect(server.requests.at(-1)?.headers.get('authorization')).toContain('username="admin"');
    expect(log.some((line) => line.startsWith('C->S OPTIONS'))).toBe(true);
    expect(log.some((line) => line.startsWith('S->C RTSP/1.0 200'))).toBe(true);
    expect(log.join('\n')).not.toMatch(/s3cr3t|response=/);
    expect(JSON.stringify(rig.connection)).not.toContain('s3cr3t');
  });
});

describe('what is kept of its surface', () => {
  it('connect tells the encoding of the video', async () => {
    const server = await camera({ sdp: FAKE_SDP.replace('H264/90000', 'H265/90000') });
    expect(await new Rig().connection.connect(server.url())).toMatchObject({ format: 'H265' });
  });

  it('connect, play, pause, play, close; events response and controlData', async () => {
    const server = await camera({
      onPlay: (connection) => connection.write(interleaved(1, Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 1]))),
    });
    const rig = new Rig();
    const firstLines: string[] = [];
    const control: number[] = [];
    rig.connection.on('response', (line: string) => firstLines.push(line));
    rig.connection.on('controlData', (channel: number) => control.push(channel));
    expect(await rig.connection.connect(server.url())).toMatchObject({ format: 'H264' });
    expect(rig.connection.isConnected).toBe(true);
    expect(await rig.connection.play()).toBe(rig.connection);
    await rig.connection.pause();
    expect(rig.connection.state.name).toBe('paused');
    await rig.connection.play();
    await waitFor('control data', () => control.length === 2);
    await rig.connection.request('GET_PARAMETER');
    await rig.connection.close();
    expect(firstLines.every((line) => line === 'RTSP/1.0 200 OK')).toBe(true);
    expect(server.requests.map((request) => request.method).slice(3)).toEqual([
      'PLAY',
      'PAUSE',
      'PLAY',
      'GET_PARAMETER',
      'TEARDOWN',
    ]);
  });
});

function unlessAuthorized(headers: ReadonlyMap<string, string>, challenges: readonly string[]) {
  if (headers.has('authorization')) return undefined;
  return { status: 401, reason: 'Unauthorized', headers: { 'WWW-Authenticate': challenges } };
}
