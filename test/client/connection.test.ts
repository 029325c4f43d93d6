import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Connection } from '../../client/src/live/connection.ts';
import { LiveError } from '../../client/src/live/live-error.ts';
import type { WatchListener, WatchStatus } from '../../client/src/live/watch.ts';
import { FakeMedia, FakeServer, fakeConsumer, fakeTransport } from './support/fake-server.ts';

const WISHES = { quality: 'main', sound: true } as const;
const MAIN = { offered: ['main'], given: 'main' };

let server: FakeServer;
let media: FakeMedia;
let probed: LiveError | undefined;

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeServer();
  media = new FakeMedia();
  probed = undefined;
});

afterEach(() => {
  vi.useRealTimers();
});

function connect(): Connection {
  return new Connection({
    target: { server: 'https://gateway.test', token: undefined },
    openWire: server.openWire,
    loadMedia: media.load,
    probe: async () => probed,
    random: () => 0,
  });
}

/** Remembers what a watch was told. */
class Log implements WatchListener {
  readonly statuses: WatchStatus[] = [];
  readonly consumers: string[][] = [];
  /** How many consumers were still open when it heard that all are gone. */
  openWhenGone: number | undefined;

  onStatus(status: WatchStatus): void {
    this.statuses.push(status);
  }

  onConsumers(consumers: readonly { id: string }[]): void {
    this.consumers.push(consumers.map(({ id }) => id));
    if (consumers.length === 0) this.openWhenGone = media.open.length;
  }

  get last(): WatchStatus | undefined {
    return this.statuses.at(-1);
  }

  get kinds(): string[] {
    return this.statuses.map(({ kind }) => kind);
  }
}

function watchAll(connection: Connection, count: number): Log[] {
  return Array.from({ length: count }, (_, index) => {
    const log = new Log();
    connection.watch(`live/cam${index}`, WISHES, log);
    return log;
  });
}

/** Lets all answers that are on their way arrive. */
const settle = () => vi.advanceTimersByTimeAsync(0);

test('watches start after the greeting, and are resumed when their tracks are there', async () => {
  const log = new Log();
  connect().watch('live/door', WISHES, log);
  await settle();
  expect(server.last.methods).toEqual(['watch.start', 'watch.resume']);
  expect(log.consumers).toEqual([['video-1']]);
  expect(log.last).toEqual({ kind: 'started', state: 'live', reason: undefined, qualities: MAIN });
});

test('all watches share one connection and one transport', async () => {
  watchAll(connect(), 3);
  await settle();
  expect(server.connections).toHaveLength(1);
  expect(media.transports).toHaveLength(1);
  expect(media.open).toEqual(['video-1', 'video-2', 'video-3']);
});

test('a lost connection is dialled again after half a second, and every watch starts anew', async () => {
  const logs = watchAll(connect(), 2);
  await settle();
  server.last.drop();
  expect(logs[0]?.last).toMatchObject({ kind: 'lost', error: { code: 'CONNECTION_LOST' } });
  expect(media.open).toEqual([]);
  await vi.advanceTimersByTimeAsync(499);
  expect(server.connections).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(server.connections).toHaveLength(2);
  expect(server.last.methods.filter((method) => method === 'watch.start')).toHaveLength(2);
  expect(media.transports.map(({ closed }) => closed)).toEqual([true, false]);
  for (const log of logs) expect(log.last).toMatchObject({ kind: 'started', state: 'live' });
});

test('a connection that is lost while the browser looks what it can receive is dialled again too', async () => {
  const { load } = media;
  const { promise: looked, resolve } = Promise.withResolvers<void>();
  const connection = new Connection({
    target: { server: 'https://gateway.test', token: undefined },
    openWire: server.openWire,
    loadMedia: async (hello) => {
      await looked;
      return load(hello);
    },
    random: () => 0,
  });
  const log = new Log();
  connection.watch('live/door', WISHES, log);
  await settle();
  server.last.drop();
  resolve();
  await vi.advanceTimersByTimeAsync(500);
  expect(server.connections).toHaveLength(2);
  expect(log.last).toMatchObject({ kind: 'started', state: 'live' });
});

test('listeners hear that their tracks go before they go, to keep the last picture', async () => {
  const log = new Log();
  connect().watch('live/door', WISHES, log);
  await settle();
  server.last.drop();
  expect(log.openWhenGone).toBe(1);
  expect(media.open).toEqual([]);
});

test('the time between tries doubles up to ten seconds', async () => {
  const log = new Log();
  connect().watch('live/door', WISHES, log);
  server.onConnection = (connection) => connection.drop();
  await settle();
  const dialledAtMs: number[] = [];
  for (let ms = 0; ms < 40_000; ms += 100) {
    const before = server.connections.length;
    await vi.advanceTimersByTimeAsync(100);
    if (server.connections.length > before) dialledAtMs.push(ms + 100);
  }
  expect(dialledAtMs).toEqual([500, 1500, 3500, 7500, 15_500, 25_500, 35_500]);
  expect(log.last).toMatchObject({ error: { code: 'SERVER_UNREACHABLE' } });
});

