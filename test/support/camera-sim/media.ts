import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { madeOnce } from '../made-once.ts';
import { roleOf, type SimPicture, type SimVideoCodec, takeApart } from './access-units.ts';
import { adtsFrames, opusFrames } from './audio-frames.ts';

const run = promisify(execFile);
const ffmpegPath = (): string => process.env.FFMPEG_PATH ?? 'ffmpeg';
const ffprobePath = (): string => process.env.FFPROBE_PATH ?? 'ffprobe';

/** A piece of film that the camera plays over and over. */
export interface SimVideo {
  readonly kind: 'video';
  readonly codec: SimVideoCodec;
  readonly fps: number;
  /** In decoding order. */
  readonly pictures: readonly SimPicture[];
  /** By picture: its place in the order of display. Absent: as decoded. */
  readonly displayOrder?: readonly number[];
}

/** A piece of sound that the camera plays over and over. */
export interface SimAudio {
  readonly kind: 'audio';
  readonly codec: 'pcmu' | 'pcma' | 'aac' | 'opus';
  /** Of the RTP clock. */
  readonly clockRate: number;
  readonly channels: number;
  readonly frames: readonly Buffer[];
  /** In ticks of the clock. */
  readonly frameTicks: number;
  /** AAC: the AudioSpecificConfig (ISO 14496-3). */
  readonly config?: Buffer;
}

export type SimMedia = SimVideo | SimAudio;

/** An Annex B byte stream: the name tells the codec in a file's case, a stream has no frame rate, so it is to be said. */
export function videoOfAnnexB(annexB: Buffer, codec: SimVideoCodec, fps: number): SimVideo {
  const pictures = takeApart(annexB, codec);
  if (pictures.length === 0) throw new Error(`no ${codec} picture in these ${annexB.length} bytes`);
  return { kind: 'video', codec, fps, pictures };
}

/** The parameter sets of the first key frame that has any. */
export function parameterSets(video: SimVideo): Buffer[] {
  const first = video.pictures.find(({ nals }) =>
    nals.some((nal) => roleOf(nal, video.codec) === 'parameter-set'),
  );
  return first?.nals.filter((nal) => roleOf(nal, video.codec) === 'parameter-set') ?? [];
}

export interface TestVideoOptions {
  readonly codec?: SimVideoCodec;
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
  readonly frames?: number;
  readonly keyFrameEvery?: number;
  readonly bFrames?: number;
  readonly bitrate?: string;
  /** A colour fills the picture (`red`, `0x00ff00`); else FFmpeg's moving test picture. */
  readonly colour?: string;
  readonly profile?: 'baseline' | 'main' | 'high';
  /** More for libx264 or libx265, such as `slices=4`. */
  readonly params?: string;
}

/** Encodes a test picture with FFmpeg's libx264 or libx265. */
export async function testVideo(options: TestVideoOptions = {}): Promise<SimVideo> {
  const { codec = 'h264', width = 320, height = 240, fps = 25, frames = 50, keyFrameEvery = 25 } = options;
  const { bFrames = 0, bitrate = '400k', colour, profile, params } = options;
  const size = `size=${width}x${height}:rate=${fps}`;
  const source = colour === undefined ? `testsrc2=${size}` : `color=${colour}:${size}`;
  const encoder =
    codec === 'h264'
      ? ['libx264', '-bf', String(bFrames), '-sc_threshold', '0']
      : ['libx265', '-x265-params', join265(keyFrameEvery, bFrames, params)];
  const args = [
    ...['-hide_banner', '-loglevel', 'error', '-nostdin', '-f', 'lavfi', '-i', source],
    ...['-frames:v', String(frames), '-pix_fmt', 'yuv420p', '-preset', 'ultrafast'],
    ...['-g', String(keyFrameEvery), '-b:v', bitrate, '-c:v', ...encoder],
    ...(profile === undefined ? [] : ['-profile:v', profile]),
    ...(codec === 'h264' && params !== undefined ? ['-x264-params', params] : []),
    ...['-f', codec === 'h264' ? 'h264' : 'hevc', 'pipe:1'],
  ];
  const { annexB, displayOrder } = await madeOnce(import.meta.url, [args, bFrames], async () => {
    const { stdout } = await run(ffmpegPath(), args, { encoding: 'buffer', maxBuffer: 2 ** 30 });
    return { annexB: stdout, displayOrder: bFrames === 0 ? undefined : await displayOrderOf(stdout, codec) };
  });
  const video = videoOfAnnexB(annexB, codec, fps);
  return displayOrder === undefined ? video : { ...video, displayOrder };
}

function join265(keyFrameEvery: number, bFrames: number, params: string | undefined): string {
  const own = `log-level=error:keyint=${keyFrameEvery}:min-keyint=${keyFrameEvery}:scenecut=0:bframes=${bFrames}:open-gop=0`;
  return params === undefined ? own : `${own}:${params}`;
}

