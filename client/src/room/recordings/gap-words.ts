import { GAP_WORDS } from '../../../../shared/gap-words.ts';
import type { GapReason } from '../../../../shared/recording.ts';
import { texts } from '../i18n/index.ts';

/** Why nothing was recorded, as the end of a sentence such as "Not recorded 14:05 to 14:06: ...". */
export const gapWords: (reason: GapReason) => string = texts<GapReason>({
  en: GAP_WORDS,
  de: {
    CAMERA_UNREACHABLE: 'die Kamera war nicht erreichbar',
    CAMERA_AUTH_FAILED: 'die Kamera lehnte Benutzername oder Passwort ab',
    CAMERA_CERTIFICATE: 'dem Zertifikat der Kamera wurde nicht vertraut',
    CAMERA_NOT_RTSP: 'was antwortete, war keine RTSP-Kamera',
    CAMERA_REFUSED: 'die Kamera wollte nicht senden',
    CAMERA_NO_H264: 'die Kamera sandte weder H.264 noch H.265',
    CAMERA_BAD_DATA: 'die Kamera sandte Unlesbares',
    CAMERA_NO_KEY_FRAME: 'die Kamera sandte kein Schlüsselbild zum Anfangen',
    CAMERA_SILENT: 'die Kamera sandte nichts',
    CAMERA_CLOSED: 'die Kamera beendete die Verbindung',
    ADDRESS_FORBIDDEN: 'die Adresse der Kamera war nicht erlaubt',
    CAMERA_NOT_ONVIF: 'was antwortete, war kein ONVIF-Gerät oder nannte keinen Stream',
    NO_PUBLISHER: 'niemand veröffentlichte den Stream',
    TRANSCODER_BUSY: 'es wurden schon zu viele Streams umgewandelt',
    TRANSCODER_FAILED: 'das Umwandeln des Streams misslang',
    INTERNAL: 'das Gateway versagte',
    STOPPED: 'der Stream war angehalten',
    NO_KEY_FRAME: 'die Kamera sandte kein Schlüsselbild',
    RECORDER_RESTARTED: 'der Rekorder startete neu',
    SERVER_STOPPED: 'das Gateway lief nicht',
    DISK_FULL: 'die Platte war voll',
    DISK_MISSING: 'die Platte fehlte',
    DISK_SLOW: 'die Platte war zu langsam',
    DISK_ERROR: 'die Platte hatte einen Fehler',
    RECORDING_OFF: 'die Aufnahme war ausgeschaltet',
    CLOCK_STEPPED: 'die Uhr des Gateways wurde vorgestellt',
    EXPIRED: 'es wurde aufgenommen und seither gelöscht, um Platz zu machen',
    DELETED: 'es wurde aufgenommen und seither auf Wunsch gelöscht',
    FILE_LOST: 'es wurde aufgenommen, aber die Dateien sind verschwunden',
  },
});
