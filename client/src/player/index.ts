import { z } from 'zod';
import { SluicePlayer } from './sluice-player.ts';

export type { PlayerState } from './player-state.ts';
export type { SeekableRange, StateChangeDetail, TimeChangeDetail } from './sluice-player.ts';
export type { PlayerStats } from './stats.ts';
export { SyncGroup, type SyncState, type SyncTimeDetail } from './sync/sync-group.ts';
export { SluicePlayer };

// Without this the schemas try `new Function` first, which a page with a strict policy would report.
z.config({ jitless: true });

if (customElements.get('sluice-player') === undefined) customElements.define('sluice-player', SluicePlayer);

declare global {
  interface HTMLElementTagNameMap {
    'sluice-player': SluicePlayer;
  }
}
