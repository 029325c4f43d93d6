import { language } from '../i18n/index.ts';

const URL_LIKE = 'erwartet wird etwas wie rtsp://10.0.0.5/stream1';

/** What the gateway says of what was entered, and the same in German; `$1` and the like are kept as they are. */
const GERMAN: readonly (readonly [RegExp, string])[] = [
  [/^is missing; expected .+$/, 'fehlt'],
  [
    /^must be 1 to 64 letters, digits, "_" or "-", and start with a letter or digit$/,
    'darf 1 bis 64 Buchstaben, Ziffern, „_“ und „-“ haben und muss mit einem Buchstaben oder einer Ziffer beginnen',
  ],
  [/^must look like app\/name, for example (.+)$/, 'muss wie App/Name aussehen, zum Beispiel $1'],
  [/^must be one of (.+)$/, 'muss eines von diesen sein: $1'],
  [/^must be a(?:n integer| whole number).*$/, 'muss eine ganze Zahl sein'],
  [/^must be a number.*$/, 'muss eine Zahl sein'],
  [/^must be a boolean.*$/, 'muss ja oder nein sein'],
  [/^must be a string.*$/, 'muss ein Text sein'],
  [
    /^must be the SHA-256 of the camera's certificate, .+$/,
    'muss der SHA-256 des Zertifikats der Kamera sein, 64 Hexziffern mit oder ohne Doppelpunkte',
  ],
  [/^is too big: expected string to have <=(\d+) characters$/, 'ist zu lang; höchstens $1 Zeichen'],
  [/^is too small: expected string to have >=1 characters$/, 'fehlt'],
  [/^is too small: expected string to have >=(\d+) characters$/, 'ist zu kurz; mindestens $1 Zeichen'],
  [/^is too big: expected number to be <=(.+)$/, 'ist zu groß; höchstens $1'],
  [/^is too small: expected number to be >=(.+)$/, 'ist zu klein; mindestens $1'],
  [
    /^has \*\*\* where its secret was; enter the whole URL$/,
    'hat *** statt des Passworts; geben Sie die ganze Adresse ein',
  ],
  [/^is no URL; expected something like .+$/, `ist keine Adresse; ${URL_LIKE}`],
  [/^names no host; expected something like .+$/, `nennt keinen Rechner; ${URL_LIKE}`],
  [/^has the scheme "(.+)"; expected (.+) or (.+)$/, 'beginnt mit „$1“; erwartet wird $2 oder $3'],
  [/^has unknown keys: (.+)$/, 'hat unbekannte Angaben: $1'],
  [/^(\S+) has to be at least (.+)\.$/, '$1 muss mindestens $2 sein.'],
  [/^(\S+) has to be at most (.+)\.$/, '$1 darf höchstens $2 sein.'],
  [
    /^(\S+) can only be set in the configuration file or the environment\.$/,
    '$1 kann nur in der Konfigurationsdatei oder der Umgebung gesetzt werden.',
  ],
  [
    /^There are (\d+) layouts already; remove one first\.$/,
    'Es gibt schon $1 Anordnungen; entfernen Sie zuerst eine.',
  ],
  [/^There is a stream (.+) already; it stays as it is\.$/, 'Es gibt $1 schon; alles bleibt, wie es ist.'],
  [
    /^There is no camera in this text; .+$/,
    'In diesem Text ist keine Kamera; schreiben Sie unter die Überschriften eine in jede Zeile.',
  ],
  [
    /^These are more than (\d+) cameras; add them in parts\.$/,
    'Das sind mehr als $1 Kameras; fügen Sie sie in Teilen hinzu.',
  ],
  [
    /^This row has (\d+) values, the headings are (\d+)\. .+$/,
    'Diese Zeile hat $1 Werte, es sind aber $2 Überschriften. Setzen Sie einen Wert, der das Trennzeichen enthält, in "Anführungszeichen".',
  ],
  [/^(\S+) must be yes or no, or empty\.$/, '$1 muss yes oder no sein, oder leer.'],
  [
    /^These headings are not known: (.+)\. Known are (.+)\.$/,
    'Diese Überschriften sind unbekannt: $1. Bekannt sind $2.',
  ],
  [/^Two columns are both "(.+)"; leave one out\.$/, 'Zwei Spalten heißen „$1“; lassen Sie eine weg.'],
  [
    /^The first line has to be headings, .+$/,
    'Die erste Zeile muss die Überschriften nennen, darunter name und url, etwa: name,url,username,password; oder eine Kamera: ein Name, dann eine Adresse wie rtsp://10.0.0.7/stream1.',
  ],
  [
    /^A "quoted" value is not closed .+$/,
    'Ein Wert in "Anführungszeichen" ist am Ende des Textes nicht geschlossen; ergänzen Sie das fehlende Zeichen.',
  ],
  [
    /^From here on this cannot be read as CSV\..+$/,
    'Ab hier ist das nicht als CSV lesbar. Setzen Sie Werte mit Anführungs- oder Trennzeichen in "Anführungszeichen" und verdoppeln Sie die Anführungszeichen darin.',
  ],
  [
    /^This text cannot be read; .+$/,
    'Dieser Text ist nicht lesbar; er muss eine einfache Liste von Kameras sein, nicht tief verschachtelt.',
  ],
  [/^This is no YAML: (.+)\.$/, 'Das ist kein YAML: $1.'],
  [
    /^has an unknown key "(.+)"\. Known are (.+), or source as in sluice\.yaml\.$/,
    'hat eine unbekannte Angabe „$1“. Bekannt sind $2, oder source wie in sluice.yaml.',
  ],
];

/** The gateway's own words in the page's language; undefined where there are none. */
export function gatewayWords(message: string): string | undefined {
  if (language.value === 'en') return message;
  for (const [english, german] of GERMAN) if (english.test(message)) return message.replace(english, german);
  return sentencesOf(message);
}

/** `this row url is no URL; expected …; name is missing.`: each of them, after the field it is about. */
function sentencesOf(message: string): string | undefined {
  const [, field = '', rest = ''] = /^(?:this row )?([\w.]+) (.+?)\.?$/.exec(message) ?? [];
  if (rest === '') return undefined;
  for (const [english, german] of GERMAN) {
    if (english.test(rest)) return `${field}: ${rest.replace(english, german)}.`;
  }
  return undefined;
}
