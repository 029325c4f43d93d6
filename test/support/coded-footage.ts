import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Segment } from '../../server/recording/segment.ts';
import { madeOnce } from './made-once.ts';
import { recordingOf } from './recorded-segments.ts';

const run = promisify(execFile);
const FFMPEG = process.env.FFMPEG_PATH ?? 'ffmpeg';
const FFPROBE = process.env.FFPROBE_PATH ?? 'ffprobe';

const BITS = 20;
const BIT_PX = 8;
const RATE = 48_000;
const BEEP_SECONDS = 0.1;

export interface FootageOptions {
  readonly seconds: number;
  readonly fps?: number;
  readonly width?: number;
  readonly height?: number;
  readonly bFrames?: number;
  /** Pictures from key frame to key frame. */
  readonly keyFrameEvery?: number;
  readonly bitrate?: string;
  readonly channels?: 0 | 1 | 2;
  /** Number of the first picture, as it is drawn. */
  readonly firstCode?: number;
  /** PTS of the first picture in the TS, modulo 2^33. */
  readonly startPts90k?: number;
  /** Fills the picture with noise, so that the bit rate is really reached. */
  readonly noise?: boolean;
}

/**
 * MPEG-TS whose every picture has its number drawn in as bars, and that flashes and beeps at each whole second: so what
 * came out of an export can be told picture by picture.
 */
export async function codedFootage(options: FootageOptions): Promise<Buffer> {
  const { startPts90k = 0, ...drawn } = options;
  return movedTo(await madeOnce(import.meta.url, drawn, () => encode(drawn)), startPts90k);
}

async function encode(options: Omit<FootageOptions, 'startPts90k'>): Promise<Buffer> {
  const { seconds, fps = 25, width = 160, height = 96, bFrames = 0, keyFrameEvery = 50 } = options;
  const { bitrate = '200k', channels = 1, firstCode = 0, noise = false } = options;
  const dir = await mkdtemp(join(tmpdir(), 'sluice-footage-'));
  try {
    const sound = join(dir, 'beeps.pcm');
    const out = join(dir, 'footage.ts');
    await writeFile(sound, beeps(seconds, Math.max(1, channels)));
    const args = [
      ...['-y', '-loglevel', 'error', '-f', 'rawvideo', '-pix_fmt', 'gray', '-s', `${width}x${height}`],
      ...['-r', String(fps), '-i', 'pipe:0'],
      ...(channels === 0 ? [] : ['-f', 's16le', '-ar', String(RATE), '-ac', String(channels), '-i', sound]),
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-bf', String(bFrames)],
      ...['-g', String(keyFrameEvery), '-keyint_min', String(keyFrameEvery), '-sc_threshold', '0'],
      ...['-b:v', bitrate, '-maxrate', bitrate, '-bufsize', '1M'],
      ...(noise ? ['-minrate', bitrate, '-x264-params', 'nal-hrd=cbr'] : []),
      ...['-c:a', 'aac', '-b:a', '64k', '-f', 'mpegts', '-muxdelay', '0', '-muxpreload', '0', out],
    ];
    const ffmpeg = spawn(FFMPEG, args, { stdio: ['pipe', 'inherit', 'inherit'] });
    const ended = new Promise((resolve) => ffmpeg.once('close', resolve));
    for (let index = 0; index < seconds * fps; index += 1) {
      const picture = pictureOf({ width, height, code: firstCode + index, flash: index % fps < 3, noise });
      if (!ffmpeg.stdin.write(picture)) await new Promise((resolve) => ffmpeg.stdin.once('drain', resolve));
    }
    ffmpeg.stdin.end();
    if ((await ended) !== 0) throw new Error('FFmpeg made no footage');
    return await readFile(out);
  } finally {
    await rm(dir, { recursive: true });
  }
}

function beeps(seconds: number, channels: number): Buffer {
  const pcm = Buffer.alloc(seconds * RATE * channels * 2);
  for (let sample = 0; sample < seconds * RATE; sample += 1) {
    const at = sample / RATE;
    const value = at % 1 < BEEP_SECONDS ? Math.round(12_000 * Math.sin(2 * Math.PI * 1000 * at)) : 0;
    for (let channel = 0; channel < channels; channel += 1) {
      pcm.writeInt16LE(value, (sample * channels + channel) * 2);
    }
  }
  return pcm;
}

function pictureOf(picture: {
  width: number;
  height: number;
  code: number;
  flash: boolean;
  noise: boolean;
}): Buffer {
  const { width, height, code } = picture;
  const data = Buffer.alloc(width * height, 128);
  if (picture.noise) {
    let seed = code * 7919 + 1;
    for (let at = 0; at < data.length; at += 1) {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
      data[at] = 96 + ((seed >> 16) & 63);
    }
  }
  data.fill(picture.flash ? 235 : 16, 0, width * 16);
  for (let bit = 0; bit < BITS; bit += 1) {
    const value = (code >> bit) & 1 ? 235 : 16;
    for (let row = 24; row < 40; row += 1) {
      data.fill(value, row * width + bit * BIT_PX, row * width + (bit + 1) * BIT_PX);
    }
  }
  return data;
}

