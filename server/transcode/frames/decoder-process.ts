import { constants, setPriority } from 'node:os';
import type { Writable } from 'node:stream';
import { ApiError } from '../../../shared/errors.ts';
import { type ProcessExit, type ProcessSpec, runProcess } from '../../base/child-process.ts';
import type { Clock } from '../../base/clock.ts';
import { type PictureRequest, placePictures } from './coded-pictures.ts';
import { FLV_HEADER, flvParameterSets, flvPicture } from './flv.ts';
import { SmjpegReader } from './smjpeg.ts';

export interface DecoderProcessOptions {
  readonly clock: Clock;
  readonly ffmpegPath: string;
  /** Of every JPEG of this process. */
  readonly width: number;
  readonly height: number;
  /** Default 10 s for one picture, the start of FFmpeg included. */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 10_000;
/** End of sequence (ITU-T H.264 table 7-1): FFmpeg's decoder gives out one picture that it holds back for each. */
const END_OF_SEQUENCE = Buffer.from([10]);
/**
 * The first picture of all, 32x32 of grey (x264, Main), from which FFmpeg finds out what it has before it. Its SPS says that two
 * pictures are to be held back, which holds from then on: nothing comes out by itself, everything upon an end of sequence. Else
 * the decoder would remember how far the group before had got, and drop what comes earlier in its own.
 */
const PRIMER = {
  sps: Buffer.from('674d400aeca4b60220000003002000000641e244b2c0', 'hex'),
  pps: Buffer.from('68ebe3cb20', 'hex'),
  picture: Buffer.from('658884003bfffef74ebf0209ca80d6257bbd', 'hex'),
};
/** FLV times have 31 bits. */
const LAST_TIME_MS = 2 ** 30;
const FIRST_TIME_MS = 2;

/** One FFmpeg from its start to its end. */
interface Run {
  readonly stop: AbortController;
  readonly stdin: Promise<Writable>;
  readonly ended: Promise<ProcessExit>;
  hasEnded: boolean;
  /** What is done with the JPEG of a time. */
  onJpeg(timeMs: number, jpeg: Buffer): void;
  parameterSets: Buffer | undefined;
  nextMs: number;
}

/**
 * A long-lived FFmpeg that makes JPEGs of one size from single pictures of H.264, whatever stream, size or profile those are of.
 * One picture at a time: who calls waits for the one before.
 *
 * 1. Pictures go in as FLV, each followed by an end of sequence, upon which the decoder gives it out.
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
    if (run.nextMs < LAST_TIME_MS) return run;
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
        run.ended.then((exit) => reject(this.#whyEnded(exit, isTimeUp)));
        run.stdin.then((stdin) => feed(run, stdin, request, resolve)).catch(reject);
      });
    } catch (failure) {
      run.stop.abort();
      throw failure;
    } finally {
      cancel();
      run.onJpeg = () => {};
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
      onJpeg: () => {},
      parameterSets: undefined,
      nextMs: 0,
    };
    run.ended.then(() => {
      run.hasEnded = true;
    });
    this.#run = run;
    return run;
  }
}

function feed(run: Run, stdin: Writable, request: PictureRequest, resolve: (jpeg: Buffer) => void): void {
  const { pictures } = request;
  if (pictures.length === 0 || request.sps.length === 0 || request.pps.length === 0) throw damaged();
  const isFirst = run.nextMs === 0;
  const from = isFirst ? FIRST_TIME_MS : run.nextMs;
  const placed = placePictures(pictures, request.pts90k, from);
  if (placed === undefined) throw damaged();
  const parameterSets = flvParameterSets(request.sps, request.pps, from);
  run.nextMs = placed.nextMs;
  run.onJpeg = (timeMs, jpeg) => {
    if (timeMs === placed.wantedMs) resolve(jpeg);
  };
  if (isFirst) {
    stdin.write(FLV_HEADER);
    stdin.write(flvParameterSets([PRIMER.sps], [PRIMER.pps], 0));
    writePicture(stdin, [PRIMER.picture], true, 0);
  }
  // Whatever time stands in front, the record itself follows at a fixed place.
  const record = parameterSets.subarray(TAG_TIME_END, -4);
  if (run.parameterSets === undefined || !run.parameterSets.equals(record)) {
    stdin.write(parameterSets);
    run.parameterSets = record;
  }
  for (const [index, { nalUnits }] of pictures.entries()) {
    writePicture(stdin, nalUnits, index === 0, placed.timesMs[index] ?? from);
  }
}

/** Type, size, time and stream id. */
const TAG_TIME_END = 11;

/** Each picture comes out as soon as it is decoded: its time tells which it is, so no order is needed. */
function writePicture(
  stdin: Writable,
  nalUnits: readonly Buffer[],
  isKeyFrame: boolean,
  timeMs: number,
): void {
  stdin.write(flvPicture({ nalUnits, isKeyFrame, ptsMs: timeMs, dtsMs: timeMs }));
  stdin.write(flvPicture({ nalUnits: [END_OF_SEQUENCE], isKeyFrame: false, ptsMs: timeMs, dtsMs: timeMs }));
}

function damaged(): ApiError {
  return new ApiError(
    'PICTURE_DAMAGED',
    'This picture is damaged and cannot be shown; ask for another time.',
  );
}

function decoderSpec(
  { ffmpegPath, width, height }: DecoderProcessOptions,
  onStdin: (stdin: Writable) => void,
  onStdout: (chunk: Buffer) => void,
): ProcessSpec {
  const filter = `select='not(mod(pts,2))',scale=${width}:${height}:out_range=pc,setsar=1`;
  return {
    command: ffmpegPath,
    args: [
      ...['-nostdin', '-hide_banner', '-v', 'fatal', '-xerror', '-filter_threads', '1'],
      // What it reads is what cameras sent: this one container, this one codec, no other file or address.
      ...['-protocol_whitelist', 'pipe', '-f', 'flv'],
      ...['-probesize', '32', '-analyzeduration', '0'],
      ...['-c:v', 'h264', '-threads', '1', '-max_pixels', '40000000', '-i', 'pipe:0'],
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