test('who takes the place of the last viewer while the server is away is connected when it is back', async () => {
  const connection = connect();
  server.onConnection = (refused) => refused.drop();
  const first = connection.watch('live/door', WISHES, new Log());
  await vi.advanceTimersByTimeAsync(5_000);
  first.stop();
  const [log, other] = [new Log(), new Log()];
  const dialled = server.connections.length;
  connection.watch('live/yard', WISHES, log);
  await settle();
  // It is asked for at once, and then as often as before, by however many.
  connection.watch('live/shed', WISHES, other);
  await settle();
  expect(server.connections).toHaveLength(dialled + 1);
  for (const { last } of [log, other]) expect(last).toMatchObject({ error: { code: 'SERVER_UNREACHABLE' } });
  server.onConnection = (again) => again.greet();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(log.last).toMatchObject({ kind: 'started', state: 'live' });
});

test('a token that is wrong is not tried oftener because players come and go', async () => {
  const connection = connect();
  probed = new LiveError('UNAUTHORIZED', 'The token is not right.');
  server.onConnection = (refused) => refused.drop();
  let watch = connection.watch('live/door', WISHES, new Log());
  await settle();
  for (let turn = 0; turn < 20; turn += 1) {
    watch.stop();
    watch = connection.watch('live/door', WISHES, new Log());
    await vi.advanceTimersByTimeAsync(500);
  }
  expect(server.connections).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(server.connections).toHaveLength(2);
});

test('waking up ends the back-off at once', async () => {
  const connection = connect();
  connection.watch('live/door', WISHES, new Log());
  server.onConnection = (dialled) => dialled.drop();
  await vi.advanceTimersByTimeAsync(5_000);
  const before = server.connections.length;
  connection.wake();
  await settle();
  expect(server.connections).toHaveLength(before + 1);
});

test('waking up finds out that a connection is dead, and replaces it', async () => {
  const connection = connect();
  const log = new Log();
  connection.watch('live/door', WISHES, log);
  await settle();
  server.handle = () => undefined;
  connection.wake();
  await vi.advanceTimersByTimeAsync(4_999);
  expect(log.last?.kind).toBe('started');
  await vi.advanceTimersByTimeAsync(1);
  expect(log.last?.kind).toBe('lost');
  server.handle = (request, dialled) => server.handleAsUsual(request, dialled);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(log.last?.kind).toBe('started');
});

test('a server that closes says how long to stay away', async () => {
  connect().watch('live/door', WISHES, new Log());
  await settle();
  server.last.send({ event: 'server.closing', data: { retryAfterMs: 3_000 } });
  server.last.drop(1001);
  await vi.advanceTimersByTimeAsync(2_900);
  expect(server.connections).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(200);
  expect(server.connections).toHaveLength(2);
});

test('a refused token is told with the words of the server, and tried again rarely', async () => {
  probed = new LiveError('UNAUTHORIZED', 'A token is needed.');
  server.onConnection = (connection) => connection.drop();
  const log = new Log();
  connect().watch('live/door', WISHES, log);
  await settle();
  expect(log.last).toEqual({ kind: 'lost', error: probed });
  await vi.advanceTimersByTimeAsync(29_000);
  expect(server.connections).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1_500);
  expect(server.connections).toHaveLength(2);
});

test('a server that answers nothing, or nonsense, is left', async () => {
  const log = new Log();
  connect().watch('live/door', WISHES, log);
  server.onConnection = () => undefined;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(log.last).toMatchObject({ kind: 'lost', error: { code: 'TIMED_OUT' } });
  server.onConnection = (connection) => connection.sendText('{"what":');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(log.last).toMatchObject({ kind: 'lost', error: { code: 'BAD_ANSWER' } });
  expect(server.connections.every(({ closedByClient }) => closedByClient)).toBe(true);
});

test('a stream that waits is told with its reason, and tracks that come later play', async () => {
  const reason = { code: 'CAMERA_UNREACHABLE', message: 'The camera does not answer.' };
  server.handle = (request, connection) => {
    if (request.method === 'watch.start') {
      return { watchId: 'w', state: 'waiting', reason, transport: fakeTransport('t'), consumers: [] };
    }
    return server.handleAsUsual(request, connection);
  };
  const log = new Log();
  connect().watch('live/door', WISHES, log);
  await settle();
  expect(log.last).toEqual({ kind: 'started', state: 'waiting', reason, qualities: MAIN });
  server.last.send({ event: 'stream.state', data: { stream: 'live/door', state: 'live' } });
  server.last.send({ event: 'consumer.added', data: { watchId: 'w', consumer: fakeConsumer('late') } });
  await settle();
  expect(log.last).toEqual({ kind: 'started', state: 'live', reason: undefined, qualities: MAIN });
  expect(log.consumers).toEqual([['late']]);
  expect(server.last.methods.filter((method) => method === 'watch.resume')).toHaveLength(2);
});

