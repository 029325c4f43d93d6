import { constants, setPriority } from 'node:os';
import type { Writable } from 'node:stream';
import { ApiError } from '../../../shared/errors.ts';
import { type ProcessExit, type ProcessSpec, runProcess } from '../../base/child-process.ts';
import type { Clock } from '../../base/clock.ts';
import { MAX_PIXELS_ARGUMENTS } from '../decode-limits.ts';
import type { PictureRequest } from './coded-pictures.ts';
import { type DecoderInput, decoderInput, inputArguments } from './decoder-input.ts';
import { SmjpegReader } from './smjpeg.ts';

export interface DecoderProcessOptions {
  readonly clock: Clock;
  readonly ffmpegPath: string;
  readonly codec: PictureRequest['codec'];
  /** Of every JPEG of this process. */
  readonly width: number;
  readonly height: number;
  /** Default 10 s for one picture, the start of FFmpeg included. */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 10_000;

/** One FFmpeg from its start to its end. */
interface Run {
  readonly stop: AbortController;
  readonly stdin: Promise<Writable>;
  readonly ended: Promise<ProcessExit>;
  readonly input: DecoderInput;
  hasEnded: boolean;
  /** What is done with the JPEG of a time. */
  onJpeg(timeMs: number, jpeg: Buffer): void;
  /** Who is told of the end. One at a time: each `ended.then` would be held, with its picture, for as long as FFmpeg runs. */
  onEnd(exit: ProcessExit): void;
}

/**
 * A long-lived FFmpeg that makes JPEGs of one size from single pictures of one codec, whatever stream, size or profile those are of.
 * One picture at a time: who calls waits for the one before.
 *
 * 1. Pictures go in with what makes the decoder give them out (`DecoderInput`).
 * 2. Only the picture that is wanted passes the filter; it comes out with its time as SMJPEG.
 * 3. FFmpeg ends at the first damaged picture (`-xerror`); the next call starts another.
 */
export class DecoderProcess {
  readonly #options: DecoderProcessOptions;
  #run: Run | undefined;
  #isClosed = false;

  constructor(options: DecoderProcessOptions) {
    this.#options = options;
  }

  /** Rejects with `ApiError`: PICTURE_DAMAGED, SHUTTING_DOWN after `close()`, INTERNAL where FFmpeg cannot be started. */
  async decode(request: PictureRequest): Promise<Buffer> {
    const warm = this.#warmRun();
    if (warm !== undefined) {
      try {
        return await this.#decodeIn(warm, request);
      } catch {
        // A process that served others may have been killed, or have kept something of them: a fresh one decides.
      }
    }
    if (this.#isClosed) throw new ApiError('SHUTTING_DOWN', 'The gateway is shutting down.');
    return this.#decodeIn(this.#start(), request);
  }

  /** Ends FFmpeg; resolves when it is gone. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#run?.stop.abort();
    await this.#run?.ended;
  }

  #warmRun(): Run | undefined {
    const run = this.#run;
    if (run === undefined || run.hasEnded || run.stop.signal.aborted) return undefined;
    if (!run.input.isUsedUp) return run;
    run.stop.abort();
    return undefined;
  }

  async #decodeIn(run: Run, request: PictureRequest): Promise<Buffer> {
    const { clock, timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    let isTimeUp = false;
    const cancel = clock.after(timeoutMs, () => {
      isTimeUp = true;
      run.stop.abort();
    });
    try {
      return await new Promise<Buffer>((resolve, reject) => {
        run.onEnd = (exit) => reject(this.#whyEnded(exit, isTimeUp));
        run.stdin.then((stdin) => feed(run, stdin, request, resolve)).catch(reject);
      });
    } catch (failure) {
      run.stop.abort();
      throw failure;
    } finally {
      cancel();
      run.onJpeg = () => {};
      run.onEnd = () => {};
    }
  }

  #whyEnded(exit: ProcessExit, isTimeUp: boolean): ApiError {
    if (this.#isClosed) return new ApiError('SHUTTING_DOWN', 'The gateway is shutting down.');
    if (exit.cause === 'unstartable') {
      return new ApiError('INTERNAL', 'FFmpeg cannot be started; "npm start" tells how to install it.');
    }
    return isTimeUp
      ? new ApiError('PICTURE_DAMAGED', 'Decoding this picture took too long; ask for another time.')
      : damaged();
  }

  #start(): Run {
    const stop = new AbortController();
    const started = Promise.withResolvers<Writable>();
    const reader = new SmjpegReader(({ timeMs, jpeg }) => run.onJpeg(timeMs, jpeg));
    const spec = decoderSpec(this.#options, started.resolve, (chunk) => {
      try {
        reader.push(chunk);
      } catch {
        stop.abort();
      }
    });
    const run: Run = {
      stop,
      stdin: started.promise,
      ended: runProcess(spec, this.#options.clock, stop.signal),
      hasEnded: false,
      input: decoderInput(this.#options.codec),
      onJpeg: () => {},
      onEnd: () => {},
    };
    run.ended.then((exit) => {
      run.hasEnded = true;
      run.onEnd(exit);
    });
    this.#run = run;
    return run;
  }
}

function feed(run: Run, stdin: Writable, request: PictureRequest, resolve: (jpeg: Buffer) => void): void {
  const taken = run.input.take(request);
  if (taken === undefined) throw damaged();
  run.onJpeg = (timeMs, jpeg) => {
    if (timeMs === taken.wantedMs) resolve(jpeg);
  };
  for (const bytes of taken.bytes) stdin.write(bytes);
}

function damaged(): ApiError {
  return new ApiError(
    'PICTURE_DAMAGED',
    'This picture is damaged and cannot be shown; ask for another time.',
  );
}

function decoderSpec(
  { ffmpegPath, codec, width, height }: DecoderProcessOptions,
  onStdin: (stdin: Writable) => void,
  onStdout: (chunk: Buffer) => void,
): ProcessSpec {
  const filter = `select='not(mod(pts,2))',scale=${width}:${height}:out_range=pc,setsar=1`;
  return {
    command: ffmpegPath,
    args: [
      ...['-nostdin', '-hide_banner', '-v', 'fatal', '-xerror', '-filter_threads', '1'],
      // What it reads is what cameras sent: this one container, this one codec, no other file or address.
      ...['-protocol_whitelist', 'pipe', ...inputArguments(codec)],
      ...['-threads', '1', ...MAX_PIXELS_ARGUMENTS, '-i', 'pipe:0'],
      ...['-an', '-vf', filter, '-fps_mode', 'passthrough', '-copyts', '-enc_time_base', '1:1000'],
      ...['-c:v', 'mjpeg', '-threads', '1', '-q:v', '4', '-pix_fmt', 'yuvj420p'],
      ...['-flush_packets', '1', '-f', 'smjpeg', 'pipe:1'],
    ],
    onStdin,
    onStdout,
    onStart: (pid) => {
      try {
        // Pictures for people who look around must not take time from those who watch live.
        setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
      } catch {
        // It has ended already.
      }
    },
    // It holds nothing that could get lost, and does not hear SIGTERM while it waits for input.
    stopGraceMs: 0,
  };
}
