import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  eventRoutes,
  type OnvifPort,
  onvifRoutes,
  type ScansPort,
  scanRoutes,
} from '../../server/http/index.ts';
import { ApiError } from '../../shared/errors.ts';
import type { PtzCommand, Scan } from '../../shared/onvif.ts';
import { type EdgeApp, HOST, startEdgeApp, TOKEN } from '../support/edge-app.ts';

const SCAN: Scan = {
  ...{
    id: 'a'.repeat(18),
    state: 'running',
    startedAt: 1,
    interfaces: [],
    asked: 0,
    toAsk: 0,
    devices: [],
    notes: [],
  },
};

let edge: EdgeApp;
let asked: unknown[][];
let moved: Array<[string, string, PtzCommand]>;
beforeEach(async () => {
  asked = [];
  moved = [];
  const note = (...what: unknown[]) => {
    asked.push(what);
  };
  const scans: ScansPort = {
    start: (request) => {
      note('scan', request);
      return SCAN;
    },
    list: () => [SCAN],
    get: () => SCAN,
    remove: (id) => note('remove', id),
  };
  const cameras: OnvifPort = {
    inspect: async (access) => {
      note('inspect', access);
      throw new ApiError('DEVICE_AUTH_FAILED', 'Wrong password.');
    },
    facts: async (stream) => {
      note('facts', stream);
      return {
        profiles: [],
        channels: [],
        services: { media2: false, ptz: true, events: true, imaging: false, snapshot: true },
      };
    },
    ptzStatus: async () => ({ can: {} as never, presets: [] }),
    ptz: async (...move) => {
      moved.push(move);
    },
    addPreset: async (_stream, name) => ({ token: '1', name }),
    removePreset: async (...preset) => note('preset', ...preset),
    snapshot: async () => ({ bytes: Buffer.from([0xff, 0xd8, 0xff, 0xd9]) }),
  };
  edge = await startEdgeApp({
    apiToken: TOKEN,
    routes: [...onvifRoutes(cameras), ...scanRoutes(scans), ...eventRoutes({} as never)],
  });
});
afterEach(() => edge.close());

const ask = (method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object, from?: string) =>
  edge.app.inject({
    ...{ method, url: `/api/v1/onvif${url}`, headers: { host: HOST, authorization: `Bearer ${TOKEN}` } },
    ...(payload === undefined ? {} : { payload }),
    ...(from === undefined ? {} : { remoteAddress: from }),
  });

it('every one of them asks for the token', async () => {
  const routes = edge.routes.filter(({ url }) => /onvif|events/.test(url));
  expect(routes.length).toBeGreaterThan(15);
  for (const { method, url } of routes) {
    if (typeof method !== 'string' || method === 'HEAD' || method === 'OPTIONS') continue;
    const path = url
      .replace(':app', 'live')
      .replace(':name', 'a')
      .replace(':id', SCAN.id)
      .replace(':token', '1');
    const reply = await edge.app.inject({ method: method as 'GET', url: path, headers: { host: HOST } });
    expect(reply.statusCode, `${method} ${url}`).toBe(401);
  }
  expect(asked).toEqual([]);
});

it('a move is that of its client: an IPv4 address, or an IPv6 network', async () => {
  const move = { action: 'move', pan: 1 };
  for (const from of ['10.0.0.1', '10.0.0.2', '2001:db8::1', '2001:db8::2']) {
    expect((await ask('POST', '/live/a/ptz', move, from)).statusCode).toBe(204);
  }
  const [one, two, three, four] = moved.map(([operator]) => operator);
  expect(one).not.toBe(two);
  expect(three).toBe(four);
  expect(moved[0]).toEqual([one, 'live/a', move]);
});

it('what is no command, no preset, no search is refused', async () => {
  for (const command of [
    {},
    { action: 'move', pan: 1.5 },
    { action: 'fly' },
    { action: 'centre', x: 2, y: 0 },
    { action: 'stop', pan: 1 },
  ]) {
    expect((await ask('POST', '/live/a/ptz', command)).statusCode, JSON.stringify(command)).toBe(400);
  }
  expect((await ask('POST', '/live/a/presets', { name: '  ' })).statusCode).toBe(400);
  expect((await ask('POST', '/scans', { hosts: Array(17).fill('10.0.0.1') })).statusCode).toBe(400);
  expect((await ask('GET', '/scans/..%2f')).statusCode).toBe(400);
  expect((await ask('POST', '/live/a/presets', { name: 'x'.repeat(20_000) })).statusCode).toBe(413);
  expect(moved).toEqual([]);
  expect(asked).toEqual([]);
});

it('each asks what it is for, and answers with what it hears', async () => {
  expect((await ask('GET', '/live/a')).json()).toMatchObject({ services: { ptz: true } });
  expect((await ask('POST', '/live/a/presets', { name: ' Gate ' })).json()).toEqual({
    token: '1',
    name: 'Gate',
  });
  expect((await ask('DELETE', '/live/a/presets/Preset%201')).statusCode).toBe(204);
  const picture = await ask('GET', '/live/a/snapshot');
  expect([picture.headers['content-type'], picture.rawPayload.length]).toEqual(['image/jpeg', 4]);
  const refused = await ask('POST', '/inspect', {
    url: 'onvif://10.0.0.5',
    username: 'a',
    password: 'hunter22',
  });
  expect([refused.statusCode, refused.json().error.code]).toEqual([502, 'DEVICE_AUTH_FAILED']);
  const begun = await ask('POST', '/scans', {});
  expect([begun.statusCode, begun.headers.location]).toEqual([201, `/api/v1/onvif/scans/${SCAN.id}`]);
  expect((await ask('GET', '/scans')).json()).toEqual({ scans: [SCAN] });
  expect((await ask('DELETE', `/scans/${SCAN.id}`)).statusCode).toBe(204);
  expect(asked).toEqual([
    ['facts', 'live/a'],
    ['preset', 'live/a', 'Preset 1'],
    ['inspect', { url: 'onvif://10.0.0.5', username: 'a', password: 'hunter22' }],
    ['scan', { hosts: [], multicast: true }],
    ['remove', SCAN.id],
  ]);
  expect(edge.logText()).not.toContain('hunter22');
});
