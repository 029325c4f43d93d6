import type { PictureSource } from '../player/playback-engine.ts';
import type { HlsFailure } from './failure.ts';
import type { TimeMap } from './time-map.ts';

export interface HlsMediaEvents {
  /** The playlist is there, so the picture can be put on the screen. */
  onReady(): void;
  /** The last picture of a playlist with an end was shown. */
  onEnded(): void;
  /** Told once; nothing more comes of these media. */
  onFailure(failure: HlsFailure): void;
}

export interface HlsFigures {
  readonly codec: string | undefined;
  readonly bitrateKbps: number | undefined;
  /** How far behind the newest picture in the playlist; undefined where a recorded time is played. */
  readonly latencyMs: number | undefined;
}

/** What is to be played: a playlist's address and where in it to begin. */
export interface HlsMediaOptions {
  readonly url: string;
  readonly token: string | undefined;
  /** Unix milliseconds; undefined begins at the live edge. */
  readonly startMs: number | undefined;
  /** They are key frames alone: sparse, and played fast. */
  readonly keyFrames: boolean;
  readonly events: HlsMediaEvents;
}

/** One playlist being played, by hls.js or by the browser itself. */
export interface HlsMedia extends PictureSource {
  readonly times: TimeMap | undefined;
  /** The playlist has no end yet. */
  readonly growing: boolean;
  readonly figures: HlsFigures;
  /** Whether to go on loading; what is loaded stays. */
  setLoading(loading: boolean): void;
  close(): void;
}
