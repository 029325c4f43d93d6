import type { TextKey } from './texts.ts';

/** What a key or a button asks for. */
export type Command =
  | 'toggle-play'
  | 'toggle-muted'
  | 'toggle-fullscreen'
  | 'toggle-floating'
  | 'toggle-stats'
  | 'toggle-help'
  | 'save-snapshot'
  | 'back'
  | 'forward'
  | 'far-back'
  | 'far-forward'
  | 'frame-back'
  | 'frame-forward'
  | 'slower'
  | 'faster'
  | 'go-live';

/** What the arrow keys go back or forth, alone and with Shift. */
export const SKIP_MS = 10_000;
export const FAR_SKIP_MS = 60_000;

/** How the keys stand in the help, in its order. */
export const KEY_HELP: readonly { readonly keys: readonly string[]; readonly text: TextKey }[] = [
  { keys: ['Space', 'K'], text: 'keyPlay' },
  { keys: ['←', '→'], text: 'keySkip' },
  { keys: ['Shift ←', 'Shift →'], text: 'keyFarSkip' },
  { keys: [',', '.'], text: 'keyFrame' },
  { keys: ['<', '>'], text: 'keySpeed' },
  { keys: ['L'], text: 'keyLive' },
  { keys: ['M'], text: 'keyMute' },
  { keys: ['F'], text: 'keyFullscreen' },
  { keys: ['P'], text: 'keyFloating' },
  { keys: ['S'], text: 'keySnapshot' },
  { keys: ['I'], text: 'keyStats' },
  { keys: ['?'], text: 'keyHelp' },
];

/** By what the key types, so that it is the same on every keyboard layout that can type it. */
const KEYS: ReadonlyMap<string, Command> = new Map([
  [' ', 'toggle-play'],
  ['k', 'toggle-play'],
  ['m', 'toggle-muted'],
  ['f', 'toggle-fullscreen'],
  ['p', 'toggle-floating'],
  ['i', 'toggle-stats'],
  ['s', 'save-snapshot'],
  ['l', 'go-live'],
  ['?', 'toggle-help'],
  [',', 'frame-back'],
  ['.', 'frame-forward'],
  ['<', 'slower'],
  ['>', 'faster'],
  ['arrowleft', 'back'],
  ['arrowright', 'forward'],
]);

/** The little of a KeyboardEvent that counts here. */
export interface KeyPress {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

/** What a key asks for; undefined leaves it to the page. `onControl`: it would press the button that has the focus. */
export function commandOf(press: KeyPress, onControl: 'button' | 'choice' | undefined): Command | undefined {
  if (press.ctrlKey || press.metaKey || press.altKey || onControl === 'choice') return undefined;
  const command = KEYS.get(press.key.toLowerCase());
  if (press.key === ' ' && onControl === 'button') return undefined;
  if (press.shiftKey && command === 'back') return 'far-back';
  if (press.shiftKey && command === 'forward') return 'far-forward';
  return command;
}
