import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EdgeApp, HOST, logIn, PARTNER, startEdgeApp, TOKEN } from '../support/edge-app.ts';

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';
const PUBLIC: Array<[Method, string]> = [
  ['GET', '/'],
  ['GET', '/assets/index-abc123.js'],
  ['GET', '/sluice-player.js'],
  ['GET', '/sluice-player.d.ts'],
  ['GET', '/healthz'],
  ['GET', '/readyz'],
  ['GET', '/api/v1/session'],
];
const GUARDED: Array<[Method, string]> = [
  ['GET', '/metrics'],
  ['GET', '/docs'],
  ['GET', '/api/openapi.json'],
  ['GET', '/api/v1/streams'],
  ['POST', '/api/v1/streams'],
  ['GET', '/api/v1/streams/live/door'],
  ['PATCH', '/api/v1/streams/live/door'],
  ['DELETE', '/api/v1/streams/live/door'],
  ['GET', '/api/v1/signaling'],
  ['POST', '/whep/live/door'],
  ['PATCH', '/whep/live/door/0123456789abcdef'],
  ['DELETE', '/whep/live/door/0123456789abcdef'],
  ['GET', '/nothing/here'],
  ['POST', '/api/v1/nothing'],
];
const OPEN_TO_QUERY = (method: Method, url: string) => method === 'GET' || url.startsWith('/whep/');

let edge: EdgeApp;
beforeEach(async () => {
  edge = await startEdgeApp({ apiToken: TOKEN });
});
afterEach(() => edge.close());

const ask = (method: Method, url: string, headers: Record<string, string> = {}) =>
  edge.app.inject({ method, url, headers: { host: HOST, ...headers } });
const withToken = (url: string, token: string) => `${url}?access_token=${encodeURIComponent(token)}`;

describe('without a token', () => {
  it.each(PUBLIC)('%s %s is public', async (method, url) => {
    expect((await ask(method, url)).statusCode).toBe(200);
  });

  it.each(GUARDED)('%s %s is not', async (method, url) => {
    const answer = await ask(method, url);
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="sluice"');
    expect(answer.json().error.code).toBe('UNAUTHORIZED');
  });
});

it('HEAD is guarded as GET is', async () => {
  const head = (url: string) => edge.app.inject({ method: 'HEAD', url, headers: { host: HOST } });
  expect((await head('/healthz')).statusCode).toBe(200);
  expect((await head('/metrics')).statusCode).toBe(401);
  expect((await head(withToken('/metrics', TOKEN))).statusCode).toBe(200);
});

describe('with a wrong token', () => {
  it.each(GUARDED)('%s %s stays shut, whichever way the token comes', async (method, url) => {
    const answers = [
      await ask(method, url, { authorization: 'Bearer wrong' }),
      await ask(method, url, { authorization: `Bearer ${TOKEN}x` }),
      await ask(method, url, { authorization: `Basic ${TOKEN}` }),
      await ask(method, withToken(url, 'wrong')),
      await ask(method, url, { cookie: `sluice_session=${TOKEN}`, origin: `http://${HOST}` }),
      await ask(method, url, { cookie: 'sluice_session=constructor', origin: `http://${HOST}` }),
      await ask(method, url, { 'sec-websocket-protocol': `sluice.token.${TOKEN}` }),
    ];
    expect(answers.map((answer) => answer.statusCode)).toEqual(answers.map(() => 401));
  });

  it('a wrong header is not made good by a right query', async () => {
    const answer = await ask('GET', withToken('/metrics', TOKEN), { authorization: 'Bearer wrong' });
    expect(answer.statusCode).toBe(401);
  });
});

describe('with the right token', () => {
  it.each(GUARDED)('%s %s opens by header', async (method, url) => {
    expect((await ask(method, url, { authorization: `Bearer ${TOKEN}` })).statusCode).not.toBe(401);
    expect((await ask(method, url, { authorization: `bearer ${TOKEN}` })).statusCode).not.toBe(401);
  });

  it.each(GUARDED)('%s %s opens by query where that is meant to', async (method, url) => {
    const known = !url.includes('nothing');
    const opens = known && OPEN_TO_QUERY(method, url);
    expect((await ask(method, withToken(url, TOKEN))).statusCode !== 401).toBe(opens);
  });

  it.each(GUARDED)('%s %s opens by cookie, for the page of the gateway itself', async (method, url) => {
    const cookie = await logIn(edge);
    expect((await ask(method, url, { cookie, origin: `http://${HOST}` })).statusCode).not.toBe(401);
  });

  it('answers are for no cache', async () => {
    const answer = await ask('GET', '/api/v1/streams', { authorization: `Bearer ${TOKEN}` });
    expect(answer.headers['cache-control']).toBe('no-store');
  });
});

