import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitFor } from '../support/wait.ts';
import { PATH, type Signaling, startSignaling } from './harness.ts';

let edge: Signaling;
beforeEach(async () => {
  edge = await startSignaling();
});
afterEach(() => edge.close());

const list = (id: number) => ({ id, method: 'streams.list' });
const start = (id: number) => ({
  id,
  method: 'watch.start',
  params: { stream: 'live/x', rtpCapabilities: {} },
});

describe('limits', () => {
  it('SG30: a message of just 64 KB is taken, one byte more gets an error, 256 KB more close with 1009', async () => {
    const viewer = await edge.connect();
    const padded = (bytes: number) => JSON.stringify(list(1)).padEnd(bytes, ' ');
    viewer.send(padded(65_536));
    expect((await waitFor('the answer', () => viewer.answer(1))).result).toBeDefined();
    viewer.send(padded(65_537));
    expect((await waitFor('the refusal', () => viewer.answer(null))).error?.code).toBe('PAYLOAD_TOO_LARGE');
    expect((await viewer.ask(2, 'streams.list')).result).toBeDefined();
    viewer.send(padded(256 * 1024 + 1));
    expect((await viewer.end()).code).toBe(1009);
    await waitFor('the media to close', () => edge.gateway.last.closed);
  });

  it('SG31: 200 messages at once are answered, those beyond are told to slow down, time mends it', async () => {
    const viewer = await edge.connect();
    for (let id = 1; id <= 210; id++) {
      viewer.send(list(id));
      // Not all at once, so that it is the rate that is reached, not the queue.
      if (id % 50 === 0) await waitFor(`answer ${id}`, () => viewer.answer(id));
    }
    await waitFor('all answers', () => viewer.received.length === 211);
    const refused = viewer.received.filter((message) => message.error?.code === 'RATE_LIMITED');
    expect(refused).toHaveLength(10);
    edge.clock.advance(1000);
    for (let id = 301; id <= 350; id++) viewer.send(list(id));
    await waitFor('the last answer', () => viewer.answer(350));
    expect(viewer.closed).toBeUndefined();
  });

  it('SG33: a flood is closed with 1008, and other sessions are as before', async () => {
    const calm = await edge.connect();
    const flooder = await edge.connect();
    for (let id = 1; id <= 2000; id++) flooder.send(list(id));
    expect((await flooder.end()).code).toBe(1008);
    expect(flooder.received.length).toBeLessThan(230);
    expect((await calm.ask(1, 'streams.list')).result).toBeDefined();
    await waitFor('its media to close', () => edge.gateway.last.closed);
  });

  it('SG33: so is nonsense: the 21st refusal ends it', async () => {
    const viewer = await edge.connect();
    for (let count = 0; count < 21; count++) viewer.send('nonsense');
    expect(await viewer.end()).toEqual({ code: 1008, reason: 'Too many refused messages.' });
    expect(viewer.received.filter((message) => message.error !== undefined)).toHaveLength(21);
  });

  it('SG33: mistakes now and then are forgiven', async () => {
    const viewer = await edge.connect();
    for (let count = 0; count < 60; count++) {
      expect((await viewer.ask(count, 'nonsense')).error?.code).toBe('METHOD_NOT_FOUND');
      edge.clock.advance(2000);
    }
    expect(viewer.closed).toBeUndefined();
  });

  it('SG32: 64 requests may wait, those beyond are refused at once', async () => {
    const viewer = await edge.connect();
    let release = () => {};
    edge.gateway.last.hold = new Promise<void>((resolve) => {
      release = resolve;
    });
    for (let id = 0; id <= 66; id++) viewer.send(start(id));
    await waitFor('two refusals', () => viewer.received.length === 3);
    expect(viewer.received.slice(1).map((message) => [message.id, message.error?.code])).toEqual([
      [65, 'RATE_LIMITED'],
      [66, 'RATE_LIMITED'],
    ]);
    release();
    await waitFor('the rest', () => viewer.answer(64));
    expect(edge.gateway.last.calls).toHaveLength(65);
  });

  it('SG34: a session that does not read is closed before it fills the memory', async () => {
    const viewer = await edge.connect();
    viewer.socket.pause();
    const media = edge.gateway.last;
    const data = {
      stream: 'live/x',
      state: 'waiting' as const,
      reason: { code: 'X', message: 'y'.repeat(60_000) },
    };
    let sent = 0;
    while (!media.closed && sent < 1000) {
      media.emit({ event: 'stream.state', data });
      sent += 1;
      if (sent % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(media.closed).toBe(true);
    // What the sockets' own buffers take comes on top of the 1 MiB.
    expect(sent).toBeLessThan(500);
    edge.clock.advance(1000);
    await waitFor('the connection to be gone', () => edge.signaling.connections === 0);
  });

  it('SG35: who answers pings stays, who does not is cut off after two', async () => {
    const alive = await edge.connect();
    const dead = await edge.connect({ client: { autoPong: false } });
    for (let round = 1; round <= 3; round++) {
      const pinged = [alive, dead].map(
        ({ socket }) =>
          new Promise((resolve) => (round <= 2 ? socket.once('ping', resolve) : resolve(undefined))),
      );
      edge.clock.advance(15_000);
      await Promise.all(pinged);
      await alive.ask(round, 'streams.list');
      if (round < 3) expect(dead.closed).toBeUndefined();
    }
    expect((await dead.end()).code).toBe(1006);
    edge.clock.advance(15_000);
    expect((await alive.ask(9, 'streams.list')).result).toBeDefined();
    await waitFor('its media to close', () => edge.gateway.viewers[1]?.closed);
  });

  it('SG6: at most 100 connections of one client elsewhere, as many as there may be from this machine', async () => {
    const remote = await startSignaling({ remoteAddress: '2001:db8::5' });
    try {
      const viewers = await Promise.all(Array.from({ length: 100 }, () => remote.connect()));
      const { status, body } = await remote.refused();
      expect([status, body.error.code]).toEqual([429, 'RATE_LIMITED']);
      viewers[0]?.socket.close();
      await waitFor('room for one', () => remote.signaling.connections === 99);
      expect((await remote.connect()).closed).toBeUndefined();
    } finally {
      await remote.close();
    }
  });

  it('SG6: at most 2000 connections; a closed one makes room', async () => {
    // Plain sockets: 2000 clients of the library would be the heavier part of this test.
    const sockets = await Promise.all(
      Array.from({ length: 2000 }, async () => {
        const socket = connect(edge.port, '127.0.0.1');
        socket.on('error', () => {});
        socket.resume();
        socket.write(
          `GET ${PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
            'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
        );
        return socket;
      }),
    );
    try {
      await waitFor('2000 connections', () => edge.signaling.connections === 2000);
      const { status, body } = await edge.refused();
      expect([status, body.error.code]).toEqual([503, 'TOO_MANY_VIEWERS']);
      sockets[0]?.destroy();
      await waitFor('room for one', () => edge.signaling.connections === 1999);
      expect((await edge.connect()).received[0]?.event).toBe('hello');
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });
});
