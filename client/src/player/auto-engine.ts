import type { Reason } from '../live/index.ts';
import {
  type EngineOptions,
  NO_PICTURE,
  type Picture,
  type PlaybackEngine,
  type Playhead,
  type StartEngine,
  type Wishes,
} from './playback-engine.ts';
import type { EngineStatus } from './player-state.ts';
import type { PlayerStats } from './stats.ts';

/** How long WebRTC may take to show a picture while HLS plays. */
const TRIAL_MS = 20_000;
const FIRST_TRIAL_AFTER_MS = 30_000;
const MAX_TRIAL_AFTER_MS = 5 * 60_000;

/** Reasons that HLS can do something about; behind any other one it would stand before the same closed door. */
const HLS_HELPS: ReadonlySet<string> = new Set([
  'NO_MEDIA_PATH',
  'SIGNALING_BLOCKED',
  'UNSUPPORTED_BROWSER',
  'NO_COMMON_CODEC',
  'WEBRTC_UNSUITABLE',
]);

/** Reasons that say nothing about the server's other streams. */
const OF_ONE_STREAM: ReadonlySet<string> = new Set(['WEBRTC_UNSUITABLE']);

export interface Engines {
  readonly webrtc: StartEngine;
  readonly hls: StartEngine;
}

interface Blocked {
  readonly reason: Reason;
  readonly trialAfterMs: number;
}

/**
 * What this page found out about servers and about streams of theirs, so that its next player does not have to wait for
 * the same. A browser that is on another network now may find another answer, so the first trial asks again.
 */
const blocked = new Map<string, Blocked>();

function blockedStream({ target, stream }: EngineOptions): string {
  return `${target.server} ${stream}`;
}

/** WebRTC with what it told last, which counts once it is what is shown. */
interface WebRtc {
  readonly engine: PlaybackEngine;
  status: EngineStatus;
  picture: Picture;
  everPlayed: boolean;
}

/**
 * Plays over WebRTC, and over HLS while that does not work. Then it tries WebRTC again now and then, and goes back
 * to it when it shows a picture.
 */
export class AutoEngine implements PlaybackEngine {
  readonly #options: EngineOptions;
  readonly #engines: Engines;
  #webrtc: WebRtc | undefined;
  #hls: PlaybackEngine | undefined;
  #fallback: Reason | undefined;
  #trialAfterMs = FIRST_TRIAL_AFTER_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #rest: 'pause' | 'hold' | undefined;
  #wishes: Wishes;
  #closed = false;
  readonly #tryNow = (): void => {
    if (this.#hls !== undefined && this.#webrtc === undefined && this.#rest === undefined) this.#try();
  };

  static starter(engines: Engines): StartEngine {
    return (options) => new AutoEngine(options, engines);
  }

