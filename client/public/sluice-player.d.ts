/** Types of sluice-player.js. Importing it defines the element `<sluice-player>`. */

export type PlayerState =
  | 'idle'
  | 'connecting'
  | 'playing'
  | 'paused'
  | 'waiting'
  | 'reconnecting'
  | 'failed';

/** A code for programs and a sentence for people. */
export interface Reason {
  readonly code: string;
  readonly message: string;
}

/** A figure that is not known (yet) is undefined. */
export interface PlayerStats {
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
  /** Estimated time from the server to the screen. */
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
  autoplay: boolean;
  controls: boolean;
  readonly video: HTMLVideoElement;
  readonly state: PlayerState;
  readonly reason: Reason | undefined;
  readonly paused: boolean;
  readonly stats: Promise<PlayerStats | undefined>;
  play(): void;
  pause(): void;
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
