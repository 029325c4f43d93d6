import { statSync, unlinkSync } from 'node:fs';
import { Readable } from 'node:stream';
import { isoTime } from '../../../shared/time.ts';
import { systemClock } from '../../base/clock.ts';
import { copyOptions, type FfmpegResult, runFfmpegJob } from './ffmpeg-job.ts';
import { finishMp4 } from './mp4-duration.ts';
import { PartStream, type SegmentSource } from './part-stream.ts';
import type { ExportPart } from './plan.ts';

export interface MakePartOptions {
  readonly part: ExportPart;
  readonly source: SegmentSource;
  /** Where FFmpeg writes; whatever is there is overwritten. */
  readonly path: string;
  readonly title: string;
  readonly niceness: number;
  readonly stop: AbortSignal;
  /** Bytes to keep free for the index in front of the media, instead of what is reckoned. */
  readonly indexRoomBytes?: number;
  /** FFmpeg is ended when it takes nothing for so long. Default 10 minutes: a disk may hang and come back. */
  readonly stallTimeoutMs?: number;
  /** How much of this part's time has been handed to FFmpeg. */
  onProgress(out90k: number): void;
}

export interface MadePart {
  readonly durationMs: number;
  readonly sizeBytes: number;
  /** Of the first picture that is seen, Unix milliseconds. */
  readonly startMs: number;
}

export class ExportStopped extends Error {}

/** FFmpeg failed; the message holds its last words. */
export class FfmpegFailed extends Error {}

/** Below this a second pass over the file (faststart) costs less than room for the index would waste. */
const SMALL_FILE_BYTES = 48 * 1024 ** 2;
/** Of one picture in the index of an MP4: its size, time, place and chunk. Of a sound frame: size, time, chunk. */
const PICTURE_INDEX_BYTES = 44;
const SOUND_INDEX_BYTES = 32;
const FRAMES_PER_SECOND = 48;
const STALL_TIMEOUT_MS = 10 * 60_000;

/**
 * Makes one MP4 file with its index in front, so that it plays while it is still being loaded, and makes it durable.
 * Throws ExportStopped, FfmpegFailed, and whatever the source throws.
 */
export async function makePart(options: MakePartOptions): Promise<MadePart> {
  const stream = new PartStream(options.part, options.source, 'exact');
  const room = options.indexRoomBytes ?? indexRoom(options.part, stream.picturesOfFirst);
  let result = await run(options, stream, room);
  if (result.kind === 'failed' && room !== undefined && isTooSmall(result)) {
    // There were more pictures than the first segment let expect.
    result = await run(options, new PartStream(options.part, options.source, 'exact'), undefined);
  }
  if (result.kind === 'stopped') throw new ExportStopped();
  if (result.kind === 'failed') throw new FfmpegFailed([result.message, ...result.lines].join(' | '));
  const { durationMs } = finishMp4(options.path, stream.duration90k / 90);
  return {
    durationMs,
    sizeBytes: statSync(options.path).size,
    startMs: options.part.startMs - Math.round(stream.lead90k / 90),
  };
}

async function run(
  options: MakePartOptions,
  stream: PartStream,
  room: number | undefined,
): Promise<FfmpegResult> {
  // A failure to read must end FFmpeg: it would take the end of its input for the end of the film.
  const failed = new AbortController();
  let failure: unknown;
  const stallTimeoutMs = options.stallTimeoutMs ?? STALL_TIMEOUT_MS;
  let lastTakenMs = systemClock.monotonicMs();
  const stopWatching = systemClock.every(stallTimeoutMs / 4, () => {
    if (systemClock.monotonicMs() - lastTakenMs < stallTimeoutMs) return;
    failure = new FfmpegFailed(`it took nothing for ${Math.round(stallTimeoutMs / 1000)} s`);
    failed.abort();
  });
  const source = readableOf(
    stream,
    (out90k) => {
      lastTakenMs = systemClock.monotonicMs();
      options.onProgress(out90k);
    },
    (thrown) => {
      failure = thrown;
      failed.abort();
    },
  );
  const result = await runFfmpegJob({
    source,
    options: outputOptions(options, room),
    target: options.path,
    stop: AbortSignal.any([options.stop, failed.signal]),
    niceness: options.niceness,
  });
  stopWatching();
  if (failed.signal.aborted && !options.stop.aborted) {
    removeIfThere(options.path);
    throw failure;
  }
  return result;
}

/** One segment is read when FFmpeg has taken the one before. */
export function readableOf(
  stream: PartStream,
  onProgress: (out90k: number) => void,
  onFailure: (failure: unknown) => void,
): Readable {
  const chunks = stream.chunks();
  return new Readable({
    highWaterMark: 1,
    read() {
      try {
        const next = chunks.next();
        if (next.done === true) {
          this.push(null);
          return;
        }
        onProgress(next.value.out90k);
        // An empty chunk would end the reading for good.
        this.push(next.value.data);
      } catch (failure) {
        onFailure(failure);
      }
    },
  });
}

function outputOptions({ title, part }: MakePartOptions, room: number | undefined): string[] {
  const index = room === undefined ? ['-movflags', '+faststart'] : ['-moov_size', String(room)];
  const metadata = ['-metadata', `title=${title}`, '-metadata', `creation_time=${isoTime(part.startMs)}`];
  return [
    ...copyOptions(part.videoCodec),
    '-avoid_negative_ts',
    'disabled',
    ...index,
    ...metadata,
    '-f',
    'mp4',
  ];
}

/** Bytes to keep free in front of the media for the index; undefined where it is better put there afterwards. */
function indexRoom(part: ExportPart, picturesOfFirst: number): number | undefined {
  const first = part.runs[0]?.segments[0];
  if (first === undefined || part.sizeBytes < SMALL_FILE_BYTES) return undefined;
  const seconds = part.duration90k / 90_000 + 2 * (first.duration90k / 90_000);
  const picturesPerSecond = (picturesOfFirst / (first.duration90k / 90_000)) * 1.2 + 1;
  const perSecond = picturesPerSecond * PICTURE_INDEX_BYTES + FRAMES_PER_SECOND * SOUND_INDEX_BYTES;
  const room = Math.ceil(seconds * perSecond) + 64 * 1024;
  return room < part.sizeBytes / 50 ? room : undefined;
}

function isTooSmall({ message, lines }: { message: string; lines: readonly string[] }): boolean {
  return [message, ...lines].some((line) => line.includes('moov_size'));
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== 'ENOENT') throw failure;
  }
}
