import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiError } from '../../shared/errors.ts';
import { type EdgeApp, HOST, PARTNER, startEdgeApp } from '../support/edge-app.ts';

const SDP = 'application/sdp';
const FRAGMENT = 'application/trickle-ice-sdpfrag';

let edge: EdgeApp;
beforeEach(async () => {
  edge = await startEdgeApp();
});
afterEach(() => edge.close());

const send = (
  method: 'POST' | 'PATCH' | 'DELETE' | 'OPTIONS',
  url: string,
  payload?: string,
  headers: Record<string, string> = {},
) =>
  edge.app.inject({
    method,
    url,
    headers: { host: HOST, ...headers },
    ...(payload === undefined ? {} : { payload }),
  });
const offer = (headers = {}) =>
  send('POST', '/whep/live/door', 'v=0\r\n', { 'content-type': SDP, ...headers });

async function begin(): Promise<string> {
  return String((await offer()).headers.location);
}

describe('WHEP', () => {
  it('takes an offer and gives the answer, the session and its entity tag', async () => {
    const answer = await offer({ origin: PARTNER });
    expect(answer.statusCode).toBe(201);
    expect(answer.headers['content-type']).toBe(SDP);
    expect(answer.body).toBe('v=0\r\ns=answer to live/door\r\n');
    expect(answer.headers.location).toBe('/whep/live/door/whep-session-00000001');
    expect(answer.headers.etag).toBe('"first"');
    expect(answer.headers['accept-patch']).toBe(FRAGMENT);
    expect(answer.headers['access-control-allow-origin']).toBe(PARTNER);
    expect(edge.ports.whep.sessions.get('whep-session-00000001')?.offer).toBe('v=0\r\n');
  });

  it('takes candidates, restarts ICE, and ends', async () => {
    const session = await begin();
    const headers = { 'content-type': FRAGMENT, 'if-match': '"first"' };
    const trickled = await send('PATCH', session, 'a=candidate:1', headers);
    expect(trickled.statusCode).toBe(204);
    expect(trickled.body).toBe('');
    const restarted = await send('PATCH', session, 'ice-restart', {
      'content-type': FRAGMENT,
      'if-match': '*',
    });
    expect(restarted.statusCode).toBe(200);
    expect(restarted.headers['content-type']).toBe(FRAGMENT);
    expect(restarted.headers.etag).toBe('"second"');
    const stale = await send('PATCH', session, 'a=candidate:2', headers);
    expect(stale.statusCode).toBe(412);
    expect(stale.json().error.code).toBe('CONFLICT');
    expect((await send('DELETE', session)).statusCode).toBe(204);
    const again = await send('DELETE', session);
    expect(again.statusCode).toBe(404);
    expect(again.json().error.code).toBe('SESSION_NOT_FOUND');
  });

  it('says what may be posted', async () => {
    const answer = await send('OPTIONS', '/whep/live/door');
    expect(answer.statusCode).toBe(204);
    expect(answer.headers['accept-post']).toBe(SDP);
  });

  it('hands the errors of the media through, with Retry-After where there is one', async () => {
    edge.ports.whep.failNext = new ApiError('STREAM_NOT_LIVE', 'Not yet.', { retryAfterMs: 2500 });
    const answer = await offer();
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBe('3');
    expect(answer.json().error).toEqual({
      code: 'STREAM_NOT_LIVE',
      message: 'Not yet.',
      details: { retryAfterMs: 2500 },
    });
  });

  it.each([
    ['JSON', '/whep/live/door', { 'content-type': 'application/json' }, '{}', 415],
    ['text', '/whep/live/door', { 'content-type': 'text/plain' }, 'v=0', 415],
    ['an empty offer', '/whep/live/door', { 'content-type': SDP }, '', 400],
    ['no offer', '/whep/live/door', {}, undefined, 400],
    ['an offer of more than 64 KB', '/whep/live/door', { 'content-type': SDP }, 'v'.repeat(65_537), 413],
    ['a bad name', '/whep/live/a%20b', { 'content-type': SDP }, 'v=0', 400],
  ])('refuses %s', async (_what, url, headers, payload, status) => {
    const answer = await send('POST', url, payload, headers);
    expect(answer.statusCode).toBe(status);
    expect(answer.json().error.message).toMatch(/\.$/);
    expect(edge.ports.whep.sessions.size).toBe(0);
  });

  it.each(['short', 'x'.repeat(65), '..%2f..%2f..%2f..%2fetc'])('refuses the session id %s', async (id) => {
    expect((await send('DELETE', `/whep/live/door/${id}`)).statusCode).toBe(400);
  });
});
