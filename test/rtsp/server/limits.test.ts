import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../../support/wait.ts';
import { manualTimers } from './manual-timers.ts';
import { afterTest, type Clip, define, makeClip, Probe, sourceOf, startServer } from './support.ts';

let clip: Clip;

beforeAll(async () => {
  clip = await makeClip();
});

async function stillServer() {
  const clock = manualTimers();
  const fixture = await startServer(
    [define('cam'), define('pub', { url: 'publish:', username: 'u', password: 'p' })],
    { clock },
  );
  sourceOf(fixture, 'live/cam').loop(clip);
  const viewers = () => fixture.hub.get('live/cam')?.readerCounts.viewers;
  return { ...fixture, clock, viewers, cam: fixture.url('live/cam') };
}

/** A reader over UDP that never sends a receiver report. */
async function playUdp(probe: Probe, cam: string): Promise<string> {
  const rtp = createSocket('udp4');
  afterTest(() => {
    rtp.close();
  });
  rtp.bind(0, '127.0.0.1');
  await once(rtp, 'listening');
  const { port } = rtp.address();
  const Transport = `RTP/AVP;unicast;client_port=${port}-${port === 65_535 ? 1 : port + 1}`;
  const setup = await probe.ask('SETUP', `${cam}/track1`, { Transport });
  expect(setup.statusCode).toBe(200);
  const session = setup.headers.get('Session')?.split(';')[0] ?? '';
  expect((await probe.ask('PLAY', cam, { Session: session })).statusCode).toBe(200);
  return session;
}

describe('what ends by itself', () => {
  it('a session over UDP of which nothing is heard for 60 s; not one that is kept', async () => {
    const { port, cam, clock, viewers } = await stillServer();
    const silent = new Probe(port);
    const kept = new Probe(port);
    await playUdp(silent, cam);
    const session = await playUdp(kept, cam);
    expect(viewers()).toBe(2);
    clock.advance(40_000);
    expect((await kept.ask('GET_PARAMETER', cam, { Session: session })).statusCode).toBe(200);
    clock.advance(25_000);
    await waitFor('the silent one to be closed', () => silent.isClosed);
    expect(viewers()).toBe(1);
    expect((await kept.ask('GET_PARAMETER', cam, { Session: session })).statusCode).toBe(200);
  });

  it('a session that is set up and never plays', async () => {
    const { port, cam, clock } = await stillServer();
    const probe = new Probe(port);
    await probe.setup(cam);
    clock.advance(62_000);
    await waitFor('the end', () => probe.isClosed);
  });

  it('a publisher that announces and never records', async () => {
    const { port, url, clock } = await stillServer();
    const probe = new Probe(port);
    const sdp = 'v=0\r\ns=x\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:0\r\n';
    const Authorization = `Basic ${Buffer.from('u:p').toString('base64')}`;
    expect((await probe.ask('ANNOUNCE', url('live/pub'), { Authorization }, sdp)).statusCode).toBe(200);
    clock.advance(62_000);
    await waitFor('the end', () => probe.isClosed);
  });

  it('not a session over TCP that plays', async () => {
    const { port, cam, clock, viewers } = await stillServer();
    const probe = new Probe(port);
    await probe.play(cam);
    for (let n = 0; n < 40; n++) {
      clock.advance(5_000);
      // Lets the reports that were sent meanwhile go out.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await probe.ask('OPTIONS', cam)).statusCode).toBe(200);
    expect(viewers()).toBe(1);
  });
});

describe('what is too much', () => {
  it('sessions on one connection', async () => {
    const { port, cam } = await stillServer();
    const probe = new Probe(port);
    const ask = () => probe.ask('SETUP', `${cam}/track1`, { Transport: 'RTP/AVP/TCP;unicast' });
    for (let n = 0; n < 16; n++) expect((await ask()).statusCode).toBe(200);
    expect((await ask()).statusCode).toBe(453);
  });

  it.each([
    ['a request line without an end', `DESCRIBE rtsp://x/${'a'.repeat(100_000)}`],
    ['headers without an end', `OPTIONS * RTSP/1.0\r\n${'X: y\r\n'.repeat(10_000)}`],
    [
      'a body larger than allowed',
      `ANNOUNCE rtsp://x/a RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 1000000\r\n\r\n`,
    ],
    ['an HTTP request', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['unanswered requests', 'DESCRIBE rtsp://x/live/away RTSP/1.0\r\nCSeq: 1\r\n\r\n'.repeat(100)],
  ])('%s closes the connection', async (_what, text) => {
    const { port, hub } = await stillServer();
    hub.add(define('away'));
    const socket = connect(port, '127.0.0.1').resume();
    afterTest(() => {
      socket.destroy();
    });
    socket.on('error', () => {});
    const closed = new Promise<boolean>((resolve) => socket.once('close', () => resolve(true)));
    socket.write(text);
    expect(await closed).toBe(true);
    expect((await new Probe(port).ask('OPTIONS', '*')).statusCode).toBe(200);
  });

  it('answers that nobody reads: then nothing more is read either, until they are', async () => {
    const { port } = await stillServer();
    const socket = connect(port, '127.0.0.1');
    afterTest(() => {
      socket.destroy();
    });
    socket.on('error', () => {});
    // The answer repeats the CSeq, so what is not read would grow as fast as what is sent.
    const request = `OPTIONS * RTSP/1.0\r\nCSeq: ${'7'.repeat(12_000)}\r\n\r\n`;
    let sent = 0;
    const takesMore = () =>
      Promise.race([
        once(socket, 'drain').then(() => true),
        new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 1_000)),
      ]);
    do {
      for (let n = 0; n < 40; n += 1) socket.write(request);
      sent += 40;
      // Far more than the kernel's buffers of both sides hold.
      expect(sent * request.length).toBeLessThan(64 * 1024 * 1024);
    } while (await takesMore());
    let answers = 0;
    socket.on('data', (chunk: Buffer) => {
      for (let at = chunk.indexOf('Server:'); at !== -1; at = chunk.indexOf('Server:', at + 1)) answers += 1;
    });
    // A name cut in two by the end of a chunk is missed now and then.
    await waitFor('the answers', () => answers > sent * 0.9);
  });

  it('media is only ever sent to the address of the connection', async () => {
    const { port, cam } = await stillServer();
    const victim = createSocket('udp4');
    afterTest(() => {
      victim.close();
    });
    let received = 0;
    victim.on('message', () => {
      received += 1;
    });
    victim.bind(0, '127.0.0.2');
    await once(victim, 'listening');
    const at = victim.address().port;
    const probe = new Probe(port);
    const Transport = `RTP/AVP;unicast;destination=127.0.0.2;client_port=${at}-${at}`;
    const setup = await probe.ask('SETUP', `${cam}/track1`, { Transport });
    const Session = setup.headers.get('Session')?.split(';')[0] ?? '';
    if (setup.statusCode === 200) await probe.tryAsk('PLAY', cam, { Session });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(received).toBe(0);
  });
});

