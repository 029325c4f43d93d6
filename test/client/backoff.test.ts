import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffDelayMs } from '../../client/src/base/backoff.ts';

test('delays double, stay within their bounds and never shrink below half for the jitter', () => {
  fc.assert(
    fc.property(fc.nat(2000), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, chance) => {
      const options = { firstMs: 500, maxMs: 10_000, random: () => chance };
      const delayMs = backoffDelayMs(attempt, options);
      const whole = Math.min(10_000, 500 * 2 ** Math.min(attempt, 30));
      expect(delayMs).toBeGreaterThanOrEqual(Math.max(500, whole / 2));
      expect(delayMs).toBeLessThanOrEqual(whole);
    }),
  );
});
