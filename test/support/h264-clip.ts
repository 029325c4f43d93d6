import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { H264Format } from '../../server/stream/index.ts';
import { madeOnce } from './made-once.ts';

const run = promisify(execFile);

export interface ClipOptions {
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
  readonly frames?: number;
  readonly keyFrameEvery?: number;
  readonly profile?: 'baseline' | 'main' | 'high';
  readonly bitrate?: string;
}

export interface ClipUnit {
  readonly payloads: readonly Buffer[];
  readonly isKeyFrame: boolean;
  /** Its place in the order in which the clip's pictures are shown; absent where that is the order they are in. */
  readonly order?: number;
  readonly isDisposable?: boolean;
  readonly isReordered?: boolean;
}

/** A piece of H.264 that begins with a key frame, taken apart as the hub hands it on. */
export interface Clip {
  readonly format: H264Format;
  readonly fps: number;
  readonly units: readonly ClipUnit[];
}

const AUD = 9;
const SPS = 7;
const PPS = 8;
const IDR = 5;

/** Encodes a moving test picture with FFmpeg's libx264. */
export async function encodeClip(options: ClipOptions = {}): Promise<Clip> {
  const { width = 320, height = 240, fps = 25, frames = 50, keyFrameEvery = 25 } = options;
  const { profile = 'high', bitrate = '400k' } = options;
  const args = [
    ...['-hide_banner', '-loglevel', 'error', '-nostdin', '-f', 'lavfi'],
    ...['-i', `testsrc2=size=${width}x${height}:rate=${fps}`, '-frames:v', String(frames)],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p'],
    // `-preset ultrafast` alone would leave nothing that is not Baseline.
    ...['-profile:v', profile, ...(profile === 'high' ? ['-x264-params', '8x8dct=1:cabac=1:aud=1'] : [])],
    ...(profile === 'main' ? ['-x264-params', 'cabac=1:aud=1'] : []),
    ...(profile === 'baseline' ? ['-x264-params', 'aud=1'] : []),
    ...['-g', String(keyFrameEvery), '-sc_threshold', '0', '-b:v', bitrate, '-f', 'h264', 'pipe:1'],
  ];
  const annexB = await madeOnce(import.meta.url, args, async () => {
    const program = process.env.FFMPEG_PATH ?? 'ffmpeg';
    return (await run(program, args, { encoding: 'buffer', maxBuffer: 256 * 1024 * 1024 })).stdout;
  });
  return { ...takeApart(annexB, width, height), fps };
}

/** Annex B in which each access unit begins with a delimiter. */
export function takeApart(
  annexB: Buffer,
  width: number,
  height: number,
): { format: H264Format; units: ClipUnit[] } {
  const sps: Buffer[] = [];
  const pps: Buffer[] = [];
  const units: Array<{ payloads: Buffer[]; isKeyFrame: boolean }> = [];
  for (const nal of nalUnits(annexB)) {
    const type = nal.readUInt8(0) & 0x1f;
    if (type === AUD) units.push({ payloads: [], isKeyFrame: false });
    else if (type === SPS) sps[0] ??= nal;
    else if (type === PPS) pps[0] ??= nal;
    else {
      const unit = units.at(-1);
      if (unit === undefined) throw new Error('the clip does not begin with an access unit delimiter');
      unit.payloads.push(nal);
      if (type === IDR) unit.isKeyFrame = true;
    }
  }
  const profileLevelId = sps[0]?.toString('hex', 1, 4) ?? '';
  const format = {
    kind: 'video',
    codec: 'h264',
    clockRate: 90_000,
    sps,
    pps,
    profileLevelId,
    width,
    height,
  } as const;
  return { format, units };
}

function* nalUnits(annexB: Buffer): Generator<Buffer> {
  const startCode = Buffer.from([0, 0, 1]);
  let begin = annexB.indexOf(startCode);
  while (begin !== -1) {
    begin += startCode.length;
    const next = annexB.indexOf(startCode, begin);
    let end = next === -1 ? annexB.length : next;
    // The zero byte of a four-byte start code belongs to no NAL unit.
    while (end > begin && annexB[end - 1] === 0) end -= 1;
    yield annexB.subarray(begin, end);
    begin = next;
  }
}
