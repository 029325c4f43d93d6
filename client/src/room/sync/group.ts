import type { SluicePlayer } from '../../player/index.ts';

/** What of the player's `SyncGroup` is used here. Times are Unix milliseconds. */
export interface PlayerGroup {
  /** Of the clock that all follow. */
  readonly time: number | undefined;
  /** `ended`: nothing more is recorded of any of them. */
  readonly state: 'paused' | 'waiting' | 'playing' | 'ended';
  speed: number;
  seek(timeMs: number): void;
  play(): void;
  pause(): void;
  /** One picture on, or with -1 back; they stand still. */
  step(by: 1 | -1): void;
  /** The players are on their own again. */
  close(): void;
}

export type MakeGroup = (players: readonly SluicePlayer[]) => PlayerGroup;

/** From the player's own file, which the page has loaded already: it is no part of the page's bundle. */
export async function loadGroup(): Promise<MakeGroup> {
  const url = new URL('sluice-player.js', document.baseURI).href;
  const player = (await import(/* @vite-ignore */ url)) as {
    readonly SyncGroup: new (players: readonly SluicePlayer[]) => PlayerGroup;
  };
  return (players) => new player.SyncGroup(players);
}
