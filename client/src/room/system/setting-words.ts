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

/** What a setting is called and does; one that the page does not know yet says it in the gateway's own words. */
export function settingWords({ key, description }: { key: string; description: string }): {
  label: string;
  does: string;
} {
  if (!KNOWN.has(key)) return { label: key, does: description };
  return { label: words(key as Key), does: words(`${key as Key}-does`) };
}