test('an audio codec that changes replaces its consumer and leaves the picture alone', async () => {
  const log = new Log();
  connect().watch('live/door', WISHES, log);
  await settle();
  const added = (id: string) => ({
    event: 'consumer.added',
    data: { watchId: 'watch-1', consumer: fakeConsumer(id, 'audio') },
  });
  server.last.send(added('pcmu'));
  server.last.send({ event: 'consumer.closed', data: { watchId: 'watch-1', consumerId: 'pcmu' } });
  server.last.send(added('opus'));
  await settle();
  expect(log.consumers).toEqual([['video-1'], ['video-1', 'pcmu'], ['video-1'], ['video-1', 'opus']]);
  expect(media.open).toEqual(['video-1', 'opus']);
});

test('a dead media worker ends all watches; they start again on the new transport', async () => {
  const logs = watchAll(connect(), 2);
  await settle();
  server.handle = (request, dialled) => {
    const answer = server.handleAsUsual(request, dialled) as object;
    return request.method === 'watch.start' ? { ...answer, transport: fakeTransport('second') } : answer;
  };
  for (const watchId of ['watch-1', 'watch-2']) {
    server.last.send({ event: 'watch.closed', data: { watchId, code: 'WORKER_DIED', retryable: true } });
  }
  expect(logs[0]?.last).toMatchObject({ kind: 'refused', error: { code: 'WORKER_DIED' } });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(server.connections).toHaveLength(1);
  expect(media.transports.map(({ id, closed }) => [id, closed])).toEqual([
    ['transport-1', true],
    ['second', false],
  ]);
  expect(media.open).toHaveLength(2);
});

test('a stream that does not exist is asked for again, rarely', async () => {
  const missing = { error: { code: 'STREAM_NOT_FOUND', message: 'There is no stream live/door.' } };
  server.handle = (request, connection) =>
    request.method === 'watch.start' ? missing : server.handleAsUsual(request, connection);
  const log = new Log();
  connect().watch('live/door', WISHES, log);
  await settle();
  expect(log.last).toMatchObject({ kind: 'refused', error: { code: 'STREAM_NOT_FOUND' } });
  await vi.advanceTimersByTimeAsync(25_000);
  expect(server.last.methods.filter((method) => method === 'watch.start')).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(6_000);
  expect(server.last.methods.filter((method) => method === 'watch.start')).toHaveLength(2);
});

test('what a viewer paused stays paused through a new session', async () => {
  const watch = connect().watch('live/door', WISHES, new Log());
  await settle();
  watch.pause();
  await settle();
  expect(server.last.methods).toEqual(['watch.start', 'watch.resume', 'watch.pause']);
  server.last.drop();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(server.last.methods).toEqual(['watch.start']);
  watch.resume();
  await settle();
  expect(server.last.methods).toEqual(['watch.start', 'watch.resume']);
});

test('a restart brings a new decoder on the same connection', async () => {
  const log = new Log();
  const watch = connect().watch('live/door', WISHES, log);
  await settle();
  watch.restart();
  await settle();
  expect(server.connections).toHaveLength(1);
  expect(server.last.methods).toEqual([
    'watch.start',
    'watch.resume',
    'watch.stop',
    'watch.start',
    'watch.resume',
  ]);
  expect(media.open).toEqual(['video-2']);
});

