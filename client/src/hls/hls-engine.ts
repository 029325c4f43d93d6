import { backoffDelayMs } from '../base/backoff.ts';
import type { Reason } from '../live/index.ts';
import {
  type EngineOptions,
  NO_PICTURE,
  type PictureSource,
  type PlaybackEngine,
  type Playhead,
  type TimeRange,
  type Wishes,
} from '../player/playback-engine.ts';
import type { EngineStatus } from '../player/player-state.ts';
import { needsKeyFrames } from '../player/speed.ts';
import type { PlayerStats } from '../player/stats.ts';
import { Watchdog } from '../player/watchdog.ts';
import type { HlsFailure } from './failure.ts';
import { FrameRate } from './frame-rate.ts';
import { cameraTrouble, nextRecordedMs } from './gateway-questions.ts';
import type { HlsMedia, HlsMediaEvents } from './hls-media.ts';
import { hasMoreToPlay, hlsStats } from './hls-stats.ts';
import { openMedia } from './open-media.ts';
import { type Asked, keyFramesFor, playlistFor, playlistUrl } from './playlist-address.ts';

const TICK_MS = 250;
const RETRY = { firstMs: 500, maxMs: 10_000 };
/** What has to be changed first may have been changed. */
const HOPELESS_RETRY_MS = 30_000;
/** How often a gateway whose camera is away is asked for it. */
const CAMERA_CHECK_MS = 3_000;
/** A piece of a recording that cannot be decoded is passed over by that much at a time. */
const SKIP_MS = 2_000;
/** The newest pieces of a recording are on their way yet: who comes from key frames begins there with what is surely there. */
const SURELY_RECORDED_MS = 6_000;
/** Where the end of what grows is sought. */
const EDGE_MS = 1_000;
/** A time that is that new may be on its way to the disk yet. */
const RECENT_MS = 15_000;
/** Who catches up with what is recorded now goes on at its pace. */
const CAUGHT_UP_MS = 1_500;
/** Live that rested for longer is opened anew, at the edge. */
const SHORT_REST_MS = 5_000;

/** A playlist that is open, and the element it plays on. */
interface Open {
  readonly asked: Asked;
  readonly media: HlsMedia;
  video: HTMLVideoElement | undefined;
}

/** Plays live or a recorded time over HLS, and finds its way back by itself whatever was gone. */
export class HlsEngine implements PlaybackEngine {
  readonly #options: EngineOptions;
  readonly #watchdog = new Watchdog();
  readonly #frameRate = new FrameRate();
  readonly #ticker: ReturnType<typeof setInterval>;
  #range: TimeRange | undefined;
  /** On the screen; it stays there while the next one is opened. */
  #shown: Open | undefined;
  #opening: HlsMedia | undefined;
  /** What was on the screen when it failed: nothing more comes of it. */
  #broken: HlsMedia | undefined;
  #status: EngineStatus = { kind: 'connecting', reason: undefined };
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  /** Counts the places that were gone to. */
  #opened = 0;
  /** Unix milliseconds of the last picture, where a playlist that broke is taken up again. */
  #lastMs: number | undefined;
  /** Where it is on its way to: a playlist may begin some seconds before that. */
  #goalMs: number | undefined;
  #speed: number;
  #restingSinceMs: number | undefined;
  /** At rest, but what is sought is shown. */
  #held = false;
  #openOnResume = false;
  #checking = false;
  #closed = false;

  static start(options: EngineOptions): PlaybackEngine {
    return new HlsEngine(options);
  }

