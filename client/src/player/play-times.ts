import type { TimeRange } from './playback-engine.ts';

const ISO_DATE = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/;

/** A time as the attributes take it: Unix milliseconds, or a date as in ISO 8601. Undefined where it is neither. */
export function parseTime(text: string): number | undefined {
  const trimmed = text.trim();
  // Browsers' own parsers take all sorts of texts, each its own.
  const ms = /^\d{1,15}$/.test(trimmed)
    ? Number(trimmed)
    : ISO_DATE.test(trimmed)
      ? Date.parse(trimmed)
      : Number.NaN;
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined;
}

export type AskedTime =
  | { readonly kind: 'live' }
  | { readonly kind: 'recorded'; readonly range: TimeRange }
  | { readonly kind: 'bad'; readonly message: string };

/** What the attributes `start-time` and `end-time` ask for. */
export function askedTime(start: string | null, end: string | null): AskedTime {
  if (start === null && end === null) return { kind: 'live' };
  if (start === null) return { kind: 'bad', message: 'end-time needs a start-time beside it.' };
  const startMs = parseTime(start);
  const endMs = end === null ? undefined : parseTime(end);
  if (startMs === undefined) return { kind: 'bad', message: wrong('start-time', start) };
  if (end !== null && endMs === undefined) return { kind: 'bad', message: wrong('end-time', end) };
  if (endMs !== undefined && endMs <= startMs) {
    return { kind: 'bad', message: 'end-time has to be later than start-time.' };
  }
  return { kind: 'recorded', range: { startMs, endMs } };
}

/** `2026-11-21 14:05:09` in the viewer's time zone: the same everywhere, and in the order of time. */
export function clockText(timeMs: number): string {
  const date = new Date(timeMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function wrong(name: string, text: string): string {
  return `${name} "${text.slice(0, 40)}" is no time; expected Unix milliseconds or a date such as 2026-11-21T14:05:00Z.`;
}
