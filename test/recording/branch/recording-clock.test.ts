import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ClockedCut, RecordingClock } from '../../../server/recording/branch/recording-clock.ts';

const T0 = Date.UTC(2026, 4, 1, 12);
const SEGMENT_90K = 180_000;

/** A camera with a key frame every 2 s, each a cut, on a machine whose clock can be set. */
class Machine {
  readonly clock: RecordingClock;
  readonly placed: ClockedCut[] = [];
  /** Added to the true time. */
  offsetMs = 0;
  pts90k = 90_000;
  #begins: 'started' | 'camera-back' | undefined = 'started';

  constructor(options: { newestEndMs?: number } = {}) {
    this.clock = new RecordingClock(options);
    this.#observe();
  }

  wallMs(pts90k = this.pts90k): number {
    return T0 + this.offsetMs + (pts90k - 90_000) / 90;
  }

  segments(count: number, duration90k = SEGMENT_90K): this {
    for (let i = 0; i < count; i += 1) {
      const startPts90k = this.pts90k;
      this.pts90k += duration90k;
      this.#observe();
      this.placed.push(
        this.clock.place(
          {
            startPts90k,
            duration90k,
            ...(this.#begins === undefined ? {} : { begins: this.#begins }),
          },
          this.wallMs(),
        ),
      );
      this.#begins = undefined;
    }
    return this;
  }

  /** Nothing comes for a while, then a new recording. */
  outage(ms: number): this {
    this.pts90k += ms * 90;
    this.#begins = 'camera-back';
    this.#observe();
    return this;
  }

  #observe(): void {
    this.clock.observe(this.pts90k, this.wallMs());
  }
}

/** Segments in runs of one recording each. */
function recordings(placed: readonly ClockedCut[]): ClockedCut[][] {
  const runs: ClockedCut[][] = [];
  for (const cut of placed) {
    if (cut.begins !== undefined) runs.push([]);
    runs.at(-1)?.push(cut);
  }
  return runs;
}