describe('any bytes', () => {
  it('leave the server answering', async () => {
    const { port, cam } = await stillServer();
    const dialogue = [
      `OPTIONS ${cam} RTSP/1.0\r\nCSeq: 1\r\n\r\n`,
      `DESCRIBE ${cam} RTSP/1.0\r\nCSeq: 2\r\nAuthorization: Basic dTpw\r\n\r\n`,
      `SETUP ${cam}/track1 RTSP/1.0\r\nCSeq: 3\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n`,
      `ANNOUNCE ${cam} RTSP/1.0\r\nCSeq: 4\r\nContent-Length: 5\r\n\r\nv=0\r\n`,
      `PLAY ${cam} RTSP/1.0\r\nCSeq: 5\r\nSession: 0\r\nRange: npt=0-\r\n\r\n`,
      '$\x00\x00\x04abcd',
    ].join('');
    const edit = fc.record({
      at: fc.nat(dialogue.length),
      cut: fc.nat(20),
      text: fc.oneof(
        fc.string({ maxLength: 8 }),
        fc.constantFrom('\r\n', '\0', '$', ': ', '\r\n\r\n', '999999999999'),
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 6 }), async (edits) => {
        let text = dialogue;
        for (const { at, cut, text: put } of edits) text = text.slice(0, at) + put + text.slice(at + cut);
        const socket = connect(port, '127.0.0.1').resume();
        socket.on('error', () => {});
        const closed = new Promise((resolve) => socket.once('close', resolve));
        socket.end(Buffer.from(text, 'latin1'));
        await closed;
      }),
      { numRuns: 200 },
    );
    const probe = new Probe(port);
    expect((await probe.play(cam)).statusCode).toBe(200);
  });
});
