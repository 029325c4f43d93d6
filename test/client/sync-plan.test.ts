import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clockRest, type Follower, GroupClock, syncStep } from '../../client/src/player/sync/sync-plan.ts';

const AT = 1_800_000_000_000;
const follower = (aheadMs: number, more: Partial<Follower> = {}): Follower => ({
  ...{ timeMs: AT + aheadMs, held: false, sinceLeapMs: 60_000, leapTakesMs: 300 },
  ...more,
});

test('who is on time runs at the speed, who is a little off a little faster or slower', () => {
  expect(syncStep(follower(10), AT, 1)).toEqual({ kind: 'run', rate: 1 });
  expect(syncStep(follower(-18), AT, 2)).toEqual({ kind: 'run', rate: 2 });
  // However fast time goes by, it is recorded time in which they have to be together.
  expect(syncStep(follower(50), AT, 4)).toMatchObject({ kind: 'run', rate: expect.closeTo(3.9, 6) });
  expect(syncStep(follower(-50), AT, 1)).toMatchObject({ kind: 'run', rate: expect.closeTo(1.1, 6) });
  expect(syncStep(follower(50), AT, 1)).toMatchObject({ kind: 'run', rate: expect.closeTo(0.9, 6) });
});

test('who is far ahead waits, and over a time without pictures says why; who is far behind leaps', () => {
  expect(syncStep(follower(600), AT, 1)).toEqual({ kind: 'hold', cause: 'early' });
  expect(syncStep(follower(60_000), AT, 1)).toEqual({ kind: 'hold', cause: 'not recorded' });
  // Once it waits, it waits until it is really due.
  expect(syncStep(follower(200, { held: true }), AT, 1)).toEqual({ kind: 'hold', cause: 'early' });
  expect(syncStep(follower(10, { held: true }), AT, 1).kind).toBe('run');
  expect(syncStep(follower(-5_000), AT, 1)).toEqual({ kind: 'leap', toMs: AT + 300 });
  expect(syncStep(follower(-5_000), AT, 4)).toEqual({ kind: 'leap', toMs: AT + 1_200 });
  // Not again and again: nothing would ever be shown.
  expect(syncStep(follower(-5_000, { sinceLeapMs: 500 }), AT, 1)).toEqual({ kind: 'run', rate: 1.2 });
});

test('the clock runs at its speed, stands still, and goes on from where it is', () => {
  const clock = new GroupClock(AT, 1_000);
  expect(clock.time(9_000)).toBe(AT);
  clock.setRunning(true, 10_000);
  clock.setSpeed(2, 11_000);
  expect(clock.time(12_000)).toBe(AT + 3_000);
  clock.setRunning(false, 12_000);
  expect(clock.time(99_000)).toBe(AT + 3_000);
  clock.set(AT, 99_000);
  clock.setRunning(true, 99_000);
  expect(clock.time(99_500)).toBe(AT + 1_000);
});

const TICK_MS = 80;

/** A player as it would be: it drifts, it obeys, and a leap takes its time and lands somewhere near. */
function simulate(startMs: number, drift: number, leapTakesMs: number, speed: number): number {
  let clockMs = AT;
  let timeMs = AT + startMs;
  let held = false;
  let rate = speed;
  let sinceLeapMs = 60_000;
  let deafUntil = -1;
  for (let tick = 0; tick < 250; tick += 1) {
    clockMs += TICK_MS * speed;
    sinceLeapMs += TICK_MS;
    if (tick < deafUntil) continue;
    if (!held) timeMs += TICK_MS * rate * drift;
    const step = syncStep({ timeMs, held, sinceLeapMs, leapTakesMs }, clockMs, speed);
    held = step.kind === 'hold';
    if (step.kind === 'run') rate = step.rate;
    if (step.kind === 'leap') {
      timeMs = step.toMs;
      rate = speed;
      sinceLeapMs = 0;
      deafUntil = tick + Math.round(leapTakesMs / TICK_MS);
    }
  }
  return (timeMs - clockMs) / speed;
}

test('wherever players begin and however they drift, they are soon within 100 ms of the clock', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -8_000, max: 8_000 }),
      fc.double({ min: 0.97, max: 1.03, noNaN: true }),
      fc.integer({ min: 50, max: 1_200 }),
      fc.constantFrom(0.5, 1, 2),
      (startMs, drift, leapTakesMs, speed) => {
        expect(Math.abs(simulate(startMs, drift, leapTakesMs, speed))).toBeLessThan(100);
      },
    ),
  );
});

test('where a machine is too slow for one of them the clock slows down, and they stay together', () => {
  let clockMs = AT;
  const times = [AT, AT];
  const rates = [4, 4];
  for (let tick = 0; tick < 500; tick += 1) {
    clockMs += TICK_MS * 4 * (1 - clockRest(times.map((timeMs) => (timeMs - clockMs) / 4)));
    for (const [at, timeMs] of times.entries()) {
      // The second one gets three quarters of what it asks for.
      times[at] = timeMs + TICK_MS * (rates[at] ?? 0) * (at === 1 ? 0.75 : 1);
      const step = syncStep(follower(0, { timeMs: times[at] }), clockMs, 4);
      rates[at] = step.kind === 'run' ? step.rate : 0;
      expect(step.kind, `tick ${tick}`).toBe('run');
    }
  }
  const [first = 0, second = 0] = times;
  expect((first - second) / 4).toBeLessThan(160);
  // It still goes on, and nobody is waited for who has to leap.
  expect(clockMs - AT).toBeGreaterThan(500 * TICK_MS * 4 * 0.7);
  expect(clockRest([0, -60_000])).toBe(0);
  expect(clockRest([])).toBe(0);
});
