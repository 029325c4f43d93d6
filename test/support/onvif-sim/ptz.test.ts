import { describe, expect, it } from 'vitest';
import { FakeClock } from '../fake-clock.ts';
import { PtzHead } from './ptz.ts';

function head(traits: ConstructorParameters<typeof PtzHead>[1] = {}): { head: PtzHead; clock: FakeClock } {
  const clock = new FakeClock();
  return { head: new PtzHead(clock, { speed: 0.5, zoomSpeed: 0.25, ...traits }), clock };
}

describe('a simulated head', () => {
  it('moves as time goes by and stops when its time is over', () => {
    const { head: one, clock } = head();
    one.continuous({ pan: 1, tilt: -0.5 }, 1_000);
    clock.advance(500);
    expect(one.position).toEqual({ pan: 0.25, tilt: -0.125, zoom: 0 });
    expect(one.isMoving).toBe(true);
    clock.advance(5_000);
    expect(one.position).toEqual({ pan: 0.5, tilt: -0.25, zoom: 0 });
    expect(one.isMoving).toBe(false);
  });

  it('ends at its limits, and is still there', () => {
    const { head: one, clock } = head();
    one.continuous({ pan: -1, zoom: 1 }, 60_000);
    clock.advance(3_000);
    expect(one.position).toEqual({ pan: -1, tilt: 0, zoom: 0.75 });
    expect([one.isPanTiltMoving, one.isZooming]).toEqual([false, true]);
    one.stop({ panTilt: false, zoom: true });
    clock.advance(3_000);
    expect(one.position.zoom).toBe(0.75);
  });

  it('goes on for ever where it ignores the time it was told', () => {
    const { head: one, clock } = head({ ignoresTimeout: true, speed: 0.001 });
    one.continuous({ pan: 1 }, 100);
    clock.advance(60_000);
    expect(one.isMoving).toBe(true);
    one.stop({ panTilt: true, zoom: true });
    expect(one.isMoving).toBe(false);
  });

  it('goes to a place, by a way, by halves of its picture, to presets and home', () => {
    const { head: one, clock } = head();
    one.absolute({ pan: 0.5, tilt: 0.5, zoom: 1 });
    clock.advance(1_000);
    expect(one.position).toEqual({ pan: 0.5, tilt: 0.5, zoom: 0.25 });
    clock.advance(10_000);
    one.relative({ pan: -1 });
    clock.advance(10_000);
    expect(one.position).toEqual({ pan: -0.5, tilt: 0.5, zoom: 1 });
    // At full zoom it sees 3 degrees of 360.
    one.relativeToView({ pan: 1, tilt: 0 });
    clock.advance(10_000);
    expect(one.position.pan).toBeCloseTo(-0.5 + 1 / 120, 5);
    const token = one.setPreset('door');
    one.goHome();
    clock.advance(10_000);
    expect(one.position).toEqual({ pan: 0, tilt: 0, zoom: 0 });
    one.goTo(token);
    clock.advance(10_000);
    expect(one.position).toEqual(one.presets.get(token)?.position);
  });

  it('refuses what is out of bounds, unknown or too much', () => {
    const { head: one } = head({ maxPresets: 1 });
    expect(() => one.absolute({ pan: 1.1 })).toThrow('out of bounds');
    expect(() => one.continuous({ pan: 2 })).toThrow('out of bounds');
    expect(() => one.goTo('9')).toThrow('does not exist');
    const token = one.setPreset('a');
    expect(() => one.setPreset('b')).toThrow('Maximum');
    expect(one.setPreset('b', token)).toBe(token);
    one.removePreset(token);
    expect(() => one.removePreset(token)).toThrow('does not exist');
  });
});