  private constructor(options: EngineOptions) {
    this.#options = options;
    this.#range = options.range;
    this.#speed = options.wishes.speed;
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
    // After its owner had the time to say that nobody looks.
    queueMicrotask(() => this.#open(this.#playlist(this.#range)));
  }

  get playhead(): Playhead | undefined {
    const { video, media } = this.#shown ?? {};
    const times = media?.times;
    const timeMs = video === undefined ? undefined : times?.timeAt(video.currentTime);
    if (video === undefined || times === undefined || timeMs === undefined) return undefined;
    return {
      timeMs,
      positionS: Math.max(0, video.currentTime - times.startS),
      lengthS: times.lengthS,
      growing: media?.growing ?? false,
      timeAt: (positionS) => times.timeAt(positionS + times.startS) ?? timeMs,
    };
  }

  pause(): void {
    if (this.#restingSinceMs !== undefined && !this.#held) return;
    this.#held = false;
    this.#restingSinceMs ??= performance.now();
    this.#shown?.video?.pause();
    this.#shown?.media.setLoading(false);
  }

  hold(): void {
    if (this.#range === undefined) {
      this.pause();
      return;
    }
    if (this.#held) return;
    this.#held = true;
    this.#restingSinceMs ??= performance.now();
    this.#shown?.video?.pause();
    this.#shown?.media.setLoading(true);
    if (this.#openOnResume) this.#reopen();
  }

  tune({ speed }: Wishes): void {
    const before = this.#speed;
    this.#speed = speed;
    if (this.#range === undefined || before === speed) return;
    if (needsKeyFrames(before) === needsKeyFrames(speed)) this.#applySpeed();
    else this.#openFrom(this.#goalMs ?? this.playhead?.timeMs ?? this.#lastMs ?? this.#range.startMs);
  }

  resume(): void {
    if (this.#restingSinceMs === undefined && this.#status.kind !== 'ended') return;
    const restedMs = performance.now() - (this.#restingSinceMs ?? performance.now());
    this.#restingSinceMs = undefined;
    this.#held = false;
    if (this.#openOnResume || this.#shown === undefined) this.#reopen();
    else if (this.#status.kind === 'ended') this.seek(this.#options.range?.startMs ?? 0);
    else if (this.#range === undefined && restedMs > SHORT_REST_MS) this.#reopen();
    else this.#shown.media.setLoading(true);
  }

  seek(timeMs: number): void {
    if (this.#range === undefined || this.#closed) return;
    const { startMs, endMs } = this.#range;
    const wantedMs = endMs === undefined ? timeMs : Math.min(endMs, Math.max(startMs, timeMs));
    const { video, media, asked } = this.#shown ?? {};
    const times = media?.times;
    // The playlist of a range with an end has all of it, but for one of key frames.
    const whole = endMs !== undefined && asked?.kind === 'recorded';
    const within = wantedMs >= (times?.startMs ?? Infinity) && wantedMs <= (times?.endMs ?? -Infinity);
    // Beyond the end of one that grows there is nothing yet.
    const beyond =
      asked?.kind === 'into-live' && media?.growing === true && wantedMs > (times?.endMs ?? Infinity);
    const positionS = times?.positionOf(beyond ? (times.endMs ?? wantedMs) - EDGE_MS : wantedMs);
    const reached = (within || whole || beyond) && media !== this.#broken;
    if (this.#opening === undefined && video !== undefined && positionS !== undefined && reached) {
      video.currentTime = positionS;
      this.#lastMs = times?.timeAt(positionS) ?? wantedMs;
      this.#goalMs = undefined;
      this.#stayHere();
    } else {
      this.#openFrom(Math.min(wantedMs, endMs ?? Date.now() - SURELY_RECORDED_MS));
    }
  }

  /** What was to follow elsewhere is given up; not what waits for the camera. */
  #stayHere(): void {
    this.#opened += 1;
    if (this.#status.kind === 'waiting') return;
    clearTimeout(this.#timer);
    if (this.#status.kind !== 'live') this.#setStatus({ kind: 'connecting', reason: undefined });
  }

  stats(): Promise<PlayerStats> {
    const { video, media } = this.#shown ?? {};
    return Promise.resolve(hlsStats(video, media?.figures, this.#frameRate.fps));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#ticker);
    clearTimeout(this.#timer);
    this.#opening?.close();
    this.#options.events.onPicture(NO_PICTURE);
    this.#shown?.media.close();
    this.#shown = undefined;
  }

  /** Which playlist plays that, at the speed that is wanted. */
  #playlist(range: TimeRange | undefined): Asked {
    const nowMs = Date.now();
    const fast = range !== undefined && needsKeyFrames(this.#speed) ? keyFramesFor(range, nowMs) : undefined;
    return fast ?? playlistFor(range, nowMs);
  }

  /** Plays the range from that time on. */
  #openFrom(startMs: number): void {
    this.#goalMs = startMs;
    const endMs = this.#range?.endMs;
    const rest: TimeRange = { startMs, endMs };
    if (this.#range === undefined || endMs === undefined) {
      this.#range = rest;
      this.#lastMs = undefined;
    } else {
      this.#lastMs = startMs;
    }
    this.#open(this.#playlist(needsKeyFrames(this.#speed) ? rest : this.#range));
  }

  #applySpeed(): void {
    const { video, asked } = this.#shown ?? {};
    if (video === undefined || asked === undefined) return;
    // A new source begins at the default, so both are set. Live is the playlist's own to catch up with.
    const speed = asked.kind === 'live' ? 1 : this.#speed;
    video.defaultPlaybackRate = speed;
    video.playbackRate = speed;
  }

  /** Nothing is there yet that could come faster. */
  #goAtItsPace(): void {
    if (this.#speed <= 1) return;
    this.#speed = 1;
    this.#applySpeed();
    this.#options.events.onSpeed?.(1);
  }

  /** The same again, from the last picture on. */
  #reopen(): void {
    const { asked } = this.#shown ?? {};
    this.#open(asked === undefined ? this.#playlist(this.#range) : this.#again(asked));
  }

  /** A playlist into live goes back no further than need be: the gateway has a limit for it. */
  #again(asked: Asked): Asked {
    if ((asked.kind !== 'into-live' && asked.kind !== 'key-frames') || this.#lastMs === undefined)
      return asked;
    return this.#playlist({ startMs: this.#lastMs, endMs: this.#range?.endMs });
  }

  #open(asked: Asked): void {
    clearTimeout(this.#timer);
    this.#opened += 1;
    this.#opening?.close();
    this.#opening = undefined;
    if (this.#closed) return;
    this.#openOnResume = this.#restingSinceMs !== undefined && !this.#held;
    if (this.#openOnResume) return;
    const reason = 'reason' in this.#status ? this.#status.reason : undefined;
    if (this.#status.kind !== 'waiting') this.#setStatus({ kind: 'connecting', reason });
    const { target, stream } = this.#options;
    let media: HlsMedia | undefined;
    // What is on the screen has no more say once another place is on its way there.
    const isCurrent = (): boolean => media !== undefined && media === (this.#opening ?? this.#shown?.media);
    const events: HlsMediaEvents = {
      onReady: () => {
        if (media !== undefined && media === this.#opening) this.#show(asked, media);
      },
      onEnded: () => {
        if (isCurrent()) this.#ended(asked);
      },
      onFailure: (failure) => {
        if (isCurrent()) void this.#failed(asked, failure);
      },
    };
    media = openMedia({
      url: playlistUrl(target, stream, asked),
      token: target.token,
      startMs: asked.kind === 'live' ? undefined : (this.#lastMs ?? asked.startMs),
      keyFrames: asked.kind === 'key-frames',
      events,
    });
    this.#opening = media;
    if (media === undefined) {
      const message =
        'This browser can play neither WebRTC nor HLS. Take a newer one: Chrome, Edge, Firefox and Safari can.';
      this.#setStatus({ kind: 'failed', reason: { code: 'UNSUPPORTED_BROWSER', message } });
    }
  }

  #show(asked: Asked, media: HlsMedia): void {
    const before = this.#shown;
    const open: Open = { asked, media, video: undefined };
    this.#opening = undefined;
    this.#shown = open;
    this.#frameRate.reset();
    const source: PictureSource = {
      get hasAudio() {
        return media.hasAudio;
      },
      attach: (video) => {
        open.video = video;
        const detach = media.attach(video);
        if (this.#shown === open) this.#applySpeed();
        return () => {
          open.video = undefined;
          video.defaultPlaybackRate = 1;
          video.playbackRate = 1;
          detach();
        };
      },
    };
    this.#options.events.onPicture({ kind: 'source', source });
    before?.media.close();
  }

  #ended(asked: Asked): void {
    const endMs = this.#shown?.media.times?.endMs;
    if ('after' in asked && asked.after === 'next') {
      const nextMs = Math.max(endMs ?? 0, asked.endMs);
      const range = { startMs: nextMs, endMs: this.#range?.endMs };
      const caughtUp = asked.kind === 'key-frames' && keyFramesFor(range, Date.now()) === undefined;
      if (caughtUp) this.#goAtItsPace();
      this.#openFrom(caughtUp ? Math.min(nextMs, Date.now() - SURELY_RECORDED_MS) : nextMs);
    } else {
      this.#setStatus({ kind: 'ended' });
    }
  }

  async #failed(asked: Asked, failure: HlsFailure): Promise<void> {
    const { kind, reason } = failure;
    if (this.#opening === undefined) this.#broken = this.#shown?.media;
    this.#opening?.close();
    this.#opening = undefined;
    const mayGoOn = 'after' in asked ? asked.after === 'next' : asked.kind === 'into-live';
    if (reason.code === 'NOT_RECORDED' && mayGoOn) {
      const opened = this.#opened;
      const nextMs = await this.#nextMs(asked);
      // The viewer may have gone elsewhere.
      if (this.#closed || opened !== this.#opened) return;
      if (nextMs !== undefined) {
        this.#openFrom(nextMs);
        return;
      }
    }
    if (reason.code === 'BAD_MEDIA') this.#skip();
    const comesSoon =
      asked.kind === 'into-live' &&
      reason.code === 'NOT_RECORDED' &&
      Math.abs(Date.now() - asked.startMs) < RECENT_MS;
    this.#setStatus(kind === 'retry' || comesSoon ? { kind: 'connecting', reason } : statusOf(kind, reason));
    const delayMs = kind === 'fail' && !comesSoon ? HOPELESS_RETRY_MS : backoffDelayMs(this.#attempt, RETRY);
    this.#attempt += 1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#open(this.#again(asked)), delayMs);
  }

  /** Later than what was just asked for in vain, so that it is not asked for for ever. */
  async #nextMs(asked: Asked): Promise<number | undefined> {
    if (asked.kind === 'live') return undefined;
    const { target, stream } = this.#options;
    const nextMs = await nextRecordedMs(target, stream, asked.startMs, Date.now());
    return nextMs !== undefined && nextMs > asked.startMs ? nextMs : undefined;
  }

  #tick(): void {
    const { video } = this.#shown ?? {};
    const frames = video?.getVideoPlaybackQuality().totalVideoFrames ?? 0;
    const nowMs = performance.now();
    this.#frameRate.sample(nowMs, frames);
    this.#mindTheEdge();
    this.#mindTheEnd();
    const playing = video !== undefined && !video.paused && this.#restingSinceMs === undefined;
    const expected = playing && this.#status.kind !== 'waiting' && this.#status.kind !== 'ended';
    const seen = this.#watchdog.tick(nowMs, frames, expected);
    if (seen === 'progress' && this.#opening === undefined) this.#progressed();
    else if (seen === 'stalled') void this.#stalled();
  }

  /** A playlist that still grows has nothing more for who is faster than the clock. */
  #mindTheEdge(): void {
    const { media, asked } = this.#shown ?? {};
    if (asked?.kind !== 'into-live' || this.#speed <= 1 || media?.growing !== true) return;
    const { timeMs } = this.playhead ?? {};
    const endMs = media.times?.endMs;
    if (timeMs !== undefined && endMs !== undefined && endMs - timeMs < CAUGHT_UP_MS) this.#goAtItsPace();
  }

  /** A playlist of key frames goes on for a while behind what was asked for. */
  #mindTheEnd(): void {
    const { asked, video } = this.#shown ?? {};
    if (asked?.kind !== 'key-frames' || asked.after !== 'end' || this.#status.kind === 'ended') return;
    if ((this.playhead?.timeMs ?? 0) < asked.endMs) return;
    video?.pause();
    this.#ended(asked);
  }

  #progressed(): void {
    this.#attempt = 0;
    this.#goalMs = undefined;
    this.#lastMs = this.playhead?.timeMs ?? this.#lastMs;
    if (this.#status.kind !== 'ended') this.#setStatus({ kind: 'live' });
    this.#options.events.onProgress();
  }

  /** Either the camera is away, and there is nothing to be played, or something is stuck here. */
  async #stalled(): Promise<void> {
    if (this.#checking) return;
    const { asked, media } = this.#shown ?? {};
    this.#checking = true;
    const trouble =
      media?.growing === true ? await cameraTrouble(this.#options.target, this.#options.stream) : undefined;
    this.#checking = false;
    if (this.#closed || asked === undefined || media !== this.#shown?.media || this.#opening !== undefined)
      return;
    if (trouble === undefined) {
      if (hasMoreToPlay(this.#shown?.video)) this.#skip();
      this.#open(this.#again(asked));
      return;
    }
    this.#setStatus({ kind: 'waiting', reason: trouble });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#status.kind === 'waiting') void this.#stalled();
    }, CAMERA_CHECK_MS);
  }

  /** Where a recording is taken up again is behind what could not be played. */
  #skip(): void {
    const fromMs = this.#lastMs ?? this.#range?.startMs;
    if (fromMs !== undefined) this.#lastMs = fromMs + SKIP_MS;
  }

  #setStatus(status: EngineStatus): void {
    this.#status = status;
    if (!this.#closed) this.#options.events.onStatus(status);
  }
}

function statusOf(kind: 'wait' | 'fail', reason: Reason): EngineStatus {
  return kind === 'wait' ? { kind: 'waiting', reason } : { kind: 'failed', reason };
}
