import { dateTime, timeOfDay } from '../../i18n/formats.ts';
import { texts } from '../../i18n/index.ts';
import { gapWords } from '../../recordings/gap-words.ts';
import { durationText, localIso } from '../../recordings/times.ts';
import { eventText } from '../event-texts.ts';
import type { Gap, Instant } from './layout.ts';

export const t = texts({
  en: {
    live: 'Live',
    recorded: 'recorded',
    unknown: 'nothing known',
    locked: 'locked',
    'locked-as': 'locked: {label}',
    'event-and-more': '{event} and {count, plural, one {# more} other {# more}}',
    gap: 'Not recorded {from} to {to} ({length}): {why}.',
  },
  de: {
    live: 'Live',
    recorded: 'aufgenommen',
    unknown: 'nichts bekannt',
    locked: 'gesperrt',
    'locked-as': 'gesperrt: {label}',
    'event-and-more': '{event} und {count, plural, one {# weiteres} other {# weitere}}',
    gap: 'Nicht aufgenommen {from} bis {to} ({length}): {why}.',
  },
});

/** `Not recorded 14:05:09 to 14:07:10 (2 min 1 s): the camera could not be reached.` */
export function gapText({ start, end, reason }: Gap): string {
  const isOneDay = localIso(start).slice(0, 10) === localIso(end).slice(0, 10);
  const clock = isOneDay ? timeOfDay : dateTime;
  return t('gap', {
    from: clock(start),
    to: clock(end),
    length: durationText(end - start),
    why: gapWords(reason),
  });
}

/** What is to be said of an instant: `recorded, locked, motion`. */
export function instantText({ recorded, gap, lock, event, eventCount }: Instant): string {
  if (gap !== undefined) return gapText(gap);
  const parts = [recorded === 'yes' ? t('recorded') : t('unknown')];
  if (lock !== undefined) {
    parts.push(lock.label === undefined ? t('locked') : t('locked-as', { label: lock.label }));
  }
  if (event !== undefined) {
    const text = eventText(event);
    parts.push(eventCount > 1 ? t('event-and-more', { event: text, count: eventCount - 1 }) : text);
  }
  return parts.join(', ');
}
