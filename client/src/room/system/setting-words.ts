import { texts } from '../i18n/index.ts';

type Key =
  | 'recording.keepDays'
  | 'recording.maxBytes'
  | 'recording.minFreeBytes'
  | 'recording.segmentMs'
  | 'recording.thumbnails'
  | 'exports.maxRunning'
  | 'exports.keepDays'
  | 'transcode.maxVideoLegs'
  | 'demo'
  | 'log.level'
  | 'webrtc.workers'
  | 'webrtc.announcedAddresses';

const words = texts<Key | `${Key}-does`>({
  en: {
    'recording.keepDays': 'Keep recordings for',
    'recording.keepDays-does':
      'Recordings that are older are deleted, where neither the application nor the camera says otherwise.',
    'recording.maxBytes': 'Recordings take at most',
    'recording.maxBytes-does':
      'For each folder of recordings; then its oldest goes. Empty: as much as the disk holds.',
    'recording.minFreeBytes': 'Leave free on each disk',
    'recording.minFreeBytes-does': 'The oldest recordings go while less is free.',
    'recording.segmentMs': 'Length of a recorded piece',
    'recording.segmentMs-does':
      'Each ends at a key frame. Shorter: HLS is less behind; longer: fewer files. Recording begins a new piece when this is changed.',
    'recording.thumbnails': 'Small pictures along recordings',
    'recording.thumbnails-does': 'One every 10 s, for quick scrubbing.',
    'exports.maxRunning': 'Exports at once',
    'exports.maxRunning-does': 'The others wait.',
    'exports.keepDays': 'Keep exports for',
    'exports.keepDays-does': 'Finished exports are removed after it. Empty: when somebody removes them.',
    'transcode.maxVideoLegs': 'H.265 cameras converted at once',
    'transcode.maxVideoLegs-does':
      'For live viewing in browsers. Empty: one for each core, 16 with a hardware encoder. 0: none.',
    demo: 'Demo camera',
    'demo-does': 'Automatic: as long as there is no camera.',
    'log.level': 'The log tells',
    'log.level-does': '“debug” tells everything; it is for looking into trouble.',
    'webrtc.workers': 'Media workers',
    'webrtc.workers-does': 'Processes that send to viewers. Empty: one for each core.',
    'webrtc.announcedAddresses': 'Addresses told to viewers',
    'webrtc.announcedAddresses-does':
      'Where viewers’ browsers connect to, with commas; needed behind NAT or in a container. Empty: all of this machine.',
  },
  de: {
    'recording.keepDays': 'Aufnahmen behalten',
    'recording.keepDays-does':
      'Ältere werden gelöscht, wo weder die Anwendung noch die Kamera etwas anderes sagt.',
    'recording.maxBytes': 'Aufnahmen belegen höchstens',
    'recording.maxBytes-does':
      'Für jeden Ordner mit Aufnahmen; dann gehen die ältesten. Leer: so viel, wie auf die Platte passt.',
    'recording.minFreeBytes': 'Auf jeder Platte frei lassen',
    'recording.minFreeBytes-does': 'Die ältesten Aufnahmen gehen, solange weniger frei ist.',
    'recording.segmentMs': 'Länge eines Aufnahmestücks',
    'recording.segmentMs-does':
      'Jedes endet an einem Schlüsselbild. Kürzer: HLS hängt weniger nach; länger: weniger Dateien. Nach einer Änderung beginnt ein neues Stück.',
    'recording.thumbnails': 'Kleine Bilder entlang der Aufnahmen',
    'recording.thumbnails-does': 'Alle 10 s eines, für schnelles Suchen.',
    'exports.maxRunning': 'Exporte zugleich',
    'exports.maxRunning-does': 'Die anderen warten.',
    'exports.keepDays': 'Exporte behalten',
    'exports.keepDays-does': 'Fertige Exporte werden danach entfernt. Leer: wenn jemand sie entfernt.',
    'transcode.maxVideoLegs': 'H.265-Kameras zugleich umgewandelt',
    'transcode.maxVideoLegs-does':
      'Für Live-Bilder im Browser. Leer: eine je Kern, 16 mit Hardware-Encoder. 0: keine.',
    demo: 'Demokamera',
    'demo-does': 'Automatisch: solange es keine Kamera gibt.',
    'log.level': 'Das Protokoll erzählt',
    'log.level-does': '„debug“ erzählt alles; für die Fehlersuche.',
    'webrtc.workers': 'Medienprozesse',
    'webrtc.workers-does': 'Prozesse, die an Zuschauer senden. Leer: einer je Kern.',
    'webrtc.announcedAddresses': 'Adressen für Zuschauer',
    'webrtc.announcedAddresses-does':
      'Womit sich die Browser der Zuschauer verbinden, mit Komma; nötig hinter NAT oder im Container. Leer: alle dieses Rechners.',
  },
});

