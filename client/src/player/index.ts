import { z } from 'zod';
import { SluicePlayer, type StateChangeDetail } from './sluice-player.ts';

export type { PlayerState } from './player-state.ts';
export type { PlayerStats } from './stats.ts';
export { SluicePlayer, type StateChangeDetail };

// Without this the schemas try `new Function` first, which a page with a strict policy would report.
z.config({ jitless: true });

if (customElements.get('sluice-player') === undefined) customElements.define('sluice-player', SluicePlayer);

declare global {
  interface HTMLElementTagNameMap {
    'sluice-player': SluicePlayer;
  }
}
