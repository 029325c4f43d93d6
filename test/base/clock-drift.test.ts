import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClockDrift } from '../../server/base/clock-drift.ts';

/** A clock that runs `ppm` fast, seen through a network that adds up to `jitterMs`, mostly little. */
function observe(
  drift: ClockDrift,
  clock: { ppm: number; jitterMs: number; forMs: number; everyMs?: number; seed?: number; fromMs?: number },
): void {
  let state = clock.seed ?? 1;
  const random = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const { everyMs = 40, fromMs = 0 } = clock;
  for (let at = fromMs; at < fromMs + clock.forMs; at += everyMs)
    drift.add(at * (1 + clock.ppm / 1e6), at + clock.jitterMs * random() ** 2);
}

describe('drift of another clock', () => {
  it('is measured within what it says of its own uncertainty, whatever the jitter', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -2_000, max: 2_000 }),
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 60_000, max: 900_000 }),
        fc.integer({ min: 1, max: 1_000_000 }),
        (ppm, jitterMs, forMs, seed) => {
          const drift = new ClockDrift();
          observe(drift, { ppm, jitterMs, forMs, seed });
          const measured = drift.drift;
          expect(measured).toBeDefined();
          // Twice the standard error is told; thrice holds for nearly every run there is.
          const slack = 5 + 2 * (measured?.uncertaintyPpm ?? 0);
          expect(Math.abs((measured?.ppm ?? 0) - ppm)).toBeLessThanOrEqual(slack);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('gets better with time and keeps few figures of days', () => {
    const drift = new ClockDrift();
    observe(drift, { ppm: 500, jitterMs: 40, forMs: 3 * 86_400_000, everyMs: 1_000 });
    expect(drift.drift?.ppm).toBeCloseTo(500, 0);
    expect(drift.drift?.uncertaintyPpm).toBeLessThan(1);
    expect(drift.drift?.overMs).toBeGreaterThan(2 * 86_400_000);
  });

  it('says nothing before half a minute', () => {
    const drift = new ClockDrift();
    observe(drift, { ppm: 100, jitterMs: 5, forMs: 25_000 });
    expect(drift.drift).toBeUndefined();
  });

  it('begins anew at a jump, and counts it', () => {
    const drift = new ClockDrift();
    observe(drift, { ppm: 100, jitterMs: 5, forMs: 60_000 });
    drift.add(60_000 + 3_600_000, 60_000);
    expect(drift.jumps).toBe(1);
    expect(drift.drift).toBeUndefined();
  });

  it('counts a step back once it has lasted for 3 s', () => {
    const drift = new ClockDrift();
    observe(drift, { ppm: 0, jitterMs: 5, forMs: 60_000 });
    for (let at = 60_000; at < 70_000; at += 40) {
      drift.add(at - 30_000, at);
      expect(drift.jumps).toBe(at < 63_000 ? 0 : 1);
    }
  });

  it('takes no machine that was slow for long, and caught up, for a jump; a clock that was set back stays one', () => {
    const drift = new ClockDrift();
    observe(drift, { ppm: 0, jitterMs: 5, forMs: 60_000 });
    // Five seconds of arrivals that are two seconds late, then ever less.
    for (let at = 60_000; at < 75_000; at += 40)
      drift.add(at, at + Math.max(0, Math.min(2_000, 2_000 - (at - 65_000) / 4)));
    expect(drift.jumps).toBe(0);
    observe(drift, { ppm: 0, jitterMs: 5, forMs: 60_000, fromMs: 75_000 });
    expect(drift.jumps).toBe(0);
    for (let at = 135_000; at < 165_000; at += 40) drift.add(at - 2_000, at);
    expect(drift.jumps).toBe(1);
  });

  it('takes a network that stalls for what it is', () => {
    const drift = new ClockDrift();
    observe(drift, { ppm: 100, jitterMs: 5, forMs: 60_000 });
    // What was sent meanwhile comes at once, 2.5 s late at first.
    for (let at = 60_000; at < 62_500; at += 40) drift.add(at * (1 + 100 / 1e6), 62_500 + (at - 60_000) / 10);
    observe(drift, { ppm: 100, jitterMs: 5, forMs: 60_000, fromMs: 62_800 });
    expect(drift.jumps).toBe(0);
    expect(drift.drift?.overMs).toBeGreaterThan(110_000);
    expect(Math.abs((drift.drift?.ppm ?? 0) - 100)).toBeLessThan(10);
  });

  it('sees a camera that stamps 25 pictures a second and sends 21', () => {
    const drift = new ClockDrift();
    for (let n = 0; n < 21 * 60; n += 1) drift.add(n * 40, (n * 1000) / 21);
    expect(drift.jumps).toBe(0);
    expect(drift.drift?.ppm).toBeCloseTo(-160_000, -2);
  });
});
