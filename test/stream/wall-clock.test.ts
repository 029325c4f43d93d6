import { describe, expect, test } from 'vitest';
import { WallClockEstimate } from '../../server/stream/wall-clock.ts';

const T0 = Date.UTC(2026, 4, 1, 12);
const FRAME_MS = 40;

/** Pictures that are sent every 40 ms and arrive `delayMs` later; how far off the estimate is after each. */
function errors(count: number, delayMs: (sentMs: number) => number, driftPpm = 0): number[] {
  const estimate = new WallClockEstimate();
  return Array.from({ length: count }, (_, n) => {
    const sentMs = n * FRAME_MS;
    const arrivedMs = T0 + sentMs * (1 + driftPpm / 1e6) + delayMs(sentMs);
    const wallMs = estimate.observe(9_000 + n * FRAME_MS * 90, arrivedMs);
    return wallMs - (T0 + sentMs * (1 + driftPpm / 1e6));
  });
}

describe('the wall time of pictures', () => {
  test('is not moved by a burst that was held up', () => {
    const stalled = errors(1000, (ms) => (ms >= 20_000 && ms < 29_000 ? 29_000 - ms : 2));
    for (const error of stalled) expect(error).toBeCloseTo(2, 6);
  });

  test('corrects itself at once by pictures that come faster than the first', () => {
    const late = errors(100, (ms) => Math.max(5, 300 - ms));
    expect(late.at(-1)).toBeCloseTo(5, 6);
  });

  test('follows a camera whose clock runs faster or slower', () => {
    // Real ones are within 50 ppm, so within 2 ms.
    for (const ppm of [-500, 500]) {
      for (const error of errors(25 * 600, () => 2, ppm)) expect(Math.abs(error - 2)).toBeLessThan(20.1);
    }
  });

  test('takes over a step of the clock: a large one at once, a smaller one within half a minute', () => {
    const far = errors(500, (ms) => (ms < 10_000 ? 0 : 3_600_000));
    expect(far[250]).toBeCloseTo(3_600_000, 6);
    const near = errors(1500, (ms) => (ms < 10_000 ? 0 : 3_000));
    expect(near[251]).toBeCloseTo(0, 6);
    expect(near[1499]).toBeCloseTo(3_000, 6);
    const back = errors(500, (ms) => (ms < 10_000 ? 5_000 : 0));
    expect(back[250]).toBeCloseTo(0, 6);
  });
});
