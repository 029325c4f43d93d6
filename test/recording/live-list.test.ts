import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RingEntry } from '../../server/recording/live.ts';
import { LiveList, liveWindow } from '../../server/recording/playlist/live-list.ts';
import type { Recording } from '../../server/recording/segment.ts';
import { expectGrownOnly, type ReadPlaylist, readPlaylist } from './support/m3u8.ts';

const T0 = 1_790_000_000_000;

function recording(key: string): Recording {
  const format = {
    parameterSetsId: 'a',
    videoCodec: 'h264',
    profileLevelId: '42e01f',
    width: 64,
    height: 36,
  } as const;
  return { key, startMs: T0, cause: 'started', isRepeat: false, format };
}

/** A ring that holds the newest ten. */
class FakeRing {
  entries: RingEntry[] = [];
  #sequence: number;
  #nowMs = T0;
  #run = 0;

  constructor(sequence = 1000) {
    this.#sequence = sequence;
  }

  add(durationMs: number, options: { begins?: boolean; pauseMs?: number } = {}): this {
    const { pauseMs = 0, begins = pauseMs !== 0 } = options;
    if (begins) this.#run += 1;
    this.#nowMs += pauseMs;
    const segment = {
      recording: recording(`run${this.#run}`),
      startMs: this.#nowMs,
      endMs: this.#nowMs + durationMs,
      startPts90k: 0,
      duration90k: durationMs * 90,
      data: Buffer.alloc(188),
    };
    this.#nowMs += durationMs;
    this.entries = [
      ...this.entries.slice(-9),
      { sequence: this.#sequence, discontinuitySequence: this.#run, segment },
    ];
    this.#sequence += 1;
    return this;
  }
}

const render = (list: LiveList, ring: FakeRing, suffix = '') =>
  readPlaylist(list.render(ring.entries, 2000, suffix));

describe('the live playlist', () => {
  it('lists the newest segments with their dates, without an end', () => {
    const ring = new FakeRing();
    for (let count = 0; count < 9; count += 1) ring.add(2000);
    const live = render(new LiveList(), ring, '?access_token=x');
    expect(live).toMatchObject({ targetS: 2, type: undefined, isEnded: false, startOffsetS: undefined });
    expect(live.segments.map(({ sequence }) => sequence)).toEqual([1003, 1004, 1005, 1006, 1007, 1008]);
    expect(live.segments[0]).toMatchObject({
      uri: `segments/${T0 + 6_000}.ts?access_token=x`,
      dateMs: T0 + 6_000,
      durationS: 2,
    });
  });

  it('lists ten seconds of short segments, for players that are held up', () => {
    const ring = new FakeRing();
    for (let count = 0; count < 13; count += 1) ring.add(1000);
    expect(render(new LiveList(), ring).segments).toHaveLength(10);
  });

  it('is there as soon as there is one segment', () => {
    expect(render(new LiveList(), new FakeRing().add(2000)).segments).toHaveLength(1);
  });

  it('takes its target duration from what was observed', () => {
    expect(render(new LiveList(), new FakeRing().add(4_400).add(4_400)).targetS).toBe(4);
    expect(render(new LiveList(), new FakeRing().add(900)).targetS).toBe(2);
  });

  it('raises the target duration only behind a break, and never takes it back', () => {
    const ring = new FakeRing().add(2000).add(2000);
    const list = new LiveList();
    const before = render(list, ring);
    const raised = render(list, ring.add(5_000));
    expect(raised.targetS).toBe(5);
    expect(raised.segments.map(({ discontinuity }) => discontinuity)).toEqual([1000, 1000, 1001]);
    expectGrownOnly(before, raised);
    for (let count = 0; count < 8; count += 1) ring.add(2000);
    expect(render(list, ring)).toMatchObject({
      targetS: 5,
      segments: [{ discontinuity: 1001 }, {}, {}, {}, {}, {}],
    });
  });

  it('breaks where a recording ends and the next begins', () => {
    const ring = new FakeRing().add(2000).add(2000, { begins: true }).add(2000).add(2000, { pauseMs: 7_000 });
    const places = render(new LiveList(), ring).segments.map(({ discontinuity }) => discontinuity);
    expect(places).toEqual([1000, 1001, 1001, 1002]);
  });

  it('does not show as live what lies before a long interruption', () => {
    const ring = new FakeRing().add(2000).add(2000).add(2000, { pauseMs: 60_000 }).add(2000);
    expect(liveWindow(ring.entries).map(({ sequence }) => sequence)).toEqual([1002, 1003]);
    const set = new FakeRing().add(2000).add(2000, { pauseMs: -3_600_000 });
    expect(liveWindow(set.entries)).toHaveLength(2);
  });

  it('begins anew with a stream that was removed and added again', () => {
    const list = new LiveList();
    render(list, new FakeRing(1000).add(2000));
    expect(render(list, new FakeRing(5).add(3000)).segments[0]).toMatchObject({
      sequence: 5,
      discontinuity: 5,
    });
  });

  it('has low discontinuity sequences, as hls.js takes seconds over high ones', () => {
    const ring = new FakeRing(28_000_000).add(2000).add(2000, { begins: true });
    const [first, second] = render(new LiveList(), ring).segments;
    expect(first?.sequence).toBe(28_000_000);
    expect(first?.discontinuity).toBeLessThan(2 ** 17);
    expect(second?.discontinuity).toBe((first?.discontinuity ?? 0) + 1);
  });

  it('keeps the rules of reloading, whatever comes', () => {
    const added = fc.record({
      durationMs: fc.integer({ min: 300, max: 9_000 }),
      begins: fc.boolean(),
      pauseMs: fc.constantFrom(0, 0, 0, 4_000, 90_000, -3_600_000),
    });
    fc.assert(
      fc.property(fc.array(fc.array(added, { maxLength: 4 }), { minLength: 2, maxLength: 12 }), (reloads) => {
        const ring = new FakeRing().add(2000);
        const list = new LiveList();
        let before: ReadPlaylist = render(list, ring);
        for (const segments of reloads) {
          for (const { durationMs, begins, pauseMs } of segments) ring.add(durationMs, { begins, pauseMs });
          const after = render(list, ring);
          expectGrownOnly(before, after);
          before = after;
        }
      }),
    );
  });
});