/** By picture in decoding order, its place in the order of display, as FFmpeg's decoder gives them out. */
async function displayOrderOf(annexB: Buffer, codec: SimVideoCodec): Promise<number[]> {
  const format = codec === 'h264' ? 'h264' : 'hevc';
  const probing = run(
    ffprobePath(),
    ['-v', 'error', '-f', format, '-show_entries', 'frame=pkt_pos', '-of', 'csv=p=0', 'pipe:0'],
    { maxBuffer: 2 ** 28 },
  );
  probing.child.stdin?.end(annexB);
  // Where each picture lies in the file, in the order of display.
  const places = ((await probing).stdout.match(/\d+/g) ?? []).map(Number);
  const decoded = new Map([...places].sort((a, b) => a - b).map((place, index) => [place, index]));
  const order: number[] = [];
  for (const [shown, place] of places.entries()) order[decoded.get(place) ?? shown] = shown;
  return order;
}

export interface FileMedia {
  readonly video?: SimVideo;
  readonly audio?: SimAudio;
}

export interface FileOptions {
  /** What the sound is sent as; AAC in the file stays as it is. Default: no sound. */
  readonly audio?: SimAudio['codec'] | undefined;
  /** Where an Annex B file has no frame rate, or the camera is to keep another. */
  readonly fps?: number;
}

/** Picture and sound of any file that FFmpeg reads (MP4, TS, Annex B …); the picture is not encoded anew. */
export async function mediaOfFile(path: string, options: FileOptions = {}): Promise<FileMedia> {
  const entries = 'format=format_name:stream=codec_type,codec_name,avg_frame_rate,has_b_frames';
  const args = ['-v', 'error', '-show_entries', entries, '-of', 'json', path];
  const probed = JSON.parse((await run(ffprobePath(), args)).stdout) as ProbedFile;
  const picture = probed.streams.find((stream) => stream.codec_type === 'video');
  const hasSound = probed.streams.some((stream) => stream.codec_type === 'audio');
  const isRaw = ['h264', 'hevc'].includes(probed.format.format_name);
  return {
    ...(picture === undefined ? {} : { video: await pictureOf(path, picture, isRaw, options.fps) }),
    ...(hasSound && options.audio !== undefined
      ? { audio: await audioOf(['-i', path, '-map', '0:a:0'], options.audio) }
      : {}),
  };
}

interface ProbedPicture {
  readonly codec_type: string;
  readonly codec_name: string;
  readonly avg_frame_rate: string;
  readonly has_b_frames?: number;
}

interface ProbedFile {
  readonly format: { readonly format_name: string };
  readonly streams: readonly ProbedPicture[];
}

async function pictureOf(
  path: string,
  probed: ProbedPicture,
  isRaw: boolean,
  fps: number | undefined,
): Promise<SimVideo> {
  const codec: SimVideoCodec = probed.codec_name === 'hevc' ? 'h265' : 'h264';
  // FFmpeg would leave out what comes before the first key frame.
  const annexB = isRaw ? await readFile(path) : await unwrapped(path, codec);
  const [numerator = 25, denominator = 1] = probed.avg_frame_rate.split('/').map(Number);
  const video = videoOfAnnexB(annexB, codec, fps ?? (numerator / denominator || 25));
  if ((probed.has_b_frames ?? 0) === 0) return video;
  return { ...video, displayOrder: await displayOrderOf(annexB, codec) };
}

async function unwrapped(path: string, codec: SimVideoCodec): Promise<Buffer> {
  const format = codec === 'h264' ? 'h264' : 'hevc';
  const args = ['-v', 'error', '-nostdin', '-i', path, '-map', '0:v:0', '-c', 'copy', '-f', format, 'pipe:1'];
  return (await run(ffmpegPath(), args, { encoding: 'buffer', maxBuffer: 2 ** 30 })).stdout;
}

/** A tone of so many seconds. */
export function testAudio(codec: SimAudio['codec'], seconds = 2): Promise<SimAudio> {
  const input = ['-f', 'lavfi', '-i', `sine=frequency=440:duration=${seconds}`];
  return madeOnce(import.meta.url, [input, codec], () => audioOf(input, codec));
}

async function audioOf(input: readonly string[], codec: SimAudio['codec']): Promise<SimAudio> {
  const make = async (...args: string[]): Promise<Buffer> => {
    const all = ['-v', 'error', '-nostdin', ...input, '-vn', ...args, 'pipe:1'];
    return (await run(ffmpegPath(), all, { encoding: 'buffer', maxBuffer: 2 ** 28 })).stdout;
  };
  switch (codec) {
    case 'pcmu':
    case 'pcma': {
      const samples = await make('-ar', '8000', '-ac', '1', '-f', codec === 'pcmu' ? 'mulaw' : 'alaw');
      const frames: Buffer[] = [];
      for (let at = 0; at + 160 <= samples.length; at += 160) frames.push(samples.subarray(at, at + 160));
      return { kind: 'audio', codec, clockRate: 8000, channels: 1, frames, frameTicks: 160 };
    }
    case 'aac': {
      const { frames, config, clockRate, channels } = adtsFrames(
        await make('-c:a', 'aac', '-ar', '48000', '-ac', '2', '-f', 'adts'),
      );
      return { kind: 'audio', codec, clockRate, channels, frames, frameTicks: 1024, config };
    }
    case 'opus': {
      const frames = opusFrames(await make('-c:a', 'libopus', '-ar', '48000', '-ac', '2', '-f', 'ogg'));
      return { kind: 'audio', codec, clockRate: 48_000, channels: 2, frames, frameTicks: 960 };
    }
  }
}
