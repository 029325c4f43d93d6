const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Unix milliseconds; what the time line shows. */
export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Span {
  readonly label: string;
  /** Undefined is a day of the calendar. */
  readonly ms: number | undefined;
}

/** How much the time line can show. */
export const SPANS: readonly Span[] = [
  { label: 'Day', ms: undefined },
  { label: '6 h', ms: 6 * HOUR_MS },
  { label: '1 h', ms: HOUR_MS },
  { label: '10 min', ms: 10 * MINUTE_MS },
];

/** The viewer's day around a time; 23 or 25 hours long where the clocks change. */
export function dayOf(timeMs: number): TimeWindow {
  const date = new Date(timeMs);
  const [year, month, day] = [date.getFullYear(), date.getMonth(), date.getDate()];
  return { fromMs: new Date(year, month, day).getTime(), toMs: new Date(year, month, day + 1).getTime() };
}

/** A window of that span with the time in its middle. */
export function windowAround(timeMs: number, { ms }: Span): TimeWindow {
  if (ms === undefined) return dayOf(timeMs);
  const fromMs = Math.round(timeMs - ms / 2);
  return { fromMs, toMs: fromMs + ms };
}

/** The window before or behind that one. */
export function neighbour({ fromMs, toMs }: TimeWindow, span: Span, direction: -1 | 1): TimeWindow {
  if (span.ms === undefined) return dayOf(direction < 0 ? fromMs - 1 : toMs);
  return { fromMs: fromMs + direction * span.ms, toMs: toMs + direction * span.ms };
}

/** 0 at the window's beginning to 1 at its end. */
export function shareOf(timeMs: number, { fromMs, toMs }: TimeWindow): number {
  return Math.min(1, Math.max(0, (timeMs - fromMs) / (toMs - fromMs)));
}

export function timeAtShare(share: number, { fromMs, toMs }: TimeWindow): number {
  return Math.round(fromMs + Math.min(1, Math.max(0, share)) * (toMs - fromMs));
}

export function contains({ fromMs, toMs }: TimeWindow, timeMs: number): boolean {
  return timeMs >= fromMs && timeMs < toMs;
}

export interface Tick {
  readonly timeMs: number;
  /** `14:00`. */
  readonly label: string;
}

const STEPS_MS = [1, 2, 5, 10, 30, 60, 180, 360].map((minutes) => minutes * MINUTE_MS);

/** Marks at round times of the viewer's clock, at most `most` of them. */
export function ticksOf(window: TimeWindow, most: number): Tick[] {
  const stepMs = STEPS_MS.find((ms) => (window.toMs - window.fromMs) / ms <= most) ?? 12 * HOUR_MS;
  const minutes = stepMs / MINUTE_MS;
  const ticks: Tick[] = [];
  // Day by day, and by the hands of the clock: so marks stay round where the clocks change.
  for (let day = dayOf(window.fromMs); day.fromMs < window.toMs; day = dayOf(day.toMs)) {
    const date = new Date(day.fromMs);
    for (let minute = 0; minute < 24 * 60; minute += minutes) {
      const at = new Date(date.getFullYear(), date.getMonth(), date.getDate(), 0, minute);
      const timeMs = at.getTime();
      // An hour that the clocks leap over has no marks.
      const exists = at.getMinutes() === minute % 60 && at.getHours() === Math.floor(minute / 60);
      if (exists && timeMs >= window.fromMs && timeMs < window.toMs) {
        ticks.push({ timeMs, label: `${two(at.getHours())}:${two(at.getMinutes())}` });
      }
    }
  }
  return ticks;
}

interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** Joins what is so close together that no eye could tell it apart. */
export function joined(ranges: readonly Stretch[], closerThanMs: number): Stretch[] {
  const made: { start: number; end: number }[] = [];
  for (const { start, end } of ranges) {
    const last = made.at(-1);
    if (last !== undefined && start - last.end < closerThanMs) last.end = Math.max(last.end, end);
    else made.push({ start, end });
  }
  return made;
}

/** `2026-11-21T14:05:09`, as date fields take it, in the viewer's time zone. */
export function localIso(timeMs: number): string {
  const date = new Date(timeMs);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `14:05:09`. */
export function timeOfDay(timeMs: number): string {
  return localIso(timeMs).slice(11);
}

/** `2 days 3 h`, `1 h 5 min`, `42 s`: the two largest parts. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(' ');
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
