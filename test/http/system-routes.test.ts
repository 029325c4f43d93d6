import { afterEach, describe, expect, it } from 'vitest';
import { HlsViewers, probeRoutes, systemRoutes } from '../../server/http/index.ts';
import { ApiError } from '../../shared/errors.ts';
import type { SettingsPatch } from '../../shared/system.ts';
import { type EdgeApp, HOST, startEdgeApp, TOKEN } from '../support/edge-app.ts';
import { FakeClock } from '../support/fake-clock.ts';

let edge: EdgeApp | undefined;
afterEach(async () => {
  await edge?.close();
  edge = undefined;
});

const ID = '0123456789abcdef01234567';
const PROBE = {
  id: ID,
  status: {
    source: { url: 'rtsp://10.0.0.5/', hasPassword: true, password: 'canary', transport: 'auto' },
    onDemand: false,
    state: 'live' as const,
    tracks: [],
    viewers: 0,
    readers: 0,
  },
  hasPicture: true,
};

async function house() {
  const asked: unknown[] = [];
  edge = await startEdgeApp({
    apiToken: TOKEN,
    routes: [
      ...systemRoutes({
        status: async () => {
          throw new ApiError('SHUTTING_DOWN', 'Later.');
        },
        viewers: () => Array.from({ length: 1500 }, (_, at) => ({ stream: 'live/a', by: 'hls', since: at })),
        log(query) {
          asked.push(query);
          return { lines: [], newest: 7 };
        },
        settings: () => [],
        changeSettings: async (changes: SettingsPatch) => {
          asked.push(changes);
          return [];
        },
      }),
      ...probeRoutes(
        {
          create: (probe) => {
            asked.push(probe);
            return PROBE;
          },
          get: () => PROBE,
          frame: async () => ({ jpeg: Buffer.from('jpeg'), atMs: 5 }),
          remove: async () => {},
        },
        { add: async () => ({ rows: [], added: 0 }) },
      ),
    ],
  });
  const { app } = edge;
  const send = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object) =>
    app.inject({
      method,
      url,
      headers: { host: HOST, authorization: `Bearer ${TOKEN}` },
      ...(payload === undefined ? {} : { payload }),
    });
  return { app, send, asked };
}

describe('routes of the system and of probes', () => {
  it('are for those with the token', async () => {
    const { app } = await house();
    for (const url of [
      '/api/v1/system',
      '/api/v1/system/log',
      '/api/v1/viewers',
      '/api/v1/settings',
      `/api/v1/probes/${ID}`,
    ]) {
      const { statusCode } = await app.inject({ url, headers: { host: HOST } });
      expect([url, statusCode]).toEqual([url, 401]);
    }
  });

  it('check what comes, and give out what their schemas name', async () => {
    const { send, asked } = await house();
    expect((await send('GET', '/api/v1/system')).json().error.code).toBe('SHUTTING_DOWN');
    const { viewers, total } = (await send('GET', '/api/v1/viewers')).json();
    expect([viewers.length, total]).toEqual([1000, 1500]);
    expect((await send('GET', '/api/v1/system/log?after=5&max=10')).json()).toEqual({ lines: [], newest: 7 });
    expect((await send('GET', '/api/v1/system/log?max=0')).statusCode).toBe(400);
    expect((await send('PATCH', '/api/v1/settings', { 'log.level': 'debug', demo: null })).statusCode).toBe(
      200,
    );
    expect((await send('PATCH', '/api/v1/settings', { demo: { a: 1 } })).statusCode).toBe(400);
    expect(asked).toEqual([
      { after: 5, max: 10 },
      { 'log.level': 'debug', demo: null },
    ]);
  });

  it('try a source: its picture is that of now, its password stays', async () => {
    const { send, asked } = await house();
    const begun = await send('POST', '/api/v1/probes', { source: { url: 'rtsp://u:canary@10.0.0.5/' } });
    expect([begun.statusCode, begun.headers.location]).toEqual([201, `/api/v1/probes/${ID}`]);
    expect(asked).toMatchObject([{ source: { url: 'rtsp://10.0.0.5/', username: 'u', password: 'canary' } }]);
    const looked = await send('GET', `/api/v1/probes/${ID}`);
    expect(begun.body + looked.body).not.toContain('canary');
    expect(looked.json().status.state).toBe('live');
    const frame = await send('GET', `/api/v1/probes/${ID}/frame`);
    expect([frame.body, frame.headers['content-type'], frame.headers['x-frame-time']]).toEqual([
      'jpeg',
      'image/jpeg',
      '5',
    ]);
    expect((await send('GET', '/api/v1/probes/..')).statusCode).not.toBe(200);
    expect((await send('GET', '/api/v1/probes/abc')).json().error.code).toBe('BAD_REQUEST');
    expect((await send('DELETE', `/api/v1/probes/${ID}`)).statusCode).toBe(204);
    expect((await send('POST', '/api/v1/probes', { source: { url: 'ftp://x/' } })).statusCode).toBe(400);
    expect((await send('POST', '/api/v1/streams/bulk', { format: 'csv', text: 'x' })).json()).toEqual({
      rows: [],
      added: 0,
    });
    expect((await send('POST', '/api/v1/streams/bulk', { format: 'xml', text: 'x' })).statusCode).toBe(400);
  });
});

it('whoever asks for a stream over HLS again and again is one viewer, till they ask no more', () => {
  const clock = new FakeClock();
  const viewers = new HlsViewers(clock);
  const note = (name: string, address: string, agent = 'a') => viewers.note('live', name, { address, agent });
  note('door', '10.0.0.1');
  const sinceMs = clock.wallMs();
  clock.advance(10_000);
  note('door', '10.0.0.1');
  note('door', '10.0.0.1', 'another player');
  note('yard', '10.0.0.2');
  viewers.note('internal', 'demo', { address: '10.0.0.2', agent: 'a' });
  viewers.note('live', '../x', { address: '10.0.0.2', agent: 'a' });
  expect(viewers.list()).toEqual([
    { stream: 'live/door', address: '10.0.0.1', sinceMs },
    { stream: 'live/door', address: '10.0.0.1', sinceMs: sinceMs + 10_000 },
    { stream: 'live/yard', address: '10.0.0.2', sinceMs: sinceMs + 10_000 },
  ]);
  clock.advance(15_000);
  note('yard', '10.0.0.2');
  clock.advance(10_000);
  expect(viewers.list().map(({ stream }) => stream)).toEqual(['live/yard']);
  for (let n = 0; n < 5000; n += 1) note('door', `10.1.${n >> 8}.${n & 255}`);
  expect(viewers.list()).toHaveLength(2000);
});
