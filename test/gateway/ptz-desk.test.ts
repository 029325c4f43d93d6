import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../server/base/log.ts';
import { LEASE_MS, type PtzCamera, PtzDesk } from '../../server/gateway/onvif/ptz-desk.ts';
import { ApiError } from '../../shared/errors.ts';
import { PTZ_DEAD_MAN_MS, type PtzCommand } from '../../shared/onvif.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** A camera that notes what it is told; `hold` keeps it from answering, `failures` are its next answers. */
class FakeCamera implements PtzCamera {
  readonly told: PtzCommand[] = [];
  readonly failures: unknown[] = [];
  isHeld = false;
  #release: Array<() => void> = [];

  async do(command: PtzCommand): Promise<void> {
    this.told.push(command);
    if (this.isHeld) await new Promise<void>((resolve) => this.#release.push(resolve));
    if (this.failures.length > 0) throw this.failures.shift();
  }

  answer(): void {
    this.isHeld = false;
    for (const release of this.#release.splice(0)) release();
  }

  get actions(): string[] {
    return this.told.map(({ action }) => action);
  }
}

const LEFT: PtzCommand = { action: 'move', pan: -0.5 };
const RIGHT: PtzCommand = { action: 'move', pan: 0.5 };
const STOP: PtzCommand = { action: 'stop' };
const CAM = 'live/cam';

let clock: FakeClock;
let camera: FakeCamera;
let desk: PtzDesk;
beforeEach(() => {
  clock = new FakeClock();
  camera = new FakeCamera();
  desk = new PtzDesk({
    clock,
    log: silentLogger,
    camera: (stream) => {
      if (stream === CAM) return camera;
      throw new ApiError('ONVIF_UNSUPPORTED', 'no ONVIF');
    },
  });
});

const settle = async () => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};
const advance = async (ms: number) => {
  clock.advance(ms);
  await settle();
};

describe('the dead man', () => {
  test('a move that nobody asks for again ends', async () => {
    await desk.do('anna', CAM, LEFT);
    await advance(PTZ_DEAD_MAN_MS - 1);
    expect(camera.actions).toEqual(['move']);
    expect(desk.moving).toBe(1);
    await advance(1);
    expect(camera.actions).toEqual(['move', 'stop']);
    expect(desk.moving).toBe(0);
    expect(desk.counts).toEqual({ commands: 1, deadManStops: 1, refused: 0 });
    await advance(60_000);
    expect(camera.told).toHaveLength(2);
    expect(clock.timers).toBe(0);
  });

  test('a move goes on while it is asked for', async () => {
    for (let n = 0; n < 20; n += 1) {
      await desk.do('anna', CAM, LEFT);
      await advance(PTZ_DEAD_MAN_MS / 2);
    }
    expect(camera.actions).toEqual(Array(20).fill('move'));
    await desk.do('anna', CAM, STOP);
    await advance(60_000);
    expect(camera.actions.slice(20)).toEqual(['stop']);
  });

  test('the end of its session stops a camera', async () => {
    await desk.do('anna', CAM, LEFT);
    desk.release('somebody else');
    await settle();
    expect(camera.actions).toEqual(['move']);
    desk.release('anna');
    await settle();
    expect(camera.actions).toEqual(['move', 'stop']);
    // And it is free.
    await desk.do('bert', CAM, RIGHT);
  });

  test('a stop that does not get through is tried again, a few times', async () => {
    await desk.do('anna', CAM, LEFT);
    camera.failures.push(...Array(2).fill(new ApiError('DEVICE_UNREACHABLE', 'gone')));
    await advance(PTZ_DEAD_MAN_MS);
    await advance(1000);
    await advance(1000);
    expect(camera.actions).toEqual(['move', 'stop', 'stop', 'stop']);
    await desk.do('anna', CAM, LEFT);
    camera.failures.push(...Array(20).fill(new ApiError('DEVICE_UNREACHABLE', 'gone')));
    for (let n = 0; n < 60; n += 1) await advance(1000);
    expect(camera.actions.slice(5)).toEqual(Array(4).fill('stop'));
    expect(clock.timers).toBe(0);
  });

  test('a goto ends a move without a stop of its own', async () => {
    await desk.do('anna', CAM, LEFT);
    await desk.do('anna', CAM, { action: 'preset', token: '1' });
    await advance(60_000);
    expect(camera.actions).toEqual(['move', 'preset']);
  });

  test('the end of the gateway stops what moves', async () => {
    await desk.do('anna', CAM, LEFT);
    await desk.close();
    expect(camera.actions).toEqual(['move', 'stop']);
    await expect(desk.do('anna', CAM, LEFT)).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(clock.timers).toBe(0);
  });
});

describe('the lease', () => {
  test('who moves a camera has it to himself, and a little longer', async () => {
    await desk.do('anna', CAM, LEFT);
    const refused = await desk.do('bert', CAM, STOP).catch((failure: unknown) => failure);
    expect(refused).toMatchObject({ code: 'PTZ_BUSY', retryable: true, details: { retryInMs: LEASE_MS } });
    expect((refused as ApiError).message).toContain('in 3 s');
    await desk.do('anna', CAM, STOP);
    await advance(LEASE_MS - 1);
    await expect(desk.do('bert', CAM, RIGHT)).rejects.toMatchObject({ code: 'PTZ_BUSY' });
    await advance(1);
    await desk.do('bert', CAM, RIGHT);
    expect(camera.actions).toEqual(['move', 'stop', 'move']);
    expect(desk.counts.refused).toBe(2);
  });

  test('what cannot be steered is refused', async () => {
    await expect(desk.do('anna', 'live/other', LEFT)).rejects.toMatchObject({ code: 'ONVIF_UNSUPPORTED' });
  });
});

describe('a slow camera', () => {
  test('gets one command at a time, and of those that came meanwhile the newest', async () => {
    camera.isHeld = true;
    const all = [
      desk.do('anna', CAM, LEFT),
      desk.do('anna', CAM, RIGHT),
      desk.do('anna', CAM, LEFT),
      desk.do('anna', CAM, STOP),
    ];
    await settle();
    expect(camera.actions).toEqual(['move']);
    camera.answer();
    await Promise.all(all);
    expect(camera.actions).toEqual(['move', 'stop']);
    expect(desk.moving).toBe(0);
  });

  test('a failure is that of who asked', async () => {
    camera.failures.push(new ApiError('DEVICE_REFUSED', 'no'));
    await expect(desk.do('anna', CAM, { action: 'home' })).rejects.toMatchObject({ code: 'DEVICE_REFUSED' });
  });
});

test('whatever people do, and however late the camera answers: it stands in the end, and nothing is left over', async () => {
  const step = fc.oneof(
    fc.record({
      operator: fc.constantFrom('anna', 'bert'),
      command: fc.constantFrom<PtzCommand>(LEFT, RIGHT, STOP, { action: 'home' }),
    }),
    fc.record({ waitMs: fc.integer({ min: 0, max: 1500 }) }),
    fc.record({ leaves: fc.constantFrom('anna', 'bert') }),
    fc.record({ holds: fc.boolean() }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const own = new FakeClock();
      const cam = new FakeCamera();
      const tried = new PtzDesk({ clock: own, log: silentLogger, camera: () => cam });
      for (const one of steps) {
        if ('command' in one) tried.do(one.operator, CAM, one.command).catch(() => {});
        else if ('waitMs' in one) own.advance(one.waitMs);
        else if ('leaves' in one) tried.release(one.leaves);
        else if (one.holds) cam.isHeld = true;
        else cam.answer();
        await settle();
      }
      cam.answer();
      for (let n = 0; n < 10; n += 1) {
        own.advance(1000);
        await settle();
      }
      expect(cam.actions.at(-1)).not.toBe('move');
      expect(tried.moving).toBe(0);
      expect(own.timers).toBe(0);
    }),
  );
});
