import type { TimeSpan } from '../../recordings/api.ts';

/** The narrowest view: a second is some hundred pixels wide then. */
export const MIN_SPAN_MS = 5_000;
/** The gateway tells of 31 days at once; one of them may have 25 hours. */
export const MAX_SPAN_MS = 30 * 86_400_000;
/** How much of the view may lie ahead of now. */
const AHEAD_SHARE = 0.25;

export const lengthOf = ({ fromMs, toMs }: TimeSpan): number => toMs - fromMs;

/** Where a time is, in pixels from the left; outside of the view it is below 0 or above the width. */
export function xOf(timeMs: number, view: TimeSpan, widthPx: number): number {
  return ((timeMs - view.fromMs) / lengthOf(view)) * widthPx;
}

/** The other way round. */
export function timeAt(x: number, view: TimeSpan, widthPx: number): number {
  return view.fromMs + (x / widthPx) * lengthOf(view);
}

export function contains({ fromMs, toMs }: TimeSpan, timeMs: number): boolean {
  return timeMs >= fromMs && timeMs < toMs;
}

/** Keeps the view within what may be shown: long enough, short enough, not far into the future. */
export function bounded(view: TimeSpan, nowMs: number): TimeSpan {
  const spanMs = Math.min(MAX_SPAN_MS, Math.max(MIN_SPAN_MS, lengthOf(view)));
  const latestMs = nowMs + spanMs * AHEAD_SHARE;
  const middleMs = (view.fromMs + view.toMs) / 2;
  // Where the length is right the ends stay as they are, to the millisecond.
  const fromMs = spanMs === lengthOf(view) ? view.fromMs : middleMs - spanMs / 2;
  const inTimeMs = Math.max(0, Math.min(fromMs, latestMs - spanMs));
  return { fromMs: inTimeMs, toMs: inTimeMs + spanMs };
}

/** Longer (`factor` above 1) or shorter, while what is at `anchorMs` stays where it is. */
export function zoomed(view: TimeSpan, factor: number, anchorMs: number, nowMs: number): TimeSpan {
  const spanMs = Math.min(MAX_SPAN_MS, Math.max(MIN_SPAN_MS, lengthOf(view) * factor));
  const share = (anchorMs - view.fromMs) / lengthOf(view);
  const fromMs = anchorMs - share * spanMs;
  return bounded({ fromMs, toMs: fromMs + spanMs }, nowMs);
}

export function moved({ fromMs, toMs }: TimeSpan, byMs: number, nowMs: number): TimeSpan {
  return bounded({ fromMs: fromMs + byMs, toMs: toMs + byMs }, nowMs);
}

export function viewAround(timeMs: number, spanMs: number, nowMs: number): TimeSpan {
  return bounded({ fromMs: timeMs - spanMs / 2, toMs: timeMs + spanMs / 2 }, nowMs);
}

/** The view moved no further than needed for that time to be well inside. */
export function showing(view: TimeSpan, timeMs: number, nowMs: number): TimeSpan {
  const margin = lengthOf(view) * 0.08;
  if (timeMs < view.fromMs + margin) return moved(view, timeMs - view.fromMs - margin, nowMs);
  if (timeMs > view.toMs - margin) return moved(view, timeMs - view.toMs + margin, nowMs);
  return view;
}

/** Two fingers keep the times that they were put on, `before` and `after` in pixels. */
export function pinched(
  view: TimeSpan,
  widthPx: number,
  before: readonly [number, number],
  after: readonly [number, number],
  nowMs: number,
): TimeSpan {
  // Fingers that cross or touch would turn time around.
  const apart = (pair: readonly [number, number]): number => Math.max(8, Math.abs(pair[1] - pair[0]));
  const spanMs = Math.min(
    MAX_SPAN_MS,
    Math.max(MIN_SPAN_MS, (lengthOf(view) * apart(before)) / apart(after)),
  );
  const heldMs = timeAt((before[0] + before[1]) / 2, view, widthPx);
  const fromMs = heldMs - ((after[0] + after[1]) / 2 / widthPx) * spanMs;
  return bounded({ fromMs, toMs: fromMs + spanMs }, nowMs);
}

/** The viewer's day around a time; 23 or 25 hours long where the clocks change. */
export function dayOf(timeMs: number): TimeSpan {
  const date = new Date(timeMs);
  const [year, month, day] = [date.getFullYear(), date.getMonth(), date.getDate()];
  return { fromMs: new Date(year, month, day).getTime(), toMs: new Date(year, month, day + 1).getTime() };
}

/** The gateway tells of so much at once. */
const MAX_ASKED_MS = 31 * 86_400_000;

/** The view and half as much again on both sides, for whoever moves on; in whole milliseconds, as the gateway is asked. */
export function padded(view: TimeSpan): TimeSpan {
  const padMs = Math.max(0, Math.min(lengthOf(view) / 2, (MAX_ASKED_MS - lengthOf(view)) / 2));
  return { fromMs: Math.max(0, Math.round(view.fromMs - padMs)), toMs: Math.round(view.toMs + padMs) };
}
