import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LiveError } from '../../client/src/live/live-error.ts';
import { PtzHold, placeInPicture, RENEW_MS, stickVector } from '../../client/src/room/camera/ptz/hold.ts';
import { Steering } from '../../client/src/room/camera/ptz/steering.ts';
import { PTZ_DEAD_MAN_MS, type PtzCommand, ptzCommandSchema } from '../../shared/onvif.ts';

const RIGHT = { pan: 1, tilt: 0, zoom: 0 };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('a button that is held', () => {
  test('asks again well before the gateway would stop the camera, and stops it when let go', () => {
    const sent: PtzCommand[] = [];
    const hold = new PtzHold((command) => sent.push(command));
    hold.hold(RIGHT);
    vi.advanceTimersByTime(PTZ_DEAD_MAN_MS * 3);
    expect(RENEW_MS * 2).toBeLessThan(PTZ_DEAD_MAN_MS);
    expect(sent.length).toBeGreaterThanOrEqual(9);
    expect(sent.every((command) => command.action === 'move' && command.pan === 1)).toBe(true);
    hold.release();
    hold.release();
    const after = sent.length;
    vi.advanceTimersByTime(PTZ_DEAD_MAN_MS * 3);
    expect(sent.length).toBe(after);
    expect(sent.filter(({ action }) => action === 'stop')).toHaveLength(1);
  });

  test('turns at once where it is pulled elsewhere, and does not tell of each tremble', () => {
    const sent: PtzCommand[] = [];
    const hold = new PtzHold((command) => sent.push(command));
    hold.hold(RIGHT);
    hold.hold({ ...RIGHT, pan: 0.98 });
    hold.hold({ pan: 0, tilt: 0.5, zoom: 0 });
    hold.hold({ pan: 0, tilt: 0, zoom: 0 });
    expect(sent).toEqual([
      { action: 'move', pan: 1, tilt: 0 },
      { action: 'move', pan: 0, tilt: 0.5 },
      { action: 'stop' },
    ]);
    expect(hold.isHeld).toBe(false);
  });

  test('names no axis that it does not move', () => {
    const sent: PtzCommand[] = [];
    new PtzHold((command) => sent.push(command)).hold({ pan: 0, tilt: 0, zoom: -0.5 });
    expect(sent).toEqual([{ action: 'move', zoom: -0.5 }]);
  });
});

test('a stick leads where it is pulled, faster the further, and never beyond what a move may be', () => {
  const pull = fc.integer({ min: -400, max: 400 });
  fc.assert(
    fc.property(pull, pull, fc.integer({ min: 20, max: 200 }), (right, down, radius) => {
      const { pan, tilt, zoom } = stickVector(right, down, radius);
      expect(zoom).toBe(0);
      if (pan !== 0) expect(Math.sign(pan)).toBe(Math.sign(right));
      if (tilt !== 0) expect(Math.sign(tilt)).toBe(-Math.sign(down));
      expect(ptzCommandSchema.safeParse({ action: 'move', pan, tilt }).success).toBe(true);
      const further = stickVector(right * 2, down * 2, radius);
      expect(Math.hypot(further.pan, further.tilt)).toBeGreaterThanOrEqual(Math.hypot(pan, tilt));
    }),
  );
  expect(stickVector(3, -2, 74)).toEqual({ pan: 0, tilt: 0, zoom: 0 });
  expect(stickVector(74, 0, 74)).toEqual(RIGHT);
  expect(stickVector(0, -74, 74)).toEqual({ pan: 0, tilt: 1, zoom: 0 });
});

test('a click into a picture is told by its share of the picture, whatever stands beside it', () => {
  const side = fc.integer({ min: 50, max: 4000 });
  const share = fc.double({ min: 0.001, max: 0.999, noNaN: true });
  fc.assert(
    fc.property(side, side, side, side, share, share, (width, height, wide, tall, x, y) => {
      const scale = Math.min(width / wide, height / tall);
      const click = {
        x: (width - wide * scale) / 2 + x * wide * scale,
        y: (height - tall * scale) / 2 + y * tall * scale,
      };
      const place = placeInPicture(click, { width, height }, { width: wide, height: tall });
      expect(place?.x).toBeCloseTo(x, 6);
      expect(place?.y).toBeCloseTo(y, 6);
    }),
  );
  const box = { width: 400, height: 100 };
  // Beside a picture that is narrower than its box, and before there is one.
  expect(placeInPicture({ x: 10, y: 50 }, box, { width: 100, height: 100 })).toBeUndefined();
  expect(placeInPicture({ x: 10, y: 50 }, box, { width: 0, height: 0 })).toBeUndefined();
});

describe('steering', () => {
  interface Asked {
    readonly method: string;
    readonly path: string;
    readonly body: unknown;
  }

  /** A gateway that takes everything, and a line that answers so. */
  function steering(move: () => Promise<boolean>): { steering: Steering; asked: Asked[] } {
    const asked: Asked[] = [];
    vi.stubGlobal('fetch', async (path: string, { method, body }: { method: string; body?: string }) => {
      asked.push({ method, path, body: body === undefined ? undefined : JSON.parse(body) });
      return new Response(null, { status: 204 });
    });
    return { steering: new Steering({ app: 'live', name: 'door' }, { move }), asked };
  }
  const posts = (asked: readonly Asked[]) => asked.filter(({ method }) => method === 'POST');

  test('goes over the open connection, and as a request where there is none', async () => {
    const open = steering(async () => true);
    await open.steering.send({ action: 'home' });
    expect(posts(open.asked)).toEqual([]);
    const none = steering(async () => false);
    await none.steering.send({ action: 'home' });
    expect(posts(none.asked)).toEqual([
      { method: 'POST', path: 'api/v1/onvif/live/door/ptz', body: { action: 'home' } },
    ]);
    const lost = steering(async () => {
      throw new LiveError('CONNECTION_LOST', 'The connection to the server was lost.');
    });
    await lost.steering.send({ action: 'stop' });
    expect(posts(lost.asked)).toHaveLength(1);
    for (const { steering: one } of [open, none, lost]) one.close();
  });

  test('sends requests one after the other, and of moves the last alone', async () => {
    const { steering: one, asked } = steering(async () => false);
    const moves = [0.2, 0.4, 0.6].map((pan) => one.send({ action: 'move', pan, tilt: 0 }));
    await Promise.all([...moves, one.send({ action: 'stop' })]);
    expect(posts(asked).map(({ body }) => body)).toEqual([{ action: 'stop' }]);
    one.close();
  });

  test('tells why the camera was not moved, and asks no second way for the same', async () => {
    const busy = steering(async () => {
      throw new LiveError('PTZ_BUSY', 'Somebody else steers this camera just now.');
    });
    await busy.steering.send({ action: 'home' });
    expect(busy.steering.trouble.value).toBe('Somebody else steers this camera just now.');
    expect(posts(busy.asked)).toEqual([]);
    busy.steering.close();
  });
});
