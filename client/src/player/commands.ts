import { assertNever } from '../../../shared/result.ts';
import { type Command, FAR_SKIP_MS, SKIP_MS } from './keyboard.ts';
import { isRecorded, type PlayerAttributes } from './player-attributes.ts';
import { toggleFloating, toggleFullscreen } from './presentation.ts';
import { nextSpeed } from './speed.ts';

/** What of a player the viewer's keys and buttons use besides its attributes. */
interface Playable {
  readonly paused: boolean;
  readonly video: HTMLVideoElement;
  muted: boolean;
  play(): void;
  pause(): void;
  goLive(): void;
  step(by: 1 | -1): Promise<void>;
  saveSnapshot(): Promise<void>;
  toggleStats(): void;
}

/** What only keys and buttons ask for. */
export interface ViewerWays {
  skip(byMs: number): Promise<void>;
  toggleHelp(): void;
}

/** Does what a key or a button asks for. What fails is told to the viewer by the player itself. */
export function runCommand(command: Command, player: PlayerAttributes & Playable, ways: ViewerWays): void {
  switch (command) {
    case 'toggle-play':
      if (player.paused) player.play();
      else player.pause();
      return;
    case 'toggle-muted':
      player.muted = !player.muted;
      return;
    case 'toggle-fullscreen':
      void toggleFullscreen(player, player.video);
      return;
    case 'toggle-floating':
      void toggleFloating(player.video);
      return;
    case 'toggle-stats':
      player.toggleStats();
      return;
    case 'toggle-help':
      ways.toggleHelp();
      return;
    case 'save-snapshot':
      void player.saveSnapshot();
      return;
    case 'back':
    case 'forward':
      void ways.skip(command === 'back' ? -SKIP_MS : SKIP_MS);
      return;
    case 'far-back':
    case 'far-forward':
      void ways.skip(command === 'far-back' ? -FAR_SKIP_MS : FAR_SKIP_MS);
      return;
    case 'frame-back':
    case 'frame-forward':
      void player.step(command === 'frame-back' ? -1 : 1);
      return;
    case 'slower':
    case 'faster':
      if (isRecorded(player)) player.speed = nextSpeed(player.speed, command === 'faster' ? 1 : -1);
      return;
    case 'go-live':
      player.goLive();
      return;
    default:
      assertNever(command);
  }
}
