import { unixMsOf } from '../../../shared/time.ts';
import { at, numberAt } from '../xml/find.ts';
import type { XmlElement } from '../xml/parse.ts';

/**
 * The device's time in Unix milliseconds, of a GetSystemDateAndTimeResponse (ONVIF Core section 8.3). Undefined where it has none, as some by
 * GWellTimes, or one that is no time.
 */
export function readDateAndTime(reply: XmlElement): number | undefined {
  const all = at(reply, 'SystemDateAndTime');
  // The local time is wrong by the zone, which is better than nothing: only the difference to it counts.
  const time = at(all, 'UTCDateTime') ?? at(all, 'LocalDateTime');
  const [year, month, day] = ['Year', 'Month', 'Day'].map((name) => numberAt(time, 'Date', name));
  const [hour, minute, second] = ['Hour', 'Minute', 'Second'].map((name) => numberAt(time, 'Time', name));
  if (year === undefined || month === undefined || day === undefined) return undefined;
  if (hour === undefined || minute === undefined || second === undefined) return undefined;
  const two = (value: number) => String(value).padStart(2, '0');
  // A leap second, and 24 o'clock as some have it at midnight, are no times of ISO 8601 for JavaScript.
  const text = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${two(hour % 24)}:${two(minute)}:${two(Math.min(second, 59))}Z`;
  return unixMsOf(text);
}
