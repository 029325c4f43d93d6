import type { CameraEvent, EventKind } from '../../../../../shared/events.ts';
import type { GapReason, RecordingTimeline } from '../../../../../shared/recording.ts';
import type { TimeSpan } from '../../recordings/api.ts';
import { bundlesOf } from './bundles.ts';
import { lengthOf, xOf } from './scale.ts';

export type Gap = RecordingTimeline['gaps'][number];
export type Lock = RecordingTimeline['locks'][number];

/** A stretch of the time line in pixels; always inside it, and at least as wide as can be seen. */
export interface Box {
  readonly x: number;
  readonly width: number;
}

export interface TimelineLayout {
  readonly ranges: readonly Box[];
  readonly gaps: readonly (Box & { readonly isQuiet: boolean })[];
  readonly locks: readonly Box[];
  readonly events: readonly (Box & { readonly kind: EventKind; readonly isActive: boolean })[];
  readonly marked: Box | undefined;
}

export interface LayoutInput {
  readonly view: TimeSpan;
  readonly widthPx: number;
  readonly timeline: Pick<RecordingTimeline, 'ranges' | 'gaps' | 'locks'> | undefined;
  readonly events: readonly CameraEvent[];
  readonly marked: Marked;
  readonly nowMs: number;
}

/** What is marked for an export, as far as it is. Unix milliseconds. */
export interface Marked {
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
}

const MIN_PX = 1;
const MIN_EVENT_PX = 4;
/** Events that are drawn no further apart become one: hundreds of them would be a picket fence. */
const APART_PX = 3;
/** What is rare, or grave, is drawn over what is frequent. */
const PROMINENCE: Readonly<Record<EventKind, number>> = {
  motion: 0,
  other: 1,
  sound: 2,
  line: 3,
  input: 4,
  tamper: 5,
};
/** What nobody expected to be recorded is left empty. */
const QUIET_REASONS: ReadonlySet<GapReason> = new Set(['RECORDING_OFF', 'EXPIRED', 'DELETED']);

export const isQuiet = ({ reason }: Gap): boolean => QUIET_REASONS.has(reason);

/** Where everything is drawn. What is narrower than a pixel is joined with its neighbours, or left out where it is a gap. */
export function layoutOf({ view, widthPx, timeline, events, marked, nowMs }: LayoutInput): TimelineLayout {
  const { ranges = [], gaps = [], locks = [] } = timeline ?? {};
  const pixelMs = lengthOf(view) / widthPx;
  const boxOf = (startMs: number, endMs: number, leastPx: number) =>
    box({ startMs, endMs, leastPx }, view, widthPx);
  const drawnGaps = gaps.flatMap((gap) => {
    if (gap.end - gap.start < pixelMs) return [];
    const made = boxOf(gap.start, gap.end, MIN_PX);
    return made === undefined ? [] : [{ ...made, isQuiet: isQuiet(gap) }];
  });
  return {
    ranges: joined(ranges, pixelMs).flatMap(({ start, end }) => boxOf(start, end, MIN_PX) ?? []),
    gaps: drawnGaps,
    locks: joined([...locks].sort(byStart), 0).flatMap(({ start, end }) => boxOf(start, end, 2) ?? []),
    events: bundlesOf(events, { apartMs: APART_PX * pixelMs, spreadMs: Number.POSITIVE_INFINITY }, nowMs)
      .sort((a, b) => PROMINENCE[a.kind] - PROMINENCE[b.kind])
      .flatMap(({ kind, startMs, endMs, isActive }) => {
        const made = boxOf(startMs, endMs, MIN_EVENT_PX);
        return made === undefined ? [] : [{ ...made, kind, isActive }];
      }),
    marked: markedBox(marked, boxOf),
  };
}

function markedBox(
  { fromMs, toMs }: Marked,
  boxOf: (startMs: number, endMs: number, leastPx: number) => Box | undefined,
): Box | undefined {
  const startMs = fromMs ?? toMs;
  const endMs = toMs ?? fromMs;
  if (startMs === undefined || endMs === undefined) return undefined;
  return boxOf(startMs, Math.max(startMs, endMs), 2);
}

interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** Joins what is so close together that no eye could tell it apart. They come in the order of their starts. */
export function joined(ranges: readonly Stretch[], closerThanMs: number): Stretch[] {
  const made: { start: number; end: number }[] = [];
  for (const { start, end } of ranges) {
    const last = made.at(-1);
    if (last !== undefined && start - last.end <= closerThanMs) last.end = Math.max(last.end, end);
    else made.push({ start, end });
  }
  return made;
}

