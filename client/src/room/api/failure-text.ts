import { language, texts } from '../i18n/index.ts';
import type { Failure } from './call.ts';

/** What most requests can fail with; of the others the gateway's own words are shown. */
const KNOWN = [
  'UNREACHABLE',
  'BAD_ANSWER',
  'UNAUTHORIZED',
  'FORBIDDEN',
  'STREAM_NOT_FOUND',
  'STREAM_EXISTS',
  'STREAM_READ_ONLY',
  'LAYOUT_NOT_FOUND',
  'RATE_LIMITED',
  'STORAGE_UNAVAILABLE',
  'INSUFFICIENT_STORAGE',
  'SHUTTING_DOWN',
  'INTERNAL',
] as const;
type Known = (typeof KNOWN)[number];

const words = texts<Known>({
  en: {
    UNREACHABLE: 'The gateway cannot be reached. Check that it runs, then try again.',
    BAD_ANSWER: 'The gateway sent something unexpected. Reload the page.',
    UNAUTHORIZED: 'You are not logged in any more. Reload the page and log in.',
    FORBIDDEN: 'This is not allowed from here. Open the page at the gateway’s own address.',
    STREAM_NOT_FOUND: 'There is no such camera any more. Reload the page.',
    STREAM_EXISTS: 'There is a camera of this name already. Choose another name.',
    STREAM_READ_ONLY:
      'This camera is set up in the configuration file; change it there and restart the gateway.',
    LAYOUT_NOT_FOUND: 'There is no such layout any more; somebody removed it. Save yours under a new name.',
    RATE_LIMITED: 'That was too often. Wait a moment, then try again.',
    STORAGE_UNAVAILABLE: 'The disk with the recordings cannot be read. Check it, then try again.',
    INSUFFICIENT_STORAGE: 'The disk is full. Make room, then try again.',
    SHUTTING_DOWN: 'The gateway is shutting down. Try again in a moment.',
    INTERNAL: 'Something went wrong in the gateway. Try again; its log tells more.',
  },
  de: {
    UNREACHABLE: 'Das Gateway ist nicht erreichbar. Prüfen Sie, ob es läuft, und versuchen Sie es erneut.',
    BAD_ANSWER: 'Das Gateway hat etwas Unerwartetes gesendet. Laden Sie die Seite neu.',
    UNAUTHORIZED: 'Sie sind nicht mehr angemeldet. Laden Sie die Seite neu und melden Sie sich an.',
    FORBIDDEN:
      'Das ist von hier aus nicht erlaubt. Öffnen Sie die Seite unter der eigenen Adresse des Gateways.',
    STREAM_NOT_FOUND: 'Diese Kamera gibt es nicht mehr. Laden Sie die Seite neu.',
    STREAM_EXISTS: 'Es gibt schon eine Kamera mit diesem Namen. Wählen Sie einen anderen.',
    STREAM_READ_ONLY:
      'Diese Kamera steht in der Konfigurationsdatei; ändern Sie sie dort und starten Sie das Gateway neu.',
    LAYOUT_NOT_FOUND:
      'Diese Anordnung gibt es nicht mehr; jemand hat sie entfernt. Speichern Sie Ihre unter einem neuen Namen.',
    RATE_LIMITED: 'Das war zu oft. Warten Sie kurz und versuchen Sie es erneut.',
    STORAGE_UNAVAILABLE:
      'Die Festplatte mit den Aufnahmen ist nicht lesbar. Prüfen Sie sie und versuchen Sie es erneut.',
    INSUFFICIENT_STORAGE: 'Die Festplatte ist voll. Schaffen Sie Platz und versuchen Sie es erneut.',
    SHUTTING_DOWN: 'Das Gateway fährt herunter. Versuchen Sie es gleich noch einmal.',
    INTERNAL: 'Im Gateway ist etwas schiefgegangen. Versuchen Sie es erneut; sein Protokoll sagt mehr.',
  },
});

const OURS: ReadonlySet<string> = new Set(['UNREACHABLE', 'BAD_ANSWER', 'UNAUTHORIZED']);
const isKnown = (code: string): code is Known => (KNOWN as readonly string[]).includes(code);

/** Why a request failed and what to do about it, in the page's language as far as the page knows the reason. */
export function failureText({ code, message }: Pick<Failure, 'code' | 'message'>): string {
  if (!isKnown(code)) return message;
  // The gateway says in English what it is about; what the page says itself always says more.
  return language.value === 'en' && !OURS.has(code) ? message : words(code);
}
