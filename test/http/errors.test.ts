import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ERROR_TABLE, errorBodySchema } from '../../shared/errors.ts';
import { type EdgeApp, HOST, startEdgeApp } from '../support/edge-app.ts';
import { waitFor } from '../support/wait.ts';

let edge: EdgeApp;
beforeEach(async () => {
  edge = await startEdgeApp();
});
afterEach(() => edge.close());

type Sent = { method?: 'GET' | 'POST' | 'PUT' | 'DELETE'; url: string; payload?: string; type?: string };
const send = ({ method = 'GET', url, payload, type }: Sent) =>
  edge.app.inject({
    method,
    url,
    headers: { host: HOST, ...(type === undefined ? {} : { 'content-type': type }) },
    ...(payload === undefined ? {} : { payload }),
  });
async function listen(): Promise<number> {
  await edge.app.listen({ host: '127.0.0.1', port: 0 });
  const address = edge.app.server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return address.port;
}
const JSON_TYPE = 'application/json';

describe('errors have one shape', () => {
  it.each<[string, Sent, number, string]>([
    ['an unknown path', { url: '/nope' }, 404, 'NOT_FOUND'],
    ['an unknown method', { method: 'PUT', url: '/api/v1/streams' }, 404, 'NOT_FOUND'],
    ['an address that is no text', { url: '/api/v1/streams/%zz/x' }, 400, 'BAD_REQUEST'],
    ['a name far too long', { url: `/api/v1/streams/live/${'x'.repeat(500)}` }, 400, 'BAD_REQUEST'],
    [
      'a body that is no JSON',
      { method: 'POST', url: '/api/v1/streams', payload: '{', type: JSON_TYPE },
      400,
      'BAD_REQUEST',
    ],
    [
      'a body that reaches for the prototype',
      { method: 'POST', url: '/api/v1/streams', payload: '{"__proto__":{"x":1}}', type: JSON_TYPE },
      400,
      'BAD_REQUEST',
    ],
    [
      'a body of another kind',
      { method: 'POST', url: '/api/v1/streams', payload: 'a=b', type: 'application/x-www-form-urlencoded' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'a body of more than 1 MiB',
      { method: 'POST', url: '/api/v1/streams', payload: `"${'x'.repeat(1024 * 1024)}"`, type: JSON_TYPE },
      413,
      'PAYLOAD_TOO_LARGE',
    ],
    [
      'a log-in of more than 8 KiB, which anybody may send',
      { method: 'POST', url: '/api/v1/login', payload: `{"token":"${'x'.repeat(8192)}"}`, type: JSON_TYPE },
      413,
      'PAYLOAD_TOO_LARGE',
    ],
    ['no body', { method: 'POST', url: '/api/v1/streams' }, 400, 'BAD_REQUEST'],
    ['a WebSocket address without a WebSocket', { url: '/api/v1/signaling' }, 400, 'BAD_REQUEST'],
  ])('%s', async (_what, sent, status, code) => {
    const answer = await send(sent);
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    const { error } = errorBodySchema.parse(answer.json());
    expect(error.code).toBe(code);
    expect(Object.keys(ERROR_TABLE)).toContain(error.code);
    expect(error.message).toMatch(/\.$/);
  });

  it('an empty JSON body with DELETE is no fault', async () => {
    const answer = await send({ method: 'DELETE', url: '/api/v1/streams/live/x', type: JSON_TYPE });
    expect(answer.json().error.code).toBe('STREAM_NOT_FOUND');
  });

  it('a body that is no JSON is not repeated', async () => {
    const answer = await send({
      method: 'POST',
      url: '/api/v1/login',
      payload: '{"token": canary}',
      type: JSON_TYPE,
    });
    expect(answer.statusCode).toBe(400);
    expect(answer.body).not.toContain('canary');
  });

  it('a bug is told to the log with an id, and to the client as that id only', async () => {
    edge.ports.streams.bug = new TypeError('cannot read the secret plan of undefined');
    const payload = JSON.stringify({ name: 'x', source: { url: 'rtsp://10.0.0.5/' } });
    const answer = await send({ method: 'POST', url: '/api/v1/streams', payload, type: JSON_TYPE });
    expect(answer.statusCode).toBe(500);
    const { error } = answer.json();
    expect(error.code).toBe('INTERNAL');
    expect(answer.body).not.toContain('secret plan');
    expect(answer.body).not.toContain('.ts');
    expect(error.message).toContain(error.details.requestId);
    const line = edge
      .logText()
      .split('\n')
      .find((text) => text.includes(error.details.requestId));
    expect(line).toContain('secret plan');
  });

  it('what is no HTTP at all gets it too', async () => {
    const port = await listen();
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect(port, '127.0.0.1', () => socket.write('DESCRIBE nonsense\r\n\r\n'));
      socket.on('data', (chunk) => {
        text += String(chunk);
      });
      socket.on('close', () => resolve(text));
      socket.on('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('{"error":{"code":"BAD_REQUEST"');
  });

  it('while closing, requests on open connections are told to come back', async () => {
    const port = await listen();
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let arrived = false;
    edge.ports.streams.remove = () => {
      arrived = true;
      return held;
    };
    const url = `http://127.0.0.1:${port}/api/v1/streams`;
    const slow = fetch(`${url}/live/x`, { method: 'DELETE' });
    const early = connect(port, '127.0.0.1');
    await new Promise((resolve) => early.once('connect', resolve));
    // Half a request keeps the connection from being closed as idle.
    early.write('GET /healthz HTTP/1.1\r\n');
    await waitFor('the slow request to arrive', () => arrived);
    const closed = edge.app.close();
    early.write(`Host: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`);
    const text = await new Promise<string>((resolve) => {
      let received = '';
      early.on('data', (chunk) => {
        received += String(chunk);
      });
      early.on('close', () => resolve(received));
    });
    expect(text).toContain('503');
    expect(text).toContain('SHUTTING_DOWN');
    release();
    expect((await slow).status).toBe(204);
    await closed;
  });
});
