import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VERSION } from '../../server/base/version.ts';
import { ApiError } from '../../shared/errors.ts';
import { EVENTS } from '../../shared/signaling.ts';
import { waitFor } from '../support/wait.ts';
import { PARTNER, PATH, type Signaling, startSignaling } from './harness.ts';

const TOKEN = 'correct-horse-battery-staple';

let edge: Signaling;
beforeEach(async () => {
  edge = await startSignaling();
});
afterEach(() => edge.close());

describe('opening', () => {
  it('SG1: only at /api/v1/signaling', async () => {
    for (const path of ['/', '/api/v1/signaling/', '/api/v1/streams', '/ws']) {
      const { status, body } = await edge.refused({ path });
      expect(status).toBe(404);
      expect(body.error.code).toBe('NOT_FOUND');
    }
    expect((await edge.connect({ path: `${PATH}?x=1` })).socket.readyState).toBe(1);
  });

  it('SG7: hello comes first, with what a mediasoup device needs', async () => {
    const viewer = await edge.connect();
    expect(viewer.received).toEqual([
      {
        event: 'hello',
        data: {
          routerRtpCapabilities: edge.gateway.routerRtpCapabilities,
          iceServers: [{ urls: 'stun:stun.example' }],
          version: VERSION,
        },
      },
    ]);
    EVENTS.hello.parse(viewer.received[0]?.data);
  });

  it('SG4: sluice.v1 has to be among the offered subprotocols and is the one that comes back', async () => {
    expect((await edge.connect()).socket.protocol).toBe('sluice.v1');
    expect((await edge.connect({ protocols: ['other', 'sluice.v1'] })).socket.protocol).toBe('sluice.v1');
    expect((await edge.connect({ protocols: ['sluice.token.abc', 'sluice.v1'] })).socket.protocol).toBe(
      'sluice.v1',
    );
    expect((await edge.connect({ protocols: [] })).socket.protocol).toBe('');
    for (const protocols of [['other'], ['sluice.token.abc'], ['sluice.v2']]) {
      const { status, body } = await edge.refused({ protocols });
      expect(status).toBe(400);
      expect(body.error.message).toContain('sluice.v1');
    }
  });

  it('SG36: compression is not agreed on, even when asked for', async () => {
    const viewer = await edge.connect({ client: { perMessageDeflate: true } });
    expect(viewer.socket.extensions).toBe('');
  });

  it.each([
    ['the gateway itself', (port: number) => ({ origin: `http://127.0.0.1:${port}` })],
    ['an allowed page', () => ({ origin: PARTNER })],
    ['no browser', () => ({})],
  ])('SG2: %s may open one', async (_who, headers) => {
    expect((await edge.connect({ headers: headers(edge.port) })).received[0]?.event).toBe('hello');
  });

  it.each([
    ['another page', { origin: 'https://evil.example' }],
    ['another server on this machine', { origin: 'http://127.0.0.1:3000' }],
    ['a sandboxed page', { origin: 'null' }],
    ['a foreign host name', { host: 'evil.example' }],
    ['a foreign host name as its own origin', { host: 'evil.example', origin: 'http://evil.example' }],
  ])('SG2, SG5: %s is refused before anything opens', async (_who, headers) => {
    const { status, body, headers: answered } = await edge.refused({ headers });
    expect(status).toBe(403);
    expect(body.error.code).toBe('FORBIDDEN');
    expect(answered['content-type']).toBe('application/json; charset=utf-8');
    expect(edge.gateway.viewers).toEqual([]);
  });

  it('SG8: where no session can be had, the error says why and the close code says to come back', async () => {
    edge.gateway.refuseWith = new ApiError('TOO_MANY_VIEWERS', 'All seats are taken.');
    const viewer = await edge.connect();
    expect(await viewer.end()).toEqual({ code: 1013, reason: 'TOO_MANY_VIEWERS' });
    expect(viewer.received).toEqual([
      { id: null, error: { code: 'TOO_MANY_VIEWERS', message: 'All seats are taken.' } },
    ]);
    edge.gateway.refuseWith = new Error('secret plan');
    const other = await edge.connect();
    await other.end();
    expect(other.received[0]?.error?.code).toBe('INTERNAL');
    expect(JSON.stringify(other.received)).not.toContain('secret plan');
  });

  it('SG22: when the WebSocket closes, politely or not, the media of the viewer close too', async () => {
    const polite = await edge.connect();
    const rude = await edge.connect();
    polite.socket.close();
    rude.socket.terminate();
    await waitFor('both viewers to be closed', () => edge.gateway.viewers.every((viewer) => viewer.closed));
    expect(edge.gateway.viewers).toHaveLength(2);
    await waitFor('the count to be zero', () => edge.signaling.connections === 0);
  });

  it('SG23: before a stop every viewer is told when to come back, and new ones are refused', async () => {
    const viewers = [await edge.connect(), await edge.connect()];
    const closing = edge.signaling.closeAll(2500);
    const { status, body } = await edge.refused();
    expect([status, body.error.code]).toEqual([503, 'SHUTTING_DOWN']);
    for (const viewer of viewers) {
      expect((await viewer.end()).code).toBe(1001);
      expect(viewer.received.at(-1)).toEqual({ event: 'server.closing', data: { retryAfterMs: 2500 } });
    }
    await closing;
    expect(edge.gateway.viewers.map((viewer) => viewer.closed)).toEqual([true, true]);
  });

  it('SG23: a viewer that does not answer the goodbye is cut off', async () => {
    const viewer = await edge.connect();
    viewer.socket.pause();
    let done = false;
    const closing = edge.signaling.closeAll(1000).then(() => {
      done = true;
    });
    await waitFor('the farewell', () => edge.gateway.last.closed);
    expect(done).toBe(false);
    edge.clock.advance(2000);
    await closing;
    viewer.socket.resume();
    await viewer.end();
  });
});

