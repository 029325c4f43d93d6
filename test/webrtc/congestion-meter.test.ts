import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CongestionMeter, type LinkReport } from '../../server/webrtc/congestion-meter.ts';

/** Reports of a viewer that sends one in `everyMs` and loses these shares in between. */
function reports(lost: readonly number[], everyMs = 1000, roundTripMs = 20): LinkReport[] {
  return lost.map((lostShare, index) => ({
    atMs: index * everyMs,
    sentPackets: index * 100,
    lostPackets: Math.round(lost.slice(0, index + 1).reduce((sum, share) => sum + share * 100, 0)),
    lostShare,
    jitter: index,
    roundTripMs,
  }));
}

/** When the meter first called it congested; undefined if never. The first report is only the baseline. */
function congestedAtMs(given: readonly LinkReport[], onTrial = false): number | undefined {
  const meter = new CongestionMeter({ onTrial });
  return given.find((report) => meter.add(report).kind === 'congested')?.atMs;
}

describe('the meter of a link', () => {
  test('a viewer that loses at most 10 % is never congested, however long', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 0.1, noNaN: true }), { maxLength: 60 }), (lost) => {
        expect(congestedAtMs(reports(lost))).toBeUndefined();
      }),
    );
  });

  test('one that loses more in each report is congested 5 s after the first of them, and not before', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.11, max: 1, noNaN: true }), { minLength: 24, maxLength: 40 }),
        fc.constantFrom(250, 500, 1000, 2500),
        (lost, everyMs) => {
          const atMs = congestedAtMs(reports(lost, everyMs));
          expect(atMs).toBeGreaterThanOrEqual(everyMs + 5000);
          expect(atMs).toBeLessThan(2 * everyMs + 5000);
        },
      ),
    );
  });

  test('a burst of up to 2 s is forgiven, however bad', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 2 }),
        fc.integer({ min: 1, max: 20 }),
        (burst, before) => {
          const lost = [...Array(before).fill(0), ...burst, ...Array(20).fill(0)];
          expect(congestedAtMs(reports(lost))).toBeUndefined();
        },
      ),
    );
  });

  test('a player that reports each 5 s is judged by two of its reports', () => {
    expect(congestedAtMs(reports([0, 0.3, 0.3], 5000))).toBe(10_000);
    expect(congestedAtMs(reports([0, 0.3, 0, 0], 5000))).toBeUndefined();
  });

  test('on trial 3 s are enough, and two reports where nearly half is lost; one is forgiven', () => {
    expect(congestedAtMs(reports(Array(10).fill(0.2)), true)).toBe(4000);
    expect(congestedAtMs(reports(Array(10).fill(0.5)), true)).toBe(2000);
    expect(congestedAtMs(reports([0, 0.5, ...Array(10).fill(0)]), true)).toBeUndefined();
  });

  test('a round trip of seconds is a queue: 2 s of it are enough', () => {
    expect(congestedAtMs(reports(Array(10).fill(0), 1000, 4000))).toBe(3000);
    expect(congestedAtMs(reports(Array(60).fill(0), 1000, 1200))).toBeUndefined();
  });

  test('one whose reports tell the same long round trip again and again waits behind a queue, unless it is far away', () => {
    const waiting = (roundTrips: readonly number[]) =>
      congestedAtMs(roundTrips.map((roundTripMs, at) => ({ ...quiet(at), roundTripMs })));
    const quiet = (at: number): LinkReport => ({
      ...{ atMs: at * 1000, sentPackets: at * 100, lostPackets: 0, lostShare: 0, jitter: at, roundTripMs: 0 },
    });
    expect(waiting([20, 20, 20, ...Array(10).fill(441.7)])).toBe(7000);
    expect(waiting(Array(60).fill(441.7))).toBeUndefined();
    expect(
      waiting(Array.from({ length: 60 }, (_, at) => (at < 3 ? 20 : 440 + 5 * (at % 2)))),
    ).toBeUndefined();
  });

  test('a report that is seen again and again counts once, and its age is told while packets are sent', () => {
    const meter = new CongestionMeter({ onTrial: false });
    const [, first, second] = reports([0, 0, 0.9]);
    if (first === undefined || second === undefined) throw new Error('no reports');
    meter.add(first);
    meter.add(second);
    for (let seconds = 3; seconds < 30; seconds += 1) {
      const verdict = meter.add({ ...second, atMs: seconds * 1000, sentPackets: seconds * 100 });
      expect(verdict.kind).not.toBe('congested');
      expect(meter.unheardMs(seconds * 1000)).toBe((seconds - 2) * 1000);
    }
    expect(meter.unheardMs(30_000)).toBe(28_000);
  });

  test('one that never reported is not missed, nor one that is sent nothing', () => {
    const never = new CongestionMeter({ onTrial: false });
    const silent = reports([0])[0];
    if (silent === undefined) throw new Error('no report');
    for (let at = 0; at < 60; at += 1) never.add({ ...silent, atMs: at * 1000, sentPackets: at });
    expect(never.unheardMs(60_000)).toBe(0);
    const idle = new CongestionMeter({ onTrial: false });
    const given = reports([0, 0.01]);
    for (const report of given) idle.add(report);
    for (let at = 2; at < 60; at += 1) idle.add({ ...(given[1] as LinkReport), atMs: at * 1000 });
    expect(idle.unheardMs(60_000)).toBe(0);
  });
});
