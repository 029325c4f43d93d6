import { language, texts } from '../i18n/index.ts';
import type { Failure } from './call.ts';
import { gatewayWords } from './gateway-words.ts';

const WORDS = {
  en: {
    UNREACHABLE: 'The gateway cannot be reached. Check that it runs, then try again.',
    BAD_ANSWER: 'The gateway sent something unexpected. Reload the page.',
    BAD_REQUEST: 'The gateway does not take this. Check what was entered.',
    UNAUTHORIZED: 'You are not logged in any more. Reload the page and log in.',
    FORBIDDEN: 'This is not allowed from here. Open the page at the gateway’s own address.',
    NOT_FOUND: 'The gateway does not know this. Reload the page: the gateway may have been updated.',
    STREAM_NOT_FOUND: 'There is no such camera any more: somebody removed it. Go on with another one.',
    STREAM_EXISTS: 'There is a camera of this name already. Choose another name.',
    STREAM_READ_ONLY:
      'This camera is set up in the configuration file; change it there and restart the gateway.',
    NOT_RECORDED: 'Nothing is recorded at that time. Choose another time.',
    EXPORT_NOT_FOUND: 'There is no such export any more: somebody removed it. Make a new one.',
    EXPORT_NOT_READY: 'The export is not ready yet. Wait until it is.',
    LOCK_NOT_FOUND: 'This time is not locked any more: somebody unlocked it.',
    PERIOD_FILE_NOT_FOUND: 'There is no such file any more. Reload the page.',
    EVENT_NOT_FOUND: 'There is no such event any more.',
    SCAN_NOT_FOUND: 'This search is over. Search again.',
    PROBE_NOT_FOUND: 'This test is over. Test again.',
    LAYOUT_NOT_FOUND: 'There is no such layout any more; somebody removed it. Save yours under a new name.',
    ONVIF_UNSUPPORTED: 'The camera cannot do this.',
    PTZ_BUSY: 'Somebody else moves the camera just now. Try again in a moment.',
    CONFLICT: 'This does not fit how things stand. Reload the page and look again.',
    PAYLOAD_TOO_LARGE: 'This is too much at once. Send it in parts.',
    RATE_LIMITED: 'That was too often. Wait a moment, then try again.',
    TOO_MANY_VIEWERS: 'Too many are watching already. Try again later.',
    TOO_MANY_EXPORTS: 'Too many exports are waiting already. Try again when some are done.',
    TOO_MANY_SCANS: 'Other searches are running already. Try again when they are done.',
    TOO_MANY_PROBES: 'Other tests are running already. Try again when they are done.',
    INSUFFICIENT_STORAGE: 'The disk is full. Make room, then try again.',
    STORAGE_UNAVAILABLE: 'The disk with the recordings cannot be read. Check it, then try again.',
    PICTURE_DAMAGED: 'The picture of that time is damaged. Choose another time.',
    DEVICE_AUTH_FAILED: 'The camera does not take the user name and password. Enter them again.',
    DEVICE_UNREACHABLE: 'The camera does not answer. Check its power, its network and its address.',
    DEVICE_REFUSED: 'The camera refuses this. Check what its user may do.',
    STREAM_NOT_LIVE: 'There is no picture of the camera just now. Try again when it is there.',
    SHUTTING_DOWN: 'The gateway is shutting down. Try again in a moment.',
    INTERNAL: 'Something went wrong in the gateway. Try again; its log tells more.',
  },
  de: {
    UNREACHABLE: 'Das Gateway ist nicht erreichbar. Prüfen Sie, ob es läuft, und versuchen Sie es erneut.',
    BAD_ANSWER: 'Das Gateway hat etwas Unerwartetes gesendet. Laden Sie die Seite neu.',
    BAD_REQUEST: 'Das Gateway nimmt das so nicht an. Prüfen Sie die Eingaben.',
    UNAUTHORIZED: 'Sie sind nicht mehr angemeldet. Laden Sie die Seite neu und melden Sie sich an.',
    FORBIDDEN:
      'Das ist von hier aus nicht erlaubt. Öffnen Sie die Seite unter der eigenen Adresse des Gateways.',
    NOT_FOUND:
      'Das kennt das Gateway nicht. Laden Sie die Seite neu: Das Gateway wurde vielleicht aktualisiert.',
    STREAM_NOT_FOUND:
      'Diese Kamera gibt es nicht mehr: Jemand hat sie entfernt. Machen Sie mit einer anderen weiter.',
    STREAM_EXISTS: 'Es gibt schon eine Kamera mit diesem Namen. Wählen Sie einen anderen.',
    STREAM_READ_ONLY:
      'Diese Kamera steht in der Konfigurationsdatei; ändern Sie sie dort und starten Sie das Gateway neu.',
    NOT_RECORDED: 'Zu dieser Zeit ist nichts aufgenommen. Wählen Sie eine andere Zeit.',
    EXPORT_NOT_FOUND: 'Diesen Export gibt es nicht mehr: Jemand hat ihn entfernt. Machen Sie einen neuen.',
    EXPORT_NOT_READY: 'Der Export ist noch nicht fertig. Warten Sie, bis er es ist.',
    LOCK_NOT_FOUND: 'Diese Zeit ist nicht mehr gesperrt: Jemand hat die Sperre aufgehoben.',
    PERIOD_FILE_NOT_FOUND: 'Diese Datei gibt es nicht mehr. Laden Sie die Seite neu.',
    EVENT_NOT_FOUND: 'Dieses Ereignis gibt es nicht mehr.',
    SCAN_NOT_FOUND: 'Diese Suche ist vorbei. Suchen Sie erneut.',
    PROBE_NOT_FOUND: 'Dieser Test ist vorbei. Testen Sie erneut.',
    LAYOUT_NOT_FOUND:
      'Diese Anordnung gibt es nicht mehr; jemand hat sie entfernt. Speichern Sie Ihre unter einem neuen Namen.',
    ONVIF_UNSUPPORTED: 'Das kann die Kamera nicht.',
    PTZ_BUSY: 'Gerade bewegt jemand anderes die Kamera. Versuchen Sie es gleich noch einmal.',
    CONFLICT: 'Das passt nicht zum jetzigen Stand. Laden Sie die Seite neu und sehen Sie noch einmal nach.',
    PAYLOAD_TOO_LARGE: 'Das ist zu viel auf einmal. Senden Sie es in Teilen.',
    RATE_LIMITED: 'Das war zu oft. Warten Sie kurz und versuchen Sie es erneut.',
    TOO_MANY_VIEWERS: 'Es sehen schon zu viele zu. Versuchen Sie es später noch einmal.',
    TOO_MANY_EXPORTS: 'Es warten schon zu viele Exporte. Versuchen Sie es, wenn einige fertig sind.',
    TOO_MANY_SCANS: 'Es laufen schon andere Suchen. Versuchen Sie es, wenn sie fertig sind.',
    TOO_MANY_PROBES: 'Es laufen schon andere Tests. Versuchen Sie es, wenn sie fertig sind.',
    INSUFFICIENT_STORAGE: 'Die Festplatte ist voll. Schaffen Sie Platz und versuchen Sie es erneut.',
    STORAGE_UNAVAILABLE:
      'Die Festplatte mit den Aufnahmen ist nicht lesbar. Prüfen Sie sie und versuchen Sie es erneut.',
    PICTURE_DAMAGED: 'Das Bild dieser Zeit ist beschädigt. Wählen Sie eine andere Zeit.',
    DEVICE_AUTH_FAILED: 'Die Kamera nimmt Benutzername und Passwort nicht an. Geben Sie sie neu ein.',
    DEVICE_UNREACHABLE: 'Die Kamera antwortet nicht. Prüfen Sie Strom, Netzwerk und Adresse.',
    DEVICE_REFUSED: 'Die Kamera lehnt das ab. Prüfen Sie, was ihr Benutzer darf.',
    STREAM_NOT_LIVE: 'Von der Kamera gibt es gerade kein Bild. Versuchen Sie es, wenn sie da ist.',
    SHUTTING_DOWN: 'Das Gateway fährt herunter. Versuchen Sie es gleich noch einmal.',
    INTERNAL: 'Im Gateway ist etwas schiefgegangen. Versuchen Sie es erneut; sein Protokoll sagt mehr.',
  },
};
type Known = keyof typeof WORDS.en;

