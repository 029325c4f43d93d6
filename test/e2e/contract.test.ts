import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { EVENTS, METHODS } from '../../shared/signaling.ts';
import { streamStatusSchema } from '../../shared/stream.ts';
import { GatewayProcess } from '../support/gateway.ts';
import { anewForAnotherTry } from '../support/tried-again.ts';
import { waitFor } from '../support/wait.ts';
import { VIEWER_CAPABILITIES } from '../support/werift-viewer.ts';

const TOKEN = 'correct-horse-battery-staple';
const BEARER = { authorization: `Bearer ${TOKEN}` };
/** TEST-NET-1 (RFC 5737): nobody is there. */
const NOWHERE = 'rtsp://192.0.2.1/s1';

let gateway: GatewayProcess;

const open = async () => {
  gateway = await GatewayProcess.start({
    settings: {
      auth: { apiToken: TOKEN },
      demo: true,
      apps: { shop: { record: false } },
      streams: { 'shop/till': { source: { url: 'publish:', username: 'till', password: 'a-secret' } } },
    },
  });
  await waitFor('the demo to be live', async () => {
    const { body } = await call('GET', '/api/v1/streams/live/demo');
    return streamStatusSchema.parse(body).state === 'live';
  });
};
const close = () => gateway?.close();
beforeAll(open);
afterAll(close);
anewForAnotherTry(close, open);

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

async function call(method: string, path: string, body?: object, headers: object = BEARER): Promise<Answer> {
  const response = await fetch(gateway.url + path, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  return {
    status: response.status,
    headers: response.headers,
    body: isJson ? (JSON.parse(text) as unknown) : text,
  };
}

const refused = (code: string) => ({ error: { code, message: expect.stringMatching(/\w/) } });

describe('the API of a real gateway', () => {
  it.each([
    ['GET', '/live/demo/playlist.m3u8', 200, 'application/vnd.apple.mpegurl'],
    ['GET', '/live/demo/playlist.m3u8&start_time=1&end_time=2', 400, 'application/json'],
    ['POST', '/v1/nvr/convert2mp4', 400, 'application/json'],
    ['GET', '/api/v1/streams/live/demo/timeline', 200, 'application/json'],
    ['GET', '/api/v1/streams/live/demo/frame', 200, 'image/jpeg'],
    ['GET', '/api/v1/exports', 200, 'application/json'],
    ['GET', '/api/v1/period-files', 200, 'application/json'],
    ['GET', '/nothing/here', 404, 'application/json'],
  ])('%s %s answers %i, and nothing at all without the token', async (method, path, status, type) => {
    const answer = await call(method, path);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain(type);
    expect(await call(method, path, undefined, {})).toMatchObject({
      status: 401,
      body: refused('UNAUTHORIZED'),
    });
  });

  it('creates with 201 and Location, changes the given fields, removes with 204, and knows it no more', async () => {
    const path = '/api/v1/streams/live/door';
    const created = await call('POST', '/api/v1/streams', { name: 'door', source: { url: NOWHERE } });
    expect(created).toMatchObject({ status: 201, body: { app: 'live', name: 'door', readOnly: false } });
    expect(created.headers.get('location')).toBe(path);
    const again = await call('POST', '/api/v1/streams', { name: 'door', source: { url: NOWHERE } });
    expect(again).toMatchObject({ status: 409, body: refused('STREAM_EXISTS') });
    const source = { url: NOWHERE, transport: 'udp' };
    expect(await call('PATCH', path, { labels: { place: 'north' } })).toMatchObject({ status: 200 });
    expect(await call('PATCH', path, { source, record: true })).toMatchObject({
      status: 200,
      body: { source, labels: { place: 'north' }, record: true, onDemand: false },
    });
    expect(await call('PATCH', path, { name: 'other' })).toMatchObject({ status: 400 });
    expect(await call('DELETE', path)).toMatchObject({ status: 204, body: '' });
    for (const method of ['GET', 'DELETE']) {
      expect(await call(method, path)).toMatchObject({ status: 404, body: refused('STREAM_NOT_FOUND') });
    }
    expect(await call('PATCH', path, {})).toMatchObject({ status: 404, body: refused('STREAM_NOT_FOUND') });
  });

  it.each([
    [{ app: 'whep', name: 'x' }, /reserved/],
    [{ app: 'internal', name: 'x' }, /reserved/],
    [{ name: '-x' }, /letters/],
    [{ name: 'x'.repeat(65) }, /64/],
    [{ name: '../x' }, /letters/],
  ])('refuses the name %j', async (names, words) => {
    const answer = await call('POST', '/api/v1/streams', { ...names, source: { url: NOWHERE } });
    expect(answer).toMatchObject({ status: 400, body: refused('BAD_REQUEST') });
    expect(JSON.stringify(answer.body)).toMatch(words);
  });

  it('shows the streams of the file, and does not change them', async () => {
    const path = '/api/v1/streams/shop/till';
    expect(await call('GET', path)).toMatchObject({
      status: 200,
      body: { readOnly: true, state: 'waiting', reason: { code: 'NO_PUBLISHER' } },
    });
    for (const [method, body] of [
      ['PATCH', { onDemand: true }],
      ['DELETE', undefined],
    ] as const) {
      expect(await call(method, path, body)).toMatchObject({
        status: 409,
        body: refused('STREAM_READ_ONLY'),
      });
    }
  });

  it('tells everything of a stream that is live', async () => {
    const status = await waitFor('a full status', async () => {
      const { body } = await call('GET', '/api/v1/streams/live/demo');
      const now = streamStatusSchema.parse(body);
      return now.keyFrameIntervalMs !== undefined && now.bitrateKbps !== undefined ? now : undefined;
    });
    expect(status).toMatchObject({ state: 'live', codec: 'h264', viewers: 0, recorder: { state: 'off' } });
    expect(status.profile).toMatch(/\d\.\d$/);
    for (const field of ['width', 'height', 'fps', 'bitrateKbps', 'keyFrameIntervalMs'] as const) {
      expect(status[field]).toBeGreaterThan(0);
    }
  });
});

/** A signaling client with no library of ours; what it gets is held against the schemas. */
class Caller {
  readonly events: Array<{ event: string; data: unknown }> = [];
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, (message: object) => void>();
  #lastId = 0;

  constructor(query = '', protocols = ['sluice.v1']) {
    const url = `${gateway.url.replace('http', 'ws')}/api/v1/signaling${query}`;
    this.#socket = new WebSocket(url, protocols);
    this.#socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as { id?: number; event?: string; data?: unknown };
      if (message.event !== undefined) this.events.push({ event: message.event, data: message.data });
      else if (message.id !== undefined) this.#answers.get(message.id)?.(message);
    });
  }

  async hello(): Promise<unknown> {
    return (await waitFor('hello', () => this.events.find(({ event }) => event === 'hello'))).data;
  }

  ask(method: string, params: object): Promise<object> {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve) => this.#answers.set(id, resolve));
  }

  get closed(): Promise<unknown[]> {
    return once(this.#socket, 'close');
  }

  get protocol(): string {
    return this.#socket.protocol;
  }

  close(): void {
    this.#socket.close();
  }
}

