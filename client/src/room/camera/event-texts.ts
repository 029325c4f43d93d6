import type { CameraEvent, EventKind } from '../../../../shared/events.ts';
import { texts } from '../i18n/index.ts';

export const eventKind: (kind: EventKind) => string = texts<EventKind>({
  en: {
    motion: 'motion',
    input: 'input',
    tamper: 'tampering',
    line: 'line crossed',
    sound: 'sound',
    other: 'event',
  },
  de: {
    motion: 'Bewegung',
    input: 'Eingang',
    tamper: 'Sabotage',
    line: 'Linie überquert',
    sound: 'Geräusch',
    other: 'Ereignis',
  },
});

/** `motion: gate`, where it has a name of its own. */
export function eventText({ kind, label }: CameraEvent): string {
  return label === undefined ? eventKind(kind) : `${eventKind(kind)}: ${label}`;
}
