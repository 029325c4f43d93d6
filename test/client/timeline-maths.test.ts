import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundlesOf } from '../../client/src/room/camera/timeline/bundles.ts';
import {
  filmCells,
  instantOf,
  joined,
  layoutOf,
  nearest,
  untoldOf,
} from '../../client/src/room/camera/timeline/layout.ts';
import {
  bounded,
  contains,
  dayOf,
  lengthOf,
  MAX_SPAN_MS,
  MIN_SPAN_MS,
  moved,
  pinched,
  showing,
  timeAt,
  viewAround,
  xOf,
  zoomed,
} from '../../client/src/room/camera/timeline/scale.ts';
import { labelX, tickText } from '../../client/src/room/camera/timeline/tick-label.ts';
import { ticksOf } from '../../client/src/room/camera/timeline/ticks.ts';
import { durationText, fromLocalIso, localIso } from '../../client/src/room/recordings/times.ts';
import type { CameraEvent } from '../../shared/events.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2030, 0, 1);
const zone = process.env.TZ;
// A zone that changes its clocks; Node takes a new value at once.
beforeAll(() => {
  process.env.TZ = 'Europe/Berlin';
});
afterAll(() => {
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

const timeArb = fc.integer({ min: Date.UTC(2024, 0, 1), max: NOW_MS });
const spanArb = fc.integer({ min: MIN_SPAN_MS, max: MAX_SPAN_MS });
const viewArb = fc.record({ timeMs: timeArb, spanMs: spanArb }).map(({ timeMs, spanMs }) => ({
  fromMs: timeMs - spanMs,
  toMs: timeMs,
}));
const widthArb = fc.integer({ min: 200, max: 4000 });
const shareArb = fc.double({ min: 0, max: 1, noNaN: true });

const stretchesArb = (view: { fromMs: number; toMs: number }) =>
  fc
    .array(fc.double({ min: -0.5, max: 1.5, noNaN: true }), { maxLength: 24 })
    .map((shares) => shares.sort((a, b) => a - b).map((share) => Math.round(timeAt(share, view, 1))))
    .map((times) =>
      times.flatMap((start, index) => {
        const end = times[index + 1];
        return index % 2 === 0 && end !== undefined && end > start ? [{ start, end }] : [];
      }),
    );

describe('days of the calendar', () => {
  test('have 23 or 25 hours where the clocks change', () => {
    const hours = (text: string): number => lengthOf(dayOf(new Date(text).getTime())) / HOUR_MS;
    expect([hours('2026-11-21T12:00'), hours('2026-03-29T12:00'), hours('2026-10-25T12:00')]).toEqual([
      24, 23, 25,
    ]);
  });

  test('follow each other without a hole', () => {
    fc.assert(
      fc.property(timeArb, (timeMs) => {
        const day = dayOf(timeMs);
        expect(contains(day, timeMs)).toBe(true);
        expect(dayOf(day.toMs).fromMs).toBe(day.toMs);
        expect(dayOf(day.fromMs - 1).toMs).toBe(day.fromMs);
      }),
    );
  });
});

describe('the view', () => {
  test('leads from times to places and back', () => {
    fc.assert(
      fc.property(viewArb, widthArb, shareArb, (view, width, share) => {
        const timeMs = timeAt(share * width, view, width);
        expect(xOf(timeMs, view, width)).toBeCloseTo(share * width, 3);
      }),
    );
  });

  test('stays within its bounds whatever is done to it, and what is right is left as it is', () => {
    const act = fc.oneof(
      fc.record({ factor: fc.double({ min: 0.001, max: 1000, noNaN: true }), at: shareArb }),
      fc.record({ by: fc.double({ min: -40, max: 40, noNaN: true }) }),
      fc.record({ fingers: fc.tuple(shareArb, shareArb, shareArb, shareArb) }),
    );
    fc.assert(
      fc.property(viewArb, fc.array(act, { maxLength: 12 }), (start, acts) => {
        let view = start;
        for (const one of acts) {
          if ('factor' in one) view = zoomed(view, one.factor, timeAt(one.at, view, 1), NOW_MS);
          else if ('by' in one) view = moved(view, one.by * lengthOf(view), NOW_MS);
          else {
            const [a, b, c, d] = one.fingers.map((share) => share * 1000) as [number, number, number, number];
            view = pinched(view, 1000, [a, b], [c, d], NOW_MS);
          }
          // Times are numbers of thirteen digits; a thousandth of a millisecond is what is left of them.
          expect(lengthOf(view)).toBeGreaterThanOrEqual(MIN_SPAN_MS - 0.01);
          expect(lengthOf(view)).toBeLessThanOrEqual(MAX_SPAN_MS + 0.01);
          expect(view.toMs).toBeLessThanOrEqual(NOW_MS + lengthOf(view) / 4 + 0.01);
          expect(view.fromMs).toBeGreaterThanOrEqual(0);
        }
      }),
    );
    fc.assert(
      fc.property(viewArb, (view) => {
        expect(bounded(view, NOW_MS)).toEqual(view);
      }),
    );
  });

  test('is zoomed about what is pointed at, and two fingers keep what they were put on', () => {
    const past = viewArb.filter(({ toMs }) => toMs < NOW_MS - 2 * MAX_SPAN_MS);
    fc.assert(
      fc.property(past, shareArb, fc.double({ min: 0.2, max: 5, noNaN: true }), (view, share, factor) => {
        const anchorMs = timeAt(share, view, 1);
        const after = zoomed(view, factor, anchorMs, NOW_MS);
        expect(xOf(anchorMs, after, 1)).toBeCloseTo(share, 4);
      }),
    );
    fc.assert(
      fc.property(past, shareArb, shareArb, (view, a, b) => {
        fc.pre(Math.abs(a - b) > 0.1 && lengthOf(view) / 2 > MIN_SPAN_MS);
        const [left, right] = [a * 1000, b * 1000];
        // Twice as far apart, about the same middle.
        const [wideLeft, wideRight] = [left - (right - left) / 2, right + (right - left) / 2];
        const after = pinched(view, 1000, [left, right], [wideLeft, wideRight], NOW_MS);
        expect(xOf(timeAt(left, view, 1000), after, 1000)).toBeCloseTo(wideLeft, 1);
        expect(xOf(timeAt(right, view, 1000), after, 1000)).toBeCloseTo(wideRight, 1);
      }),
    );
  });

  test('follows a time no further than it must', () => {
    fc.assert(
      fc.property(viewArb, timeArb, (view, timeMs) => {
        const after = showing(view, timeMs, NOW_MS);
        expect(contains(after, timeMs)).toBe(true);
        const share = xOf(timeMs, view, 1);
        if (share > 0.1 && share < 0.9) expect(after).toBe(view);
        const around = viewAround(timeMs, lengthOf(view), NOW_MS);
        expect(contains(around, timeMs)).toBe(true);
      }),
    );
  });
});

describe('ticks', () => {
  test('lie within the view, in order, at round times of the clock, and not too many', () => {
    fc.assert(
      fc.property(viewArb, fc.integer({ min: 6, max: 40 }), (view, most) => {
        const ticks = ticksOf(view, most);
        // A day of 25 hours may have one more, as may both ends.
        expect(ticks.length).toBeLessThanOrEqual(most + 2);
        expect(ticks.length).toBeGreaterThan(0);
        const times = ticks.map(({ timeMs }) => timeMs);
        expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
        for (const { timeMs, form } of ticks) {
          expect(contains(view, timeMs)).toBe(true);
          const clock = localIso(timeMs).slice(11);
          if (form === 'day') expect(clock).toBe('00:00:00');
          else if (form === 'minutes') expect(clock.slice(6)).toBe('00');
          expect(timeMs % 1000).toBe(0);
        }
      }),
    );
  });

  test('are every hour of a day whose clocks change but the one that there is not', () => {
    const hours = (text: string): string[] =>
      ticksOf(dayOf(new Date(text).getTime()), 25).map(({ timeMs }) => localIso(timeMs).slice(11, 13));
    expect(hours('2026-03-29T12:00')).toHaveLength(23);
    expect(hours('2026-03-29T12:00')).not.toContain('02');
    expect(hours('2026-11-21T12:00')).toHaveLength(24);
  });
});

describe('the layout', () => {
  const scene = fc
    .tuple(viewArb, widthArb)
    .chain(([view, widthPx]) =>
      fc.record({ view: fc.constant(view), widthPx: fc.constant(widthPx), ranges: stretchesArb(view) }),
    );

  test('draws every recorded instant, nothing twice, and nothing outside', () => {
    fc.assert(
      fc.property(scene, shareArb, ({ view, widthPx, ranges }, share) => {
        const { ranges: boxes } = layoutOf({
          view,
          widthPx,
          timeline: { ranges, gaps: [], locks: [] },
          events: [],
          marked: { fromMs: undefined, toMs: undefined },
          nowMs: NOW_MS,
        });
        for (const [index, { x, width }] of boxes.entries()) {
          expect(x).toBeGreaterThanOrEqual(0);
          expect(x + width).toBeLessThanOrEqual(widthPx + 1e-6);
          expect(width).toBeGreaterThan(0);
          const before = boxes[index - 1];
          // What has grown to a pixel may touch the next one.
          if (before !== undefined) expect(before.x + before.width).toBeLessThanOrEqual(x + 1 + 1e-6);
        }
        const timeMs = timeAt(share, view, 1);
        if (!ranges.some(({ start, end }) => timeMs >= start && timeMs < end)) return;
        const x = xOf(timeMs, view, widthPx);
        expect(boxes.some((box) => x >= box.x - 1 && x <= box.x + box.width + 1)).toBe(true);
      }),
    );
  });

  test('shows events of no length, and those that go on until now', () => {
    const event = (start: number, more: Partial<CameraEvent>): CameraEvent => ({
      ...{ id: 'e', app: 'live', name: 'cam', kind: 'motion', origin: 'onvif' },
      ...{ start, isActive: false, ...more },
    });
    const view = { fromMs: NOW_MS - 100_000, toMs: NOW_MS };
    const { events } = layoutOf({
      view,
      widthPx: 1000,
      timeline: undefined,
      events: [
        event(NOW_MS - 10_000, { isActive: true }),
        event(NOW_MS - 50_000, {}),
        event(NOW_MS - 500_000, {}),
      ],
      marked: { fromMs: undefined, toMs: undefined },
      nowMs: NOW_MS,
    });
    expect(events).toEqual([
      { x: 500, width: 4, kind: 'motion', isActive: false },
      { x: 900, width: 100, kind: 'motion', isActive: true },
    ]);
  });

  test('joins what is close together, and loses none', () => {
    const ranges = [
      { start: 0, end: 10 },
      { start: 11, end: 20 },
      { start: 40, end: 50 },
    ];
    expect(joined(ranges, 5)).toEqual([
      { start: 0, end: 20 },
      { start: 40, end: 50 },
    ]);
    expect(joined(ranges, 0)).toEqual(ranges);
    expect(joined([], 5)).toEqual([]);
  });

  test('tells of an instant what was recorded, why not, what is locked and what happened', () => {
    const timeline = {
      ranges: [{ start: 0, end: 10_000 }],
      gaps: [{ start: 10_000, end: 20_000, reason: 'DISK_FULL' as const }],
      locks: [{ id: 1, start: 2_000, end: 3_000 }],
    };
    expect(instantOf(2_500, timeline, [], 0)).toMatchObject({ recorded: 'yes', lock: { id: 1 } });
    expect(instantOf(10_000, timeline, [], 0)).toMatchObject({
      recorded: 'no',
      gap: { reason: 'DISK_FULL' },
    });
    expect(instantOf(20_000, timeline, [], 0)).toMatchObject({ recorded: 'unknown', gap: undefined });
  });

  test('takes what is being recorded as recorded, though it was not told of yet', () => {
    const ranges = [{ start: 0, end: 10_000 }];
    const timeline = { ranges, gaps: [], locks: [] };
    const untold = untoldOf(timeline, { isRecording: true, nowMs: 22_000 });
    expect(untold).toEqual({ fromMs: 10_000, toMs: 22_000 });
    expect(instantOf(15_000, timeline, [], 0, untold)).toMatchObject({ recorded: 'yes' });
    expect(instantOf(22_001, timeline, [], 0, untold)).toMatchObject({ recorded: 'unknown' });
    expect(untoldOf(timeline, { isRecording: false, nowMs: 22_000 })).toBeUndefined();
    expect(untoldOf(timeline, { isRecording: true, nowMs: 60_000 })).toBeUndefined();
    const gaps = [{ start: 10_000, end: 15_000, reason: 'DISK_FULL' as const }];
    expect(untoldOf({ ranges, gaps }, { isRecording: true, nowMs: 22_000 })).toBeUndefined();
    expect(untoldOf(undefined, { isRecording: true, nowMs: 22_000 })).toBeUndefined();
  });
});

describe('the row of small pictures', () => {
  test('covers the view with cells that move along with the clock', () => {
    fc.assert(
      fc.property(viewArb, widthArb, (view, widthPx) => {
        const everySecond = fc
          .sample(fc.integer({ min: view.fromMs, max: view.toMs }), 20)
          .sort((a, b) => a - b);
        const cells = filmCells(view, widthPx, 100, everySecond);
        for (const { x, width, atMs } of cells) {
          expect(width).toBeGreaterThanOrEqual(Math.min(100, (1000 / lengthOf(view)) * widthPx) - 1e-6);
          expect(x).toBeGreaterThan(-width - 1e-6);
          expect(x).toBeLessThan(widthPx);
          expect(everySecond).toContain(atMs);
        }
        const later = { fromMs: view.fromMs + 1, toMs: view.toMs + 1 };
        const [first, second] = [
          cells.at(-1),
          filmCells(later, widthPx, 100, everySecond).find(({ atMs }) => atMs === cells.at(-1)?.atMs),
        ];
        if (first !== undefined && second !== undefined) expect(second.width).toBeCloseTo(first.width, 6);
      }),
    );
  });

  test('shows the kept picture that is nearest', () => {
    fc.assert(
      fc.property(fc.array(timeArb), timeArb, (times, timeMs) => {
        const sorted = times.sort((a, b) => a - b);
        const found = nearest(sorted, timeMs);
        const least = Math.min(...sorted.map((one) => Math.abs(one - timeMs)));
        if (found === undefined) expect(sorted).toEqual([]);
        else expect(Math.abs(found - timeMs)).toBe(least);
      }),
    );
  });
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

test('what a date field holds is the time that it was given, to the second', () => {
  fc.assert(
    fc.property(timeArb, (timeMs) => {
      const second = Math.floor(timeMs / 1000) * 1000;
      const back = fromLocalIso(localIso(second));
      // In the hour that comes twice the field cannot say which one.
      expect(back === second || Math.abs((back ?? 0) - second) === HOUR_MS).toBe(true);
    }),
  );
  expect(fromLocalIso('')).toBeUndefined();
});

describe('words of the ruler', () => {
  test('a day is told without its year', () => {
    const text = tickText({ timeMs: new Date(2030, 0, 22).getTime(), form: 'day' });
    expect(text).toMatch(/22/);
    expect(text).not.toMatch(/2030|,/);
  });

  test('words are never cut off, nor run into each other', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            x: fc.double({ min: 0, max: 900, noNaN: true }),
            textPx: fc.integer({ min: 20, max: 90 }),
          }),
          {
            maxLength: 12,
          },
        ),
        (labels) => {
          let takenPx = 0;
          for (const { x: tickX, textPx } of labels.toSorted((a, b) => a.x - b.x)) {
            const x = labelX(tickX, textPx, 900, takenPx);
            if (x === undefined) continue;
            expect(x).toBeGreaterThanOrEqual(takenPx);
            expect(x + textPx).toBeLessThanOrEqual(900);
            takenPx = x + textPx;
          }
        },
      ),
    );
    // The last one stands to the left of its mark.
    expect(labelX(880, 40, 900, 0)).toBe(835);
    expect(labelX(100, 40, 900, 0)).toBe(105);
  });
});

