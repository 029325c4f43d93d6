import { EventEmitter } from 'node:events';
import fc from 'fast-check';
import type { types } from 'mediasoup';
import { describe, expect, test } from 'vitest';
import { CongestionGuard, type CongestionNotice } from '../../server/webrtc/congestion-guard.ts';
import { CongestionMeter, type LinkReport } from '../../server/webrtc/congestion-meter.ts';
import { congestedEvent } from '../../server/webrtc/congestion-words.ts';
import { LevelCounts } from '../../server/webrtc/level-counts.ts';
import { type Level, QualityLadder } from '../../server/webrtc/quality-ladder.ts';
import { EVENTS } from '../../shared/signaling.ts';
import { FakeClock } from '../support/fake-clock.ts';

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

/** A viewer whose link is what the test says; its consumer tells reports as a worker does. */
class FakeViewer {
  readonly clock = new FakeClock();
  readonly levels: Level[] = [];
  readonly counts = new LevelCounts();
  readonly notices: CongestionNotice[] = [];
  lostShare = 0;
  roundTripMs = 20;
  isHeard = true;
  hasSub = false;
  /** Levels that cannot be had. */
  missing = new Set<Level>();
  asked = 0;
  /** As mediasoup has it; undefined: not known. */
  score: number | undefined;
  #level: Level = 'full';
  #reports = 0;
  #sent = 0;
  #bytes = 0;
  readonly #consumer = {
    score: Object.defineProperty({}, 'score', { get: () => this.score }),
    getStats: async () => {
      this.asked += 1;
      return [
        {
          type: 'outbound-rtp',
          packetCount: this.#sent,
          packetsLost: 0,
          fractionLost: Math.round(this.lostShare * 256),
          jitter: this.#reports,
          roundTripTime: this.roundTripMs,
        },
      ];
    },
  } as unknown as types.Consumer;
  readonly #transport = Object.assign(new EventEmitter(), {
    getStats: async () => [{ bytesReceived: this.#bytes }],
  });
  readonly guard: CongestionGuard;

  constructor() {
    this.guard = new CongestionGuard(this.clock, {
      counts: this.counts,
      transport: this.#transport as unknown as types.WebRtcTransport,
      hasSub: () => this.hasSub,
      picture: () => (this.#level === 'paused' ? undefined : this.#consumer),
      apply: async (level) => {
        this.levels.push(level);
        if (this.missing.has(level)) return false;
        this.#level = level;
        return true;
      },
      tell: (notice) => this.notices.push(notice),
    });
  }

  get level(): Level {
    return this.#level;
  }

  /** Its packets come another way from now on. */
  move(): void {
    this.#transport.emit('iceselectedtuplechange');
  }

  get listens(): boolean {
    return this.#transport.listenerCount('iceselectedtuplechange') > 0;
  }

  async run(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second += 1) {
      if (this.#level !== 'paused') this.#sent += 100;
      if (this.isHeard) {
        this.#bytes += 100;
        if (this.#level !== 'paused') this.#reports += 1;
      }
      this.clock.advance(1000);
      // What the guard awaits.
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    }
  }
}

describe('the guard of a viewer', () => {
  test('a good link is looked at once in 3 s, and left alone', async () => {
    const viewer = new FakeViewer();
    await viewer.run(300);
    expect(viewer.asked).toBeLessThanOrEqual(101);
    expect(viewer.levels).toEqual([]);
  });

  test('a link whose score is the best is looked at once in 6 s, and within a second when that falls', async () => {
    const viewer = new FakeViewer();
    viewer.score = 10;
    await viewer.run(300);
    expect(viewer.asked).toBeLessThanOrEqual(52);
    const { asked } = viewer;
    viewer.score = 7;
    viewer.lostShare = 0.5;
    viewer.guard.hurry();
    await viewer.run(1);
    expect(viewer.asked).toBe(asked + 1);
    await viewer.run(7);
    expect(viewer.levels).toEqual(['paused']);
  });

  test('a viewer with the best score that falls silent is paused all the same', async () => {
    const viewer = new FakeViewer();
    viewer.score = 10;
    await viewer.run(30);
    viewer.isHeard = false;
    await viewer.run(17);
    expect(viewer.notices).toMatchObject([{ level: 'paused', cause: 'silence' }]);
  });

  test('loss leads to the pause, trials with back-off, and back to the picture when the link is good', async () => {
    const viewer = new FakeViewer();
    await viewer.run(10);
    viewer.lostShare = 0.5;
    await viewer.run(12);
    expect(viewer.levels).toEqual(['paused']);
    expect(viewer.notices).toMatchObject([{ level: 'paused', cause: 'loss', lostShare: 0.5 }]);
    const { retryInMs } = viewer.notices[0] ?? {};
    expect(retryInMs).toBeGreaterThanOrEqual(8_000);
    expect(retryInMs).toBeLessThanOrEqual(12_000);
    expect([viewer.counts.of('sub'), viewer.counts.of('paused')]).toEqual([0, 1]);
    await viewer.run(100);
    expect(viewer.levels.slice(1, 5)).toEqual(['full', 'paused', 'full', 'paused']);
    viewer.lostShare = 0;
    await viewer.run(100);
    expect(viewer.level).toBe('full');
    expect(viewer.notices.at(-1)).toMatchObject({ level: 'full', retryInMs: undefined });
  });

  test('after an hour on a bad link its picture comes back within 80 s, and on another network within 3 s', async () => {
    const stays = new FakeViewer();
    const moves = new FakeViewer();
    for (const viewer of [stays, moves]) {
      await viewer.run(10);
      viewer.lostShare = 0.5;
      await viewer.run(3600);
      while (viewer.level !== 'paused') await viewer.run(1);
      viewer.lostShare = 0;
    }
    await stays.run(80);
    moves.move();
    await moves.run(3);
    expect([stays.level, moves.level]).toEqual(['full', 'full']);
  });

  test('with a second stream that comes first; where it does not come, the pause', async () => {
    const viewer = new FakeViewer();
    viewer.hasSub = true;
    await viewer.run(10);
    viewer.lostShare = 0.3;
    await viewer.run(9);
    // The link rests till the second stream is there.
    expect(viewer.levels).toEqual(['paused', 'sub']);
    viewer.lostShare = 0;
    await viewer.run(20);
    expect(viewer.levels).toEqual(['paused', 'sub', 'full']);
    viewer.missing.add('sub');
    viewer.lostShare = 0.3;
    await viewer.run(9);
    expect(viewer.levels).toEqual(['paused', 'sub', 'full', 'paused', 'sub', 'paused']);
    expect(viewer.notices.map(({ level }) => level)).toEqual(['paused', 'sub', 'full', 'paused', 'paused']);
  });

  test('a second stream that goes away is left', async () => {
    const viewer = new FakeViewer();
    viewer.hasSub = true;
    await viewer.run(10);
    viewer.lostShare = 0.3;
    await viewer.run(9);
    viewer.lostShare = 0;
    viewer.guard.subLost();
    await viewer.run(2);
    expect(viewer.levels).toEqual(['paused', 'sub', 'paused']);
    await viewer.run(30);
    expect(viewer.level).not.toBe('paused');
  });

  test('a viewer that says nothing any more is sent no picture within 12 s, and gets it within 2 s of its return', async () => {
    const viewer = new FakeViewer();
    await viewer.run(10);
    viewer.isHeard = false;
    await viewer.run(12);
    expect(viewer.notices).toEqual([
      { level: 'paused', cause: 'silence', lostShare: undefined, retryInMs: undefined },
    ]);
    await viewer.run(600);
    expect(viewer.levels).toEqual(['paused']);
    viewer.isHeard = true;
    await viewer.run(2);
    expect(viewer.levels).toEqual(['paused', 'full']);
  });

  test('one that reports nothing, but is there, is let be', async () => {
    const viewer = new FakeViewer();
    await viewer.run(5);
    viewer.isHeard = false;
    for (let at = 0; at < 60; at += 1) {
      viewer.isHeard = at % 3 === 0;
      await viewer.run(1);
    }
    expect(viewer.levels).toEqual([]);
  });

  test('a closed guard has no timer left', async () => {
    const viewer = new FakeViewer();
    await viewer.run(5);
    viewer.lostShare = 0.5;
    await viewer.run(8);
    expect(viewer.counts.of('paused')).toBe(1);
    viewer.guard.close();
    await viewer.run(5);
    expect(viewer.clock.timers).toBe(0);
    expect(viewer.listens).toBe(false);
    expect(viewer.counts.of('paused')).toBe(0);
  });
});

test('what viewers are told fits the wire, and says why and what happens', () => {
  const levels: Level[] = ['full', 'sub', 'paused'];
  for (const level of levels) {
    for (const cause of ['loss', 'delay', 'silence', undefined] as const) {
      const event = congestedEvent('w', { level, cause, lostShare: 0.345, retryInMs: 10_000.4 });
      expect(EVENTS['watch.congested'].parse(event)).toEqual(event);
      expect(event.action).toBe(level === 'full' ? 'resumed' : level);
      expect(event.reason === undefined).toBe(level === 'full');
    }
  }
  expect(
    congestedEvent('w', { level: 'paused', cause: 'loss', lostShare: 0.345, retryInMs: undefined }),
  ).toEqual({
    watchId: 'w',
    action: 'paused',
    reason: {
      code: 'VIEWER_LOSES_DATA',
      message:
        'This connection loses 35 % of what is sent: the picture is paused; it is tried again by itself.',
    },
  });
});