const KNOWN: ReadonlySet<string> = new Set<Key>([
  'recording.keepDays',
  'recording.maxBytes',
  'recording.minFreeBytes',
  'recording.segmentMs',
  'recording.thumbnails',
  'exports.maxRunning',
  'exports.keepDays',
  'transcode.maxVideoLegs',
  'demo',
  'log.level',
  'webrtc.workers',
  'webrtc.announcedAddresses',
]);

type FixedKey =
  | 'webrtc.host'
  | 'webrtc.port'
  | 'http.host'
  | 'http.port'
  | 'http.allowedOrigins'
  | 'rtsp.host'
  | 'rtsp.port'
  | 'sources.allowLoopback'
  | 'dataDir';

const fixedWords = texts<FixedKey>({
  en: {
    'webrtc.host': 'Where viewers’ media goes out. Empty: as http.host.',
    'webrtc.port': 'The port of viewers’ media, UDP and TCP; worker n takes the n-th after it.',
    'http.host': 'The address of page and API.',
    'http.port': 'The port of page and API.',
    'http.allowedOrigins': 'Other sites whose pages may show streams.',
    'rtsp.host': 'The address of the RTSP server.',
    'rtsp.port': 'The port of the RTSP server.',
    'sources.allowLoopback':
      'Whether a camera that is added here may be at this machine or at a link-local address.',
    dataDir: 'Where the database, recordings and exports are.',
  },
  de: {
    'webrtc.host': 'Wo Bild und Ton für Zuschauer hinausgehen. Leer: wie http.host.',
    'webrtc.port': 'Der Port für Bild und Ton, UDP und TCP; Prozess n nimmt den n-ten danach.',
    'http.host': 'Die Adresse von Seite und API.',
    'http.port': 'Der Port von Seite und API.',
    'http.allowedOrigins': 'Andere Webseiten, die Streams zeigen dürfen.',
    'rtsp.host': 'Die Adresse des RTSP-Servers.',
    'rtsp.port': 'Der Port des RTSP-Servers.',
    'sources.allowLoopback':
      'Ob eine hier hinzugefügte Kamera auf diesem Rechner oder unter einer Link-Local-Adresse liegen darf.',
    dataDir: 'Wo Datenbank, Aufnahmen und Exporte liegen.',
  },
});

const FIXED: ReadonlySet<string> = new Set<FixedKey>([
  'webrtc.host',
  'webrtc.port',
  'http.host',
  'http.port',
  'http.allowedOrigins',
  'rtsp.host',
  'rtsp.port',
  'sources.allowLoopback',
  'dataDir',
]);

/** What a setting is called and does; one that the page does not know yet says it in the gateway's own words. */
export function settingWords({ key, description }: { key: string; description: string }): {
  label: string;
  does: string;
} {
  if (FIXED.has(key)) return { label: key, does: fixedWords(key as FixedKey) };
  if (!KNOWN.has(key)) return { label: key, does: description };
  return { label: words(key as Key), does: words(`${key as Key}-does`) };
}
