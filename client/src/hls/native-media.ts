import { failureOfAnswer, retry } from './failure.ts';
import type { HlsFigures, HlsMedia, HlsMediaOptions } from './hls-media.ts';
import { playlistTimes } from './playlist-times.ts';
import { type SegmentTime, TimeMap } from './time-map.ts';

const ASK_TIMEOUT_MS = 10_000;
export const HLS_TYPE = 'application/vnd.apple.mpegurl';

/** Safari's: the clock's time at position 0, by the playlist. */
interface DatedVideo extends HTMLVideoElement {
  getStartDate?(): Date;
}

/** Plays by the browser's own HLS, where there is no MediaSource: iPhones before iOS 17.1. */
export class NativeMedia implements HlsMedia {
  readonly #options: HlsMediaOptions;
  readonly #asking = new AbortController();
  #video: DatedVideo | undefined;
  /** Of a playlist with an end. */
  #segments: readonly SegmentTime[] | undefined;

  constructor(options: HlsMediaOptions) {
    this.#options = options;
    void this.#ask();
  }

  get hasAudio(): boolean {
    // Nothing tells; a stream that might have sound is treated as one that has.
    return this.#video !== undefined;
  }

  get growing(): boolean {
    return this.#video?.duration === Number.POSITIVE_INFINITY;
  }

  /** By the playlist where it is whole; while it grows by what the browser tells, which is only when it began. */
  get times(): TimeMap | undefined {
    const video = this.#video;
    if (video === undefined || video.seekable.length === 0) return undefined;
    if (this.#segments !== undefined) return new TimeMap(this.#segments);
    const dateMs = video.getStartDate?.().getTime();
    const zeroMs = dateMs === undefined || Number.isNaN(dateMs) ? this.#options.startMs : dateMs;
    if (zeroMs === undefined) return undefined;
    const start = video.seekable.start(0);
    const duration = video.seekable.end(video.seekable.length - 1) - start;
    return new TimeMap([{ start, duration, programDateTime: zeroMs + start * 1000 }]);
  }

  get figures(): HlsFigures {
    return { codec: undefined, bitrateKbps: undefined, latencyMs: undefined };
  }

  attach(video: HTMLVideoElement): () => void {
    this.#video = video;
    const { events, startMs } = this.#options;
    const listening = new AbortController();
    const { signal } = listening;
    video.addEventListener('ended', () => events.onEnded(), { signal });
    video.addEventListener('error', () => this.#failed(video.error), { signal });
    const toStart = (): void => {
      const positionS = startMs === undefined ? undefined : this.times?.positionOf(startMs);
      if (positionS !== undefined) video.currentTime = positionS;
    };
    video.addEventListener('loadedmetadata', toStart, { signal, once: true });
    video.src = this.#address();
    return () => {
      listening.abort();
      this.#video = undefined;
      video.removeAttribute('src');
      video.load();
    };
  }

  setLoading(): void {
    // A video element that is paused stops loading by itself.
  }

  close(): void {
    this.#asking.abort();
  }

  /** A video element does not tell what the server answered, so the playlist is asked for once before. */
  async #ask(): Promise<void> {
    const { events } = this.#options;
    const signal = AbortSignal.any([this.#asking.signal, AbortSignal.timeout(ASK_TIMEOUT_MS)]);
    try {
      const response = await fetch(this.#address(), { signal });
      const text = await response.text();
      if (this.#asking.signal.aborted) return;
      if (response.ok) {
        if (text.includes('#EXT-X-ENDLIST')) this.#segments = playlistTimes(text);
        events.onReady();
      } else events.onFailure(failureOfAnswer(response.status, text));
    } catch {
      if (!this.#asking.signal.aborted) events.onFailure(failureOfAnswer(0, ''));
    }
  }

  /** A video element sends no headers, so the token has to go into the address. */
  #address(): string {
    const url = new URL(this.#options.url);
    if (this.#options.token !== undefined) url.searchParams.set('access_token', this.#options.token);
    return url.href;
  }

  #failed(error: MediaError | null): void {
    const detail = error === null || error.message === '' ? '' : ` (${error.message})`;
    this.#options.events.onFailure(
      retry({ code: 'BAD_MEDIA', message: `The stream cannot be played${detail}.` }),
    );
  }
}
