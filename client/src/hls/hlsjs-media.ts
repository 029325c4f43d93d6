import Hls, { type ErrorData, type HlsConfig, type Level } from 'hls.js';
import { cannotDecode, codecName } from './codec-names.ts';
import { failureOfAnswer, type HlsFailure, retry } from './failure.ts';
import type { HlsFigures, HlsMedia, HlsMediaEvents, HlsMediaOptions } from './hls-media.ts';
import { TimeMap } from './time-map.ts';

/** A decoder that failed is set up anew that often before the playlist is opened again. */
const MAX_RECOVERIES = 2;
/** Some 15 seconds at 16 times the speed. */
const KEY_FRAMES_BUFFER_S = 240;
/** Retries of the playlist are the engine's, which knows what the answer means. */
const ASK_ONCE = {
  default: { maxTimeToFirstByteMs: 10_000, maxLoadTimeMs: 20_000, timeoutRetry: null, errorRetry: null },
};

/** Plays through MediaSource. */
export class HlsJsMedia implements HlsMedia {
  readonly #hls: Hls;
  readonly #events: HlsMediaEvents;
  readonly #startMs: number | undefined;
  #bitrateKbps: number | undefined;
  #hasAudio = false;
  #codec: string | undefined;
  #recoveries = 0;
  #over = false;

  static get isSupported(): boolean {
    return Hls.isSupported();
  }

  constructor({ url, token, startMs, keyFrames, events }: HlsMediaOptions) {
    this.#events = events;
    this.#startMs = startMs;
    this.#hls = new Hls(configOf(startMs === undefined, keyFrames, token));
    this.#listen();
    this.#hls.loadSource(url);
  }

  get hasAudio(): boolean {
    return this.#hasAudio;
  }

  get times(): TimeMap | undefined {
    const segments = this.#hls.latestLevelDetails?.fragments;
    return segments === undefined || segments.length === 0 ? undefined : new TimeMap(segments);
  }

  get growing(): boolean {
    return this.#hls.latestLevelDetails?.live ?? false;
  }

  get figures(): HlsFigures {
    return {
      codec: codecOf(this.#hls.levels[0]) ?? this.#codec,
      bitrateKbps: this.#bitrateKbps,
      latencyMs:
        this.#startMs === undefined && this.#hls.latency > 0
          ? Math.round(this.#hls.latency * 1000)
          : undefined,
    };
  }

  attach(video: HTMLVideoElement): () => void {
    const begin = (): void => this.#seekToStart(video);
    const ended = (): void => this.#events.onEnded();
    video.addEventListener('loadedmetadata', begin, { once: true });
    video.addEventListener('ended', ended);
    this.#hls.attachMedia(video);
    return () => {
      video.removeEventListener('loadedmetadata', begin);
      video.removeEventListener('ended', ended);
      this.#hls.detachMedia();
    };
  }

  setLoading(loading: boolean): void {
    if (this.#over) return;
    if (loading) this.#hls.startLoad();
    else this.#hls.stopLoad();
  }

  close(): void {
    this.#over = true;
    this.#hls.destroy();
  }

  #listen(): void {
    const { Events } = Hls;
    this.#hls.once(Events.LEVEL_LOADED, () => this.#events.onReady());
    this.#hls.on(Events.BUFFER_CREATED, (_, { tracks }) => {
      this.#hasAudio = tracks.audio !== undefined || tracks.audiovideo !== undefined;
      const codec = tracks.video?.codec ?? tracks.audiovideo?.codec;
      this.#codec = codec === undefined ? undefined : codecName(codec);
    });
    this.#hls.on(Events.FRAG_LOADED, (_, { frag, payload }) => {
      this.#bitrateKbps = Math.round((payload.byteLength * 8) / 1000 / frag.duration);
    });
    this.#hls.on(Events.ERROR, (_, error) => this.#onError(error));
  }

  /** The first segment begins at a key frame before the time that was asked for. */
  #seekToStart(video: HTMLVideoElement): void {
    if (this.#startMs === undefined) return;
    const positionS = this.times?.positionOf(this.#startMs);
    if (positionS !== undefined && positionS > video.currentTime) video.currentTime = positionS;
  }

  #onError(error: ErrorData): void {
    if (this.#over) return;
    if (error.details === Hls.ErrorDetails.FRAG_PARSING_ERROR) leapOver(error);
    if (!error.fatal) return;
    if (
      error.type === Hls.ErrorTypes.MEDIA_ERROR &&
      !isCodecProblem(error) &&
      this.#recoveries < MAX_RECOVERIES
    ) {
      this.#recoveries += 1;
      this.#hls.recoverMediaError();
      return;
    }
    this.#over = true;
    this.#hls.stopLoad();
    this.#events.onFailure(failureOf(error));
  }
}

function configOf(live: boolean, keyFrames: boolean, token: string | undefined): Partial<HlsConfig> {
  return {
    // A recorded playlist that still grows would otherwise begin at its end.
    ...(live
      ? { liveSyncDurationCount: 2, liveMaxLatencyDurationCount: 6, maxLiveSyncPlaybackRate: 1.15 }
      : { startPosition: 0 }),
    backBufferLength: 60,
    maxBufferLength: keyFrames ? KEY_FRAMES_BUFFER_S : 30,
    manifestLoadPolicy: ASK_ONCE,
    playlistLoadPolicy: ASK_ONCE,
    xhrSetup: (xhr, url) => {
      xhr.open('GET', url, true);
      // In the header, not the URL: addresses end up in logs.
      if (token !== undefined) xhr.setRequestHeader('authorization', `Bearer ${token}`);
    },
  };
}

function isCodecProblem({ details }: ErrorData): boolean {
  const { ErrorDetails } = Hls;
  return (
    details === ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR ||
    details === ErrorDetails.BUFFER_ADD_CODEC_ERROR
  );
}

/**
 * As if the playlist had EXT-X-GAP there (RFC 8216bis, section 4.4.4.7): hls.js would ask for the damaged segment
 * again and again, and give up long before it is due.
 */
function leapOver({ frag }: ErrorData): void {
  if (frag === undefined || frag.gap === true) return;
  frag.gap = true;
  frag.tagList.push(['GAP']);
}

function failureOf(error: ErrorData): HlsFailure {
  if (isCodecProblem(error)) {
    return { kind: 'fail', reason: { code: 'UNSUPPORTED_BROWSER', message: cannotDecode(error.mimeType) } };
  }
  if (error.type === Hls.ErrorTypes.NETWORK_ERROR) {
    // The loader is hls.js's own, which works on an XMLHttpRequest.
    const request = error.networkDetails instanceof XMLHttpRequest ? error.networkDetails : undefined;
    const failure = failureOfAnswer(request?.status ?? 0, request === undefined ? '' : textOf(request));
    // A segment that is gone says nothing about the rest: a new playlist does.
    const aboutSegment = error.frag !== undefined && request?.status !== 401;
    return aboutSegment ? retry(failure.reason) : failure;
  }
  return retry({
    code: 'BAD_MEDIA',
    message: `This piece cannot be played (${error.details}). It is loaded again or passed over by itself.`,
  });
}

function textOf(request: XMLHttpRequest): string {
  if (request.responseType === '' || request.responseType === 'text') return request.responseText;
  return request.response instanceof ArrayBuffer ? new TextDecoder().decode(request.response) : '';
}

function codecOf(level: Level | undefined): string | undefined {
  return level?.videoCodec === undefined ? undefined : codecName(level.videoCodec);
}
