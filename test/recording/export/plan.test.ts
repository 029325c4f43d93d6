import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RecordingRow, SegmentRow } from '../../../server/recording/archive.ts';
import { explainGaps } from '../../../server/recording/export/gap-reasons.ts';
import { type GapMode, MAX_KEPT_GAP_MS, planExport } from '../../../server/recording/export/plan.ts';

interface Recorded {
  readonly gapMs: number;
  readonly segmentsMs: readonly number[];
  readonly format: number;
  readonly audio: number;
}

const recorded: fc.Arbitrary<Recorded[]> = fc.array(
  fc.record({
    gapMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 20_000 }), fc.constant(2 * MAX_KEPT_GAP_MS)),
    segmentsMs: fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 6 }),
    format: fc.integer({ min: 0, max: 1 }),
    audio: fc.integer({ min: 0, max: 2 }),
  }),
  { minLength: 1, maxLength: 6 },
);

/** Rows of one recording after the other; each has a timeline of its own. */
function listOf(recordings: readonly Recorded[]) {
  const segments: SegmentRow[] = [];
  const rows = new Map<number, RecordingRow>();
  let atMs = 1_000_000;
  for (const [index, { gapMs, segmentsMs, format, audio }] of recordings.entries()) {
    atMs += gapMs;
    const id = index + 1;
    rows.set(id, {
      ...{ id, key: `k${id}`, startMs: atMs, cause: 'started', isRepeat: false },
      ...{ parameterSetsId: `f${format}`, profileLevelId: '42e01f', width: 1, height: 1 },
      ...(audio === 0 ? {} : { audio: { clockRate: 48_000, channels: audio } }),
    });
    let pts90k = id * 1_000_000_000;
    for (const ms of segmentsMs) {
      const row = { startMs: atMs, endMs: atMs + ms, startPts90k: pts90k, duration90k: ms * 90 };
      segments.push({ ...row, recordingId: id, sizeBytes: ms });
      atMs += ms;
      pts90k += ms * 90;
    }
  }
  return { segments, recordings: rows, endMs: atMs };
}

const asked = fc.record({
  from: fc.double({ min: 0, max: 1, noNaN: true }),
  to: fc.double({ min: 0, max: 1, noNaN: true }),
});

describe('the plan of an export', () => {
  it('puts each millisecond of the range into exactly one of runs and gaps', () => {
    fc.assert(
      fc.property(recorded, asked, fc.constantFrom<GapMode>('skip', 'keep'), (recordings, share, gapMode) => {
        const list = listOf(recordings);
        const spanMs = list.endMs + 2_000 - 999_000;
        const [from = 0, to = 0] = [share.from, share.to].sort((a, b) => a - b);
        const range = { start: 999_000 + Math.floor(from * spanMs), end: 999_001 + Math.ceil(to * spanMs) };
        const plan = planExport(list, range, gapMode);
        const runs = plan.parts.flatMap((part) => part.runs);
        const pieces = [
          ...runs.map(({ startMs, endMs }) => ({ start: startMs, end: endMs })),
          ...plan.gaps,
        ].sort((a, b) => a.start - b.start);
        let at = range.start;
        for (const { start, end } of pieces) {
          expect(start).toBe(at);
          expect(end).toBeGreaterThan(start);
          at = end;
        }
        expect(at).toBe(range.end);
        for (const part of plan.parts) {
          const formats = part.runs.map((run) => list.recordings.get(run.recordingId));
          expect(new Set(formats.map((row) => row?.parameterSetsId)).size).toBe(1);
          const sounds = formats.flatMap((row) => (row?.audio === undefined ? [] : [row.audio.channels]));
          expect(new Set(sounds).size).toBeLessThanOrEqual(1);
          expect(part.audio?.channels).toBe(sounds[0]);
          let out90k = 0;
          for (const [index, run] of part.runs.entries()) {
            const before = part.runs[index - 1];
            const gapMs = before === undefined || gapMode === 'skip' ? 0 : run.startMs - before.endMs;
            expect(gapMs).toBeLessThanOrEqual(MAX_KEPT_GAP_MS);
            expect(run.outStart90k).toBe(out90k + gapMs * 90);
            expect(run.toPts90k - run.fromPts90k).toBe((run.endMs - run.startMs) * 90);
            out90k = run.outStart90k + run.toPts90k - run.fromPts90k;
          }
          expect(part.duration90k).toBe(out90k);
        }
      }),
    );
  });

  it('finds the instant in a segment by the proportion of its two lengths', () => {
    const [segment] = listOf([{ gapMs: 0, segmentsMs: [2_000], format: 0, audio: 0 }]).segments;
    if (segment === undefined) throw new Error('no segment');
    // The clock was being slewed: 2000 ms on the wall were 1990 ms of media.
    const slewed = { segments: [{ ...segment, duration90k: 1_990 * 90 }], recordings: new Map() };
    const [part] = planExport(slewed, { start: segment.startMs + 1_000, end: segment.endMs }, 'skip').parts;
    expect(part?.duration90k).toBe(995 * 90);
  });

  it('makes a film of an unbroken time just as long as that, though the camera counted faster or slower', () => {
    const [first, second] = listOf([{ gapMs: 0, segmentsMs: [60_000, 2_000], format: 0, audio: 0 }]).segments;
    if (first === undefined || second === undefined) throw new Error('no segments');
    for (const driftMs of [-60, 60]) {
      const duration90k = (60_000 + driftMs) * 90;
      const drifted = { ...first, duration90k };
      const next = { ...second, startPts90k: first.startPts90k + duration90k };
      const list = { segments: [drifted, next], recordings: new Map() };
      const range = { start: first.startMs, end: first.startMs + 60_000 };
      const { parts, gaps } = planExport(list, range, 'skip');
      expect(parts.map((part) => part.duration90k)).toEqual([60_000 * 90]);
      expect(parts[0]?.runs[0]?.segments).toHaveLength(driftMs < 0 ? 2 : 1);
      expect(gaps).toEqual([]);
    }
    // So much can be no drift: the clock on the wall says what was asked for.
    const far = { segments: [{ ...first, duration90k: 59_000 * 90 }, second], recordings: new Map() };
    const { parts } = planExport(far, { start: first.startMs, end: first.startMs + 60_000 }, 'skip');
    expect(parts.map((part) => part.duration90k)).toEqual([59_000 * 90]);
  });

  it('explains each gap by the ledger', () => {
    const ledger = {
      gaps: [
        { start: 0, end: 50, reason: 'CAMERA_SILENT' as const },
        { start: 60, end: 70, reason: 'DISK_FULL' as const },
      ],
    };
    expect(explainGaps([{ start: 10, end: 65 }], ledger)).toEqual([
      { start: 10, end: 50, reason: 'CAMERA_SILENT' },
      { start: 50, end: 60, reason: 'RECORDER_RESTARTED' },
      { start: 60, end: 65, reason: 'DISK_FULL' },
    ]);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 80 }), fc.integer({ min: 1, max: 80 }), (start, length) => {
        const explained = explainGaps([{ start, end: start + length }], ledger);
        let at = start;
        for (const gap of explained) {
          expect(gap.start).toBe(at);
          expect(gap.end).toBeGreaterThan(gap.start);
          at = gap.end;
        }
        expect(at).toBe(start + length);
      }),
    );
  });
});
