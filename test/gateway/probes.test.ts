import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../server/base/log.ts';
import { Probes } from '../../server/gateway/index.ts';
import { Hub, type SourceSink } from '../../server/stream/index.ts';
import { ApiError } from '../../shared/errors.ts';
import { newProbeSchema, probeSchema } from '../../shared/probe.ts';
import type { StreamDefinition } from '../../shared/stream.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { h264Format, playVideo } from '../support/units.ts';
import { waitFor } from '../support/wait.ts';

const SECRET = 'canary-p4ssword';

describe('probes', () => {
  let clock: FakeClock;
  let hub: Hub;
  let probes: Probes;
  let dialled: { definition: StreamDefinition; sink: SourceSink; isOpen: boolean }[];
  let ended: number;

  beforeEach(() => {
    clock = new FakeClock();
    dialled = [];
    ended = 0;
    hub = new Hub({
      clock,
      log: silentLogger,
      startSource(definition, sink) {
        const one = { definition, sink, isOpen: true };
        dialled.push(one);
        return {
          setWatched() {},
          requestKeyFrame() {},
          close: async () => {
            one.isOpen = false;
          },
        };
      },
    });
    probes = new Probes({
      clock,
      hub,
      picture: async (id) => {
        if (hub.get(id) === undefined) throw new ApiError('STREAM_NOT_FOUND', 'gone');
        return { jpeg: Buffer.from('jpeg'), atMs: 1 };
      },
      withKeptPassword: (_, source) => ({ ...source, password: source.password ?? SECRET }),
      onEnded: () => {
        ended += 1;
      },
    });
  });
  afterEach(async () => {
    await probes.close();
    await hub.close();
  });

  const begin = (source: object = {}, more: object = {}) =>
    probes.create(newProbeSchema.parse({ source: { url: 'rtsp://10.0.0.5/s1', ...source }, ...more }));

  it('dials as a stream would, and tells state, report and that there is a picture, never the password', async () => {
    const begun = begin({ url: `rtsp://admin:${SECRET}@10.0.0.5/s1` });
    expect(begun).toMatchObject({ status: { state: 'connecting' }, hasPicture: false });
    expect(dialled[0]?.definition.source.password).toBe(SECRET);
    await expect(probes.frame(begun.id)).rejects.toMatchObject({ code: 'STREAM_NOT_LIVE' });
    const sink = dialled[0]?.sink as SourceSink;
    sink.playing([h264Format()], 'tcp');
    playVideo(sink, { from: 0, count: 101, gop: 25 });
    const now = probes.get(begun.id);
    expect(probeSchema.parse(now)).toMatchObject({
      status: { state: 'live', codec: 'h264', width: 640, viewers: 0, source: { hasPassword: true } },
      report: { state: 'live', video: { codec: 'h264' } },
      hasPicture: true,
    });
    expect(now.sub).toBeUndefined();
    expect((await probes.frame(begun.id)).jpeg.toString()).toBe('jpeg');
    expect(JSON.stringify([begun, now])).not.toContain(SECRET);
  });

  it('tells why the camera gives no picture', async () => {
    const { id } = begin();
    dialled[0]?.sink.waiting('CAMERA_AUTH_FAILED', 'The camera refuses user and password.', 4000);
    expect(probes.get(id)).toMatchObject({
      status: { state: 'waiting', reason: { code: 'CAMERA_AUTH_FAILED' } },
      hasPicture: false,
    });
    await expect(probes.frame(id)).rejects.toThrow('refuses user and password');
  });

  it('tries the second stream once the first one is there', async () => {
    const { id } = begin({ sub: { url: 'rtsp://10.0.0.5/s2' } });
    expect(dialled).toHaveLength(1);
    dialled[0]?.sink.playing([h264Format()], 'tcp');
    playVideo(dialled[0]?.sink as SourceSink, { from: 0, count: 2, gop: 25 });
    expect(dialled.map(({ definition }) => definition.source.url)).toEqual([
      'rtsp://10.0.0.5/s1',
      'rtsp://10.0.0.5/s2',
    ]);
    expect(probes.get(id).sub).toMatchObject({ state: 'connecting' });
    dialled[1]?.sink.waiting('CAMERA_REFUSED', 'The camera has no such stream.');
    expect(probeSchema.parse(probes.get(id)).sub).toMatchObject({
      state: 'waiting',
      reason: { message: 'The camera has no such stream.' },
    });
    await probes.remove(id);
    expect(dialled.map(({ isOpen }) => isOpen)).toEqual([false, false]);
  });

  it('lets the camera go a minute after the last question, and ten after the first', async () => {
    const { id } = begin();
    clock.advance(50_000);
    probes.get(id);
    clock.advance(50_000);
    expect(probes.get(id).status.state).toBe('connecting');
    clock.advance(60_000);
    expect(() => probes.get(id)).toThrow('This test is over');
    await waitFor('the camera to be let go', () => ended === 1);
    expect([dialled[0]?.isOpen, hub.list().length]).toEqual([false, 0]);
    const again = begin();
    for (let minute = 0; minute < 10; minute += 0.5) {
      probes.get(again.id);
      clock.advance(30_000);
    }
    expect(() => probes.get(again.id)).toThrow('This test is over');
  });

  it('are few at a time, and all gone at the end', async () => {
    const all = Array.from({ length: 8 }, () => begin());
    expect(() => begin()).toThrow('8 cameras are being tried already');
    await probes.remove(all[0]?.id ?? '');
    await expect(probes.remove(all[0]?.id ?? '')).rejects.toMatchObject({ code: 'PROBE_NOT_FOUND' });
    begin();
    await probes.close();
    expect([probes.size, hub.list().length]).toEqual([0, 0]);
    expect(dialled.every(({ isOpen }) => !isOpen)).toBe(true);
  });

  it('use the kept password of the stream that is being changed, and are no publisher', () => {
    begin({}, { passwordOf: 'live/front' });
    expect(dialled[0]?.definition.source.password).toBe(SECRET);
    expect(() => begin({ url: 'publish:' })).toThrow('nobody is dialled');
  });
});
