/**
 * The one place that knows fluent-ffmpeg. It runs bounded jobs only: MPEG-TS bytes in, one MP4 out. What is known to be
 * wrong with the library is kept out of the way here: no `progress` listener (it would start ffprobe on the input), options
 * as separate arguments (a single one is split at blanks), and no kill before the program has started (it would do nothing).
 */
import type { Readable, Writable } from 'node:stream';
import ffmpeg from 'fluent-ffmpeg';
import type { VideoCodec } from '../segment.ts';
import { FILE_START_90K } from './part-stream.ts';

export interface FfmpegJob {
  /** The bytes of a `PartStream`. */
  readonly source: Readable;
  readonly options: readonly string[];
  /** A path of ours, or where the bytes go. */
  readonly target: string | Writable;
  /** Ends FFmpeg at once. */
  readonly stop: AbortSignal;
  /** How far it steps back for others (`nice`); live media comes first. */
  readonly niceness: number;
}

export type FfmpegResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'stopped' }
  /** `lines`: the last ones of standard error. */
  | { readonly kind: 'failed'; readonly message: string; readonly lines: readonly string[] };

const KEPT_LINES = 20;
const KEPT_LINE_CHARS = 400;
/** FFmpeg 5.1 ends with status 0 though it could not write the end of a file, whatever the reason (disk full, too little room). */
const OUTPUT_TROUBLE =
  /Error writing|reserved_moov_size|av_interleaved_write_frame|No space left|Input\/output error/;

/** How FFmpeg reads the bytes of a `PartStream`: times as they are, with the file's start moved to 0. */
function inputOptions(): [string, string, ...string[]] {
  return ['-copyts', '-itsoffset', String(-FILE_START_90K / 90_000), '-f', 'mpegts'];
}

/**
 * FFmpeg would write `hev1`, which Apple's players do not take. In `hvc1` parameter sets are in the sample entry alone
 * (ISO/IEC 14496-15 section 8.4.1.1), so those in the pictures go; and delimiters, which MP4 has no use for.
 */
const HVC1 = ['-tag:v', 'hvc1', '-bsf:v', 'filter_units=remove_types=32-35'];

/** What every MP4 of ours has: nothing is encoded anew, pictures and sound before the start keep their negative times. */
export function copyOptions(videoCodec: VideoCodec): string[] {
  return [
    ...['-map', '0:v:0', '-map', '0:a:0?', '-c', 'copy', '-bsf:a', 'aac_adtstoasc'],
    ...(videoCodec === 'h265' ? HVC1 : []),
  ];
}

/** Names the program to run instead of `ffmpeg` by PATH; for all jobs of this thread. */
export function useFfmpeg(path: string): void {
  ffmpeg.setFfmpegPath(path);
}

/** Asks FFmpeg what it can do, which the library wants to know before its first job, so that this job need not wait. */
export function warmUp(): Promise<void> {
  return new Promise((resolve) => {
    ffmpeg.getAvailableFormats(() => ffmpeg.getAvailableEncoders(() => resolve()));
  });
}

/** Never rejects. Resolves when FFmpeg has ended. */
export function runFfmpegJob(job: FfmpegJob): Promise<FfmpegResult> {
  if (job.stop.aborted) return Promise.resolve({ kind: 'stopped' });
  return new Promise((resolve) => {
    const lines: string[] = [];
    let hasStarted = false;
    const [first = '', second = '', ...more] = job.options;
    const command = ffmpeg({ source: job.source, niceness: job.niceness, stdoutLines: 1 })
      .inputOptions(...inputOptions())
      .outputOptions('-loglevel', 'error', first, second, ...more)
      .output(job.target, { end: true });
    const stop = () => {
      if (hasStarted) command.kill('SIGKILL');
    };
    const finish = (result: FfmpegResult) => {
      job.stop.removeEventListener('abort', stop);
      job.source.destroy();
      resolve(job.stop.aborted ? { kind: 'stopped' } : result);
    };
    command
      .on('start', () => {
        hasStarted = true;
        // The library has the process now, and takes a signal once this turn is over.
        if (job.stop.aborted) queueMicrotask(stop);
      })
      .on('stderr', (line) => {
        lines.push(line.slice(0, KEPT_LINE_CHARS));
        if (lines.length > KEPT_LINES) lines.shift();
      })
      .on('end', () => {
        const trouble = lines.find((line) => OUTPUT_TROUBLE.test(line));
        finish(trouble === undefined ? { kind: 'done' } : { kind: 'failed', message: trouble, lines });
      })
      .on('error', (failure) => finish({ kind: 'failed', message: failure.message, lines }));
    job.stop.addEventListener('abort', stop, { once: true });
    command.run();
  });
}
