import type { StreamId } from '../../../shared/names.ts';
import type { Target } from '../live/index.ts';
import type { EngineStatus } from './player-state.ts';
import type { PlayerStats } from './stats.ts';

export interface EngineEvents {
  onStatus(status: EngineStatus): void;
  /**
   * The tracks to show now, none included. It is told before tracks that are missing in it go away, so that the
   * last picture can be kept.
   */
  onTracks(tracks: readonly MediaStreamTrack[]): void;
  /** Pictures are being decoded. */
  onProgress(): void;
}

export interface EngineOptions {
  readonly target: Target;
  readonly stream: StreamId;
  readonly events: EngineEvents;
}

/**
 * A way to get a stream's picture. The player does not know which one it has: it shows tracks, states and
 * figures, and says when to rest.
 */
export interface PlaybackEngine {
  /** No media until `resume()`; what was set up stays, so that going on is quick. */
  pause(): void;
  resume(): void;
  stats(): Promise<PlayerStats>;
  /** Idempotent. The last events it causes are `onTracks([])`. */
  close(): void;
}

/** Starts playback at once. */
export type StartEngine = (options: EngineOptions) => PlaybackEngine;