/** What requests can fail with, and what to do then. */
const words = texts<Known>(WORDS);

/** Of these the page knows better what to do than the gateway, which speaks to programs too. */
const OURS: ReadonlySet<string> = new Set<Known>([
  ...(['UNREACHABLE', 'BAD_ANSWER', 'UNAUTHORIZED', 'STREAM_NOT_FOUND', 'STREAM_READ_ONLY'] as const),
  ...([
    'EXPORT_NOT_FOUND',
    'LOCK_NOT_FOUND',
    'SCAN_NOT_FOUND',
    'PROBE_NOT_FOUND',
    'LAYOUT_NOT_FOUND',
  ] as const),
  ...(['PERIOD_FILE_NOT_FOUND', 'EVENT_NOT_FOUND', 'SHUTTING_DOWN', 'INTERNAL'] as const),
]);
/** Of these the gateway's own message says what exactly is wrong. */
const TOLD_BY_GATEWAY: ReadonlySet<string> = new Set<Known>(['BAD_REQUEST', 'CONFLICT']);
const isKnown = (code: string): code is Known => Object.hasOwn(WORDS.en, code);

/** Why a request failed and what to do about it, in the page's language as far as the page knows the reason. */
export function failureText({ code, message }: Pick<Failure, 'code' | 'message'>): string {
  if (!isKnown(code)) return message;
  if (language.value === 'en') return OURS.has(code) ? words(code) : message;
  if (!TOLD_BY_GATEWAY.has(code)) return words(code);
  return gatewayWords(message) ?? `${words(code)} (${message})`;
}
