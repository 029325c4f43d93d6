/** Types of sluice-player.js. Importing it defines the element `<sluice-player>`. */

export type PlayerState =
  | 'idle'
  | 'connecting'
  | 'playing'
  | 'paused'
  | 'waiting'
  | 'reconnecting'
  | 'ended'
  | 'failed';

/** A code for programs and a sentence for people. */
export interface Reason {
  readonly code: string;
  readonly message: string;
}

/** A figure that is not known (yet) is undefined. */
export interface PlayerStats {
  readonly mode: 'webrtc' | 'hls';
  /** Why HLS is played although WebRTC was wanted. */
  readonly fallback: Reason | undefined;
  readonly framesDecoded: number;
  readonly framesDropped: number | undefined;
  readonly fps: number | undefined;
  readonly width: number | undefined;
  readonly height: number | undefined;
  /** For example `H264`. */
  readonly codec: string | undefined;
  /** Which of the camera's pictures: its own, or the smaller one of its second stream. */
  readonly quality: 'main' | 'sub' | undefined;
  readonly bitrateKbps: number | undefined;
  readonly packetsLost: number | undefined;
  /** Of the picture's packets, over about the last second: 0 to 100. */
  readonly lossPercent: number | undefined;
  readonly jitterMs: number | undefined;
  readonly rttMs: number | undefined;
  readonly transport: 'udp' | 'tcp' | undefined;
  /** Over WebRTC the estimated time from the server to the decoded picture, over HLS how far the picture is behind the newest. */
  readonly latencyMs: number | undefined;
}

export interface StateChangeDetail {
  readonly state: PlayerState;
  readonly reason: Reason | undefined;
}

export interface TimeChangeDetail {
  /** Unix milliseconds of the picture; undefined where that is now. */
  readonly timeMs: number | undefined;
  readonly live: boolean;
}

/** Times between which one can seek, in Unix milliseconds. */
export interface SeekableRange {
  readonly startMs: number;
  readonly endMs: number;
}

/** The player's own events, and those of all elements. */
export interface SluicePlayerEventMap extends Omit<HTMLElementEventMap, 'error'> {
  statechange: CustomEvent<StateChangeDetail>;
  timechange: CustomEvent<TimeChangeDetail>;
  error: CustomEvent<Reason>;
}

/** `<sluice-player src="/live/front-door" server="https://gateway" token="..." autoplay muted controls>` */
export declare class SluicePlayer extends HTMLElement {
  src: string;
  server: string;
  token: string;
  muted: boolean;
  /** `auto` (WebRTC, and HLS where that fails), `webrtc` or `hls`. */
  mode: string;
  /** `main` (the default), `sub` (the camera's second stream, where it has one) or `auto` (`sub` while the player is small). */
  quality: 'auto' | 'main' | 'sub';
  /** What is shown until the video plays: a picture's address, or `auto` for the camera's newest key frame. */
  poster: string;
  /** Of recorded time: 0.25 to 4, and up to 16 by key frames alone, without sound. Live knows 1 only. */
  speed: number;
  /** Where a recorded time begins: Unix milliseconds or an ISO 8601 date. Empty plays live. */
  get startTime(): string;
  set startTime(value: string | number);
  /** Where it ends; empty goes on, into live where it gets there. */
  get endTime(): string;
  set endTime(value: string | number);
  autoplay: boolean;
  controls: boolean;
  /** Shows the picture alone, without words, buttons and keys: for pages that have their own. */
  bare: boolean;
  readonly video: HTMLVideoElement;
  readonly state: PlayerState;
  readonly reason: Reason | undefined;
  readonly paused: boolean;
  /** Unix milliseconds of the picture on the screen, where that is known: over HLS, live or recorded. */
  readonly time: number | undefined;
  /** The times that can be sought without loading anew, or from live; undefined where none are known. */
  readonly seekable: SeekableRange | undefined;
  /** The camera's pictures that may be asked for: `main`, and `sub` where it has a second stream. */
  readonly qualities: readonly string[];
  get stats(): Promise<PlayerStats | undefined>;
  /** Shows or hides the figures over the picture, as the attribute does. */
  set stats(shown: boolean);
  play(): void;
  pause(): void;
  /** Plays what was recorded at that time, in Unix milliseconds; where nothing was, what came next. */
  seek(timeMs: number): void;
  /** Leaves the recorded time. */
  goLive(): void;
  /** Stops a recorded time, and shows the next frame or, with -1, the one before. Resolves when it is shown. */
  step(by?: 1 | -1): Promise<void>;
  /** The picture on the screen in its full size, a JPEG whose name tells stream and time. Rejects where there is none. */
  snapshot(): Promise<File>;
  /** Has the browser save that picture as a file, and tells the viewer. */
  saveSnapshot(): Promise<void>;
  /** Shows or hides the figures over the picture, as the attribute `stats` does. */
  toggleStats(): void;
  addEventListener<K extends keyof SluicePlayerEventMap>(
    type: K,
    listener: (this: SluicePlayer, event: SluicePlayerEventMap[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<K extends keyof SluicePlayerEventMap>(
    type: K,
    listener: (this: SluicePlayer, event: SluicePlayerEventMap[K]) => void,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | EventListenerOptions,
  ): void;
}

/** `playing`: the clock runs; `waiting`: it will once the players have what they need; `ended`: nothing more is recorded. */
export type SyncState = 'paused' | 'waiting' | 'playing' | 'ended';

export interface SyncTimeDetail {
  readonly timeMs: number;
  readonly state: SyncState;
}

/**
 * Plays recorded time of several cameras on one clock, within 100 ms of each other. A camera that has nothing at some
 * time waits; where none has anything the clock leaps on.
 */
export declare class SyncGroup extends EventTarget {
  constructor(players?: Iterable<SluicePlayer>);
  readonly players: readonly SluicePlayer[];
  readonly state: SyncState;
  readonly paused: boolean;
  /** Unix milliseconds; setting it seeks. */
  time: number;
  /** 0.25 to 4, and up to 16 by key frames alone. */
  speed: number;
  add(player: SluicePlayer): void;
  /** Leaves a player as it is. */
  remove(player: SluicePlayer): void;
  seek(timeMs: number): void;
  play(): void;
  /** All stand still at the same moment. */
  pause(): void;
  /** One frame on, or with -1 back. */
  step(by?: 1 | -1): void;
  /** Ends the group; the players stay as they are. */
  close(): void;
  addEventListener(
    type: 'timechange',
    listener: (this: SyncGroup, event: CustomEvent<SyncTimeDetail>) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener(
    type: 'timechange',
    listener: (this: SyncGroup, event: CustomEvent<SyncTimeDetail>) => void,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | EventListenerOptions,
  ): void;
}

declare global {
  interface HTMLElementTagNameMap {
    'sluice-player': SluicePlayer;
  }
}
