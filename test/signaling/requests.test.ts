import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiError } from '../../shared/errors.ts';
import { EVENTS, METHODS, type Method } from '../../shared/signaling.ts';
import { streamDefinitionSchema } from '../../shared/stream.ts';
import { waitFor } from '../support/wait.ts';
import { type Received, type Signaling, startSignaling, type Viewer } from './harness.ts';

let edge: Signaling;
let viewer: Viewer;
beforeEach(async () => {
  edge = await startSignaling();
  viewer = await edge.connect();
});
afterEach(() => edge.close());

const fingerprint = { algorithm: 'sha-256', value: Array(32).fill('AB').join(':') };
const VALID: Record<Method, unknown> = {
  'streams.list': {},
  'watch.start': { stream: 'live/door', rtpCapabilities: { codecs: [] } },
  'watch.quality': { watchId: 'w', quality: 'sub' },
  'watch.resume': { watchId: 'w' },
  'watch.pause': { watchId: 'w' },
  'watch.stop': { watchId: 'w' },
  'transport.connect': { transportId: 't', dtlsParameters: { fingerprints: [fingerprint] } },
  'transport.restartIce': { transportId: 't' },
  'ptz.command': { stream: 'live/door', command: { action: 'move', pan: -1 } },
  'events.subscribe': {},
  'events.unsubscribe': {},
};
/** What the media have nothing to do with. */
const OTHERS: readonly Method[] = ['streams.list', 'ptz.command', 'events.subscribe', 'events.unsubscribe'];

const ids = () => viewer.received.flatMap((message) => ('id' in message ? [message.id] : []));

