import { WAIT_REASONS, type WaitReason } from '../../../../shared/errors.ts';
import { texts } from '../i18n/index.ts';

/** Why there is no picture, in a few words. */
type TodoKey = `${WaitReason}-todo`;

const words = texts<WaitReason | TodoKey>({
  en: {
    CAMERA_UNREACHABLE: 'Camera not reachable',
    'CAMERA_UNREACHABLE-todo': 'Check that it has power and network, and that its address is right.',
    CAMERA_AUTH_FAILED: 'Log-in refused',
    'CAMERA_AUTH_FAILED-todo': 'Enter its user name and password again.',
    CAMERA_CERTIFICATE: 'Certificate not trusted',
    'CAMERA_CERTIFICATE-todo': 'Compare the fingerprint with the camera’s own page and take it over.',
    CAMERA_NOT_RTSP: 'No video at this address',
    'CAMERA_NOT_RTSP-todo': 'Check the port: something answers there, but not as a camera does.',
    CAMERA_REFUSED: 'The camera refuses',
    'CAMERA_REFUSED-todo': 'Check the path of its address, and whether too many others watch it.',
    CAMERA_NO_H264: 'No usable video',
    'CAMERA_NO_H264-todo': 'Switch the camera’s video to H.264 or H.265.',
    CAMERA_BAD_DATA: 'Unreadable video',
    'CAMERA_BAD_DATA-todo': 'Restart the camera, or look for an update of its firmware.',
    CAMERA_NO_KEY_FRAME: 'Waiting for a key frame',
    'CAMERA_NO_KEY_FRAME-todo': 'Set a shorter key-frame interval in the camera (1 to 2 s).',
    CAMERA_SILENT: 'The camera sends nothing',
    'CAMERA_SILENT-todo': 'It is tried again. Check its network, or restart it.',
    CAMERA_CLOSED: 'The camera hung up',
    'CAMERA_CLOSED-todo': 'It is tried again. Where that goes on, restart the camera.',
    ADDRESS_FORBIDDEN: 'Address not allowed',
    'ADDRESS_FORBIDDEN-todo': 'Use the camera’s own address in your network.',
    CAMERA_NOT_ONVIF: 'No stream over ONVIF',
    'CAMERA_NOT_ONVIF-todo': 'Switch ONVIF on in the camera, or use its RTSP address.',
    NO_PUBLISHER: 'Nobody publishes',
    'NO_PUBLISHER-todo': 'Start the program that sends this stream.',
    TRANSCODER_BUSY: 'No room to convert',
    'TRANSCODER_BUSY-todo': 'Close other cameras, or set this one to H.264.',
    TRANSCODER_FAILED: 'Cannot be converted',
    'TRANSCODER_FAILED-todo': 'Set the camera’s video to H.264.',
    INTERNAL: 'The gateway failed',
    'INTERNAL-todo': 'Its log on the System page says more.',
    STOPPED: 'Stopped',
    'STOPPED-todo': 'Restart it from its menu.',
  },
  de: {
    CAMERA_UNREACHABLE: 'Kamera nicht erreichbar',
    'CAMERA_UNREACHABLE-todo': 'Prüfen Sie Strom, Netzwerk und ihre Adresse.',
    CAMERA_AUTH_FAILED: 'Anmeldung abgelehnt',
    'CAMERA_AUTH_FAILED-todo': 'Geben Sie Benutzername und Passwort neu ein.',
    CAMERA_CERTIFICATE: 'Zertifikat nicht vertraut',
    'CAMERA_CERTIFICATE-todo':
      'Vergleichen Sie den Fingerabdruck mit der Webseite der Kamera und übernehmen Sie ihn.',
    CAMERA_NOT_RTSP: 'Kein Video unter dieser Adresse',
    'CAMERA_NOT_RTSP-todo': 'Prüfen Sie den Port: Dort antwortet etwas, aber nicht wie eine Kamera.',
    CAMERA_REFUSED: 'Die Kamera lehnt ab',
    'CAMERA_REFUSED-todo': 'Prüfen Sie den Pfad ihrer Adresse und ob zu viele andere zusehen.',
    CAMERA_NO_H264: 'Kein brauchbares Video',
    'CAMERA_NO_H264-todo': 'Stellen Sie das Video der Kamera auf H.264 oder H.265.',
    CAMERA_BAD_DATA: 'Unlesbares Video',
    'CAMERA_BAD_DATA-todo': 'Starten Sie die Kamera neu oder aktualisieren Sie ihre Firmware.',
    CAMERA_NO_KEY_FRAME: 'Wartet auf ein Schlüsselbild',
    'CAMERA_NO_KEY_FRAME-todo': 'Stellen Sie in der Kamera öftere Schlüsselbilder ein (alle 1 bis 2 s).',
    CAMERA_SILENT: 'Die Kamera sendet nichts',
    'CAMERA_SILENT-todo': 'Es wird weiter versucht. Prüfen Sie ihr Netzwerk oder starten Sie sie neu.',
    CAMERA_CLOSED: 'Die Kamera hat aufgelegt',
    'CAMERA_CLOSED-todo': 'Es wird weiter versucht. Hilft das nicht, starten Sie die Kamera neu.',
    ADDRESS_FORBIDDEN: 'Adresse nicht erlaubt',
    'ADDRESS_FORBIDDEN-todo': 'Nehmen Sie die eigene Adresse der Kamera in Ihrem Netz.',
    CAMERA_NOT_ONVIF: 'Kein Stream über ONVIF',
    'CAMERA_NOT_ONVIF-todo': 'Schalten Sie ONVIF in der Kamera ein oder nehmen Sie ihre RTSP-Adresse.',
    NO_PUBLISHER: 'Niemand sendet',
    'NO_PUBLISHER-todo': 'Starten Sie das Programm, das diesen Stream sendet.',
    TRANSCODER_BUSY: 'Kein Platz zum Umwandeln',
    'TRANSCODER_BUSY-todo': 'Schließen Sie andere Kameras oder stellen Sie diese auf H.264.',
    TRANSCODER_FAILED: 'Kann nicht umgewandelt werden',
    'TRANSCODER_FAILED-todo': 'Stellen Sie das Video der Kamera auf H.264.',
    INTERNAL: 'Das Gateway hat versagt',
    'INTERNAL-todo': 'Mehr sagt sein Protokoll auf der Seite System.',
    STOPPED: 'Angehalten',
    'STOPPED-todo': 'Starten Sie sie über ihr Menü neu.',
  },
});