/** Undefined where nothing of it is in the view. */
function box(
  { startMs, endMs, leastPx }: { startMs: number; endMs: number; leastPx: number },
  view: TimeSpan,
  widthPx: number,
): Box | undefined {
  if (endMs < view.fromMs || startMs >= view.toMs) return undefined;
  const left = Math.max(0, xOf(startMs, view, widthPx));
  const right = Math.min(widthPx, Math.max(xOf(endMs, view, widthPx), left + leastPx));
  // At the right edge it grows to the left.
  const x = Math.max(0, Math.min(left, right - leastPx));
  return { x, width: right - x };
}

const byStart = (a: Stretch | CameraEvent, b: Stretch | CameraEvent): number => a.start - b.start;

/** What is to be said about one instant. */
export interface Instant {
  readonly recorded: 'yes' | 'no' | 'unknown';
  readonly gap: Gap | undefined;
  readonly lock: Lock | undefined;
  /** The one that began last, of those that are within `nearMs`. */
  readonly event: CameraEvent | undefined;
  /** How many there are so near. */
  readonly eventCount: number;
}

/** The newest is told of when it is on the disk, and asked for every ten seconds. */
const UNTOLD_MS = 30_000;

/** From the end of what is known to now, while a camera is recorded: nothing is missing there, it was only not told of yet. */
export function untoldOf(
  timeline: Pick<RecordingTimeline, 'ranges' | 'gaps'> | undefined,
  { isRecording, nowMs }: { isRecording: boolean; nowMs: number },
): TimeSpan | undefined {
  const endMs = timeline?.ranges.at(-1)?.end;
  if (!isRecording || endMs === undefined || nowMs <= endMs || nowMs - endMs > UNTOLD_MS) return undefined;
  if (timeline?.gaps.some(({ end }) => end > endMs) === true) return undefined;
  return { fromMs: endMs, toMs: nowMs };
}

export function instantOf(
  timeMs: number,
  timeline: Pick<RecordingTimeline, 'ranges' | 'gaps' | 'locks'> | undefined,
  events: readonly CameraEvent[],
  nearMs: number,
  untold?: TimeSpan,
): Instant {
  const within = ({ start, end }: Stretch): boolean => timeMs >= start && timeMs < end;
  const gap = timeline?.gaps.find(within);
  const isUntold = untold !== undefined && timeMs >= untold.fromMs && timeMs <= untold.toMs;
  const inRange = isUntold || timeline?.ranges.some(within) === true;
  const near = events.filter(
    ({ start, end, isActive }) => timeMs >= start - nearMs && (isActive || timeMs <= (end ?? start) + nearMs),
  );
  return {
    recorded: inRange ? 'yes' : gap !== undefined ? 'no' : 'unknown',
    gap,
    lock: timeline?.locks.find(within),
    eventCount: near.length,
    event: near.reduce<CameraEvent | undefined>(
      (last, event) => (last === undefined || event.start >= last.start ? event : last),
      undefined,
    ),
  };
}

/** One picture of the row of small pictures: what part of the time line it covers, and the kept picture it shows. */
export interface FilmCell extends Box {
  readonly atMs: number;
}

/**
 * Cells of equal length, fixed to the clock so that they move along with it, each with the kept picture (`keptMs`, oldest
 * first) nearest to its middle; none where none was kept.
 */
export function filmCells(
  view: TimeSpan,
  widthPx: number,
  cellPx: number,
  keptMs: readonly number[],
): readonly FilmCell[] {
  const cellMs = 1000 * 2 ** Math.max(0, Math.ceil(Math.log2(((lengthOf(view) / widthPx) * cellPx) / 1000)));
  const cells: FilmCell[] = [];
  for (let startMs = Math.floor(view.fromMs / cellMs) * cellMs; startMs < view.toMs; startMs += cellMs) {
    const atMs = nearest(keptMs, startMs + cellMs / 2);
    // A picture is good for as long as a cell, or until the next one is taken.
    if (atMs === undefined || Math.abs(atMs - startMs - cellMs / 2) > Math.max(cellMs / 2, KEPT_EVERY_MS))
      continue;
    cells.push({ x: xOf(startMs, view, widthPx), width: (cellMs / lengthOf(view)) * widthPx, atMs });
  }
  return cells;
}

/** Small pictures are kept about that far apart. */
const KEPT_EVERY_MS = 10_000;

/** Of times in rising order; undefined where there are none. */
export function nearest(sortedMs: readonly number[], timeMs: number): number | undefined {
  let low = 0;
  let high = sortedMs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sortedMs[middle] ?? 0) < timeMs) low = middle + 1;
    else high = middle;
  }
  const [before, after] = [sortedMs[low - 1], sortedMs[low]];
  if (before === undefined || after === undefined) return before ?? after;
  return timeMs - before <= after - timeMs ? before : after;
}
