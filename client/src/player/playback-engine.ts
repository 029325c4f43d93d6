import type { StreamId } from '../../../shared/names.ts';
import type { Qualities, Target, WatchWishes } from '../live/index.ts';
import type { EngineStatus } from './player-state.ts';
import type { PlayerStats } from './stats.ts';

/** A picture that puts itself on a video element, as MediaSource does. */
export interface PictureSource {
  readonly hasAudio: boolean;
  /** The element is this source's alone until the undo is called. */
  attach(video: HTMLVideoElement): () => void;
}

/** What an engine has to show. */
export type Picture =
  | { readonly kind: 'none' }
  | { readonly kind: 'tracks'; readonly tracks: readonly MediaStreamTrack[] }
  | { readonly kind: 'source'; readonly source: PictureSource };

export const NO_PICTURE: Picture = { kind: 'none' };

export interface EngineEvents {
  onStatus(status: EngineStatus): void;
  /** What to show now. It is told before tracks that are missing in it go away, so that the last picture can be kept. */
  onPicture(picture: Picture): void;
  /** Pictures are being decoded. */
  onProgress(): void;
  /** Which of the camera's pictures there are, and which one comes. */
  onQualities?(qualities: Qualities): void;
  /** It went to another speed by itself: what is recorded now comes no faster than it happens. */
  onSpeed?(speed: number): void;
}

/** How the picture is wanted; an engine follows as far as its way of playing goes. */
export interface Wishes extends WatchWishes {
  /** Of recorded time: 1 is as it happened, see `speed.ts`. */
  readonly speed: number;
}

/** A recorded time, in Unix milliseconds. Without an end it goes on, into live where it gets there. */
export interface TimeRange {
  readonly startMs: number;
  readonly endMs: number | undefined;
}

export interface EngineOptions {
  readonly target: Target;
  readonly stream: StreamId;
  /** Undefined plays live. */
  readonly range: TimeRange | undefined;
  readonly wishes: Wishes;
  readonly events: EngineEvents;
}

/** Where an engine is in what it plays. Positions leave gaps out; times are the clock's. */
export interface Playhead {
  /** Unix milliseconds of the picture on the screen. */
  readonly timeMs: number;
  readonly positionS: number;
  readonly lengthS: number;
  /** New pictures come at its end. */
  readonly growing: boolean;
  timeAt(positionS: number): number;
}

/**
 * A way to get a stream's picture. The player does not know which one it has: it shows pictures, states and
 * figures, and says when to rest.
 */
export interface PlaybackEngine {
  /** Undefined where it is not known (yet), and where it is always now. */
  readonly playhead: Playhead | undefined;
  /** No media until `resume()`; what was set up stays, so that going on is quick. */
  pause(): void;
  /** The picture stands still, but a recorded time that is sought then is shown all the same. */
  hold(): void;
  resume(): void;
  tune(wishes: Wishes): void;
  /** Unix milliseconds. What was not recorded then is skipped. Nothing happens where all is live. */
  seek(timeMs: number): void;
  /** Undefined while nothing is set up. */
  stats(): Promise<PlayerStats | undefined>;
  /** Idempotent. The last event it causes is `onPicture(NO_PICTURE)`. */
  close(): void;
}

/** Starts playback at once; its events come later, but for those of WebRTC on a connection that is there already. */
export type StartEngine = (options: EngineOptions) => PlaybackEngine;