describe('the log-in of the control room', () => {
  const session = async (cookie: string) => (await ask('GET', '/api/v1/session', { cookie })).json();

  it('gives a cookie that scripts cannot read and that does not hold the token; log-out ends it', async () => {
    const answer = await edge.app.inject({
      method: 'POST',
      url: '/api/v1/login',
      headers: { host: HOST, origin: `http://${HOST}` },
      payload: { token: TOKEN },
    });
    expect(answer.statusCode).toBe(200);
    const setCookie = String(answer.headers['set-cookie']);
    expect(setCookie).toMatch(
      /^sluice_session=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=604800$/,
    );
    expect(setCookie).not.toContain(TOKEN);
    const cookie = setCookie.split(';')[0] ?? '';
    expect(await session(cookie)).toEqual({ authRequired: true, authenticated: true });

    const out = await ask('POST', '/api/v1/logout', { cookie, origin: `http://${HOST}` });
    expect(out.statusCode).toBe(204);
    expect(String(out.headers['set-cookie'])).toContain('Max-Age=0');
    expect(await session(cookie)).toEqual({ authRequired: true, authenticated: false });
  });

  it('marks the cookie Secure for a page that came over https', async () => {
    const answer = await edge.app.inject({
      method: 'POST',
      url: '/api/v1/login',
      headers: { host: HOST, origin: `https://${HOST}` },
      payload: { token: TOKEN },
    });
    expect(String(answer.headers['set-cookie'])).toMatch(/; Secure$/);
  });

  it('ends on its own after a week', async () => {
    const cookie = await logIn(edge);
    edge.clock.advance(7 * 24 * 3_600_000);
    expect(await session(cookie)).toEqual({ authRequired: true, authenticated: false });
  });

  it('says what is wrong with the form', async () => {
    const headers = { host: HOST };
    const post = (payload: object) =>
      edge.app.inject({ method: 'POST', url: '/api/v1/login', headers, payload });
    expect((await post({ token: 'wrong' })).statusCode).toBe(401);
    const missing = await post({});
    expect(missing.statusCode).toBe(400);
    expect(missing.json().error.message).toBe('token is missing; expected a string.');
  });

  it('is limited: after 30 wrong tokens even the right one waits, sessions go on', async () => {
    const cookie = await logIn(edge);
    const from = { remoteAddress: '192.0.2.1' };
    const attempt = (token: string) =>
      edge.app.inject({
        method: 'POST',
        url: '/api/v1/login',
        headers: { host: HOST },
        payload: { token },
        ...from,
      });
    const read = (headers: object) =>
      edge.app.inject({ url: '/metrics', headers: { host: HOST, ...headers }, ...from });
    for (let count = 0; count < 15; count++) {
      expect((await attempt(`guess-${count}`)).statusCode).toBe(401);
      expect((await read({ authorization: `Bearer guess-${count}` })).statusCode).toBe(401);
    }
    const refused = await attempt(TOKEN);
    expect(refused.statusCode).toBe(429);
    expect(refused.json().error.code).toBe('RATE_LIMITED');
    expect(refused.headers['retry-after']).toBe('1');
    expect((await read({ authorization: `Bearer ${TOKEN}` })).statusCode).toBe(429);
    expect((await read({ cookie })).statusCode).toBe(200);
    expect((await ask('GET', '/metrics', { authorization: `Bearer ${TOKEN}` })).statusCode).toBe(200);
    edge.clock.advance(1000);
    expect((await attempt(TOKEN)).statusCode).toBe(200);
  });
});

describe('where no token is set', () => {
  it('everything is open to whoever passes Host and Origin', async () => {
    const open = await startEdgeApp();
    try {
      const headers = { host: HOST };
      const session = await open.app.inject({ url: '/api/v1/session', headers });
      expect(session.json()).toEqual({ authRequired: false, authenticated: true });
      expect((await open.app.inject({ url: '/api/v1/streams', headers })).statusCode).toBe(200);
      const foreign = { ...headers, origin: 'https://evil.example' };
      expect(
        (await open.app.inject({ method: 'DELETE', url: '/api/v1/streams/live/x', headers: foreign }))
          .statusCode,
      ).toBe(403);
      const login = await open.app.inject({
        method: 'POST',
        url: '/api/v1/login',
        headers,
        payload: { token: 'any' },
      });
      expect(login.statusCode).toBe(200);
      expect(login.headers['set-cookie']).toBeUndefined();
    } finally {
      await open.close();
    }
  });
});

describe('cross-site request forgery', () => {
  const change = (headers: Record<string, string>) => ask('DELETE', '/api/v1/streams/live/door', headers);

  it.each([
    ['the same origin', `http://${HOST}`, 404],
    ['no origin', undefined, 403],
    ['a foreign origin', 'https://evil.example', 403],
    ['an allowed origin', PARTNER, 403],
    ['another port of this host', 'http://127.0.0.1:9999', 403],
    ['null', 'null', 403],
  ])('a change by cookie from %s', async (_what, origin, status) => {
    const cookie = await logIn(edge);
    expect((await change(origin === undefined ? { cookie } : { cookie, origin })).statusCode).toBe(status);
  });

  it.each([
    ['no origin', undefined, 404],
    ['an allowed origin', PARTNER, 404],
    ['the same origin', `http://${HOST}`, 404],
    ['a foreign origin', 'https://evil.example', 403],
  ])('a change by token from %s', async (_what, origin, status) => {
    const authorization = `Bearer ${TOKEN}`;
    expect(
      (await change(origin === undefined ? { authorization } : { authorization, origin })).statusCode,
    ).toBe(status);
  });

  it('a log-in from a foreign page is refused', async () => {
    const answer = await edge.app.inject({
      method: 'POST',
      url: '/api/v1/login',
      headers: { host: HOST, origin: 'https://evil.example' },
      payload: { token: TOKEN },
    });
    expect(answer.statusCode).toBe(403);
  });
});