interface WaitText {
  readonly title: string;
  /** What to do about it. */
  readonly todo: string;
}

const KNOWN: ReadonlySet<string> = new Set(WAIT_REASONS);

/**
 * Why there is no picture and what to do about it, in few words; undefined for a code that is none of a camera's. The
 * gateway's own words (`message` of the reason) tell the address too, but in English only.
 */
export function waitText(reason: string | { readonly code: string }): WaitText | undefined {
  const code = typeof reason === 'string' ? reason : reason.code;
  if (!KNOWN.has(code)) return undefined;
  const known = code as WaitReason;
  return { title: words(known), todo: words(`${known}-todo`) };
}

const MENDED_BY_CHANGE = new Set<string>([
  'CAMERA_UNREACHABLE',
  'CAMERA_AUTH_FAILED',
  'CAMERA_CERTIFICATE',
  'CAMERA_NOT_RTSP',
  'CAMERA_REFUSED',
  'ADDRESS_FORBIDDEN',
  'CAMERA_NOT_ONVIF',
] satisfies WaitReason[]);

/** Whether the camera's address, log-in or fingerprint may be what is wrong, so that its form should be at hand. */
export function isMendedByChange(code: string | undefined): boolean {
  return code !== undefined && MENDED_BY_CHANGE.has(code);
}
