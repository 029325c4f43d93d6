import { EventEmitter } from 'node:events';
import type { types } from 'mediasoup';
import { describe, expect, test } from 'vitest';
import { CongestionGuard, type CongestionNotice } from '../../server/webrtc/congestion-guard.ts';
import { congestedEvent } from '../../server/webrtc/congestion-words.ts';
import { LevelCounts } from '../../server/webrtc/level-counts.ts';
import type { Level } from '../../server/webrtc/quality-ladder.ts';
import { EVENTS } from '../../shared/signaling.ts';
import { FakeClock } from '../support/fake-clock.ts';

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

  test('a viewer that leaves while a better level is being thought of gets none', async () => {
    const viewer = new FakeViewer();
    viewer.lostShare = 0.5;
    while (viewer.level !== 'paused') await viewer.run(1);
    const { clock, guard } = viewer;
    while (guard.ladder.retryInMs(clock.monotonicMs() + 1000) !== 0) await viewer.run(1);
    const leaving = viewer.run(1);
    guard.close();
    await leaving;
    await viewer.run(5);
    expect(guard.ladder.retryInMs(clock.monotonicMs())).toBe(0);
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
