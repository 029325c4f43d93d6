import { dateTime, day, timeOfDay } from '../i18n/formats.ts';
import { streamOf } from '../store/streams.ts';
import { titleOf } from '../store/titles.ts';
import { t } from './texts.ts';

/** What a stream is called; it may be gone while something of it is still kept. */
export function nameOf({ app, name }: { readonly app: string; readonly name: string }): string {
  return titleOf(streamOf(app, name) ?? { app, name });
}

/** `21 Nov 2026 14:05:09 to 14:20:00`: the day is told again only where it is another one. */
export function spanText(fromMs: number, toMs: number): string {
  const to = day(fromMs) === day(toMs) ? timeOfDay(toMs) : dateTime(toMs);
  return t('span', { from: dateTime(fromMs), to });
}
