import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface FootageSpec {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly kbps: number;
  /** Frames from one key frame to the next. */
  readonly gop: number;
  /** A whole number of GOPs, for it is played in a loop. */
  readonly frames: number;
}

/** What cameras commonly send: 720p at 4 Mbit/s with a key frame each second. */
export const CAMERA_FOOTAGE: FootageSpec = {
  width: 1280,
  height: 720,
  fps: 25,
  kbps: 4000,
  gop: 25,
  frames: 200,
};

/** The NAL units of one coded picture, without start codes and AUD. */
export interface CodedPicture {
  readonly nals: readonly Buffer[];
  readonly isKeyFrame: boolean;
}

export interface Footage {
  readonly spec: FootageSpec;
  readonly pictures: readonly CodedPicture[];
  readonly sps: Buffer;
  readonly pps: Buffer;
}

/** Encodes the footage once and keeps it in the temporary folder; later calls, also of other runs, read it. */
export async function footageFile(spec: FootageSpec): Promise<string> {
  const dir = join(tmpdir(), 'sluice-bench');
  const args = encoderArguments(spec);
  const name = createHash('sha256').update(args.join('\0')).digest('hex').slice(0, 16);
  const path = join(dir, `${name}.h264`);
  if (existsSync(path)) return path;
  await mkdir(dir, { recursive: true });
  const partial = join(dir, `${name}.${process.pid}.part`);
  try {
    await run(process.env.FFMPEG_PATH ?? 'ffmpeg', [...args, partial]);
    await rename(partial, path);
  } finally {
    await rm(partial, { force: true });
  }
  return path;
}

export async function readFootage(path: string, spec: FootageSpec): Promise<Footage> {
  // The encoder spends what it has saved up on the first group, which is twice as large as the others.
  const pictures = splitPictures(await readFile(path)).slice(spec.gop);
  const first = pictures[0]?.nals ?? [];
  const sps = first.find((nal) => nalType(nal) === 7);
  const pps = first.find((nal) => nalType(nal) === 8);
  if (sps === undefined || pps === undefined) throw new Error(`${path} begins without parameter sets`);
  return { spec, pictures, sps, pps };
}

/** Noise makes the encoder use the bits that it is given, as a camera's real picture does. */
function encoderArguments(spec: FootageSpec): string[] {
  const picture = `testsrc2=s=${spec.width}x${spec.height}:r=${spec.fps},noise=alls=12:allf=t,format=yuv420p`;
  const rate = `${spec.kbps}k`;
  return [
    ...['-nostdin', '-hide_banner', '-loglevel', 'error', '-y', '-f', 'lavfi', '-i', picture],
    ...[
      '-frames:v',
      String(spec.frames + spec.gop),
      '-c:v',
      'libx264',
      '-preset',
      'veryfast',
      '-profile:v',
      'main',
    ],
    ...['-b:v', rate, '-minrate', rate, '-maxrate', rate, '-bufsize', rate],
    ...['-g', String(spec.gop), '-keyint_min', String(spec.gop), '-sc_threshold', '0', '-bf', '0'],
    ...['-x264-params', 'aud=1:slices=1', '-f', 'h264'],
  ];
}

export function nalType(nal: Buffer): number {
  return (nal[0] ?? 0) & 0x1f;
}

/** Annex B with an access unit delimiter before each picture. */
function splitPictures(stream: Buffer): CodedPicture[] {
  const groups: Buffer[][] = [];
  for (const nal of splitNals(stream)) {
    if (nalType(nal) === 9) groups.push([]);
    else groups.at(-1)?.push(nal);
  }
  return groups
    .filter((nals) => nals.length > 0)
    .map((nals) => ({ nals, isKeyFrame: nals.some((nal) => nalType(nal) === 5) }));
}

function splitNals(stream: Buffer): Buffer[] {
  const nals: Buffer[] = [];
  const startCode = Buffer.from([0, 0, 1]);
  let start = stream.indexOf(startCode);
  while (start !== -1) {
    const next = stream.indexOf(startCode, start + 3);
    let end = next === -1 ? stream.length : next;
    // The zero byte of a four-byte start code, and trailing zeros, belong to no NAL unit.
    while (end > start + 3 && stream[end - 1] === 0) end -= 1;
    if (end > start + 3) nals.push(stream.subarray(start + 3, end));
    start = next;
  }
  return nals;
}
