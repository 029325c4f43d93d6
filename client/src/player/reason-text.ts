import type { Reason } from '../live/index.ts';
import type { Language } from './texts.ts';

/**
 * What each reason means and what to do next. English is there only where the message that comes with the reason does
 * not say it: the gateway's own messages do, with addresses and figures.
 */
const WORDS: ReadonlyMap<string, { readonly en?: string; readonly de: string }> = new Map([
  [
    'SERVER_UNREACHABLE',
    {
      en: 'The gateway does not answer. It is tried again by itself; if this lasts, check that it runs and that this device is on its network.',
      de: 'Das Gateway antwortet nicht. Es wird von selbst wieder versucht; dauert es an, bitte prüfen, ob es läuft und dieses Gerät in seinem Netz ist.',
    },
  ],
  [
    'CONNECTION_LOST',
    {
      en: 'The connection to the gateway was lost. It is made again by itself.',
      de: 'Die Verbindung zum Gateway ist abgebrochen. Sie wird von selbst neu aufgebaut.',
    },
  ],
  [
    'TIMED_OUT',
    {
      en: 'The gateway took too long to answer. It is tried again by itself.',
      de: 'Das Gateway hat zu lange nicht geantwortet. Es wird von selbst wieder versucht.',
    },
  ],
  [
    'NO_PICTURE',
    {
      en: 'No picture arrives. The player begins anew by itself; if this lasts, look at the camera’s report.',
      de: 'Es kommt kein Bild an. Das Abspielen beginnt von selbst neu; dauert es an, hilft der Bericht der Kamera weiter.',
    },
  ],
  ['AWAITING_KEY_FRAME', { de: 'Warten auf das nächste Schlüsselbild der Kamera.' }],
  ['HIDDEN', { de: 'Angehalten, solange es niemand sehen kann.' }],
  ['CAMERA_CONNECTING', { de: 'Die Verbindung zur Kamera wird aufgebaut.' }],
  ['CAMERA_IDLE', { de: 'Die Kamera wird geweckt.' }],
  ['CAMERA_WAITING', { de: 'Die Kamera sendet kein Bild. Sie wird von selbst wieder versucht.' }],
  [
    'CAMERA_UNREACHABLE',
    {
      de: 'Die Kamera ist nicht zu erreichen. Bitte Strom, Netz und Adresse prüfen; sie wird von selbst wieder versucht.',
    },
  ],
  [
    'CAMERA_AUTH_FAILED',
    { de: 'Die Kamera nimmt Benutzer und Passwort nicht an. Bitte in den Einstellungen der Kamera ändern.' },
  ],
  [
    'CAMERA_CERTIFICATE',
    {
      de: 'Das Zertifikat der Kamera ist nicht vertrauenswürdig. Bitte die Einstellungen der Kamera prüfen.',
    },
  ],
  [
    'CAMERA_NOT_RTSP',
    { de: 'Unter dieser Adresse antwortet etwas, das kein RTSP spricht. Bitte Adresse und Port prüfen.' },
  ],
  [
    'CAMERA_NOT_ONVIF',
    { de: 'Unter dieser Adresse antwortet kein ONVIF-Gerät mit einem Bild. Bitte die Adresse prüfen.' },
  ],
  ['CAMERA_REFUSED', { de: 'Die Kamera lehnt ab. Bitte Adresse und Einstellungen der Kamera prüfen.' }],
  [
    'CAMERA_NO_H264',
    {
      de: 'Die Kamera sendet kein Bild, das Sluice versteht. Bitte in der Kamera H.264 oder H.265 einstellen.',
    },
  ],
  ['CAMERA_BAD_DATA', { de: 'Die Kamera sendet unverständliche Daten. Sie wird von selbst neu verbunden.' }],
  [
    'CAMERA_NO_KEY_FRAME',
    {
      de: 'Die Kamera sendet keine Schlüsselbilder. Bitte in der Kamera einen Abstand von 1 bis 4 Sekunden einstellen.',
    },
  ],
  ['CAMERA_SILENT', { de: 'Die Kamera sendet nichts mehr. Sie wird von selbst neu verbunden.' }],
  ['CAMERA_CLOSED', { de: 'Die Kamera hat die Verbindung beendet. Sie wird von selbst neu verbunden.' }],
  [
    'ADDRESS_FORBIDDEN',
    { de: 'Die Adresse der Kamera ist nicht erlaubt. Bitte eine Adresse im Netz der Kameras eintragen.' },
  ],
  ['NO_PUBLISHER', { de: 'Diesen Stream sendet noch niemand.' }],
  [
    'TRANSCODER_BUSY',
    { de: 'Das Gateway kann gerade kein weiteres Bild umwandeln. Es wird von selbst wieder versucht.' },
  ],
  ['TRANSCODER_FAILED', { de: 'Das Bild ließ sich nicht umwandeln. Es wird von selbst wieder versucht.' }],
  ['STOPPED', { de: 'Dieser Stream ist angehalten.' }],
  [
    'STREAM_NOT_FOUND',
    {
      en: 'There is no such camera here, or no longer. Check its name, or add it again.',
      de: 'Diese Kamera gibt es hier nicht (mehr). Bitte den Namen prüfen oder die Kamera neu hinzufügen.',
    },
  ],
  ['STREAM_NOT_LIVE', { de: 'Die Kamera sendet gerade kein Bild. Sie wird von selbst wieder versucht.' }],
  ['UNAUTHORIZED', { de: 'Das Gateway verlangt eine Anmeldung. Bitte anmelden oder das Token prüfen.' }],
  [
    'FORBIDDEN',
    {
      de: 'Diese Seite darf das Bild nicht zeigen. Bitte in den Einstellungen des Gateways die Herkunft erlauben.',
    },
  ],
  [
    'NOT_RECORDED',
    {
      de: 'Zu dieser Zeit ist nichts aufgezeichnet. Bitte eine andere Zeit wählen oder zu Live zurückkehren.',
    },
  ],
  [
    'STORAGE_UNAVAILABLE',
    { de: 'Der Datenträger mit den Aufnahmen ist nicht da. Es wird von selbst wieder versucht.' },
  ],
  ['RATE_LIMITED', { de: 'Zu viele Anfragen auf einmal. Es wird von selbst wieder versucht.' }],
  ['TOO_MANY_VIEWERS', { de: 'Zu viele Zuschauer auf einmal. Es wird von selbst wieder versucht.' }],
  ['WORKER_DIED', { de: 'Ein Teil des Gateways startet neu. Gleich geht es weiter.' }],
  ['SHUTTING_DOWN', { de: 'Das Gateway startet neu. Gleich geht es weiter.' }],
  [
    'INTERNAL',
    {
      de: 'Im Gateway ist ein Fehler aufgetreten. Es wird von selbst wieder versucht; das Protokoll sagt mehr.',
    },
  ],
  [
    'NO_MEDIA_PATH',
    {
      de: 'Vom Gateway kommen keine Bilder über UDP oder TCP. Meist hält eine Firewall sie auf, oder die angekündigte Adresse stimmt nicht.',
    },
  ],
  [
    'SIGNALING_BLOCKED',
    {
      de: 'Der WebSocket des Gateways lässt sich nicht öffnen. Meist reicht ein Proxy davor keine WebSockets durch.',
    },
  ],
  [
    'UNSUPPORTED_BROWSER',
    { de: 'Dieser Browser kann das Bild nicht abspielen. Bitte einen anderen oder neueren Browser nehmen.' },
  ],
  [
    'NO_COMMON_CODEC',
    { de: 'Dieser Browser kann das Bild der Kamera über WebRTC nicht zeigen; vielleicht fehlt ihm H.264.' },
  ],
  ['WEBRTC_UNSUITABLE', { de: 'Das Bild dieser Kamera lässt sich über WebRTC nicht zeigen, nur über HLS.' }],
  [
    'PLAYER_NOT_LOADED',
    { de: 'Der HLS-Teil des Players ließ sich nicht laden. Dauert es an, bitte die Seite neu laden.' },
  ],
  [
    'BAD_ANSWER',
    {
      de: 'Das Gateway hat unverständlich geantwortet. Es wird von selbst wieder versucht; vielleicht hilft es, die Seite neu zu laden.',
    },
  ],
  [
    'BAD_MEDIA',
    { de: 'Ein Stück des Videos lässt sich nicht abspielen. Es wird übersprungen oder neu geladen.' },
  ],
  [
    'BAD_TIME',
    {
      de: 'Die Zeiten, die abgespielt werden sollen, sind so nicht zu verstehen. Bitte start-time und end-time prüfen.',
    },
  ],
  ['BAD_REQUEST', { de: 'Der Name des Streams ist so nicht zu verstehen. Er lautet etwa /live/haustuer.' }],
  [
    'VIEWER_LOSES_DATA',
    { de: 'Diese Verbindung ist zu langsam für das volle Bild. Es wird von selbst wieder besser versucht.' },
  ],
  [
    'VIEWER_FALLS_BEHIND',
    { de: 'Diese Verbindung kommt nicht nach. Es wird von selbst wieder besser versucht.' },
  ],
  ['VIEWER_SILENT', { de: 'Von diesem Gerät kommt keine Rückmeldung. Es wird von selbst wieder versucht.' }],
  ['VIEWER_RECOVERS', { de: 'Die Verbindung erholt sich. Gleich kommt wieder das volle Bild.' }],
]);

/** The sentence that a viewer is shown. The reason's own message is for programs too, and always English. */
export function reasonText({ code, message }: Reason, language: Language): string {
  const words = WORDS.get(code);
  return (language === 'de' ? words?.de : words?.en) ?? message;
}
