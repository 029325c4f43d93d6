import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { QualityLadder } from '../../server/webrtc/quality-ladder.ts';

describe('the ladder', () => {
  test('with a second stream it is one step, then the pause; without, the pause at once', () => {
    const ladder = new QualityLadder(0);
    expect([ladder.down(1000, true), ladder.down(2000, true)]).toEqual(['sub', 'paused']);
    expect(ladder.retryInMs(2000)).toBe(10_000);
    expect(new QualityLadder(0).down(1000, false)).toBe('paused');
    expect(new QualityLadder(0).retryInMs(5)).toBeUndefined();
  });

  /** What `below` waits before each of its trials of the full stream, in seconds, where all of them fail. */
  const waitsOf = (ladder: QualityLadder, hasSub: boolean, attempts: number): number[] => {
    let nowMs = 1000;
    return Array.from({ length: attempts }, () => {
      ladder.down(nowMs, hasSub);
      const waitMs = ladder.retryInMs(nowMs) ?? 0;
      expect(ladder.up(nowMs + waitMs - 1, hasSub)).toBeUndefined();
      nowMs += waitMs;
      expect(ladder.up(nowMs, hasSub)).toBe('full');
      expect(ladder.isTrial(nowMs + 4000)).toBe(true);
      nowMs += 4000;
      return Math.round(waitMs / 1000);
    });
  };

  test('each failed trial makes the wait longer, up to a minute, or two beside the second stream', () => {
    expect(waitsOf(new QualityLadder(0), false, 9)).toEqual([10, 13, 17, 22, 29, 37, 48, 60, 60]);
    expect(waitsOf(new QualityLadder(0), true, 6)).toEqual([10, 20, 40, 80, 120, 120]);
    // Others whose link is the same try at other times.
    expect(waitsOf(new QualityLadder(0, 1.2), false, 2)).toEqual([12, 16]);
  });

  test('a long good time, or another network, ends the long waits', () => {
    const ladder = new QualityLadder(0);
    waitsOf(ladder, false, 8);
    expect(ladder.isTrial(400_000)).toBe(false);
    ladder.down(500_000, false);
    expect(ladder.retryInMs(500_000)).toBe(10_000);
    const moved = new QualityLadder(0);
    waitsOf(moved, false, 8);
    moved.down(300_000, false);
    expect(moved.retryInMs(300_000)).toBe(60_000);
    moved.forget(300_001);
    expect(moved.up(300_001, false)).toBe('full');
    moved.down(305_000, false);
    expect(moved.retryInMs(305_000)).toBe(10_000);
  });

  test('who sees nothing has its picture tried again within 10 s and a third of the time that its link was bad', () => {
    fc.assert(
      fc.property(fc.integer({ min: 5_000, max: 3_600_000 }), (badMs) => {
        const ladder = new QualityLadder(0);
        let nowMs = 5_000;
        ladder.down(nowMs, false);
        for (;;) {
          nowMs += ladder.retryInMs(nowMs) ?? 0;
          ladder.up(nowMs, false);
          if (nowMs >= badMs) break;
          nowMs += 2_000;
          ladder.down(nowMs, false);
        }
        // It may have healed while the last trial was failing, which took 2 s.
        expect(nowMs - badMs).toBeLessThanOrEqual(2_000 + Math.min(60_000, 10_000 + badMs / 3));
      }),
    );
  });

  test('a viewer that begins anew gets all of it, on trial where it has failed before', () => {
    const fresh = new QualityLadder(0);
    fresh.restart(1000);
    expect([fresh.level, fresh.isTrial(1001), fresh.hasFailed]).toEqual(['full', false, false]);
    const ladder = new QualityLadder(0);
    ladder.down(1000, false);
    ladder.restart(2000);
    expect([ladder.level, ladder.isTrial(2001), ladder.hasFailed]).toEqual(['full', true, true]);
    ladder.down(5000, false);
    expect(ladder.retryInMs(5000)).toBe(13_000);
  });

  test('whatever happens, a level below the best one is left again within 2 minutes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 60_000 }), fc.boolean())),
        (steps) => {
          const ladder = new QualityLadder(0);
          let nowMs = 0;
          for (const [isDown, waitMs, hasSub] of steps) {
            nowMs += waitMs;
            if (isDown) ladder.down(nowMs, hasSub);
            else ladder.up(nowMs, hasSub);
            const retryInMs = ladder.retryInMs(nowMs);
            expect(retryInMs === undefined).toBe(ladder.level === 'full');
            expect(retryInMs ?? 0).toBeLessThanOrEqual(120_000);
          }
        },
      ),
    );
  });
});
