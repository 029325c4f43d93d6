import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EdgeApp, HOST, startEdgeApp } from '../support/edge-app.ts';

const CANARY = 'canary-token-5f2a';
const PASSWORD = 'canary-password-9c1d';

let edge: EdgeApp;
beforeEach(async () => {
  edge = await startEdgeApp({ apiToken: CANARY });
});
afterEach(() => edge.close());

describe('secrets', () => {
  it('reach neither the log nor any answer, whatever way they come and whatever becomes of the request', async () => {
    const bodies: string[] = [];
    const send = async (
      method: 'GET' | 'POST' | 'DELETE',
      url: string,
      headers: object = {},
      payload?: object,
    ) => {
      const answer = await edge.app.inject({
        method,
        url,
        headers: { host: HOST, ...headers },
        ...(payload === undefined ? {} : { payload }),
      });
      bodies.push(answer.body, JSON.stringify(answer.headers));
      return answer;
    };
    const bearer = { authorization: `Bearer ${CANARY}` };
    const source = { url: `rtsp://user:${PASSWORD}@10.0.0.5/` };
    await send('GET', `/api/v1/streams?access_token=${CANARY}`);
    await send('GET', `/api/v1/streams?access%5ftoken=${CANARY}`);
    await send('GET', `/nothing?access_token=${CANARY}`);
    await send('GET', `/%zz?access_token=${CANARY}`);
    await send('GET', `/metrics?access_token=${CANARY}x`);
    await send('GET', '/metrics', bearer);
    await send('GET', '/metrics', { ...bearer, host: 'evil.example' });
    await send('POST', '/api/v1/login', {}, { token: CANARY });
    await send('POST', '/api/v1/login', {}, { token: { [CANARY]: CANARY }, password: PASSWORD });
    expect((await send('POST', '/api/v1/streams', bearer, { name: 'a', source })).statusCode).toBe(201);
    await send('POST', '/api/v1/streams', bearer, {
      name: 'a',
      source: { url: `nope://u:${PASSWORD}@h/`, password: [PASSWORD] },
    });
    await send('GET', '/api/v1/streams/live/a', bearer);
    edge.ports.streams.bug = new Error('a fault');
    expect((await send('POST', '/api/v1/streams', bearer, { name: 'b', source })).statusCode).toBe(500);
    await send('DELETE', '/api/v1/streams/live/a', bearer);

    // The log has to hold something, or its silence proves nothing.
    expect(edge.logText()).toContain('/api/v1/streams?access_token=***');
    expect(edge.logText()).toContain('a fault');
    for (const secret of [CANARY, PASSWORD]) {
      expect(edge.logText()).not.toContain(secret);
      expect(bodies.join('\n')).not.toContain(secret);
    }
  });
});
