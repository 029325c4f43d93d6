import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  dayOf,
  durationText,
  joined,
  localIso,
  neighbour,
  SPANS,
  shareOf,
  ticksOf,
  timeAtShare,
  windowAround,
} from '../../client/src/room/camera/time-window.ts';

const HOUR_MS = 3_600_000;
const zone = process.env.TZ;
// A zone that changes its clocks; Node takes a new value at once.
beforeAll(() => {
  process.env.TZ = 'Europe/Berlin';
});
afterAll(() => {
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

const timeArb = fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2030, 0, 1) });
const spanArb = fc.constantFrom(...SPANS);

describe('days of the calendar', () => {
  const hours = (text: string): number => {
    const { fromMs, toMs } = dayOf(new Date(text).getTime());
    return (toMs - fromMs) / HOUR_MS;
  };

  test('have 23 or 25 hours where the clocks change', () => {
    expect([hours('2026-11-21T12:00'), hours('2026-03-29T12:00'), hours('2026-10-25T12:00')]).toEqual([
      24, 23, 25,
    ]);
  });

  test('follow each other without a hole', () => {
    fc.assert(
      fc.property(timeArb, (timeMs) => {
        const day = dayOf(timeMs);
        const [whole] = SPANS;
        if (whole === undefined) throw new Error('no spans');
        expect(day.fromMs <= timeMs && timeMs < day.toMs).toBe(true);
        expect(neighbour(day, whole, 1).fromMs).toBe(day.toMs);
        expect(neighbour(day, whole, -1).toMs).toBe(day.fromMs);
      }),
    );
  });
});

test('a window is around its time, and shares and times lead to each other', () => {
  fc.assert(
    fc.property(timeArb, spanArb, fc.double({ min: 0, max: 1, noNaN: true }), (timeMs, span, share) => {
      const window = windowAround(timeMs, span);
      expect(window.fromMs <= timeMs && timeMs < window.toMs).toBe(true);
      expect(shareOf(timeAtShare(share, window), window)).toBeCloseTo(share, 5);
    }),
  );
});

test('ticks lie within the window, in order, at round times of the clock, and not too many', () => {
  fc.assert(
    fc.property(timeArb, spanArb, fc.integer({ min: 2, max: 30 }), (timeMs, span, most) => {
      const window = windowAround(timeMs, span);
      const ticks = ticksOf(window, most);
      expect(ticks.length).toBeGreaterThan(0);
      // A day of 25 hours may have one more.
      expect(ticks.length).toBeLessThanOrEqual(most + 1);
      const times = ticks.map((tick) => tick.timeMs);
      expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
      for (const { timeMs: at, label } of ticks) {
        expect(at >= window.fromMs && at < window.toMs).toBe(true);
        expect(localIso(at).slice(11)).toBe(`${label}:00`);
      }
    }),
  );
});

test('ranges that are close together become one, and none is lost', () => {
  const ranges = [
    { start: 0, end: 10 },
    { start: 11, end: 20 },
    { start: 40, end: 50 },
  ];
  expect(joined(ranges, 5)).toEqual([
    { start: 0, end: 20 },
    { start: 40, end: 50 },
  ]);
  expect(joined(ranges, 1)).toEqual(ranges);
  expect(joined([], 5)).toEqual([]);
});

test('durations are told by their two largest parts', () => {
  expect([0, 42_000, 121_000, 3_600_000, 90_061_000].map(durationText)).toEqual([
    '0 s',
    '42 s',
    '2 min 1 s',
    '1 h',
    '1 d 1 h',
  ]);
});
