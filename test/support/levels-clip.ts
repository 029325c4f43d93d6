import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { splitAtStartCodes } from '../../server/stream/index.ts';
import { madeOnce } from './made-once.ts';

const run = promisify(execFile);
const ffmpeg = process.env.FFMPEG_PATH ?? 'ffmpeg';
const ffprobe = ffmpeg.replace(/ffmpeg$/, 'ffprobe');

/** NAL unit types that are told apart. */
const TYPES = {
  h264: { typeOf: (nal: Buffer) => nal.readUInt8(0) & 0x1f, aud: 9, vps: -1, sps: 7, pps: 8 },
  h265: { typeOf: (nal: Buffer) => nal.readUInt8(0) >> 1, aud: 35, vps: 32, sps: 33, pps: 34 },
};

export interface LevelsClip {
  readonly codec: 'h264' | 'h265';
  readonly vps: readonly Buffer[];
  readonly sps: readonly Buffer[];
  readonly pps: readonly Buffer[];
  readonly width: number;
  readonly height: number;
  /** In decoding order. */
  readonly pictures: readonly { readonly nalUnits: readonly Buffer[]; readonly pts90k: number }[];
}

export interface LevelsOptions {
  readonly codec?: 'h264' | 'h265';
  readonly width?: number;
  readonly height?: number;
  readonly frames?: number;
  readonly bFrames?: number;
  /** Pictures from key frame to key frame; default: but one. */
  readonly keyFrameEvery?: number;
  readonly profile?: 'baseline' | 'main' | 'high';
  /** Further settings of x264 or x265, `a=1:b=2`. */
  readonly x264?: string;
}

const ENCODERS = { h264: 'libx264', h265: 'libx265' };
const FRAME_90K = 3600;
const FIRST_LEVEL = 20;
const LEVEL_STEP = 8;

/**
 * One group of pictures, each of one plain grey that tells its number in order of presentation, so that it can be told exactly
 * which picture a JPEG shows.
 */
export async function encodeLevels(options: LevelsOptions = {}): Promise<LevelsClip> {
  const {
    codec = 'h264',
    width = 320,
    height = 192,
    frames = 20,
    bFrames = 0,
    keyFrameEvery = 1000,
  } = options;
  const { profile = codec === 'h265' ? 'main' : 'high', x264 } = options;
  const wanted = { codec, width, height, frames, bFrames, keyFrameEvery, profile, x264 };
  const { annexB, times } = await madeOnce(import.meta.url, wanted, () => encode(wanted));
  return { ...takeApart(codec, annexB, times), width, height };
}

type Wanted = Required<Omit<LevelsOptions, 'x264'>> & { readonly x264: string | undefined };

