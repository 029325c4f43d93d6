import { language } from './index.ts';

/** Numbers, sizes and times as the page's language writes them. Times are the viewer's own. */

/** As the viewer's own country writes that language, so that a Briton reads `21 Nov 2026` and an American `Nov 21, 2026`. */
export function localeOf(language: string, viewers: readonly string[]): string {
  return viewers.find((one) => one.toLowerCase().split('-')[0] === language) ?? language;
}
const locale = (): string => localeOf(language.value, navigator.languages);

const formatters = new Map<string, Intl.DateTimeFormat>();

function dateFormat(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const id = `${locale()} ${JSON.stringify(options)}`;
  let format = formatters.get(id);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(locale(), options);
    formatters.set(id, format);
  }
  return format;
}

/** `14:05:09`, whatever the language: recordings are looked for to the second. */
export function timeOfDay(timeMs: number): string {
  return dateFormat({ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(
    timeMs,
  );
}

/** `21 Nov 2026`. */
export function day(timeMs: number): string {
  return dateFormat({ day: 'numeric', month: 'short', year: 'numeric' }).format(timeMs);
}

/** `21 Nov 2026 14:05:09`. */
export function dateTime(timeMs: number): string {
  return `${day(timeMs)} ${timeOfDay(timeMs)}`;
}

/** `14:05:09` of today, else `21 Nov 14:05:09`, with the year where that is another one. */
export function shortTime(timeMs: number, nowMs: number): string {
  const [date, today] = [new Date(timeMs), new Date(nowMs)];
  if (date.toDateString() === today.toDateString()) return timeOfDay(timeMs);
  if (date.getFullYear() !== today.getFullYear()) return dateTime(timeMs);
  return `${dateFormat({ day: 'numeric', month: 'short' }).format(timeMs)} ${timeOfDay(timeMs)}`;
}

export function number(value: number, digits = 0): string {
  return new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(value);
}

/** As {@link number}, without marks between its thousands: for fields, and for what is no amount. */
export function plainNumber(value: number, digits: number): string {
  return new Intl.NumberFormat(locale(), { maximumFractionDigits: digits, useGrouping: false }).format(value);
}

/** `4.1 Mbit/s`. */
export function bitrate(kbps: number): string {
  return kbps >= 1000 ? `${number(kbps / 1000, 1)} Mbit/s` : `${number(kbps)} kbit/s`;
}

/** `4.1 GB`, as disks count. */
export function size(bytes: number): string {
  const units = ['kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${number(value, value >= 10 || unit === 0 ? 0 : 1)} ${units[unit]}`;
}
