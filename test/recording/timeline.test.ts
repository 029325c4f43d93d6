import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CoverageInput, coverageOf, joinCoverages } from '../../server/recording/store/timeline.ts';
import { GAP_REASONS } from '../../shared/recording.ts';

const SPAN = 400;
const run = fc
  .tuple(fc.nat(SPAN), fc.integer({ min: 1, max: 80 }))
  .map(([startMs, lengthMs]) => ({ startMs, endMs: startMs + lengthMs }));
const note = fc.record({ atMs: fc.nat(SPAN), reason: fc.constantFrom(...GAP_REASONS) });
const ledger = fc.record({
  runs: fc.array(run, { maxLength: 12 }).map((runs) => runs.sort((a, b) => a.startMs - b.startMs)),
  notes: fc
    .uniqueArray(note, { maxLength: 8, selector: ({ atMs }) => atMs })
    .map((notes) => notes.sort((a, b) => a.atMs - b.atMs)),
  expiredBeforeMs: fc.oneof(fc.constant(0), fc.nat(SPAN)),
});
const cut = fc.tuple(fc.nat(SPAN), fc.nat(SPAN), fc.nat(SPAN)).map((three) => three.sort((a, b) => a - b));

/** The same question answered millisecond by millisecond, as the words of the API say it. */
function slowly(
  { runs, notes, expiredBeforeMs }: Omit<CoverageInput, 'fromMs' | 'toMs'>,
  atMs: number,
): string {
  const depth = runs.filter(({ startMs, endMs }) => startMs <= atMs && atMs < endMs).length;
  if (depth > 0) return depth > 1 ? 'repeated' : 'recorded';
  if (atMs < expiredBeforeMs) return 'EXPIRED';
  return notes.findLast((one) => one.atMs <= atMs)?.reason ?? 'RECORDING_OFF';
}

test('each millisecond is in exactly one of ranges and gaps, and for the right reason', () => {
  fc.assert(
    fc.property(ledger, cut, (input, [fromMs = 0, , toMs = 0]) => {
      const { ranges, gaps } = coverageOf({ ...input, fromMs, toMs });
      const told = [
        ...ranges.map(({ start, end, repeated }) => ({
          start,
          end,
          what: repeated ? 'repeated' : 'recorded',
        })),
        ...gaps.map(({ start, end, reason }) => ({ start, end, what: reason as string })),
      ].sort((a, b) => a.start - b.start);
      let atMs = fromMs;
      for (const piece of told) {
        expect(piece.start).toBe(atMs);
        expect(piece.end).toBeGreaterThan(piece.start);
        for (; atMs < piece.end; atMs += 1) expect(slowly(input, atMs)).toBe(piece.what);
      }
      expect(atMs).toBe(toMs);
      for (const [index, piece] of told.entries()) expect(piece.what).not.toBe(told[index + 1]?.what);
    }),
    { numRuns: 500 },
  );
});

test('asked for in parts it is the same as asked for at once', () => {
  fc.assert(
    fc.property(ledger, cut, (input, [fromMs = 0, middleMs = 0, toMs = 0]) => {
      const parts = [
        coverageOf({ ...input, fromMs, toMs: middleMs }),
        coverageOf({ ...input, fromMs: middleMs, toMs }),
      ];
      expect(joinCoverages(parts)).toEqual(coverageOf({ ...input, fromMs, toMs }));
    }),
    { numRuns: 500 },
  );
});

test('a hole in a recording, a repeated hour and times before all notes are told apart', () => {
  const coverage = coverageOf({
    fromMs: 0,
    toMs: 1000,
    runs: [
      { startMs: 200, endMs: 500 },
      { startMs: 400, endMs: 600 },
      { startMs: 650, endMs: 700 },
    ],
    notes: [
      { atMs: 150, reason: 'CAMERA_UNREACHABLE' },
      { atMs: 200, reason: 'RECORDER_RESTARTED' },
      { atMs: 800, reason: 'SERVER_STOPPED' },
    ],
    expiredBeforeMs: 100,
  });
  expect(coverage).toEqual({
    ranges: [
      { start: 200, end: 400 },
      { start: 400, end: 500, repeated: true },
      { start: 500, end: 600 },
      { start: 650, end: 700 },
    ],
    gaps: [
      { start: 0, end: 100, reason: 'EXPIRED' },
      { start: 100, end: 150, reason: 'RECORDING_OFF' },
      { start: 150, end: 200, reason: 'CAMERA_UNREACHABLE' },
      { start: 600, end: 650, reason: 'RECORDER_RESTARTED' },
      { start: 700, end: 800, reason: 'RECORDER_RESTARTED' },
      { start: 800, end: 1000, reason: 'SERVER_STOPPED' },
    ],
  });
});