test('the last watch that stops takes the connection along, after a while', async () => {
  const connection = connect();
  const watch = connection.watch('live/door', WISHES, new Log());
  await settle();
  watch.stop();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(server.last.closedByClient).toBe(false);
  await vi.advanceTimersByTimeAsync(1_500);
  expect(server.last.closedByClient).toBe(true);
  expect(media.transports.every(({ closed }) => closed)).toBe(true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(server.connections).toHaveLength(1);
});

test('a stop while dialling leaves nothing behind', async () => {
  server.onConnection = () => undefined;
  const watch = connect().watch('live/door', WISHES, new Log());
  await settle();
  watch.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(server.connections).toHaveLength(1);
  expect(server.last.closedByClient).toBe(true);
});

test('a page of a hundred players never has more than 32 requests under way', async () => {
  let underWay = 0;
  let most = 0;
  const answers: Array<() => void> = [];
  server.handle = (request, connection) => {
    underWay += 1;
    most = Math.max(most, underWay);
    answers.push(() => {
      underWay -= 1;
      connection.send({ id: request.id, result: server.handleAsUsual(request, connection) });
    });
    return undefined;
  };
  const logs = watchAll(connect(), 100);
  await settle();
  for (let answer = answers.shift(); answer !== undefined; answer = answers.shift()) {
    answer();
    await settle();
  }
  expect(most).toBe(32);
  expect(logs.every((log) => log.last?.kind === 'started')).toBe(true);
});

test('a broken media path is mended by an ICE restart', async () => {
  const log = new Log();
  connect().watch('live/door', WISHES, log);
  await settle();
  const [transport] = media.transports;
  transport?.events.onState('connected');
  transport?.events.onState('disconnected');
  await vi.advanceTimersByTimeAsync(1_500);
  expect(server.last.methods).toContain('transport.restartIce');
  expect(transport?.restarts).toBe(1);
  transport?.events.onState('connected');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(server.connections).toHaveLength(1);
  expect(log.last?.kind).toBe('started');
});

test('a media path that a restart does not mend costs the session, and says what to look at', async () => {
  const log = new Log();
  connect().watch('live/door', WISHES, log);
  await settle();
  media.transports[0]?.events.onState('connecting');
  await vi.advanceTimersByTimeAsync(12_000);
  expect(media.transports[0]?.restarts).toBe(1);
  await vi.advanceTimersByTimeAsync(8_000);
  const lost = log.statuses.find(({ kind }) => kind === 'lost');
  expect(lost).toMatchObject({ error: { code: 'NO_MEDIA_PATH' } });
  expect(JSON.stringify(lost?.kind === 'lost' && lost.error.message)).toContain('192.0.2.5:8189');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(server.connections).toHaveLength(2);
});

test('a viewer whose connection is too slow hears what it gets instead, until it gets the stream again', async () => {
  const log = new Log();
  connect().watch('live/door', WISHES, log);
  await settle();
  const told = (data: object) =>
    server.last.send({ event: 'watch.congested', data: { watchId: 'watch-1', ...data } });
  const reason = { code: 'VIEWER_LOSES_DATA', message: 'It loses 40 %.' };
  told({ action: 'paused', reason, retryInMs: 10_000 });
  expect(log.last).toEqual({
    ...{ kind: 'started', state: 'live', reason: undefined, qualities: MAIN },
    congestion: { action: 'paused', reason },
  });
  told({ action: 'sub', reason });
  expect(log.last).toMatchObject({ congestion: { action: 'sub', reason } });
  told({ action: 'resumed' });
  expect(log.last).toEqual({ kind: 'started', state: 'live', reason: undefined, qualities: MAIN });
});

test('the picture that is wanted is asked for, changed while it plays, and asked for again in a new session', async () => {
  server.handle = (request, connection) => {
    const answer = server.handleAsUsual(request, connection) as object;
    return request.method === 'watch.start'
      ? { ...answer, qualities: ['main', 'sub'], given: 'sub' }
      : request.method === 'watch.quality'
        ? {}
        : answer;
  };
  const log = new Log();
  const watch = connect().watch('live/door', { quality: 'sub', sound: false }, log);
  await settle();
  const asked = (method: string) =>
    server.last.requests.filter((request) => request.method === method).map(({ params }) => params);
  expect(asked('watch.start')).toMatchObject([{ quality: 'sub', sound: false }]);
  expect(log.last).toMatchObject({ qualities: { offered: ['main', 'sub'], given: 'sub' } });
  watch.tune({ quality: 'main', sound: true });
  watch.tune({ quality: 'main', sound: true });
  await settle();
  expect(asked('watch.quality')).toEqual([{ watchId: 'watch-1', quality: 'main', sound: true }]);
  server.last.send({ event: 'watch.quality', data: { watchId: 'watch-1', given: 'main' } });
  expect(log.last).toMatchObject({ state: 'live', qualities: { offered: ['main', 'sub'], given: 'main' } });
  watch.restart();
  await settle();
  expect(asked('watch.start').at(-1)).toMatchObject({ quality: 'main', sound: true });
});

test('a picture that is chosen while the watch begins is asked for as soon as it has begun', async () => {
  server.handle = (request, connection) => {
    if (request.method === 'watch.start') watch.tune({ quality: 'sub', sound: true });
    return server.handleAsUsual(request, connection);
  };
  const watch = connect().watch('live/door', WISHES, new Log());
  await settle();
  const asked = server.last.requests.map(({ method, params }) => [method, params]);
  expect(asked).toContainEqual(['watch.start', expect.objectContaining({ quality: 'main' })]);
  expect(asked).toContainEqual(['watch.quality', { watchId: 'watch-1', quality: 'sub', sound: true }]);
});