describe('with a token', () => {
  let guarded: Signaling;
  beforeEach(async () => {
    guarded = await startSignaling({ apiToken: TOKEN });
  });
  afterEach(() => guarded.close());

  const ways = (token: string) => [
    { headers: { authorization: `Bearer ${token}` } },
    { protocols: ['sluice.v1', `sluice.token.${token}`] },
    { protocols: [`sluice.token.${token}`, 'sluice.v1'] },
    { path: `${PATH}?access_token=${token}` },
  ];

  it('SG3: the right one opens, by header, subprotocol and query', async () => {
    for (const way of ways(TOKEN)) {
      const viewer = await guarded.connect(way);
      expect(viewer.received[0]?.event).toBe('hello');
      expect(viewer.socket.protocol).toBe('sluice.v1');
    }
  });

  it('SG3, SG5: none, or a wrong one, does not', async () => {
    for (const way of [{}, { headers: { cookie: `sluice_session=${TOKEN}` } }, ...ways('wrong')]) {
      const { status, body, headers } = await guarded.refused(way);
      expect(status).toBe(401);
      expect(body.error.code).toBe('UNAUTHORIZED');
      expect(headers['www-authenticate']).toBe('Bearer realm="sluice"');
    }
    expect(guarded.gateway.viewers).toEqual([]);
  });

  it('SG3: the cookie opens for the page of the gateway, and for no other', async () => {
    const request = { socket: { remoteAddress: '127.0.0.1' }, headers: {} };
    // Only these two are read; a whole request needs no making here.
    const login = guarded.guard.logIn(request as never, TOKEN);
    const cookie = (login.ok ? login.value.setCookie : undefined)?.split(';')[0] ?? '';
    const own = { cookie, origin: `http://127.0.0.1:${guarded.port}` };
    expect((await guarded.connect({ headers: own })).received[0]?.event).toBe('hello');
    for (const headers of [
      { cookie },
      { cookie, origin: PARTNER },
      { cookie, origin: 'https://evil.example' },
    ]) {
      expect((await guarded.refused({ headers })).status).toBe(403);
    }
  });

  it('SG3: guessing is limited', async () => {
    const remote = await startSignaling({ apiToken: TOKEN, remoteAddress: '192.0.2.1' });
    try {
      for (let count = 0; count < 30; count++) {
        expect((await remote.refused({ path: `${PATH}?access_token=guess-${count}` })).status).toBe(401);
      }
      const { status, headers } = await remote.refused({ path: `${PATH}?access_token=${TOKEN}` });
      expect(status).toBe(429);
      expect(headers['retry-after']).toBe('1');
      remote.clock.advance(1000);
      expect((await remote.connect({ path: `${PATH}?access_token=${TOKEN}` })).closed).toBeUndefined();
    } finally {
      await remote.close();
    }
  });

  it('the token is in no log line', async () => {
    for (const way of ways(TOKEN)) (await guarded.connect(way)).socket.close();
    for (const way of ways(`${TOKEN}x`)) await guarded.refused(way);
    await waitFor('the log to tell of the end', () => guarded.logText().includes('closed'));
    expect(guarded.logText()).not.toContain(TOKEN);
  });
});
