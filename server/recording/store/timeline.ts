import type { GapReason, RecordingTimeline } from '../../../shared/recording.ts';

/** A stretch of one recording without a hole; `endMs` is larger than `startMs`. */
export interface Run {
  readonly startMs: number;
  readonly endMs: number;
}

/** From `atMs` on: what is not recorded is missing for this reason. */
export interface GapNote {
  readonly atMs: number;
  readonly reason: GapReason;
}

/** What was recorded and what was not; a part of a `RecordingTimeline`. */
export type Coverage = Pick<RecordingTimeline, 'ranges' | 'gaps'>;
type Range = RecordingTimeline['ranges'][number];
type Gap = RecordingTimeline['gaps'][number];

export interface CoverageInput {
  readonly fromMs: number;
  readonly toMs: number;
  /** By `startMs`. Runs overlap where this machine's clock was set back. */
  readonly runs: readonly Run[];
  /** By `atMs`, with the newest one at or before `fromMs`. */
  readonly notes: readonly GapNote[];
  /** What is missing before was deleted by retention. */
  readonly expiredBeforeMs: number;
}

/**
 * The ledger of [fromMs, toMs): each millisecond in exactly one of `ranges` and `gaps`, each ascending and none empty.
 * Neighbours differ: two ranges that touch differ in `repeated`, two gaps in their reason.
 */
export function coverageOf(input: CoverageInput): Coverage {
  const { fromMs, toMs } = input;
  const ranges: Range[] = [];
  const gaps: Gap[] = [];
  let untilMs = fromMs;
  for (const piece of piecesOf(input.runs)) {
    const start = Math.max(piece.start, fromMs);
    const end = Math.min(piece.end, toMs);
    if (end <= start) continue;
    if (start > untilMs) explain(gaps, untilMs, start, input);
    addRange(ranges, { ...piece, start, end });
    untilMs = end;
  }
  if (toMs > untilMs) explain(gaps, untilMs, toMs, input);
  return { ranges, gaps };
}

/** Puts coverages of neighbouring times together, in their order, as if it had been asked for at once. */
export function joinCoverages(parts: readonly Coverage[]): Coverage {
  const ranges: Range[] = [];
  const gaps: Gap[] = [];
  for (const part of parts) {
    for (const range of part.ranges) addRange(ranges, range);
    for (const gap of part.gaps) addGap(gaps, gap);
  }
  return { ranges, gaps };
}

/** What the runs cover, ascending and without overlap; marked where more than one of them does. */
function piecesOf(runs: readonly Run[]): Range[] {
  const pieces: Range[] = [];
  for (const run of runs) {
    let start = run.startMs;
    // All earlier runs begin at or before this one, so what they cover from here on is one stretch: the last pieces.
    const covered: Range[] = [];
    let last = pieces.at(-1);
    while (last !== undefined && last.end > run.startMs) {
      pieces.pop();
      covered.unshift(last);
      last = pieces.at(-1);
    }
    for (const piece of covered) {
      const sharedStart = Math.max(piece.start, run.startMs);
      const sharedEnd = Math.min(piece.end, run.endMs);
      if (piece.start < run.startMs) addRange(pieces, { ...piece, end: run.startMs });
      if (sharedStart < sharedEnd) {
        addRange(pieces, { start: sharedStart, end: sharedEnd, repeated: true });
      }
      if (piece.end > run.endMs) {
        addRange(pieces, { ...piece, start: Math.max(piece.start, run.endMs) });
      }
      start = Math.max(start, piece.end);
    }
    if (start < run.endMs) addRange(pieces, { start, end: run.endMs });
  }
  return pieces;
}

/** Adds the gap [start, end), split where its reason changes. */
function explain(gaps: Gap[], start: number, end: number, input: CoverageInput): void {
  const { notes, expiredBeforeMs } = input;
  let atMs = start;
  if (expiredBeforeMs > atMs) {
    const expiredEnd = Math.min(end, expiredBeforeMs);
    addGap(gaps, { start: atMs, end: expiredEnd, reason: 'EXPIRED' });
    atMs = expiredEnd;
  }
  let next = firstAfter(notes, atMs);
  while (atMs < end) {
    const reason = notes[next - 1]?.reason ?? 'RECORDING_OFF';
    const noteEnd = Math.min(end, notes[next]?.atMs ?? end);
    if (noteEnd > atMs) addGap(gaps, { start: atMs, end: noteEnd, reason });
    atMs = noteEnd;
    next += 1;
  }
}

/** The position of the first note after `atMs`. */
function firstAfter(notes: readonly GapNote[], atMs: number): number {
  let low = 0;
  let high = notes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((notes[middle]?.atMs ?? 0) <= atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function addRange(ranges: Range[], range: Range): void {
  const last = ranges.at(-1);
  if (last !== undefined && last.end === range.start && last.repeated === range.repeated)
    last.end = range.end;
  else ranges.push({ ...range });
}

function addGap(gaps: Gap[], gap: Gap): void {
  const last = gaps.at(-1);
  if (last !== undefined && last.end === gap.start && last.reason === gap.reason) last.end = gap.end;
  else gaps.push({ ...gap });
}