describe('signaling of a real gateway', () => {
  it('opens by subprotocol and by query, greets, lists, and starts a watch as the contract has it', async () => {
    const byQuery = new Caller(`?access_token=${TOKEN}`);
    expect(EVENTS.hello.parse(await byQuery.hello()).iceServers).toEqual([]);
    byQuery.close();
    const caller = new Caller('', ['sluice.v1', `sluice.token.${TOKEN}`]);
    await caller.hello();
    expect(caller.protocol).toBe('sluice.v1');
    const list = await caller.ask('streams.list', {});
    expect(list).toMatchObject({
      id: 1,
      result: { streams: [{ stream: 'live/demo' }, { stream: 'shop/till' }] },
    });
    expect(JSON.stringify(list)).not.toMatch(/rtsp:|publish:/);

    const watch = (stream: string) =>
      caller.ask('watch.start', { stream, rtpCapabilities: VIEWER_CAPABILITIES });
    const { result } = (await watch('live/demo')) as { result: unknown };
    const first = METHODS['watch.start'].result.parse(result);
    expect(first.transport?.iceCandidates.map(({ protocol }) => protocol).sort()).toEqual(['tcp', 'udp']);
    expect(first.consumers.map(({ kind }) => kind)).toEqual(['video', 'audio']);
    // One that is not live answers at once.
    const waiting = (await watch('shop/till')) as { result: { state: string; consumers: unknown[] } };
    expect(waiting.result).toMatchObject({ state: 'waiting', consumers: [] });
    expect(waiting.result).not.toHaveProperty('transport');
    expect(await watch('live/none')).toMatchObject(refused('STREAM_NOT_FOUND'));
    expect(await caller.ask('watch.stop', { watchId: first.watchId })).toMatchObject({ result: {} });
    expect(await caller.ask('no.such', {})).toMatchObject(refused('METHOD_NOT_FOUND'));
    expect(await caller.ask('watch.stop', { nope: 1 })).toMatchObject(refused('BAD_REQUEST'));
    const closed = caller.closed;
    for (let n = 0; n < 40; n += 1) void caller.ask('no.such', {});
    expect((await closed)[0]).toBe(1008);
  });

  it('says goodbye before it stops', async () => {
    const caller = new Caller('', ['sluice.v1', `sluice.token.${TOKEN}`]);
    await caller.hello();
    const closed = caller.closed;
    await gateway.stop();
    await closed;
    expect(caller.events.at(-1)).toMatchObject({
      event: 'server.closing',
      data: { retryAfterMs: expect.any(Number) },
    });
  });
});