describe('hundreds of events', () => {
  const event = (start: number, lengthMs: number, kind: CameraEvent['kind'] = 'motion'): CameraEvent => ({
    ...{ id: `${kind} ${start}`, app: 'live', name: 'yard', kind, start, end: start + lengthMs },
    ...{ isActive: false, origin: 'onvif' },
  });
  const eventsArb = fc.array(
    fc
      .record({
        start: fc.integer({ min: 0, max: 86_400_000 }),
        lengthMs: fc.integer({ min: 0, max: 60_000 }),
        kind: fc.constantFrom('motion' as const, 'tamper' as const),
      })
      .map(({ start, lengthMs, kind }) => event(start, lengthMs, kind)),
    { maxLength: 200 },
  );

  test('become as many as can be told apart, and none gets lost', () => {
    fc.assert(
      fc.property(eventsArb, fc.integer({ min: 0, max: 600_000 }), (events, apartMs) => {
        const spreadMs = Number.POSITIVE_INFINITY;
        const bundles = bundlesOf(events, { apartMs, spreadMs }, 86_400_000);
        expect(bundles.reduce((sum, { count }) => sum + count, 0)).toBe(events.length);
        for (const one of events) {
          const holder = bundles.filter(
            ({ kind, startMs, endMs }) =>
              kind === one.kind && startMs <= one.start && endMs >= (one.end ?? one.start),
          );
          expect(holder).toHaveLength(1);
        }
        for (const kind of ['motion', 'tamper'] as const) {
          const own = bundles.filter((bundle) => bundle.kind === kind);
          own.slice(1).forEach((bundle, index) => {
            expect(bundle.startMs - (own[index]?.endMs ?? 0)).toBeGreaterThan(apartMs);
          });
        }
      }),
    );
  });

  test('stand hour by hour where they go on all day', () => {
    const motion = Array.from({ length: 1_440 }, (_, index) => event(index * 60_000, 5_000));
    const bundles = bundlesOf(motion, { apartMs: 600_000, spreadMs: HOUR_MS }, 86_400_000);
    expect(bundles.map(({ count }) => count)).toEqual(Array.from({ length: 24 }, () => 60));
    // None of them joined, however close.
    expect(bundlesOf(motion, { apartMs: 600_000, spreadMs: 0 }, 86_400_000)).toHaveLength(1_440);
  });

  test('are few boxes where a day is a few hundred pixels wide, and what is rare lies above', () => {
    const day = { fromMs: 0, toMs: 86_400_000 };
    const motion = Array.from({ length: 1_000 }, (_, index) => event(index * 86_400, 20_000));
    const { events } = layoutOf({
      ...{ view: day, widthPx: 800, timeline: undefined, nowMs: day.toMs },
      ...{ events: [event(40_000_000, 1_000, 'tamper'), ...motion] },
      marked: { fromMs: undefined, toMs: undefined },
    });
    expect(events.map(({ kind }) => kind)).toEqual(['motion', 'tamper']);
  });
});