/** As Annex B, with the pictures' times in ticks of 90 kHz. */
async function encode(wanted: Wanted): Promise<{ annexB: Buffer; times: number[] }> {
  const { codec, width, height, frames, bFrames, keyFrameEvery, profile, x264 } = wanted;
  const folder = await mkdtemp(join(tmpdir(), 'sluice-levels-'));
  try {
    const file = join(folder, 'clip.mkv');
    const annexB = join(folder, `clip.${codec}`);
    const grey = `geq=lum='${FIRST_LEVEL}+${LEVEL_STEP}*N':cb=128:cr=128`;
    await run(ffmpeg, [
      ...[
        '-v',
        'error',
        '-nostdin',
        '-f',
        'lavfi',
        '-i',
        `color=black:s=${width}x${height}:r=25`,
        '-vf',
        grey,
      ],
      ...['-frames:v', String(frames), '-pix_fmt', 'yuv420p', '-c:v', ENCODERS[codec], '-profile:v', profile],
      ...['-g', String(keyFrameEvery), '-bf', String(bFrames), '-crf', '18', '-sc_threshold', '0'],
      ...[
        `-${ENCODERS[codec].slice(3)}-params`,
        [
          'aud=1',
          'b-adapt=0',
          ...(codec === 'h265' ? ['log-level=error'] : []),
          ...(x264 === undefined ? [] : [x264]),
        ].join(':'),
        file,
      ],
    ]);
    await run(ffmpeg, [
      '-v',
      'error',
      '-nostdin',
      '-i',
      file,
      '-c',
      'copy',
      '-f',
      codec === 'h265' ? 'hevc' : 'h264',
      annexB,
    ]);
    const entries = ['-select_streams', 'v', '-show_entries', 'packet=pts_time', '-of', 'csv=p=0'];
    const { stdout } = await run(ffprobe, ['-v', 'error', ...entries, file]);
    const times = stdout.match(/[\d.]+/g)?.map((text) => Math.round(Number(text) * 25) * FRAME_90K) ?? [];
    return { annexB: await readFile(annexB), times };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The same as MPEG-TS with a key frame every `keyFrameEvery` pictures. */
export async function encodeLevelsTs(options: {
  codec?: 'h264' | 'h265';
  frames: number;
  keyFrameEvery: number;
  bFrames?: number;
}): Promise<Buffer> {
  const grey = `geq=lum='${FIRST_LEVEL}+${LEVEL_STEP}*N':cb=128:cr=128`;
  const { codec = 'h264' } = options;
  const encoder = ENCODERS[codec];
  const args = [
    ...['-v', 'error', '-nostdin', '-f', 'lavfi', '-i', 'color=black:s=640x384:r=25', '-vf', grey],
    ...['-frames:v', String(options.frames), '-pix_fmt', 'yuv420p', '-c:v', encoder, '-crf', '18'],
    ...['-g', String(options.keyFrameEvery), '-bf', String(options.bFrames ?? 0), '-sc_threshold', '0'],
    ...(codec === 'h265'
      ? [
          '-x265-params',
          `aud=1:b-adapt=0:open-gop=0:scenecut=0:min-keyint=${options.keyFrameEvery}:log-level=error`,
        ]
      : ['-x264-params', 'aud=1:b-adapt=0']),
    ...['-f', 'mpegts', 'pipe:1'],
  ];
  return madeOnce(
    import.meta.url,
    args,
    async () => (await run(ffmpeg, args, { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 })).stdout,
  );
}

/** Which picture of `encodeLevels` a JPEG shows: its place in order of presentation. */
export async function levelOf(jpeg: Buffer): Promise<number> {
  const [level = Number.NaN] = await levelsOf([jpeg]);
  return level;
}

/** The same of many that are of one size, decoded by one FFmpeg. */
export async function levelsOf(jpegs: readonly Buffer[]): Promise<number[]> {
  const args = ['-v', 'error', '-f', 'mjpeg', '-i', 'pipe:0', '-vsync', 'passthrough', '-pix_fmt', 'gray'];
  const child = run(ffmpeg, [...args, '-f', 'rawvideo', 'pipe:1'], {
    encoding: 'buffer',
    maxBuffer: 2 ** 28,
  });
  child.child.stdin?.end(Buffer.concat(jpegs));
  const { stdout } = await child;
  const pictureBytes = stdout.length / jpegs.length;
  if (!Number.isInteger(pictureBytes) || pictureBytes === 0) throw new Error('these are not of one size');
  return jpegs.map((_, index) => {
    const data = stdout.subarray(index * pictureBytes, (index + 1) * pictureBytes);
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    // A JPEG's greys go from 0 to 255, those of video from 16 to 235.
    return ((mean * 219) / 255 + 16 - FIRST_LEVEL) / LEVEL_STEP;
  });
}

/** The grey values of a JPEG, and its size. */
export async function decodeJpeg(jpeg: Buffer): Promise<{ width: number; height: number; data: Buffer }> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-jpeg-'));
  try {
    const file = join(folder, 'picture.pgm');
    const child = run(ffmpeg, ['-v', 'error', '-f', 'mjpeg', '-i', 'pipe:0', '-pix_fmt', 'gray', file]);
    child.child.stdin?.end(jpeg);
    await child;
    const pgm = await readFile(file);
    const header = /^P5\s+(\d+)\s+(\d+)\s+255\s/.exec(pgm.toString('latin1', 0, 40));
    if (header === null) throw new Error('FFmpeg made no PGM');
    return {
      width: Number(header[1]),
      height: Number(header[2]),
      data: pgm.subarray(header[0].length),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function takeApart(
  codec: LevelsClip['codec'],
  annexB: Buffer,
  times: readonly number[],
): Omit<LevelsClip, 'width' | 'height'> {
  const types = TYPES[codec];
  const vps: Buffer[] = [];
  const sps: Buffer[] = [];
  const pps: Buffer[] = [];
  const pictures: Array<{ nalUnits: Buffer[]; pts90k: number }> = [];
  for (const nal of splitAtStartCodes(annexB)) {
    const type = types.typeOf(nal);
    // x265 leaves the first delimiter out, so its pictures are known by their first slice.
    const beginsPicture =
      codec === 'h265' ? type < 32 && (nal.readUInt8(2) & 0x80) !== 0 : type === types.aud;
    if (beginsPicture)
      pictures.push({ nalUnits: codec === 'h265' ? [nal] : [], pts90k: times[pictures.length] ?? -1 });
    else if (type === types.vps) vps[0] ??= nal;
    else if (type === types.sps) sps[0] ??= nal;
    else if (type === types.pps) pps[0] ??= nal;
    else if (type !== types.aud) pictures.at(-1)?.nalUnits.push(nal);
  }
  return { codec, vps, sps, pps, pictures };
}
