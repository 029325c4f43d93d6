import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PictureHabits, type Unit } from '../../server/stream/index.ts';
import { h264Format } from '../support/units.ts';

const format = h264Format();

function picture(options: Partial<Unit> & { atMs: number; ptsMs?: number }): Unit {
  return {
    format,
    payloads: [],
    isKeyFrame: false,
    isDisposable: false,
    isReordered: false,
    pts90k: Math.round((options.ptsMs ?? options.atMs) * 90),
    wallMs: 0,
    receivedAtMs: options.atMs,
    sizeBytes: 1_000,
    ...options,
  };
}

describe('habits of pictures', () => {
  it('says nothing before the first picture', () => {
    expect(new PictureHabits().report).toBeUndefined();
  });

  it('measures rate, key frames and their spread', () => {
    const habits = new PictureHabits();
    for (let n = 0; n < 500; n += 1)
      habits.add(
        picture({ atMs: n * 40, isKeyFrame: n % 50 === 0, sizeBytes: n % 50 === 0 ? 9_000 : 1_000 }),
      );
    expect(habits.report).toMatchObject({
      pictures: 500,
      fps: 25,
      largestGapMs: 40,
      bFrames: { kind: 'none', share: 0, reorderDepth: 0 },
      keyFrames: {
        count: 10,
        intervalMs: { mean: 2_000, min: 2_000, max: 2_000, stdDev: 0 },
        sinceMs: 49 * 40,
        meanBytes: 9_000,
        maxBytes: 9_000,
      },
      meanBytes: 1_000,
    });
  });

  it('finds the real interval within its bounds for any pattern of key frames', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 2, maxLength: 60 }), (gaps) => {
        const habits = new PictureHabits();
        let n = 0;
        const keys = new Set([0]);
        for (const gap of gaps) {
          n += gap;
          keys.add(n);
        }
        for (let at = 0; at <= n; at += 1) habits.add(picture({ atMs: at * 40, isKeyFrame: keys.has(at) }));
        const interval = habits.report?.keyFrames.intervalMs;
        expect(interval?.min).toBe(Math.min(...gaps) * 40);
        expect(interval?.max).toBe(Math.max(...gaps) * 40);
        expect(interval?.mean).toBeCloseTo((n * 40) / gaps.length, -1);
      }),
    );
  });

  it('tells B-frames that can be left out from those that others need', () => {
    const play = (order: readonly number[], isDisposable: (place: number) => boolean) => {
      const habits = new PictureHabits();
      for (let gop = 0; gop < 10; gop += 1)
        for (const [index, place] of order.entries()) {
          const n = gop * order.length;
          habits.add(
            picture({ atMs: (n + index) * 40, ptsMs: (n + place) * 40, isDisposable: isDisposable(place) }),
          );
        }
      return habits.report?.bFrames;
    };
    // I0 P3 B1 B2 P6 B4 B5: the Bs serve nobody.
    expect(play([0, 3, 1, 2, 6, 4, 5], (place) => place % 3 !== 0)).toEqual({
      kind: 'disposable',
      share: 0.571,
      disposableShare: 0.571,
      reorderDepth: 1,
    });
    // A pyramid: I0 P4 B2 b1 b3, where b1 and b3 refer to B2.
    expect(play([0, 4, 2, 1, 3], (place) => place % 2 === 1)).toMatchObject({
      kind: 'reference',
      reorderDepth: 2,
    });
  });

  it('does not take the time that the camera was away for an interval, and keeps what it learnt', () => {
    const habits = new PictureHabits();
    for (let n = 0; n < 100; n += 1) habits.add(picture({ atMs: n * 40, isKeyFrame: n % 25 === 0 }));
    habits.interrupted();
    expect(habits.report?.keyFrames.intervalMs?.max).toBe(1_000);
    for (let n = 0; n < 100; n += 1) habits.add(picture({ atMs: 60_000 + n * 40, isKeyFrame: n % 25 === 0 }));
    expect(habits.report).toMatchObject({
      pictures: 200,
      fps: 25,
      keyFrames: { intervalMs: { max: 1_000 } },
    });
    expect(habits.report?.largestGapMs).toBe(40);
  });
});