  private constructor(options: EngineOptions, engines: Engines) {
    this.#options = options;
    this.#wishes = options.wishes;
    this.#engines = engines;
    // Another network may let through what this one did not.
    globalThis.addEventListener?.('online', this.#tryNow);
    const known = blocked.get(options.target.server) ?? blocked.get(blockedStream(options));
    if (known === undefined) this.#webrtc = this.#startWebRtc();
    else this.#fallBack(known.reason);
  }

  get playhead(): Playhead | undefined {
    return this.#hls?.playhead;
  }

  pause(): void {
    this.#setRest('pause');
  }

  hold(): void {
    this.#setRest('hold');
  }

  resume(): void {
    if (this.#rest === undefined) return;
    this.#rest = undefined;
    this.#webrtc?.engine.resume();
    this.#hls?.resume();
  }

  tune(wishes: Wishes): void {
    this.#wishes = wishes;
    this.#webrtc?.engine.tune(wishes);
    this.#hls?.tune(wishes);
  }

  seek(timeMs: number): void {
    this.#hls?.seek(timeMs);
  }

  async stats(): Promise<PlayerStats | undefined> {
    if (this.#hls === undefined) return this.#webrtc?.engine.stats();
    const stats = await this.#hls.stats();
    return stats === undefined ? undefined : { ...stats, fallback: this.#fallback };
  }

  close(): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    globalThis.removeEventListener?.('online', this.#tryNow);
    this.#options.events.onPicture(NO_PICTURE);
    this.#closed = true;
    this.#webrtc?.engine.close();
    this.#hls?.close();
  }

  #setRest(rest: 'pause' | 'hold'): void {
    this.#rest = rest;
    this.#webrtc?.engine[rest]();
    this.#hls?.[rest]();
  }

  #startWebRtc(): WebRtc {
    const { events } = this.#options;
    let made: WebRtc | undefined;
    const isShown = (): boolean => !this.#closed && this.#hls === undefined;
    let status: EngineStatus = { kind: 'connecting', reason: undefined };
    let picture: Picture = NO_PICTURE;
    const engine = this.#engines.webrtc({
      ...this.#options,
      wishes: this.#wishes,
      events: {
        onStatus: (now) => {
          status = now;
          if (made !== undefined) made.status = now;
          if (!isShown()) return;
          const why = reasonToFallBack(now, made?.everPlayed ?? false);
          if (why === undefined) events.onStatus(now);
          else this.#fallBack(why);
        },
        onPicture: (now) => {
          picture = now;
          if (made !== undefined) made.picture = now;
          if (isShown()) events.onPicture(now);
        },
        onQualities: (qualities) => events.onQualities?.(qualities),
        onProgress: () => {
          if (made !== undefined) made.everPlayed = true;
          if (isShown()) events.onProgress();
          else if (!this.#closed && made !== undefined && made === this.#webrtc) this.#comeBack(made);
        },
      },
    });
    made = { engine, status, picture, everPlayed: false };
    return made;
  }

  #startHls(): PlaybackEngine {
    const { events } = this.#options;
    const isShown = (): boolean => !this.#closed && this.#hls === engine;
    const engine = this.#engines.hls({
      ...this.#options,
      wishes: this.#wishes,
      events: {
        onStatus: (status) => {
          if (isShown()) events.onStatus(status);
        },
        onPicture: (picture) => {
          if (isShown()) events.onPicture(picture);
        },
        onProgress: () => {
          if (isShown()) events.onProgress();
        },
        onSpeed: (speed) => {
          if (isShown()) events.onSpeed?.(speed);
        },
      },
    });
    return engine;
  }

  #fallBack(reason: Reason): void {
    this.#fallback = reason;
    const { server } = this.#options.target;
    const key = OF_ONE_STREAM.has(reason.code) ? blockedStream(this.#options) : server;
    const before = blocked.get(key);
    if (before !== undefined) this.#trialAfterMs = Math.max(this.#trialAfterMs, before.trialAfterMs);
    blocked.set(key, { reason, trialAfterMs: this.#trialAfterMs });
    this.#options.events.onStatus({ kind: 'connecting', reason });
    this.#hls = this.#startHls();
    if (this.#rest !== undefined) this.#hls[this.#rest]();
    // What has begun may still get through: it has the time of a trial for it.
    this.#planEnd(this.#webrtc === undefined ? 0 : TRIAL_MS);
  }

  /** WebRTC shows a picture again. */
  #comeBack({ status, picture }: WebRtc): void {
    clearTimeout(this.#timer);
    blocked.delete(this.#options.target.server);
    blocked.delete(blockedStream(this.#options));
    const hls = this.#hls;
    this.#hls = undefined;
    this.#fallback = undefined;
    this.#trialAfterMs = FIRST_TRIAL_AFTER_MS;
    const { events } = this.#options;
    events.onStatus(status);
    events.onPicture(picture);
    hls?.close();
  }

  #try(): void {
    if (this.#closed || this.#hls === undefined) return;
    if (this.#rest !== undefined) {
      this.#planTrial();
      return;
    }
    this.#webrtc = this.#startWebRtc();
    this.#planEnd(TRIAL_MS);
  }

  /** Ends a trial that did not show a picture, and plans the next one. */
  #planEnd(afterMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#webrtc?.engine.close();
      this.#webrtc = undefined;
      this.#planTrial();
    }, afterMs);
  }

  #planTrial(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#try(), this.#trialAfterMs);
    this.#trialAfterMs = Math.min(MAX_TRIAL_AFTER_MS, this.#trialAfterMs * 2);
  }
}

/** Why WebRTC is to give way to HLS; undefined where it is not. */
function reasonToFallBack(status: EngineStatus, everPlayed: boolean): Reason | undefined {
  if (status.kind !== 'connecting' && status.kind !== 'failed') return undefined;
  const { reason } = status;
  if (reason === undefined) return undefined;
  if (HLS_HELPS.has(reason.code)) return reason;
  // A decoder that never showed anything; one that did is being set up anew.
  return reason.code === 'NO_PICTURE' && !everPlayed ? reason : undefined;
}