const PACKET = 188;
const VIDEO_PID = 0x100;
const AUDIO_PID = 0x101;
const PMT_PID = 0x1000;
const pid = (ts: Buffer, at: number) => ts.readUInt16BE(at + 1) & 0x1fff;

/** Where the PES header begins, in a packet that begins one. */
function pesAt(ts: Buffer, at: number): number | undefined {
  if ((ts.readUInt8(at + 1) & 0x40) === 0 || (pid(ts, at) !== VIDEO_PID && pid(ts, at) !== AUDIO_PID)) return;
  return at + 4 + ((ts.readUInt8(at + 3) & 0x20) === 0 ? 0 : 1 + ts.readUInt8(at + 4));
}

const readTime = (ts: Buffer, at: number) =>
  ((ts.readUInt8(at) >> 1) & 7) * 2 ** 30 +
  (ts.readUInt16BE(at + 1) >> 1) * 2 ** 15 +
  (ts.readUInt16BE(at + 3) >> 1);

function writeTime(ts: Buffer, at: number, time: number): void {
  ts.writeUInt8((ts.readUInt8(at) & 0xf1) | (Math.floor(time / 2 ** 30) << 1), at);
  ts.writeUInt16BE((Math.floor(time / 2 ** 15) % 2 ** 15) * 2 + 1, at + 1);
  ts.writeUInt16BE((time % 2 ** 15) * 2 + 1, at + 3);
}

/** Moves all times so that the first picture has `startPts90k`. */
function movedTo(ts: Buffer, startPts90k: number): Buffer {
  let shift: number | undefined;
  const moved = (time: number) => (((time + (shift ?? 0)) % 2 ** 33) + 2 ** 33) % 2 ** 33;
  for (const first of [true, false]) {
    for (let at = 0; at + PACKET <= ts.length; at += PACKET) {
      const pes = pesAt(ts, at);
      if (first) {
        if (pes === undefined || pid(ts, at) !== VIDEO_PID) continue;
        shift = startPts90k - readTime(ts, pes + 9);
        break;
      }
      const hasPcr = (ts.readUInt8(at + 3) & 0x20) !== 0 && ts.readUInt8(at + 4) > 6;
      if (hasPcr && (ts.readUInt8(at + 5) & 0x10) !== 0) {
        const pcr = moved(ts.readUInt32BE(at + 6) * 2 + (ts.readUInt8(at + 10) >> 7));
        ts.writeUInt32BE(Math.floor(pcr / 2), at + 6);
        ts.writeUInt8((ts.readUInt8(at + 10) & 0x7f) | ((pcr % 2) << 7), at + 10);
      }
      if (pes === undefined) continue;
      const flags = ts.readUInt8(pes + 7);
      if (flags & 0x80) writeTime(ts, pes + 9, moved(readTime(ts, pes + 9)));
      if ((flags & 0xc0) === 0xc0) writeTime(ts, pes + 14, moved(readTime(ts, pes + 14)));
    }
  }
  return ts;
}

/**
 * Cuts footage at its key frames into the segments of one recording, as the segmenter does. `startPts90k`: of the first
 * picture, on a timeline that does not wrap.
 */
export function segmentsOfFootage(
  ts: Buffer,
  options: {
    name: string;
    startMs: number;
    startPts90k?: number;
    segmentMs?: number;
    parameterSetsId?: string;
    audio?: { clockRate: number; channels: number } | undefined;
    fps?: number;
  },
): Segment[] {
  const { name, startMs, startPts90k = 0, segmentMs = 2_000, fps = 25 } = options;
  const tables: Buffer[] = [];
  const keys: Array<{ at: number; pts90k: number }> = [];
  let endPts90k = 0;
  for (let at = 0; at + PACKET <= ts.length; at += PACKET) {
    const packetPid = pid(ts, at);
    if ((packetPid === 0 || packetPid === PMT_PID) && tables.length < 2)
      tables.push(ts.subarray(at, at + PACKET));
    const pes = pesAt(ts, at);
    if (pes === undefined || packetPid !== VIDEO_PID) continue;
    const time = readTime(ts, pes + 9);
    const pts90k = startPts90k + ((((time - startPts90k) % 2 ** 33) + 2 ** 33) % 2 ** 33);
    endPts90k = Math.max(endPts90k, pts90k + 90_000 / fps);
    const isKeyFrame = (ts.readUInt8(at + 3) & 0x20) !== 0 && (ts.readUInt8(at + 5) & 0x40) !== 0;
    if (!isKeyFrame) continue;
    const last = keys.at(-1);
    if (last === undefined || pts90k - last.pts90k >= segmentMs * 90 - 900) keys.push({ at, pts90k });
  }
  const { audio = { clockRate: RATE, channels: 1 } } = options;
  const base = recordingOf(name, startMs);
  const { audio: _, ...picture } = base.format;
  const recording = {
    ...base,
    format: {
      ...picture,
      parameterSetsId: options.parameterSetsId ?? base.format.parameterSetsId,
      ...('audio' in options && options.audio === undefined ? {} : { audio }),
    },
  };
  return keys.map(({ at, pts90k }, index) => {
    const next = keys[index + 1];
    const nextPts90k = next?.pts90k ?? endPts90k;
    const bytes = Buffer.concat([...tables, ts.subarray(at, next?.at ?? ts.length)]);
    const data = Buffer.from(new SharedArrayBuffer(bytes.length));
    bytes.copy(data);
    return {
      recording,
      startMs: startMs + Math.round((pts90k - startPts90k) / 90),
      endMs: startMs + Math.round((nextPts90k - startPts90k) / 90),
      startPts90k: pts90k,
      duration90k: nextPts90k - pts90k,
      data,
    };
  });
}

