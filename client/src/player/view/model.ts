import type { Qualities } from '../../live/index.ts';
import type { Command } from '../keyboard.ts';
import type { Playhead } from '../playback-engine.ts';
import type { StateAndReason } from '../player-state.ts';
import type { QualityChoice } from '../quality.ts';
import type { PlayerStats } from '../stats.ts';
import type { Language } from '../texts.ts';

/** All that the view shows. */
export interface ViewModel {
  readonly shown: StateAndReason;
  readonly language: Language;
  readonly stream: string;
  /** The picture alone. */
  readonly bare: boolean;
  readonly controls: boolean;
  readonly muted: boolean;
  /** The browser allowed playback without sound only; a click is needed to hear anything. */
  readonly soundBlocked: boolean;
  readonly fullscreen: boolean;
  /** There is something to look at, be it old. */
  readonly hasPicture: boolean;
  /** A recorded time is played. */
  readonly recorded: boolean;
  /** Where the picture is in what can be sought. */
  readonly playhead: Playhead | undefined;
  readonly speed: number;
  readonly quality: QualityChoice;
  readonly qualities: Qualities;
  /** Undefined while the figures are not shown. */
  readonly stats: PlayerStats | 'none yet' | undefined;
  /** The list of keys is open. */
  readonly help: boolean;
  /** A few words that go away by themselves. */
  readonly flash: string;
}

/** What the viewer asks for by button, key or double click. */
export interface ViewActions {
  do(command: Command): void;
  unmute(): void;
  /** Unix milliseconds. */
  seek(timeMs: number): void;
  setSpeed(speed: number): void;
  setQuality(choice: QualityChoice): void;
  tryAgain(): void;
  /** The viewer turned to the player; it may now learn what they may want to know next. */
  approached(): void;
}
