import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SoundClock } from '../../../server/transcode/legs/sound-clock.ts';

const FRAME_90K = 1800;

/** FFmpeg between the two: what it was given, cut anew into frames of 20 ms that begin where the first unit did. */
function through(clock: SoundClock, unitPts90k: readonly number[], unit90k: number): number[] {
  const places: number[] = [];
  let made90k: number | undefined;
  for (const pts90k of unitPts90k) {
    const given90k = clock.give(pts90k);
    made90k ??= given90k;
    while (made90k + FRAME_90K <= given90k + unit90k) {
      places.push(clock.place(made90k));
      made90k += FRAME_90K;
    }
  }
  return places;
}

describe('sound through FFmpeg', () => {
  it('keeps its place, frame to frame, whatever the camera packs into a unit', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 900, max: 11_520 }),
        fc.integer({ min: 90_000, max: 2 ** 40 }),
        (unit90k, start90k) => {
          const units = Array.from({ length: 100 }, (_, n) => start90k + n * unit90k);
          const places = through(new SoundClock(), units, unit90k);
          expect(places.length).toBeGreaterThan(20);
          expect(places[0]).toBe(start90k);
          for (const [n, place] of places.entries()) expect(place).toBe(start90k + n * FRAME_90K);
        },
      ),
    );
  });

  it('leaves holes as holes: what comes after one is where it belongs, and not a burst of silence', () => {
    fc.assert(
      fc.property(fc.integer({ min: 300, max: 86_400_000 }), (holeMs) => {
        const before = Array.from({ length: 50 }, (_, n) => 90_000 + n * FRAME_90K);
        const resume90k = (before.at(-1) ?? 0) + holeMs * 90;
        const after = Array.from({ length: 50 }, (_, n) => resume90k + n * FRAME_90K);
        const places = through(new SoundClock(), [...before, ...after], FRAME_90K);
        expect(places).toEqual([...before, ...after]);
      }),
    );
  });

  it('never lets two frames overlap by what times were rounded by', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -90, max: 90 }), { minLength: 20, maxLength: 200 }),
        (jitter) => {
          const clock = new SoundClock();
          clock.give(900_000);
          const places = jitter.map((by, n) => clock.place(900_000 + n * FRAME_90K + by));
          for (let n = 1; n < places.length; n += 1) {
            expect((places[n] ?? 0) - (places[n - 1] ?? 0)).toBe(FRAME_90K);
          }
        },
      ),
    );
  });

  it('follows a clock that runs off, rather than the count of samples', () => {
    const clock = new SoundClock();
    const units = Array.from({ length: 5000 }, (_, n) => Math.round(90_000 + n * FRAME_90K * 1.0005));
    const places = units.map((pts90k) => clock.place(clock.give(pts90k)));
    for (const [n, pts90k] of units.entries()) {
      expect(Math.abs((places[n] ?? 0) - pts90k)).toBeLessThanOrEqual(FRAME_90K);
    }
  });
});
