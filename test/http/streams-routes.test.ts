import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EdgeApp, HOST, startEdgeApp } from '../support/edge-app.ts';

let edge: EdgeApp;
beforeEach(async () => {
  edge = await startEdgeApp();
});
afterEach(() => edge.close());

const headers = { host: HOST };
const get = (url: string) => edge.app.inject({ url, headers });
const post = (payload: object) =>
  edge.app.inject({ method: 'POST', url: '/api/v1/streams', headers, payload });
const patch = (id: string, payload: object) =>
  edge.app.inject({ method: 'PATCH', url: `/api/v1/streams/${id}`, headers, payload });
const remove = (id: string) => edge.app.inject({ method: 'DELETE', url: `/api/v1/streams/${id}`, headers });
const door = { name: 'front-door', source: { url: 'rtsp://admin:p%40ss@10.0.0.5/s1' } };

describe('streams', () => {
  it('are created, listed, read, changed and removed', async () => {
    const created = await post(door);
    expect(created.statusCode).toBe(201);
    expect(created.headers.location).toBe('/api/v1/streams/live/front-door');
    expect(created.json()).toMatchObject({ app: 'live', name: 'front-door', state: 'connecting' });
    expect((await get('/api/v1/streams')).json().streams).toEqual([created.json()]);
    expect((await get('/api/v1/streams/live/front-door')).json()).toEqual(created.json());
    const changed = await patch('live/front-door', { onDemand: true });
    expect(changed.statusCode).toBe(200);
    expect(changed.json().onDemand).toBe(true);
    const gone = await remove('live/front-door');
    expect(gone.statusCode).toBe(204);
    expect(gone.body).toBe('');
    expect((await get('/api/v1/streams/live/front-door')).statusCode).toBe(404);
  });

  it('reach the directory with credentials taken out of the URL and defaults filled in', async () => {
    await post(door);
    expect(edge.ports.streams.definitions.get('live/front-door')).toMatchObject({
      app: 'live',
      onDemand: false,
      source: {
        url: 'rtsp://10.0.0.5/s1',
        username: 'admin',
        password: 'p@ss',
        transport: 'auto',
        connectTimeoutMs: 10_000,
      },
    });
  });

  it('never show a password, not even one that the directory lets slip', async () => {
    await post(door);
    const list = edge.ports.streams.list.bind(edge.ports.streams);
    edge.ports.streams.list = () => list().map((status) => ({ ...status, password: 'p@ss' }));
    const answers = [await get('/api/v1/streams'), await get('/api/v1/streams/live/front-door')];
    for (const { body } of answers) {
      expect(body).toContain('front-door');
      expect(body).not.toContain('p@ss');
      expect(body).not.toContain('p%40ss');
    }
  });

  it.each([
    ['a name twice', () => post(door), 409, 'STREAM_EXISTS'],
    ['an unknown stream', () => get('/api/v1/streams/live/other'), 404, 'STREAM_NOT_FOUND'],
    ['a change of an unknown stream', () => patch('live/other', {}), 404, 'STREAM_NOT_FOUND'],
    ['removing an unknown stream', () => remove('live/other'), 404, 'STREAM_NOT_FOUND'],
    ['a name that could be a path', () => get('/api/v1/streams/live/..%2Fsecret'), 400, 'BAD_REQUEST'],
    ['a name that objects inherit', () => get('/api/v1/streams/live/constructor'), 404, 'STREAM_NOT_FOUND'],
  ])('%s is refused', async (_what, ask, status, code) => {
    await post(door);
    const answer = await ask();
    expect(answer.statusCode).toBe(status);
    expect(answer.json().error.code).toBe(code);
  });

  it('of the configuration file are read-only', async () => {
    await post(door);
    edge.ports.streams.readOnly.add('live/front-door');
    for (const answer of [
      await patch('live/front-door', { onDemand: true }),
      await remove('live/front-door'),
    ]) {
      expect(answer.statusCode).toBe(409);
      expect(answer.json().error.code).toBe('STREAM_READ_ONLY');
    }
  });
});

describe('what is wrong with a stream is said in words', () => {
  it.each([
    [{ source: door.source }, 'name is missing; expected a string.'],
    [{ name: 7, source: door.source }, 'name must be a string, but is a number.'],
    [{ name: 'a b', source: door.source }, 'name must be 1 to 64 letters, digits, "_" or "-"'],
    [{ ...door, app: 'api' }, 'app is reserved; choose another app'],
    [{ ...door, sourec: 1 }, 'the body has unknown keys: "sourec".'],
    [{ name: 'x', source: { url: 'http://x/' } }, 'source.url has the scheme "http:"; expected rtsp:'],
    [{ name: 'x', source: { url: 'file:///etc/passwd' } }, 'source.url has the scheme "file:"'],
    [{ name: 'x', source: { url: 'exec:rm' } }, 'source.url has the scheme "exec:"'],
    [
      { name: 'x', source: { ...door.source, transport: 'sctp' } },
      'source.transport must be one of "auto", "tcp", "udp".',
    ],
    [
      { name: 'x', source: { ...door.source, connectTimeoutMs: 1 } },
      'source.connectTimeoutMs is too small: expected number to be >=500.',
    ],
    [{ ...door, record: 3 }, 'record does not fit any of the shapes expected: a boolean or an object.'],
    [{ ...door, record: { keepDays: -1 } }, 'record.keepDays is too small'],
    [[], 'the body must be an object, but is an array.'],
  ])('%j', async (body, message) => {
    const answer = await post(body);
    expect(answer.statusCode).toBe(400);
    const { error } = answer.json();
    expect(error.code).toBe('BAD_REQUEST');
    expect(error.message).toContain(message);
    expect(error.details.issues.length).toBeGreaterThan(0);
  });

  it('and never repeats a value, which may be a password', async () => {
    const answer = await post({
      name: 'x',
      source: { url: 'nonsense:canary-1@h', password: ['canary-2'] },
      token: 'canary-3',
    });
    expect(answer.statusCode).toBe(400);
    expect(answer.body).not.toContain('canary');
  });
});
