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
  readonly bitrateKbps: number | undefined;
  readonly packetsLost: number | undefined;
  readonly jitterMs: number | undefined;
  readonly rttMs: number | undefined;
  readonly transport: 'udp' | 'tcp' | undefined;
  /** Over WebRTC the estimated time from the server to the screen, over HLS how far the picture is behind the newest. */
  readonly latencyMs: number | undefined;
}

export interface StateChangeDetail {
  readonly state: PlayerState;
  readonly reason: Reason | undefined;
}

/** `<sluice-player src="/live/front-door" server="https://gateway" token="..." autoplay muted controls>` */
export declare class SluicePlayer extends HTMLElement {
  src: string;
  server: string;
  token: string;
  muted: boolean;
  /** `auto` (WebRTC, and HLS where that fails), `webrtc` or `hls`. */
  mode: string;
  /** Where a recorded time begins: Unix milliseconds or an ISO 8601 date. Empty plays live. */
  get startTime(): string;
  set startTime(value: string | number);
  /** Where it ends; empty goes on, into live where it gets there. */
  get endTime(): string;
  set endTime(value: string | number);
  autoplay: boolean;
  controls: boolean;
  readonly video: HTMLVideoElement;
  readonly state: PlayerState;
  readonly reason: Reason | undefined;
  readonly paused: boolean;
  /** Unix milliseconds of the picture on the screen, where that is known: over HLS, live or recorded. */
  readonly time: number | undefined;
  readonly stats: Promise<PlayerStats | undefined>;
  play(): void;
  pause(): void;
  /** Plays what was recorded at that time, in Unix milliseconds; where nothing was, what came next. */
  seek(timeMs: number): void;
  /** Leaves the recorded time. */
  goLive(): void;
  addEventListener(
    type: 'statechange',
    listener: (event: CustomEvent<StateChangeDetail>) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

declare global {
  interface HTMLElementTagNameMap {
    'sluice-player': SluicePlayer;
  }
}