export interface SeenFilm {
  /** Each picture that is shown: the number drawn in it, whether it flashes, and when it comes, in seconds. */
  readonly pictures: ReadonlyArray<{ code: number; flash: boolean; atSeconds: number }>;
  /** When beeps begin, in seconds. */
  readonly beeps: readonly number[];
  readonly soundSeconds: number;
}

/** Plays a file with FFmpeg as a player does, edit list and all, and reads what is to be seen and heard. */
export async function watchFilm(path: string, size = { width: 160, height: 96 }): Promise<SeenFilm> {
  const options = { encoding: 'buffer' as const, maxBuffer: 1024 ** 3 };
  const picture = ['-v', 'error', '-i', path, '-map', '0:v', '-vsync', 'passthrough', '-copyts'];
  const { stdout: raw } = await run(FFMPEG, [...picture, '-f', 'rawvideo', '-pix_fmt', 'gray', '-'], options);
  const { stdout: crcs } = await run(
    FFMPEG,
    [...picture, '-enc_time_base', '1/90000', '-f', 'framecrc', '-'],
    options,
  );
  const times = String(crcs)
    .split('\n')
    .filter((line) => /^0,/.test(line))
    .map((line) => Number(line.split(',')[2]) / 90_000);
  const bytes = size.width * size.height;
  const pictures = times.map((atSeconds, index) => ({
    ...readPicture(raw.subarray(index * bytes, (index + 1) * bytes), size.width),
    atSeconds,
  }));
  const sound = [
    '-v',
    'error',
    '-i',
    path,
    '-map',
    '0:a?',
    '-ac',
    '1',
    '-af',
    'aresample=async=1:first_pts=0',
  ];
  const hasSound = (await probe(path)).streams.some(({ codec_type }) => codec_type === 'audio');
  const pcm = hasSound
    ? (await run(FFMPEG, [...sound, '-f', 's16le', '-'], options)).stdout
    : Buffer.alloc(0);
  return { pictures, beeps: beepStarts(pcm), soundSeconds: pcm.length / 2 / RATE };
}

function readPicture(gray: Buffer, width: number): { code: number; flash: boolean } {
  let code = 0;
  for (let bit = 0; bit < BITS; bit += 1) {
    if ((gray[32 * width + bit * BIT_PX + BIT_PX / 2] ?? 0) > 125) code |= 1 << bit;
  }
  return { code, flash: (gray[8 * width + width / 2] ?? 0) > 125 };
}

function beepStarts(pcm: Buffer): number[] {
  const starts: number[] = [];
  let quiet = RATE;
  for (let sample = 0; sample * 2 + 2 <= pcm.length; sample += 1) {
    if (Math.abs(pcm.readInt16LE(sample * 2)) < 3_000) {
      quiet += 1;
      continue;
    }
    if (quiet > RATE / 50) starts.push(sample / RATE);
    quiet = 0;
  }
  return starts;
}

export interface Probed {
  readonly format: { duration: string; start_time: string; tags?: Record<string, string> };
  readonly streams: ReadonlyArray<{
    codec_type: string;
    duration: string;
    start_time: string;
    width?: number;
  }>;
}

/** When the packets of the sound begin, in seconds. */
export async function soundTimes(path: string): Promise<number[]> {
  const entries = ['-select_streams', 'a', '-show_entries', 'packet=pts_time', '-of', 'csv=p=0'];
  const { stdout } = await run(FFPROBE, ['-v', 'error', ...entries, path]);
  return stdout.match(/[\d.]+/g)?.map(Number) ?? [];
}

export async function probe(path: string): Promise<Probed> {
  const { stdout } = await run(FFPROBE, [
    '-v',
    'error',
    '-show_format',
    '-show_streams',
    '-of',
    'json',
    path,
  ]);
  return JSON.parse(stdout) as Probed;
}
