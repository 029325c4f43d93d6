import { beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../server/base/log.ts';
import { OnvifCameras } from '../../server/gateway/onvif/onvif-cameras.ts';
import { OnvifDesk } from '../../server/gateway/onvif/onvif-desk.ts';
import type { CameraAccess, OnvifCamera, OnvifNews, OpenedCamera } from '../../server/gateway/onvif/ports.ts';
import { Hub, type Source } from '../../server/stream/index.ts';
import type { StreamId } from '../../shared/names.ts';
import type { MediaProfile, PtzCommand } from '../../shared/onvif.ts';
import { type StreamDefinition, streamDefinitionSchema } from '../../shared/stream.ts';
import { FakeClock } from '../support/fake-clock.ts';

const ONVIF = 'onvif://10.0.0.5';
const profile = (token: string, usedAs: 'main' | 'sub'): MediaProfile => ({
  ...{ token, name: token, hasAudio: false, hasPtz: true, usedAs },
});

/** An error as `server/onvif` has them. */
class DeviceFailure extends Error {
  readonly reason = 'CAMERA_AUTH_FAILED';
  readonly code = 'DEVICE_AUTH_FAILED';
}

/** A device that notes what it is asked. */
class FakeDevice implements OpenedCamera {
  readonly access: CameraAccess;
  readonly asked: string[] = [];
  readonly moved: PtzCommand[] = [];
  profiles: MediaProfile[] = [profile('big', 'main'), profile('small', 'sub')];
  failWith: Error | undefined;
  isClosed = false;
  tell: ((news: OnvifNews) => void) | undefined;
  tellState: ((state: 'subscribed' | 'waiting') => void) | undefined;

  constructor(access: CameraAccess) {
    this.access = access;
  }

  readonly camera: OnvifCamera = {
    facts: () => this.#answer('facts', { profiles: [], channels: [], services: {} as never }),
    profiles: () => this.#answer('profiles', this.profiles),
    streamUri: ({ as }) => {
      const [main, sub = main] = this.profiles;
      return this.#answer(`uri ${as}`, {
        url: `rtsp://10.0.0.5/${as}`,
        profile: (as === 'main' ? main : sub) as MediaProfile,
      });
    },
    snapshot: () => this.#answer('snapshot', { bytes: Buffer.from('jpeg'), contentType: 'image/jpeg' }),
    askKeyFrame: (token) => this.#answer(`key frame of ${token}`, undefined),
    ptz: {
      status: () => this.#answer('status', { can: {} as never, presets: [] }),
      do: (command) => {
        this.moved.push(command);
        return this.#answer('move', undefined);
      },
      setPreset: (name) => this.#answer('set', { token: '1', name }),
      removePreset: () => this.#answer('remove', undefined),
    },
    close: () => {
      this.isClosed = true;
    },
  };

  async listen({ onEvent, onStateChange, signal }: Parameters<OpenedCamera['listen']>[0]): Promise<void> {
    this.tell = onEvent;
    this.tellState = onStateChange;
    onStateChange(this.failWith === undefined ? 'subscribed' : 'waiting');
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    this.tell = undefined;
  }

  async #answer<T>(what: string, value: T): Promise<T> {
    this.asked.push(what);
    if (this.failWith !== undefined) throw this.failWith;
    return value;
  }
}

const news = (given: Partial<OnvifNews> = {}): OnvifNews => ({
  ...{ key: 'motion', kind: 'motion', topic: 'tns1:Motion', state: 'start', atMs: 1, isInitial: false },
  ...given,
});
const definition = (name: string, source: object): StreamDefinition =>
  streamDefinitionSchema.parse({ name, source });
const settle = async () => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};
const signal = () => new AbortController().signal;

let clock: FakeClock;
let hub: Hub;
let devices: FakeDevice[];
let reported: Array<[StreamId, string]>;
let cameras: OnvifCameras;
let desk: OnvifDesk;

