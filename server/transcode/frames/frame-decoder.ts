import { ApiError } from '../../../shared/errors.ts';
import type { Clock } from '../../base/clock.ts';
import { Turns } from '../../base/turns.ts';
import { type PictureRequest, scaledSize } from './coded-pictures.ts';
import { DecoderProcess, type DecoderProcessOptions } from './decoder-process.ts';

export interface FrameDecoderOptions {
  readonly clock: Clock;
  /** Default `ffmpeg`, found by PATH. */
  readonly ffmpegPath?: string;
  /** How many pictures are decoded at once; default 2. */
  readonly maxRunning?: number;
  /** How many more may wait; default 64. */
  readonly maxWaiting?: number;
  /** A process that nobody needed for so long ends; default 60 s. */
  readonly idleMs?: number;
  /** For one picture; default 10 s. */
  readonly timeoutMs?: number;
}

const DEFAULT_MAX_RUNNING = 2;
const DEFAULT_MAX_WAITING = 64;
const DEFAULT_IDLE_MS = 60_000;
/** Besides those that run, in case the same sizes are asked for again. */
const SPARE_PROCESSES = 2;

interface Kept {
  readonly process: DecoderProcess;
  isBusy: boolean;
  cancelIdle: (() => void) | undefined;
}

/**
 * Makes JPEGs of coded pictures in a few long-lived FFmpeg processes, one for each codec and size of JPEG that is in demand: a picture
 * costs its decoding, not the start of a program.
 */
export class FrameDecoder {
  readonly #options: FrameDecoderOptions;
  /** By codec and size, the least recently used first. */
  readonly #processes = new Map<string, Kept>();
  readonly #closing = new Set<Promise<void>>();
  readonly #turns: Turns;
  #isClosed = false;

  constructor(options: FrameDecoderOptions) {
    this.#options = options;
    this.#turns = new Turns({
      maxRunning: options.maxRunning ?? DEFAULT_MAX_RUNNING,
      maxWaiting: options.maxWaiting ?? DEFAULT_MAX_WAITING,
      refuse: () =>
        new ApiError('RATE_LIMITED', 'Too many pictures are being made just now; try again in a moment.'),
    });
  }

  /**
   * The JPEG of the wanted picture. Rejects with `ApiError`: PICTURE_DAMAGED, RATE_LIMITED where too many wait, SHUTTING_DOWN,
   * INTERNAL where FFmpeg cannot be started.
   */
  async decode(request: PictureRequest): Promise<Buffer> {
    return this.#turns.run(() => this.#decode(request));
  }

  /** Ends all processes; what waits is refused. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const key of [...this.#processes.keys()]) this.#end(key);
    await Promise.all(this.#closing);
  }

  async #decode(request: PictureRequest): Promise<Buffer> {
    if (this.#isClosed) throw new ApiError('SHUTTING_DOWN', 'The gateway is shutting down.');
    const size = scaledSize(request.width, request.height, request.scaledWidth);
    const { codec } = request;
    const key = `${codec} ${size.width}x${size.height}`;
    const kept = this.#take(key, { codec, ...size });
    try {
      return await kept.process.decode(request);
    } finally {
      kept.isBusy = false;
      if (this.#processes.get(key) === kept) {
        const idleMs = this.#options.idleMs ?? DEFAULT_IDLE_MS;
        kept.cancelIdle = this.#options.clock.after(idleMs, () => this.#end(key));
      } else {
        this.#letGo(kept.process);
      }
    }
  }

  /** A process of this size and codec that is free; where it is busy, another takes its place and it ends when it is done. */
  #take(key: string, made: Pick<DecoderProcessOptions, 'codec' | 'width' | 'height'>): Kept {
    let kept = this.#processes.get(key);
    this.#processes.delete(key);
    if (kept === undefined || kept.isBusy) {
      const { clock, ffmpegPath = 'ffmpeg', timeoutMs } = this.#options;
      const process = new DecoderProcess({
        clock,
        ffmpegPath,
        ...made,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      });
      kept = { process, isBusy: true, cancelIdle: undefined };
    }
    kept.cancelIdle?.();
    kept.cancelIdle = undefined;
    kept.isBusy = true;
    this.#processes.set(key, kept);
    this.#endSpare();
    return kept;
  }

  #endSpare(): void {
    const most = (this.#options.maxRunning ?? DEFAULT_MAX_RUNNING) + SPARE_PROCESSES;
    for (const [key, { isBusy }] of this.#processes) {
      if (this.#processes.size <= most) return;
      if (!isBusy) this.#end(key);
    }
  }

  #end(key: string): void {
    const kept = this.#processes.get(key);
    if (kept === undefined) return;
    this.#processes.delete(key);
    kept.cancelIdle?.();
    this.#letGo(kept.process);
  }

  #letGo(process: DecoderProcess): void {
    const closed = process.close().finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
  }
}
