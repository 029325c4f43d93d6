import '../base/no-eval.ts';
import { SluicePlayer } from './sluice-player.ts';

export type { SeekableRange, StateChangeDetail, TimeChangeDetail } from './player-events.ts';
export type { PlayerState } from './player-state.ts';
export type { PlayerStats } from './stats.ts';
export { SyncGroup, type SyncState, type SyncTimeDetail } from './sync/sync-group.ts';
export { SluicePlayer };

if (customElements.get('sluice-player') === undefined) customElements.define('sluice-player', SluicePlayer);

declare global {
  interface HTMLElementTagNameMap {
    'sluice-player': SluicePlayer;
  }
}
