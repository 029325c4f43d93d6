import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newestWins } from '../../../server/recording/store/newest-wins.ts';

interface Row {
  readonly startMs: number;
  readonly endMs: number;
  readonly recordingId: number;
}

/** Recordings whose segments follow one another, each from anywhere: the clock may have been set back any number of times. */
const recordings = fc
  .array(
    fc.record({
      startMs: fc.integer({ min: 0, max: 200 }),
      durations: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 12 }),
    }),
    { maxLength: 6 },
  )
  .map((list) =>
    list
      .flatMap(({ startMs, durations }, i): Row[] => {
        let at = startMs;
        return durations.map((duration) => {
          const row = { startMs: at, endMs: at + duration, recordingId: i + 1 };
          at += duration;
          return row;
        });
      })
      .sort((a, b) => a.startMs - b.startMs),
  );

const overlap = (a: Row, b: Row) => a.startMs < b.endMs && b.startMs < a.endMs;

describe('newest wins', () => {
  it('gives segments in order that never overlap', () => {
    fc.assert(
      fc.property(recordings, (rows) => {
        const kept = newestWins(rows);
        for (let i = 1; i < kept.length; i += 1)
          expect(kept[i]?.startMs).toBeGreaterThanOrEqual(kept[i - 1]?.endMs ?? 0);
      }),
    );
  });

  it('leaves out only what a kept segment of a newer recording overlaps', () => {
    fc.assert(
      fc.property(recordings, (rows) => {
        const kept = new Set(newestWins(rows));
        for (const row of rows) {
          const newer = [...kept].some((one) => one.recordingId > row.recordingId && overlap(one, row));
          expect(kept.has(row)).toBe(!newer);
        }
      }),
    );
  });

  it('gives the very same array where nothing overlaps', () => {
    const rows = [
      { startMs: 0, endMs: 2, recordingId: 5 },
      { startMs: 2, endMs: 4, recordingId: 1 },
    ];
    expect(newestWins(rows)).toBe(rows);
  });
});
