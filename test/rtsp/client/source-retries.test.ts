import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../support/fake-clock.ts';
import type { FakeRtspServer } from '../../support/fake-rtsp-server.ts';
import { waitFor } from '../../support/wait.ts';
import { camera, firstWait, pull, stream } from './source-support.ts';

describe('retries', () => {
  it('wait longer and longer up to 30 s, and at most 5 s while watched', async () => {
    const clock = new FakeClock();
    const { sink, source } = pull(
      'rtsp://camera/',
      {},
      {
        clock,
        random: () => 0.999,
        resolveAddress: async () => ({
          ok: false,
          error: { kind: 'name-not-found', message: 'The name is not known.' },
        }),
      },
    );
    for (let n = 1; n <= 6; n++) {
      await waitFor('the failure', () => sink.waits.length === n);
      clock.advance(sink.waits.at(-1)?.retryInMs ?? 0);
    }
    await waitFor('the failure', () => sink.waits.length === 7);
    expect(sink.waits.map((wait) => wait.retryInMs)).toEqual([
      1_999, 3_998, 7_996, 15_992, 29_985, 29_985, 29_985,
    ]);
    expect(sink.connections).toBe(7);

    source.setWatched(true);
    expect(sink.waits).toHaveLength(8);
    expect(sink.waits.at(-1)?.retryInMs).toBeLessThanOrEqual(5_000);
    clock.advance(5_000);
    await waitFor('the next try', () => sink.connections === 8);
    await waitFor('its failure', () => sink.waits.length === 9);
    expect(sink.waits.at(-1)?.retryInMs).toBeLessThanOrEqual(5_000);
  });

  it('begin anew with short waits after media has flowed', async () => {
    const clock = new FakeClock();
    let refuse = true;
    const server = await camera({
      onRequest: () => (refuse ? { status: 503 } : undefined),
      onPlay: (connection) => connection.sendPicture({ timestamp: 0 }),
    });
    const { sink } = pull(
      server.url(),
      { transport: 'tcp', silenceTimeoutMs: 60_000 },
      { clock, random: () => 0.999 },
    );
    for (let n = 1; n <= 3; n++) {
      await waitFor('the refusal', () => sink.waits.length === n);
      if (n === 3) refuse = false;
      clock.advance(sink.waits.at(-1)?.retryInMs ?? 0);
    }
    await waitFor('a picture', () => sink.units.length === 1);
    clock.advance(1_000);
    clock.advance(10_000);
    server.connections.at(-1)?.socket.destroy();
    await waitFor('the loss', () => sink.waits.length === 4);
    expect(sink.waits.map((wait) => wait.retryInMs)).toEqual([1_999, 3_998, 7_996, 1_999]);
  });

  it('454 to the keep-alive, and no more video: connects anew', async () => {
    const clock = new FakeClock();
    const server = await camera({
      sessionHeader: '1;timeout=4',
      onPlay: (connection) => connection.sendPicture({ timestamp: 0 }),
      onRequest: (request) => (request.method === 'GET_PARAMETER' ? { status: 454 } : undefined),
    });
    const { sink } = pull(server.url(), { transport: 'tcp', silenceTimeoutMs: 60_000 }, { clock });
    await waitFor('a picture', () => sink.units.length === 1);
    clock.advance(2_000);
    await waitFor('the reason', () => {
      clock.advance(100);
      return sink.waits.length > 0;
    });
    expect(sink.waits[0]).toMatchObject({ reason: 'CAMERA_CLOSED' });
    clock.advance(2_000);
    await waitFor('a second connection', () => sink.playings.length === 2);
  });

  it('GET_PARAMETER refused: OPTIONS from then on; not offered: OPTIONS from the start', async () => {
    const clock = new FakeClock();
    const pings = (server: FakeRtspServer) =>
      server.requests.slice(server.requests.findIndex((request) => request.method === 'PLAY') + 1);
    for (const offered of [true, false]) {
      const server = await camera({
        sessionHeader: '1;timeout=4',
        onPlay: (connection) => connection.sendPicture({ timestamp: 0 }),
        onRequest: (request) => {
          if (request.method === 'GET_PARAMETER') return { status: 405 };
          return request.method === 'OPTIONS' && !offered
            ? { headers: { Public: 'DESCRIBE, PLAY' } }
            : undefined;
        },
      });
      const { sink } = pull(server.url(), { transport: 'tcp', silenceTimeoutMs: 60_000 }, { clock });
      await waitFor('a picture', () => sink.units.length === 1);
      for (let n = 1; n <= 3; n++) {
        clock.advance(2_000);
        await waitFor('a ping', () => pings(server).length === n);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const methods = pings(server).map((request) => request.method);
      expect(methods).toEqual([offered ? 'GET_PARAMETER' : 'OPTIONS', 'OPTIONS', 'OPTIONS']);
      expect(sink.waits).toEqual([]);
    }
  });

  it('SET_PARAMETER where only that is offered; a camera that hangs up on it gets OPTIONS the next time', async () => {
    const clock = new FakeClock();
    const pings: string[] = [];
    const server = await camera({
      sessionHeader: '1;timeout=4',
      onPlay: (connection) => connection.sendPicture({ timestamp: 0 }),
      onRequest: (request, connection) => {
        const isPing =
          connection.requests.some(({ method }) => method === 'PLAY') && request.method !== 'PLAY';
        if (isPing && request.method !== 'TEARDOWN') pings.push(request.method);
        if (request.method === 'SET_PARAMETER') {
          connection.socket.destroy();
          return 'silent';
        }
        return request.method === 'OPTIONS'
          ? { headers: { Public: 'DESCRIBE, SETUP, PLAY, SET_PARAMETER' } }
          : undefined;
      },
    });
    const { sink } = pull(server.url(), { transport: 'tcp', silenceTimeoutMs: 60_000 }, { clock });
    await waitFor('a picture', () => sink.units.length === 1);
    clock.advance(2_000);
    expect(await firstWait(sink)).toMatchObject({ reason: 'CAMERA_CLOSED' });
    clock.advance(2_000);
    await waitFor('a second connection', () => sink.units.length === 2);
    for (let n = 2; n <= 3; n++) {
      clock.advance(2_000);
      await waitFor('a ping', () => pings.length === n);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(pings).toEqual(['SET_PARAMETER', 'OPTIONS', 'OPTIONS']);
    expect(sink.waits).toHaveLength(1);
  });

  it('a camera that has no room because it keeps the place of a broken connection is told that that is over', async () => {
    const clock = new FakeClock();
    const places = new Set<string>();
    let sessions = 0;
    const server = await camera({
      onPlay: (connection) => connection.sendPicture({ timestamp: 0 }),
      onRequest: (request) => {
        const asked = request.headers.get('session') ?? '';
        if (request.method === 'TEARDOWN') places.delete(asked);
        if (request.method === 'PLAY') return { headers: { Session: asked } };
        if (request.method !== 'SETUP') return undefined;
        // This camera serves one at a time.
        if (places.size > 0) return { status: 453, reason: 'Not Enough Bandwidth' };
        sessions += 1;
        places.add(`s${sessions}`);
        return {
          headers: { Session: `s${sessions};timeout=60`, Transport: request.headers.get('transport') ?? '' },
        };
      },
    });
    const { sink } = pull(server.url(), { transport: 'tcp' }, { clock });
    await waitFor('a picture', () => sink.units.length === 1);
    server.connections[0]?.socket.resetAndDestroy();
    expect(await firstWait(sink)).toMatchObject({ reason: 'CAMERA_CLOSED' });
    clock.advance(2_000);
    await waitFor('a picture again', () => sink.units.length === 2);
    expect(sink.waits).toHaveLength(1);
    const second = server.connections[1]?.requests.map(({ method, headers }) => [
      method,
      headers.get('session'),
    ]);
    expect(second?.slice(2)).toEqual([
      ['SETUP', undefined],
      ['TEARDOWN', 's1'],
      ['SETUP', undefined],
      ['PLAY', 's2'],
    ]);
  });

  it('close() ends a wait, a dial and a play at once, and nothing is told after it', async () => {
    const server = await camera({ onPlay: stream });
    const playing = pull(server.url());
    await waitFor('a picture', () => playing.sink.units.length > 0);
    await playing.source.close();
    const calls = playing.sink.calls.length;
    expect(server.requests.at(-1)?.method).toBe('TEARDOWN');
    expect(playing.source.state).toEqual({ state: 'closed' });

    const waiting = pull('onvif://127.0.0.1/');
    await firstWait(waiting.sink);
    await waiting.source.close();

    const dialling = pull('rtsp://camera/', {}, { resolveAddress: () => new Promise(() => {}) });
    await dialling.source.close();
    expect(dialling.sink.calls).toEqual(['connecting']);
    expect(playing.sink.calls).toHaveLength(calls);
  });
});