describe('RecordingClock', () => {
  test('places segments where the hub saw their key frames', () => {
    const { placed } = new Machine().segments(3);
    expect(placed).toEqual([
      { startMs: T0, endMs: T0 + 2000, isRepeat: false, begins: 'started' },
      { startMs: T0 + 2000, endMs: T0 + 4000, isRepeat: false },
      { startMs: T0 + 4000, endMs: T0 + 6000, isRepeat: false },
    ]);
  });

  test('is not misled by first pictures that were held up on their way', () => {
    const machine = new Machine();
    machine.offsetMs = -300;
    machine.segments(2);
    expect(machine.placed.map(({ startMs, endMs }) => endMs - startMs)).toEqual([2000, 2000]);
    expect(machine.placed.at(-1)?.endMs).toBe(machine.wallMs());
  });

  test('goes by the time at which a segment ended while the hub has said nothing', () => {
    const placed = new RecordingClock().place({ startPts90k: 0, duration90k: SEGMENT_90K }, T0 + 2000);
    expect(placed).toEqual({ startMs: T0, endMs: T0 + 2000, isRepeat: false, begins: 'started' });
  });

  test('does not add up what rounding takes', () => {
    const machine = new Machine().segments(1000, 90_031);
    expect(machine.placed.at(-1)?.endMs).toBe(Math.round(machine.wallMs()));
  });

  test('makes a small step good over the following segments', () => {
    const machine = new Machine().segments(2);
    machine.offsetMs = 3000;
    machine.segments(60);
    expect(recordings(machine.placed)).toHaveLength(1);
    expect(machine.placed[2]?.endMs).toBe(T0 + 4000 + 2100);
    expect(machine.placed.at(-1)?.endMs).toBe(machine.wallMs());
  });

  test('takes the time that is told behind the first key frame, as trusted cameras do, for all of it', () => {
    const machine = new Machine();
    machine.offsetMs = -7_200_000;
    machine.segments(5);
    expect(recordings(machine.placed)).toHaveLength(1);
    expect(machine.placed[0]).toMatchObject({ startMs: T0 - 7_200_000, isRepeat: false });
    expect(machine.placed.at(-1)?.endMs).toBe(machine.wallMs());
  });

  test.each([
    ['forward', 3_600_000, false],
    ['back', -3_600_000, true],
  ])('an hour %s ends the recording and begins another', (_name, offsetMs, isRepeat) => {
    const machine = new Machine().segments(5);
    machine.offsetMs = offsetMs;
    machine.segments(5);
    const runs = recordings(machine.placed);
    expect(runs.map((run) => run[0]?.begins)).toEqual(['started', 'clock-stepped']);
    // The segment in which the clock was set ends as long after its start as it plays.
    expect(runs[0]?.at(-1)?.endMs).toBe(T0 + 12_000);
    expect(runs[1]?.[0]).toMatchObject({ startMs: T0 + offsetMs + 12_000, isRepeat });
    expect(machine.placed.at(-1)?.endMs).toBe(machine.wallMs());
  });

  test('an hour that is recorded twice has no start twice', () => {
    const machine = new Machine().segments(1900);
    machine.offsetMs = -3_600_000;
    machine.segments(3800);
    const starts = machine.placed.map(({ startMs }) => startMs);
    expect(new Set(starts).size).toBe(starts.length);
    expect(recordings(machine.placed)).toHaveLength(2);
    // Bumped by a millisecond, not more.
    expect(Math.abs((machine.placed.at(-1)?.endMs ?? 0) - machine.wallMs())).toBeLessThanOrEqual(1);
  });

  test('keeps away from starts that the archive has', () => {
    const machine = new Machine({ newestEndMs: T0 + 60_000 });
    machine.clock.addTaken([T0, T0 + 1, T0 + 2000]);
    machine.segments(3);
    expect(machine.placed.map(({ startMs }) => startMs)).toEqual([T0 + 2, T0 + 2001, T0 + 4000]);
    expect(machine.placed[0]?.isRepeat).toBe(true);
  });

  test('a recording that would begin a little before the last one ended begins at its end', () => {
    const machine = new Machine({ newestEndMs: T0 + 400 }).segments(20);
    expect(machine.placed[0]).toMatchObject({ startMs: T0 + 400, isRepeat: false });
    expect(machine.placed.at(-1)?.endMs).toBe(machine.wallMs());
  });

  test('a recording that goes on where the last one ended touches it, also while time is made good', () => {
    const machine = new Machine().segments(2);
    machine.offsetMs = 3000;
    machine.segments(2).outage(0).segments(2);
    const [first, second] = recordings(machine.placed);
    expect(second?.[0]).toMatchObject({ begins: 'camera-back', startMs: first?.at(-1)?.endMs });
  });

  test('leaves out the time in which nothing came', () => {
    const machine = new Machine().segments(2).outage(30_000).segments(1);
    expect(machine.placed[2]).toEqual({
      startMs: T0 + 34_000,
      endMs: T0 + 36_000,
      isRepeat: false,
      begins: 'camera-back',
    });
  });

  test('places a segment by its own beginning, however many key frames it has', () => {
    const clock = new RecordingClock();
    for (let i = 0; i <= 120 * 25; i += 1) clock.observe(90_000 + i * 3600, T0 + i * 40);
    expect(clock.place({ startPts90k: 90_000, duration90k: 120 * 90_000 }, T0)).toMatchObject({
      startMs: T0,
      endMs: T0 + 120_000,
    });
  });

  test('holds whatever the clock does', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('segments' as const), value: fc.integer({ min: 1, max: 40 }) }),
      fc.record({
        kind: fc.constant('set' as const),
        value: fc.integer({ min: -7_200_000, max: 7_200_000 }),
      }),
      fc.record({ kind: fc.constant('nudge' as const), value: fc.integer({ min: -9000, max: 9000 }) }),
      fc.record({ kind: fc.constant('outage' as const), value: fc.integer({ min: 100, max: 100_000 }) }),
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 25 }),
        fc.integer({ min: 30, max: 400_000 }),
        (steps, length) => {
          const machine = new Machine();
          for (const { kind, value } of steps) {
            if (kind === 'segments') machine.segments(value, length);
            else if (kind === 'outage') machine.outage(value);
            else if (kind === 'set') machine.offsetMs += value;
            else machine.offsetMs += value;
          }
          machine.segments(1, length);
          const starts = new Set<number>();
          let maxEndMs = 0;
          for (const run of recordings(machine.placed)) {
            const first = run[0];
            expect(first?.isRepeat).toBe((first?.startMs ?? 0) < maxEndMs);
            run.forEach((cut, i) => {
              expect(Number.isInteger(cut.startMs) && Number.isInteger(cut.endMs)).toBe(true);
              expect(starts.has(cut.startMs)).toBe(false);
              starts.add(cut.startMs);
              if (i > 0) expect(cut.startMs).toBe(run[i - 1]?.endMs);
              const lengthMs = cut.endMs - cut.startMs;
              expect(lengthMs).toBeGreaterThan(0);
              expect(Math.abs(lengthMs - length / 90)).toBeLessThanOrEqual((length / 90) * 0.05 + 3);
              maxEndMs = Math.max(maxEndMs, cut.endMs);
            });
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