describe('requests', () => {
  it.each(Object.keys(METHODS) as Method[])(
    'SG10: %s reaches the media and has a result of its schema',
    async (method) => {
      const { result, error } = await viewer.ask(1, method, VALID[method]);
      expect(error).toBeUndefined();
      METHODS[method].result.parse(result);
      const calls = edge.gateway.last.calls.map((call) => call.method);
      expect(calls).toEqual(OTHERS.includes(method) ? [] : [method]);
    },
  );

  it('SG26: a watch may ask for the second stream, and for no sound, at its start and later', async () => {
    const { result } = await viewer.ask(1, 'watch.start', {
      ...{ stream: 'live/door', rtpCapabilities: { codecs: [] }, quality: 'sub', sound: false },
    });
    expect(result).toMatchObject({ qualities: ['main', 'sub'], given: 'sub' });
    expect((await viewer.ask(2, 'watch.quality', { watchId: 'w', sound: true })).result).toEqual({});
    expect((await viewer.ask(3, 'watch.quality', { watchId: 'w', quality: 'tiny' })).error?.code).toBe(
      'BAD_REQUEST',
    );
    const media = edge.gateway.last;
    expect(media.calls.map(({ params }) => params)).toMatchObject([
      { quality: 'sub', sound: false },
      { watchId: 'w', sound: true },
    ]);
    media.emit({ event: 'watch.quality', data: { watchId: 'w', given: 'main' } });
    EVENTS['watch.quality'].parse((await viewer.event('watch.quality')).data);
  });

  it('SG10: the id comes back as it came, a number or a text', async () => {
    for (const id of [0, -7, 2 ** 40, 'a', 'x'.repeat(64)])
      expect((await viewer.ask(id, 'streams.list')).id).toBe(id);
  });

  it('many requests at once leave others their turns', async () => {
    const turns = new Set<number>();
    let turn = 0;
    let isDone = false;
    const count = () => {
      turn += 1;
      if (!isDone) setImmediate(count);
    };
    count();
    edge.streams.list = () => {
      turns.add(turn);
      return [];
    };
    for (let id = 1; id <= 60; id += 1) viewer.send({ id, method: 'streams.list' });
    await viewer.next(({ id }) => id === 60);
    isDone = true;
    // Two that come apart may share one.
    expect(turns.size).toBeGreaterThan(30);
  });

  it('SG11: requests run one after the other and are answered in their order', async () => {
    let release = () => {};
    const media = edge.gateway.last;
    media.hold = new Promise<void>((resolve) => {
      release = resolve;
    });
    viewer.send({ id: 1, method: 'watch.start', params: VALID['watch.start'] });
    viewer.send({ id: 2, method: 'watch.resume', params: VALID['watch.resume'] });
    viewer.send({ id: 3, method: 'nonsense' });
    viewer.send({ id: 4, method: 'streams.list' });
    // A ping's answer shows that all of the above has been read.
    await new Promise((resolve) => viewer.socket.once('pong', resolve).ping());
    expect(ids()).toEqual([]);
    expect(media.calls).toEqual([]);
    release();
    await waitFor('all answers', () => viewer.answer(4));
    expect(ids()).toEqual([1, 2, 3, 4]);
    expect(media.calls.map((call) => call.method)).toEqual(['watch.start', 'watch.resume']);
  });

  it.each(['watch.begin', '', 'constructor', '__proto__', 'toString', 'hasOwnProperty'])(
    'SG12: the unknown method "%s"',
    async (method) => {
      const { error } = await viewer.ask(5, method, {});
      expect(error?.code).toBe('METHOD_NOT_FOUND');
      expect(error?.message).toContain('watch.start');
    },
  );

  it.each<[string, unknown, string]>([
    ['watch.start', {}, 'stream is missing'],
    ['watch.start', { stream: 'a/b/c', rtpCapabilities: {} }, 'stream must look like app/name'],
    [
      'watch.start',
      { stream: 'live/x', rtpCapabilities: { codecs: 5 } },
      'rtpCapabilities.codecs must be an array',
    ],
    ['watch.resume', { watchId: 7 }, 'watchId must be a string, but is a number'],
    ['watch.resume', { watchId: 'w', extra: 1 }, 'params has unknown keys: "extra"'],
    ['watch.resume', undefined, 'watchId is missing'],
    ['watch.resume', null, 'watchId is missing'],
    ['watch.resume', [], 'params must be an object'],
    [
      'transport.connect',
      { transportId: 't', dtlsParameters: { fingerprints: [] } },
      'dtlsParameters.fingerprints is too small',
    ],
    [
      'transport.connect',
      { transportId: 't', dtlsParameters: { fingerprints: [{ algorithm: 'sha-256', value: 'zz' }] } },
      'dtlsParameters.fingerprints.0.value',
    ],
  ])('SG13: %s with %j names the field', async (method, params, message) => {
    const { error } = await viewer.ask(6, method, params);
    expect(error?.code).toBe('BAD_REQUEST');
    expect(error?.message).toContain(message);
    expect(edge.gateway.last.calls).toEqual([]);
  });

  it.each<[string, unknown, string | number | null]>([
    ['no JSON', '{"id":1', null],
    ['an empty message', '', null],
    ['an array', [], null],
    ['a number', 7, null],
    ['null', 'null', null],
    ['no id', { method: 'streams.list' }, null],
    ['an id that is no whole number', { id: 1.5, method: 'streams.list' }, null],
    ['an id that is far too long', { id: 'x'.repeat(65), method: 'streams.list' }, null],
    ['an unknown field', { id: 8, method: 'streams.list', jsonrpc: '2.0' }, 8],
    ['a method that is no text', { id: 'a', method: 7 }, 'a'],
    ['binary', Buffer.from('{"id":1,"method":"streams.list"}'), null],
  ])('SG14: %s is refused, and the session goes on', async (_what, message, id) => {
    viewer.send(message);
    const { error } = await waitFor('the refusal', () => viewer.answer(id));
    expect(error?.code).toBe('BAD_REQUEST');
    expect((await viewer.ask(99, 'streams.list')).result).toBeDefined();
  });

  it('SG15: failures with a code come with it, others without detail', async () => {
    edge.gateway.last.failWith = new ApiError('STREAM_NOT_FOUND', 'There is no such stream.');
    expect((await viewer.ask(1, 'watch.start', VALID['watch.start'])).error).toEqual({
      code: 'STREAM_NOT_FOUND',
      message: 'There is no such stream.',
    });
    edge.gateway.last.failWith = new TypeError('the secret plan');
    const { error } = await viewer.ask(2, 'watch.start', VALID['watch.start']);
    expect(error?.code).toBe('INTERNAL');
    expect(JSON.stringify(viewer.received)).not.toContain('secret plan');
    expect(edge.logText()).toContain('the secret plan');
  });

  it('SG16: the list of streams says nothing of where they come from', async () => {
    await edge.streams.create(
      streamDefinitionSchema.parse({ name: 'door', source: { url: 'rtsp://admin:canary@10.9.8.7/s1' } }),
    );
    const { result } = await viewer.ask(1, 'streams.list');
    expect(result).toMatchObject({ streams: [{ stream: 'live/door', state: 'connecting' }] });
    expect(JSON.stringify(result)).not.toMatch(/canary|10\.9\.8\.7|admin|rtsp/);
  });
});