beforeEach(() => {
  clock = new FakeClock();
  devices = [];
  reported = [];
  const idle: Source = { setWatched: () => {}, requestKeyFrame: () => {}, close: async () => {} };
  hub = new Hub({
    clock,
    log: silentLogger,
    startSource: () => idle,
    hasOwnSub: (one) => cameras.hasOwnSub(one),
  });
  const open = (access: CameraAccess) => {
    const device = new FakeDevice(access);
    devices.push(device);
    return device;
  };
  cameras = new OnvifCameras({
    clock,
    log: silentLogger,
    open,
    mayBeLocal: (stream) => stream === 'live/fixed',
    events: {
      report: (stream, { state }) => reported.push([stream, state]),
      endAll: (stream) => reported.push([stream, 'all']),
    },
  });
  cameras.follow(hub);
  desk = new OnvifDesk({ cameras, ptz: { do: async () => {} }, open, mayBeLocal: true });
});

const device = (index = 0): FakeDevice => devices[index] as FakeDevice;

describe('the devices behind the streams', () => {
  test('streams of one address share one; another password or place is another', () => {
    const source = { url: ONVIF, username: 'admin', password: 'a' };
    hub.add(definition('one', source));
    hub.add(definition('two', source));
    hub.add(definition('three', { ...source, password: 'b' }));
    hub.add(definition('fixed', source));
    hub.add(definition('channel', { ...source, url: `${ONVIF}?profile=ch2` }));
    hub.add(definition('plain', { url: 'rtsp://10.0.0.5/s1' }));
    hub.add(definition('both', { url: 'rtsp://10.0.0.9/s1', onvif: { url: 'onvif://10.0.0.9' } }));
    expect(devices.map(({ access }) => [access.url, access.password, access.mayBeLocal])).toEqual([
      [ONVIF, 'a', false],
      [ONVIF, 'b', false],
      [ONVIF, 'a', true],
      [`${ONVIF}?profile=ch2`, 'a', false],
      ['onvif://10.0.0.9', undefined, false],
    ]);
    expect(cameras.steering('live/one')).toBe(cameras.steering('live/two'));
    expect(cameras.steering('live/one')).not.toBe(cameras.steering('live/channel'));
  });

  test('one whose streams are gone is not heard any more, and let go of after a while', async () => {
    const first = definition('one', { url: ONVIF });
    hub.add(first);
    expect(device().tell).toBeDefined();
    await hub.update({ ...first, source: { ...first.source, password: 'new' } });
    await settle();
    expect(devices).toHaveLength(2);
    expect(device(0).tell).toBeUndefined();
    expect(reported).toEqual([['live/one', 'all']]);
    expect([device(0).isClosed, device(1).isClosed]).toEqual([false, false]);
    clock.advance(60_000);
    await settle();
    expect([device(0).isClosed, device(1).isClosed]).toEqual([true, false]);
    expect(cameras.counts.cameras).toBe(1);
    await cameras.close();
    expect(device(1).isClosed).toBe(true);
    cameras.askKeyFrame(first);
    expect(await cameras.resolve(first, signal())).toMatchObject({ error: { reason: 'STOPPED' } });
    expect(devices).toHaveLength(2);
    expect(clock.timers).toBe(0);
  });

  test('what is no ONVIF camera, or no stream, is told apart', () => {
    hub.add(definition('plain', { url: 'rtsp://10.0.0.5/s1' }));
    expect(() => cameras.steering('live/plain')).toThrow(
      expect.objectContaining({ code: 'ONVIF_UNSUPPORTED' }),
    );
    for (const id of ['live/none', 'internal/probe-1', 'live/plain~sub'] as const) {
      expect(() => cameras.steering(id)).toThrow(expect.objectContaining({ code: 'STREAM_NOT_FOUND' }));
    }
  });

  test('one whose stream is restarted is listened to anew at once, after what it told before has ended', async () => {
    hub.add(definition('one', { url: ONVIF }));
    const first = device().tell;
    cameras.askAnew('live/one');
    await settle();
    expect(device().tell).toBeDefined();
    expect(device().tell).not.toBe(first);
    cameras.askAnew('live/none');
    expect(devices).toHaveLength(1);
  });

  test('what a device fails with is told in its words, to streams and to people', async () => {
    const one = definition('one', { url: ONVIF });
    hub.add(one);
    device().failWith = new DeviceFailure('Wrong password.');
    expect(await cameras.resolve(one, signal())).toEqual({
      ok: false,
      error: { reason: 'CAMERA_AUTH_FAILED', message: 'Wrong password.' },
    });
    // A bug of ours is not laid to the camera.
    device().failWith = new TypeError('x is not a function');
    expect(await cameras.resolve(one, signal())).toEqual({
      ok: false,
      error: {
        reason: 'INTERNAL',
        message: 'The gateway failed while it asked the camera: x is not a function.',
      },
    });
    device().failWith = new DeviceFailure('Wrong password.');
    const code = 'DEVICE_AUTH_FAILED';
    await expect(desk.facts('live/one')).rejects.toMatchObject({ name: 'ApiError', code });
    await expect(cameras.steering('live/one').do({ action: 'home' })).rejects.toMatchObject({ code });
  });

  test('one that many ask at once is asked once, and its presets are changed one by one', async () => {
    hub.add(definition('one', { url: ONVIF }));
    const many = <T>(question: () => Promise<T>) => Promise.allSettled(Array.from({ length: 200 }, question));
    await settle();
    device().asked.length = 0;
    await Promise.all([
      many(() => desk.snapshot('live/one')),
      many(() => desk.facts('live/one')),
      many(() => desk.ptzStatus('live/one')),
    ]);
    expect(device().asked.sort()).toEqual(['facts', 'snapshot', 'status']);
    await desk.snapshot('live/one');
    expect(device().asked).toHaveLength(4);
    device().asked.length = 0;
    const changed = await many(() => desk.addPreset('live/one', 'Gate'));
    const refused = changed.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
    expect([device().asked.length, new Set(refused)]).toEqual([8, new Set(['RATE_LIMITED'])]);
    device().failWith = new DeviceFailure('Wrong password.');
    await expect(desk.removePreset('live/one', '1')).rejects.toMatchObject({ code: 'DEVICE_AUTH_FAILED' });
    await expect(desk.facts('live/one')).rejects.toMatchObject({ code: 'DEVICE_AUTH_FAILED' });
    device().failWith = undefined;
    await desk.removePreset('live/one', '1');
    await desk.facts('live/one');
  });

  test('are asked for pictures some at a time, as these are large', async () => {
    const streams = Array.from({ length: 160 }, (_, index) => {
      hub.add(definition(`n${index}`, { url: `onvif://10.0.1.${index}` }));
      return `live/n${index}` as const;
    });
    const asked = await Promise.allSettled(streams.map((stream) => desk.snapshot(stream)));
    const refused = asked.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
    expect(refused).toEqual(Array(16).fill('RATE_LIMITED'));
  });

  test('one that is looked at before it is added is let go of at once, and only some at a time are', async () => {
    const all = Array.from({ length: 9 }, () =>
      desk.inspect({ url: ONVIF }).then(
        () => 'ok',
        ({ code }) => code,
      ),
    );
    expect((await Promise.all(all)).filter((answer) => answer !== 'ok')).toEqual(['TOO_MANY_PROBES']);
    expect(devices.map(({ isClosed }) => isClosed)).toEqual(Array(8).fill(true));
    expect(device().access).toMatchObject({ url: ONVIF, mayBeLocal: true });
    await desk.inspect({ url: ONVIF });
  });
});

