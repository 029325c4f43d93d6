import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiError } from '../../shared/errors.ts';
import type { CameraEvent } from '../../shared/events.ts';
import { EVENTS, METHODS } from '../../shared/signaling.ts';
import { waitFor } from '../support/wait.ts';
import { type Signaling, startSignaling, type Viewer } from './harness.ts';

let edge: Signaling;
let viewer: Viewer;
beforeEach(async () => {
  edge = await startSignaling();
  viewer = await edge.connect();
});
afterEach(() => edge.close());

const MOVE = { stream: 'live/door', command: { action: 'move', pan: 1 } };
const event = (name: string, given: Partial<CameraEvent> = {}): CameraEvent => ({
  ...{ id: `of-${name}`, app: 'live', name, kind: 'motion', start: 1, isActive: true, origin: 'onvif' },
  ...given,
});
const heard = () =>
  viewer.received.filter((message) => message.event === 'camera.event').map(({ data }) => data);
/** All that was sent before has come. */
const settled = (id: string) => viewer.ask(id, 'streams.list');

describe('moving a camera', () => {
  it('SG50: the session that moved a camera lets go of it when it ends, and each has its own', async () => {
    const other = await edge.connect();
    await viewer.ask(1, 'ptz.command', MOVE);
    await other.ask(1, 'ptz.command', MOVE);
    const [first, second] = edge.cameras.told;
    expect(first).toMatchObject(MOVE);
    expect(first?.operator).not.toBe(second?.operator);
    viewer.socket.terminate();
    await waitFor('its end', () => edge.cameras.released.length > 0);
    expect(edge.cameras.released).toEqual([first?.operator]);
  });

  it('SG11, SG51: a camera that is slow holds up nothing else, and what it is told is told in order', async () => {
    let release = () => {};
    edge.cameras.hold = new Promise<void>((resolve) => {
      release = resolve;
    });
    viewer.send({ id: 1, method: 'ptz.command', params: MOVE });
    viewer.send({ id: 2, method: 'ptz.command', params: { ...MOVE, command: { action: 'stop' } } });
    expect((await viewer.ask(3, 'streams.list')).error).toBeUndefined();
    expect(edge.cameras.told.map(({ command }) => command.action)).toEqual(['move', 'stop']);
    expect(viewer.answer(1)).toBeUndefined();
    release();
    await waitFor('the answers', () => viewer.answer(1) !== undefined && viewer.answer(2) !== undefined);
    expect(viewer.answer(1)).toEqual({ id: 1, result: {} });
  });

  it('SG51: at most 16 commands wait for a camera', async () => {
    edge.cameras.hold = new Promise(() => {});
    for (let id = 1; id <= 17; id += 1) viewer.send({ id, method: 'ptz.command', params: MOVE });
    await settled('after');
    expect(viewer.answer(17)?.error?.code).toBe('RATE_LIMITED');
    expect(edge.cameras.told).toHaveLength(16);
  });

  it('SG51: what the desk and the camera answer is passed on; what is no command is refused', async () => {
    edge.cameras.failWith = new ApiError('PTZ_BUSY', 'Somebody else moves this camera just now.', {
      retryInMs: 900,
    });
    expect((await viewer.ask(1, 'ptz.command', MOVE)).error).toEqual({
      code: 'PTZ_BUSY',
      message: 'Somebody else moves this camera just now.',
      details: { retryInMs: 900 },
    });
    const wrong = { stream: 'live/door', command: { action: 'move', pan: 7 } };
    expect((await viewer.ask(2, 'ptz.command', wrong)).error?.code).toBe('BAD_REQUEST');
    expect(edge.cameras.told).toHaveLength(1);
  });
});

describe('events of cameras', () => {
  it('SG52: who subscribes hears of its streams, and first of what goes on already', async () => {
    edge.cameras.active = [event('door'), event('yard')];
    const { result } = await viewer.ask(1, 'events.subscribe', { streams: ['live/door'] });
    expect(METHODS['events.subscribe'].result.parse(result)).toEqual({ active: [event('door')] });
    const ended = event('door', { isActive: false, end: 9 });
    edge.cameras.changes.emit({ event: event('yard'), removed: false });
    edge.cameras.changes.emit({ event: ended, removed: false });
    edge.cameras.changes.emit({ event: ended, removed: true });
    await settled('a');
    expect(heard()).toEqual([ended, { ...ended, removed: true }]);
    for (const data of heard()) EVENTS['camera.event'].parse(data);
  });

  it('SG52: of what goes on a session is told no more than it is sent at once', async () => {
    const topic = 'tns1:RuleEngine/'.padEnd(250, 'x');
    edge.cameras.active = Array.from({ length: 6_000 }, (_, n) => event(`door-${n}`, { topic }));
    const { result } = await viewer.ask(1, 'events.subscribe', {});
    const { active } = METHODS['events.subscribe'].result.parse(result);
    expect(active).toHaveLength(500);
    expect(active.at(-1)?.name).toBe('door-5999');
    expect((await viewer.ask(2, 'streams.list')).error).toBeUndefined();
  });

  it('SG52: a later subscription takes the place of the one before; one that is ended tells nothing', async () => {
    edge.cameras.changes.emit({ event: event('door'), removed: false });
    await viewer.ask(1, 'events.subscribe', { streams: ['live/door'] });
    await viewer.ask(2, 'events.subscribe', {});
    edge.cameras.changes.emit({ event: event('door'), removed: false });
    edge.cameras.changes.emit({ event: event('yard'), removed: false });
    await viewer.ask(3, 'events.unsubscribe');
    edge.cameras.changes.emit({ event: event('door'), removed: false });
    await settled('a');
    expect(heard()).toEqual([event('door'), event('yard')]);
    expect(edge.cameras.changes.size).toBe(0);
  });

  it('SG22, SG52: nothing is left of a session that ends', async () => {
    await viewer.ask(1, 'events.subscribe', {});
    expect(edge.cameras.changes.size).toBe(1);
    viewer.socket.terminate();
    await waitFor('its end', () => edge.cameras.changes.size === 0);
  });
});
