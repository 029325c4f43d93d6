import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../server/base/log.ts';
import { System } from '../../server/gateway/index.ts';
import { parseFfmpegVersion, versionsOf } from '../../server/gateway/versions.ts';
import { Slots } from '../../server/recording/export/slots.ts';
import { Hub } from '../../server/stream/index.ts';
import type { WorkerStatus } from '../../server/webrtc/index.ts';
import { streamDefinitionSchema } from '../../shared/stream.ts';
import { systemStatusSchema, viewersSchema } from '../../shared/system.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { waitFor } from '../support/wait.ts';

function house() {
  const clock = new FakeClock();
  const hub = new Hub({
    clock,
    log: silentLogger,
    startSource: () => ({ setWatched() {}, requestKeyFrame() {}, close: async () => {} }),
  });
  const add = (app: string, name: string) =>
    hub.add({ ...streamDefinitionSchema.parse({ name, source: { url: 'rtsp://10.0.0.5/' } }), app });
  const workers: WorkerStatus[] = [];
  const system = new System({
    clock,
    hub,
    readiness: () => ({ ready: true, checks: { webrtc: true } }),
    workers: async () => workers,
    watching: () => ({
      webrtc: [{ stream: 'live/door', sinceMs: 3, address: '10.0.0.1' }],
      whep: [{ stream: 'internal/probe-1', sinceMs: 9, address: undefined }],
    }),
    hlsViewers: () => [{ stream: 'live/door', sinceMs: 7, address: '10.0.0.2' }],
    disks: async () => [
      { path: '/data', state: 'full', reason: 'no room', recordedBytes: 5, daysLeft: 2.5, streams: 1 },
    ],
    recorder: (id) => ({ state: id === 'live/door' ? 'recording' : 'off' }),
    versions: async () => ({ ffmpeg: '5.1' }),
  });
  /** Waits while the load is measured, which takes a moment of the clock. */
  const status = async () => {
    const answer = system.status();
    let isThere = false;
    void answer.then(() => {
      isThere = true;
    });
    await waitFor('the status', () => {
      clock.advance(200);
      return isThere;
    });
    return systemStatusSchema.parse(await answer);
  };
  return { clock, hub, add, workers, system, status };
}

describe('the gateway as a whole', () => {
  it('tells who watches by whichever way, the newest first, and nothing of its own readers', async () => {
    const { hub, add, system, status } = house();
    const reader = { start: 'next', write: () => true } as const;
    const door = add('live', 'door');
    door.read({ ...reader, name: 'rtsp', role: 'viewer', from: { address: '10.0.0.3', sinceMs: 5 } });
    door.read({ ...reader, name: 'recorder', role: 'service' });
    add('internal', 'demo').read({
      ...{ ...reader, name: 'rtsp', role: 'viewer', from: { address: '127.0.0.1', sinceMs: 8 } },
    });
    add('live', 'yard');
    const viewers = system.viewers();
    expect(viewersSchema.parse({ viewers, total: 3 }).viewers).toEqual([
      { stream: 'live/door', by: 'hls', address: '10.0.0.2', since: 7 },
      { stream: 'live/door', by: 'rtsp', address: '10.0.0.3', since: 5 },
      { stream: 'live/door', by: 'webrtc', address: '10.0.0.1', since: 3 },
    ]);
    expect(await status()).toMatchObject({
      ready: true,
      viewers: { webrtc: 1, whep: 0, hls: 1, rtsp: 1 },
      streams: { total: 2, live: 0, waiting: 0, toRecord: 1, recorded: 1 },
      disks: [{ path: '/data', state: 'full', daysLeft: 2.5 }],
      versions: { ffmpeg: '5.1', node: process.versions.node },
    });
    await hub.close();
  });

  it('tells what a worker uses now by what it has used since it began, and of another one anew', async () => {
    const { workers, status, hub, clock } = house();
    const look = async (worker: Partial<WorkerStatus>) => {
      workers.splice(0, 1, { id: 0, state: 'running', consumers: 2, restarts: 0, pid: 1, ...worker });
      return (await status()).workers[0];
    };
    expect((await look({ cpuMs: 1000 }))?.cpu).toBeUndefined();
    const beforeMs = clock.monotonicMs();
    clock.advance(10_000);
    const busy = await look({ cpuMs: 6000 });
    expect(busy?.cpu).toBeGreaterThan(5000 / (clock.monotonicMs() - beforeMs) - 0.01);
    expect(busy?.cpu).toBeLessThanOrEqual(0.5);
    clock.advance(10_000);
    expect(await look({ cpuMs: 10, pid: 2, restarts: 1 })).toEqual({
      ...{ id: 0, state: 'running', consumers: 2, restarts: 1 },
    });
    workers.splice(0, 1, { id: 0, state: 'hanging', consumers: 2, restarts: 1, pid: 2 });
    expect((await status()).workers[0]?.state).toBe('hanging');
    await hub.close();
  });

  it('knows what it works with', async () => {
    expect(parseFfmpegVersion('ffmpeg version 5.1.9-0+deb12u1 Copyright (c)')).toBe('5.1.9-0+deb12u1');
    expect(parseFfmpegVersion('something else')).toBeUndefined();
    const without = await versionsOf('/nowhere/ffmpeg')();
    expect(without.ffmpeg).toBeUndefined();
    expect(without.mediasoup).toMatch(/^\d+\.\d+\.\d+$/);
  });
});

it('more exports run at once as soon as they may, and fewer once those that run are done', async () => {
  const slots = new Slots(1);
  const { signal } = new AbortController();
  const taken: Array<() => void> = [];
  const take = () => void slots.take('first', signal).then((undo) => undo !== undefined && taken.push(undo));
  for (let n = 0; n < 4; n += 1) take();
  await waitFor('one', () => taken.length === 1);
  slots.max = 3;
  await waitFor('three', () => taken.length === 3);
  slots.max = 1;
  taken[0]?.();
  taken[1]?.();
  await Promise.resolve();
  expect(taken).toHaveLength(3);
  taken[2]?.();
  await waitFor('the last', () => taken.length === 4);
});
