import type {
  AudioFormat,
  Source,
  SourceSink,
  StartSource,
  TrackFormat,
  VideoFormat,
} from '../../server/stream/index.ts';
import type { ClipUnit } from './h264-clip.ts';

/** A clip of any codec. */
export interface PlayedClip {
  readonly format: VideoFormat;
  readonly fps: number;
  readonly units: readonly ClipUnit[];
}

export const PCMU: AudioFormat = { kind: 'audio', codec: 'pcmu', clockRate: 8000, channels: 1 };
export const PCMA: AudioFormat = { kind: 'audio', codec: 'pcma', clockRate: 8000, channels: 1 };
export const OPUS: AudioFormat = { kind: 'audio', codec: 'opus', clockRate: 48_000, channels: 2 };
export const AAC: AudioFormat = {
  kind: 'audio',
  codec: 'aac',
  clockRate: 48_000,
  channels: 2,
  config: Buffer.from('1190', 'hex'),
};

const AUDIO_FRAME_MS = 20;
/** Silence of 20 ms in Opus (CELT, full band, stereo). */
const OPUS_SILENCE = Buffer.from([0xfc, 0xff, 0xfe]);
/** A frame of silence in AAC-LC, stereo. */
const AAC_SILENCE = Buffer.from('210049900219002380', 'hex');
const G711_SILENCE = Buffer.alloc(160, 0xd5);

/** A camera without a network: it plays a clip over and over into the hub, as a source does. */
export class ClipCamera {
  audio: AudioFormat | undefined;
  keyFrameRequests = 0;
  connections = 0;
  /** The microphone hears nothing worth sending; time goes on. */
  isSilent = false;
  /** Stops to send key frames. */
  hasKeyFrames = true;
  #clip: PlayedClip;
  #next: PlayedClip | undefined;
  #sink: SourceSink | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isReachable = true;
  #frames = 0;
  #audioFrames = 0;
  #startedAtMs = 0;

  constructor(clip: PlayedClip, audio?: AudioFormat) {
    this.#clip = clip;
    this.audio = audio;
  }

  readonly startSource: StartSource = (_definition, sink): Source => {
    this.#sink = sink;
    if (this.#isReachable) this.#play();
    else sink.waiting('CAMERA_UNREACHABLE', 'The camera does not answer.', 1000);
    return {
      setWatched: () => {},
      requestKeyFrame: () => {
        this.keyFrameRequests += 1;
      },
      close: async () => {
        this.#stop();
        this.#sink = undefined;
      },
    };
  };

  /** The connection breaks and stays broken. */
  lose(): void {
    this.#isReachable = false;
    this.#stop();
    this.#sink?.waiting('CAMERA_UNREACHABLE', 'The camera does not answer.', 1000);
  }

  /** The camera is back, with timestamps of its own beginning anew. */
  restore(): void {
    this.#isReachable = true;
    if (this.#sink !== undefined) this.#play();
  }

  /** Somebody changed the camera's resolution; from the next key frame on, on the same connection. */
  switchTo(clip: PlayedClip): void {
    this.#next = clip;
  }

  #play(): void {
    this.#stop();
    this.connections += 1;
    this.#frames = 0;
    this.#audioFrames = 0;
    this.#startedAtMs = performance.now();
    const formats: TrackFormat[] = [this.#clip.format, ...(this.audio === undefined ? [] : [this.audio])];
    // A real source calls back from a socket, never from within its start.
    this.#timer = setInterval(() => this.#tick(), 5);
    queueMicrotask(() => this.#sink?.playing(formats, 'clip'));
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const elapsedMs = performance.now() - this.#startedAtMs;
    while ((this.#frames * 1000) / this.#clip.fps <= elapsedMs) this.#videoFrame();
    while (this.audio !== undefined && this.#audioFrames * AUDIO_FRAME_MS <= elapsedMs) this.#audioFrame();
  }

  #videoFrame(): void {
    let index = this.#frames % this.#clip.units.length;
    let unit = this.#clip.units[index];
    if (unit?.isKeyFrame === true && this.#next !== undefined) {
      this.#clip = this.#next;
      this.#next = undefined;
      index = 0;
      unit = this.#clip.units[index];
      this.#sink?.format(this.#clip.format);
    }
    if (unit === undefined) throw new Error('the clip is empty');
    if (unit.isKeyFrame && !this.hasKeyFrames) {
      this.#frames += 1;
      return;
    }
    this.#sink?.unit({
      kind: 'video',
      rtpTimestamp:
        Math.round(((this.#frames - index + (unit.order ?? index)) * 90_000) / this.#clip.fps) >>> 0,
      payloads: unit.payloads,
      isKeyFrame: unit.isKeyFrame,
      isDisposable: unit.isDisposable ?? false,
      ...(unit.isReordered === undefined ? {} : { isReordered: unit.isReordered }),
      receivedAtMs: performance.now(),
    });
    this.#frames += 1;
  }

  #audioFrame(): void {
    const { audio } = this;
    if (audio === undefined) return;
    if (this.isSilent) {
      this.#audioFrames += 1;
      return;
    }
    const coded = audio.codec === 'aac' ? AAC_SILENCE : G711_SILENCE;
    const payload = audio.codec === 'opus' ? OPUS_SILENCE : coded;
    this.#sink?.unit({
      kind: 'audio',
      rtpTimestamp: (this.#audioFrames * audio.clockRate * AUDIO_FRAME_MS) / 1000,
      payloads: [payload],
      isKeyFrame: true,
      receivedAtMs: performance.now(),
    });
    this.#audioFrames += 1;
  }
}