describe('main and sub', () => {
  test('a second stream that the camera has needs not be named, once the camera was asked', async () => {
    hub.add(definition('one', { url: ONVIF }));
    expect(hub.derived('live/one', 'sub')).toBeUndefined();
    await settle();
    const sub = hub.derived('live/one', 'sub');
    expect(sub?.definition.source.url).toBe(ONVIF);
    if (sub === undefined) throw new Error('no second stream');
    expect(await cameras.resolve(sub.definition, signal())).toEqual({
      ok: true,
      value: { url: 'rtsp://10.0.0.5/sub' },
    });
    expect(devices).toHaveLength(1);
  });

  test('a camera that has none (any more) has none', async () => {
    const one = definition('one', { url: ONVIF });
    hub.add(one);
    await settle();
    // Its settings were changed; it is asked anew with each connection.
    device().profiles = [profile('big', 'main')];
    await cameras.resolve(one, signal());
    await settle();
    expect(hub.derived('live/one', 'sub')).toBeUndefined();
  });

  test('one that is named by its profile is just that one', async () => {
    hub.add(definition('one', { url: ONVIF, sub: { url: `${ONVIF}?profile=mid` } }));
    hub.add(definition('two', { url: `${ONVIF}?profile=mid` }));
    await settle();
    for (const [name, as] of [
      ['live/one', 'uri main'],
      ['live/two', 'uri sub'],
    ] as const) {
      const sub = hub.derived(name, 'sub');
      if (sub === undefined) throw new Error('no second stream');
      await cameras.resolve(sub.definition, signal());
      const [asked] = devices.filter(({ access }) => access.url.endsWith('mid'));
      expect(asked?.asked.at(-1)).toBe(as);
    }
  });

  test('key frames are asked of what was dialled', async () => {
    const one = definition('one', { url: ONVIF });
    hub.add(one);
    await settle();
    const sub = hub.derived('live/one', 'sub')?.definition as StreamDefinition;
    cameras.askKeyFrame(sub);
    await cameras.resolve(one, signal());
    await cameras.resolve(sub, signal());
    cameras.askKeyFrame(one);
    cameras.askKeyFrame(sub);
    const beside = definition('both', { url: 'rtsp://10.0.0.9/s1', onvif: { url: 'onvif://10.0.0.9' } });
    hub.add(beside);
    cameras.askKeyFrame(beside);
    cameras.askKeyFrame(definition('plain', { url: 'rtsp://10.0.0.5/s1' }));
    await settle();
    const asked = devices.map((one) => one.asked.filter((what) => what.startsWith('key')));
    expect(asked).toEqual([['key frame of big', 'key frame of small'], ['key frame of undefined']]);
  });
});

describe('news', () => {
  test('go to each stream of the device; how things stood at first only where something is on', () => {
    hub.add(definition('one', { url: ONVIF }));
    hub.add(definition('two', { url: ONVIF }));
    device().tell?.(news({ state: 'end', isInitial: true }));
    device().tell?.(news({ isInitial: true }));
    expect(reported).toEqual([
      ['live/one', 'start'],
      ['live/two', 'start'],
    ]);
    device().tellState?.('subscribed');
    expect(cameras.counts).toEqual({ cameras: 1, subscribed: 1, droppedEvents: 0 });
  });

  test('of a device that tells no end of them are dropped, but for ends', () => {
    hub.add(definition('one', { url: ONVIF }));
    for (let n = 0; n < 500; n += 1) device().tell?.(news({ key: String(n), state: 'moment' }));
    expect(reported).toHaveLength(60);
    device().tell?.(news({ state: 'end' }));
    expect(reported).toHaveLength(61);
    clock.advance(10_000);
    for (let n = 0; n < 500; n += 1) device().tell?.(news({ key: String(n), state: 'moment' }));
    expect(reported).toHaveLength(81);
    expect(cameras.counts.droppedEvents).toBe(440 + 480);
  });
});