describe('events', () => {
  const state = { event: 'stream.state', data: { stream: 'live/door', state: 'live' } } as const;

  it('SG20: reach the viewer they concern, as they are', async () => {
    const other = await edge.connect();
    edge.gateway.viewers[0]?.emit(state);
    expect(await viewer.event('stream.state')).toEqual(state);
    await other.ask(1, 'streams.list');
    expect(other.received.filter((message) => message.event === 'stream.state')).toEqual([]);
  });

  it('SG21: never overtake the answer that names their watch', async () => {
    const media = edge.gateway.last;
    let release = () => {};
    media.hold = new Promise<void>((resolve) => {
      release = resolve;
    });
    viewer.send({ id: 1, method: 'watch.start', params: VALID['watch.start'] });
    const consumer = { id: 'c', producerId: 'p', kind: 'video' as const, rtpParameters: {} };
    const added = (watchId: string) => ({ event: 'consumer.added', data: { watchId, consumer } }) as const;
    await new Promise((resolve) => viewer.socket.once('pong', resolve).ping());
    media.emit(added('w1'));
    media.emit(added('w2'));
    media.emit(state);
    await viewer.event('stream.state');
    release();
    await waitFor('both events', () => viewer.received.length === 5);
    const names = viewer.received.map((message: Received) => message.event ?? message.id);
    expect(names).toEqual(['hello', 'stream.state', 1, 'consumer.added', 'consumer.added']);
    media.emit(added('w3'));
    await waitFor('the third event at once', () => viewer.received.length === 6);
  });

  it('SG24: tell a viewer with a slow link what it gets instead, and why', async () => {
    const reason = { code: 'VIEWER_LOSES_DATA', message: 'It loses 40 %.' };
    const told = [
      { watchId: 'w1', action: 'paused', reason, retryInMs: 10_000 },
      { watchId: 'w1', action: 'sub', reason, retryInMs: 10_000 },
      { watchId: 'w1', action: 'resumed' },
    ] as const;
    for (const data of told) {
      expect(EVENTS['watch.congested'].parse(data)).toEqual(data);
      edge.gateway.last.emit({ event: 'watch.congested', data });
    }
    await waitFor('the events', () => viewer.received.length === 1 + told.length);
    expect(viewer.received.slice(1)).toEqual(told.map((data) => ({ event: 'watch.congested', data })));
  });

  it('SG25: end one watch with the reason, and leave the session as it is', async () => {
    const message = 'The camera sends B-frames.';
    const data = { watchId: 'w1', code: 'WEBRTC_UNSUITABLE', retryable: false, message };
    expect(EVENTS['watch.closed'].parse(data)).toEqual(data);
    edge.gateway.last.emit({ event: 'watch.closed', data });
    expect(await viewer.event('watch.closed')).toEqual({ event: 'watch.closed', data });
    edge.gateway.last.failWith = new ApiError('WEBRTC_UNSUITABLE', message);
    const { error } = await viewer.ask(2, 'watch.start', VALID['watch.start']);
    expect(error).toMatchObject({ code: 'WEBRTC_UNSUITABLE', message });
    expect(edge.gateway.last.closed).toBe(false);
  });

  it('SG22: come no more once the WebSocket is closed', async () => {
    viewer.socket.close();
    await waitFor('the end', () => edge.gateway.last.closed);
    expect(() => edge.gateway.last.emit(state)).not.toThrow();
  });
});
