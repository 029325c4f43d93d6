import { availableParallelism } from 'node:os';
import { derivedStreamId, type StreamId } from '../../../shared/names.ts';
import type { LegStatus } from '../../../shared/stream.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { LegRequest, Source, SourceSink, Stream, TrackFormat } from '../../stream/index.ts';
import { Leg, type LegPlan } from './leg.ts';
import { pictureArguments, soundArguments } from './leg-arguments.ts';
import { STALL_LIMITS, type StallLimits } from './leg-run.ts';
import { type Devices, VideoEncoders } from './video-encoders.ts';

export interface LegsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Default `ffmpeg`, found by PATH. */
  readonly ffmpegPath?: string;
  stream(id: StreamId): Stream | undefined;
  /** How many pictures are converted at once; default one for each core, and 16 where hardware encodes. */
  readonly maxVideoLegs?: number;
  /** How many streams' sound is converted at once; default 50 for each core. */
  readonly maxSoundLegs?: number;
  /** When an FFmpeg that makes nothing is replaced. */
  readonly stallLimits?: StallLimits;
  /** Where hardware is looked for; default: this machine. */
  devices?(): Promise<Devices>;
}

const HARDWARE_LEGS = 16;
const SOUND_LEGS_PER_CORE = 50;

/** All legs: FFmpegs that make of a stream's track what browsers take over WebRTC. */
export class Legs {
  readonly #options: LegsOptions;
  readonly #log: Logger;
  readonly #ffmpegPath: string;
  readonly #encoders: VideoEncoders;
  readonly #legs = new Map<StreamId, Leg>();
  readonly #running = { video: 0, audio: 0 };
  #maxVideoLegs: number | undefined;

  constructor(options: LegsOptions) {
    this.#options = options;
    this.#maxVideoLegs = options.maxVideoLegs;
    this.#log = options.log.child({ part: 'legs' });
    this.#ffmpegPath = options.ffmpegPath ?? 'ffmpeg';
    this.#encoders = new VideoEncoders({
      clock: options.clock,
      log: this.#log,
      ffmpegPath: this.#ffmpegPath,
      ...(options.devices === undefined ? {} : { devices: options.devices }),
    });
  }

  /** Starts what makes a leg; a `StartLeg`. */
  start(request: LegRequest, sink: SourceSink): Source {
    const parent = this.#options.stream(request.of);
    if (parent === undefined) throw new Error(`there is no stream ${request.of}`);
    const id = derivedStreamId(request.of, request.kind);
    const leg = new Leg(request, sink, {
      clock: this.#options.clock,
      log: this.#log.child({ stream: id }),
      ffmpegPath: this.#ffmpegPath,
      parent,
      stallLimits: this.#options.stallLimits ?? STALL_LIMITS,
      plan: (format) => this.#plan(format),
    });
    this.#legs.set(id, leg);
    return {
      setWatched: () => leg.setWatched(),
      requestKeyFrame: () => leg.requestKeyFrame(),
      close: async () => {
        if (this.#legs.get(id) === leg) this.#legs.delete(id);
        await leg.close();
      },
    };
  }

  /** `transcode.maxVideoLegs` is another one now; what runs goes on. */
  set maxVideoLegs(most: number | undefined) {
    this.#maxVideoLegs = most;
  }

  /** The legs of a stream that somebody uses. */
  status(of: StreamId): LegStatus[] {
    return (['h264', 'opus'] as const).flatMap(
      (kind) => this.#legs.get(derivedStreamId(of, kind))?.status() ?? [],
    );
  }

  /** FFmpegs that run now. */
  get running(): { readonly video: number; readonly audio: number } {
    return { ...this.#running };
  }

  async #plan(format: TrackFormat): Promise<LegPlan> {
    if (format.kind === 'audio') {
      const most = this.#options.maxSoundLegs ?? SOUND_LEGS_PER_CORE * availableParallelism();
      if (this.#running.audio >= most) return soundBusy(most);
      return this.#go('audio', soundArguments(format), 'libopus');
    }
    const encoder = await this.#encoders.choose();
    if (encoder === undefined) return noEncoder(this.#ffmpegPath);
    const cores = availableParallelism();
    const most = this.#maxVideoLegs ?? (encoder.isHardware ? HARDWARE_LEGS : cores);
    if (this.#running.video >= most) return pictureBusy(format.codec, most);
    return this.#go('video', pictureArguments(format, encoder), encoder.name, () =>
      this.#encoders.failed(encoder),
    );
  }

  #go(kind: 'video' | 'audio', args: readonly string[], encoder: string, onUseless = () => {}): LegPlan {
    this.#running[kind] += 1;
    return {
      kind: 'go',
      args,
      encoder,
      end: (hasWorked) => {
        this.#running[kind] -= 1;
        if (!hasWorked) onUseless();
      },
    };
  }
}

function pictureBusy(codec: string, most: number): LegPlan {
  return {
    kind: 'refused',
    code: 'TRANSCODER_BUSY',
    message:
      `Browsers take no ${nameOf(codec)} over WebRTC, and this machine converts ${most} ${most === 1 ? 'stream' : 'streams'} already, ` +
      'which is all it may (transcode.maxVideoLegs). Watch it as HLS, let the camera send H.264, or stop watching another one.',
  };
}

function soundBusy(most: number): LegPlan {
  return {
    kind: 'refused',
    code: 'TRANSCODER_BUSY',
    message: `The sound of ${most} streams is converted already, which is all this machine may; the picture goes on without.`,
  };
}

function noEncoder(ffmpegPath: string): LegPlan {
  return {
    kind: 'refused',
    code: 'TRANSCODER_FAILED',
    message: `FFmpeg (${ffmpegPath}) has no H.264 encoder that works here; install one with libx264, or let the camera send H.264.`,
  };
}

function nameOf(codec: string): string {
  return codec === 'h265' ? 'H.265' : codec.toUpperCase();
}
