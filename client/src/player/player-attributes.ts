import type { Target } from '../live/index.ts';
import { type AskedTime, askedTime } from './play-times.ts';
import { type QualityChoice, qualityChoice } from './quality.ts';
import { defaultServer, serverBase } from './server-base.ts';
import { speedOf } from './speed.ts';

/** These say what is played; a change starts anew. */
export const TIME_ATTRIBUTES = new Set(['start-time', 'end-time']);
export const SOURCE_ATTRIBUTES = new Set(['src', 'server', 'token', 'mode', ...TIME_ATTRIBUTES]);
/** These change how it is played or shown, while it goes on. */
export const TUNING_ATTRIBUTES = new Set(['quality', 'speed']);

/** Those that a page may have set before the script was there. */
export const PROPERTIES = [
  ...['src', 'server', 'token', 'mode', 'quality', 'poster', 'startTime', 'endTime', 'speed'],
  ...['autoplay', 'controls', 'bare', 'muted', 'stats'],
];

/** The player's attributes as properties, which are the same thing by another way, as with elements of HTML. */
export abstract class PlayerAttributes extends HTMLElement {
  static readonly observedAttributes = [
    ...SOURCE_ATTRIBUTES,
    ...TUNING_ATTRIBUTES,
    ...['muted', 'autoplay', 'controls', 'bare', 'poster', 'stats', 'lang'],
  ];

  get src(): string {
    return this.getAttribute('src') ?? '';
  }
  set src(value: string) {
    this.#set('src', value);
  }

  get server(): string {
    return this.getAttribute('server') ?? defaultServer();
  }
  set server(value: string) {
    this.#set('server', value);
  }

  get token(): string {
    return this.getAttribute('token') ?? '';
  }
  set token(value: string) {
    this.#set('token', value);
  }

  /** `auto` (WebRTC, and HLS where that fails), `webrtc` or `hls`. */
  get mode(): string {
    return this.getAttribute('mode') ?? 'auto';
  }
  set mode(value: string) {
    this.#set('mode', value);
  }

  /** `main`, `sub` (the camera's second stream, where it has one) or `auto` (`sub` while the player is small). */
  get quality(): QualityChoice {
    return qualityChoice(this.getAttribute('quality'));
  }
  set quality(value: QualityChoice) {
    this.#set('quality', value);
  }

  /** What is shown until the video plays: a picture's address, or `auto` for the camera's newest key frame. */
  get poster(): string {
    return this.getAttribute('poster') ?? '';
  }
  set poster(value: string) {
    this.#set('poster', value);
  }

  /** Where a recorded time begins: Unix milliseconds or an ISO 8601 date. Empty plays live. */
  get startTime(): string {
    return this.getAttribute('start-time') ?? '';
  }
  set startTime(value: string | number) {
    this.#set('start-time', value);
  }

  /** Where it ends; empty goes on, into live where it gets there. */
  get endTime(): string {
    return this.getAttribute('end-time') ?? '';
  }
  set endTime(value: string | number) {
    this.#set('end-time', value);
  }

  /** Of recorded time: 0.25 to 4, and up to 16 by key frames alone, without sound. Live knows 1 only. */
  get speed(): number {
    return speedOf(this.getAttribute('speed'));
  }
  set speed(value: number) {
    const speed = speedOf(value);
    if (speed === 1) this.removeAttribute('speed');
    else this.setAttribute('speed', String(speed));
  }

  get autoplay(): boolean {
    return this.hasAttribute('autoplay');
  }
  set autoplay(value: boolean) {
    this.toggleAttribute('autoplay', value);
  }

  get controls(): boolean {
    return this.hasAttribute('controls');
  }
  set controls(value: boolean) {
    this.toggleAttribute('controls', value);
  }

  /** Shows the picture alone, without words, buttons and keys: for pages that have their own. */
  get bare(): boolean {
    return this.hasAttribute('bare');
  }
  set bare(value: boolean) {
    this.toggleAttribute('bare', value);
  }

  /** Frameworks set what is no longer given to null or undefined. */
  #set(name: string, value: string | number | null | undefined): void {
    if (value === null || value === undefined || value === '') this.removeAttribute(name);
    else this.setAttribute(name, String(value));
  }
}

/** `live/front-door`, as far as the attribute names a stream. */
export function streamNameOf({ src }: PlayerAttributes): string {
  return src.replace(/^\//, '');
}

export function targetOf({ server, token }: PlayerAttributes): Target {
  return { server: serverBase(server), token: token === '' ? undefined : token };
}

/** Whether a recorded time is asked for. */
export function isRecorded(player: PlayerAttributes): boolean {
  return player.hasAttribute('start-time');
}

export function askedTimeOf(player: PlayerAttributes): AskedTime {
  return askedTime(player.getAttribute('start-time'), player.getAttribute('end-time'));
}
