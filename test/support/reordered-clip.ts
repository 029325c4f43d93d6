import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Clip, type ClipUnit, takeApart } from './h264-clip.ts';
import { madeOnce } from './made-once.ts';

const run = promisify(execFile);
const ffmpeg = process.env.FFMPEG_PATH ?? 'ffmpeg';
const FPS = 25;

export interface ReorderedClipOptions {
  /** Between two others, always so many: x264 decides nothing by itself. */
  readonly bFrames: number;
  /** B-pictures that others refer to. */
  readonly pyramid?: boolean;
  readonly frames?: number;
  readonly keyFrameEvery?: number;
  readonly size?: string;
  readonly x264Params?: string;
}

export interface ReorderedUnit extends ClipUnit {
  /** By the times that x264 gave the pictures. */
  readonly order: number;
  readonly isReordered: boolean;
  readonly isDisposable: boolean;
}

/** A clip as FFmpeg's libx264 makes it with B-pictures, in decoding order. */
export async function encodeReorderedClip(
  options: ReorderedClipOptions,
): Promise<Omit<Clip, 'units'> & { readonly units: readonly ReorderedUnit[] }> {
  const { bFrames, pyramid = false, frames = 50, keyFrameEvery = 25, size = '320x240' } = options;
  const params = `bframes=${bFrames}:b-adapt=0:b-pyramid=${pyramid ? 'normal' : 'none'}:scenecut=0:aud=1:open-gop=0`;
  const args = [
    ...['-hide_banner', '-loglevel', 'error', '-nostdin', '-f', 'lavfi'],
    ...['-i', `testsrc2=size=${size}:rate=${FPS}`, '-frames:v', String(frames)],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-g', String(keyFrameEvery)],
    ...['-x264-params', [params, options.x264Params].filter((part) => part !== undefined).join(':')],
  ];
  const { annexB, times } = await madeOnce(import.meta.url, args, () => encode(args));
  const inOrder = [...times].sort((a, b) => a - b);
  const [width = 0, height = 0] = size.split('x').map(Number);
  const { format, units } = takeApart(annexB, width, height);
  if (units.length !== times.length) throw new Error('the clip has other pictures than times');
  let newest = -1;
  return {
    format,
    fps: FPS,
    units: units.map((unit, i) => {
      const order = inOrder.indexOf(times[i] ?? Number.NaN);
      const isReordered = order < newest;
      newest = Math.max(newest, order);
      const slices = unit.payloads.filter((nal) => [1, 5].includes((nal[0] ?? 0) & 0x1f));
      const isDisposable = slices.every((nal) => ((nal[0] ?? 0) & 0x60) === 0);
      return { ...unit, order, isReordered, isDisposable };
    }),
  };
}

/** As Annex B, with the pictures' times in decoding order. */
async function encode(args: readonly string[]): Promise<{ annexB: Buffer; times: number[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'reordered-'));
  try {
    const made = join(folder, 'clip.ts');
    const bare = join(folder, 'clip.264');
    await run(ffmpeg, [...args, made]);
    await run(ffmpeg, ['-loglevel', 'error', '-nostdin', '-i', made, '-c', 'copy', '-f', 'h264', bare]);
    const { stdout } = await run(ffmpeg, [
      ...['-loglevel', 'error', '-nostdin', '-i', made, '-c', 'copy', '-f', 'framecrc', '-'],
    ]);
    const times = stdout
      .split('\n')
      .filter((line) => /^\d/.test(line))
      .map((line) => Number(line.split(',')[2]));
    return { annexB: await readFile(bare), times };
  } finally {
    await rm(folder, { recursive: true });
  }
}
