import type { AudioFormat, VideoFormat } from '../../stream/index.ts';
import { MAX_PIXELS_ARGUMENTS } from '../decode-limits.ts';
import type { VideoEncoder } from './video-encoders.ts';

/** What a unit's time in ms says beside the time, by its rest modulo `TIME_STEP_MS`: the only word that reaches FFmpeg's encoder. */
export const KEY_FRAME_MARK = 1;
/** The picture is decoded, since others refer to it, but too old to be shown. */
export const SKIP_MARK = 2;
export const TIME_STEP_MS = 4;

/**
 * Whether a picture has the mark of a key frame, for FFmpeg. It counts `t` from the first picture that is shown, whose time is odd
 * for it is a key frame itself: those as far from a key frame as others are, that is an even number of ms, are what is wanted.
 */
const IS_MARKED = 'if(isnan(prev_forced_t),1,not(mod(round((t-prev_forced_t)*1000),2)))';

/** Larger pictures are made smaller: browsers show them in a page, and one core has to keep up. */
const MAX_PIXELS = 1920 * 1080;
/** A picture this large takes one core longer to decode than it lasts. */
const MANY_PIXELS = 2560 * 1440;
const OPUS_BITS_PER_CHANNEL = 48_000;

/** FFmpeg's arguments for H.264 of a track's pictures: Matroska on standard input, MPEG-TS on standard output. */
export function pictureArguments(format: VideoFormat, encoder: VideoEncoder): string[] {
  const size = legSize(format);
  const threads = format.width * format.height >= MANY_PIXELS ? 2 : 1;
  const isSmaller = size.width !== format.width || size.height !== format.height;
  const filters = [
    `select='lt(mod(pts,${TIME_STEP_MS}),${SKIP_MARK})'`,
    ...(isSmaller ? [`scale=${size.width}:${size.height}:flags=fast_bilinear`] : []),
    ...encoder.filters,
  ];
  const kbps = bitrateKbps(size);
  return [
    ...inputArguments(encoder.global),
    ...['-threads', String(threads), ...MAX_PIXELS_ARGUMENTS, '-i', 'pipe:0', '-map', '0:v:0', '-an'],
    ...['-vf', filters.join(','), '-filter_threads', '1'],
    // Times as they were given, in ms.
    ...['-fps_mode', 'passthrough', '-enc_time_base', '1:1000'],
    ...['-c:v', encoder.name, ...encoder.options],
    ...['-g', '600', '-bf', '0', '-force_key_frames', `expr:${IS_MARKED}`],
    // A short buffer, so that a key frame is no burst.
    ...['-b:v', `${kbps}k`, '-maxrate', `${kbps}k`, '-bufsize', `${Math.round(kbps / 2)}k`],
    ...OUTPUT,
  ];
}

/** FFmpeg's arguments for Opus of a track's sound. */
export function soundArguments(format: AudioFormat): string[] {
  const channels = Math.min(2, format.channels);
  return [
    ...inputArguments([]),
    ...['-i', 'pipe:0', '-map', '0:a:0', '-vn'],
    // Sound that lasts longer or shorter than its times say is stretched by a little.
    ...['-af', 'aresample=async=480:min_hard_comp=0.1'],
    ...[
      '-c:a',
      'libopus',
      '-ar',
      '48000',
      '-ac',
      String(channels),
      '-b:a',
      String(OPUS_BITS_PER_CHANNEL * channels),
    ],
    // 2.5 ms ahead instead of 6.5.
    ...['-application', 'lowdelay', '-frame_duration', '20'],
    ...OUTPUT,
  ];
}

/** The size of a leg's picture: the camera's own shape in even numbers, at most as many pixels as Full HD has. */
export function legSize({ width, height }: { readonly width: number; readonly height: number }): {
  readonly width: number;
  readonly height: number;
} {
  const factor = Math.min(1, Math.sqrt(MAX_PIXELS / (width * height)));
  const even = (value: number) => Math.max(2, 2 * Math.floor((value * factor) / 2 + 1e-6));
  return { width: even(width), height: even(height) };
}

/** As good as H.264 from a camera of that size usually is. */
export function bitrateKbps({ width, height }: { readonly width: number; readonly height: number }): number {
  return Math.round(Math.min(4500, 500 + (width * height * 3500) / MAX_PIXELS));
}

function inputArguments(global: readonly string[]): string[] {
  return [
    ...['-nostdin', '-hide_banner', '-loglevel', 'warning', ...global],
    '-copyts',
    // What it reads is what cameras sent: this one container, no other file or address.
    ...['-protocol_whitelist', 'pipe', '-f', 'matroska'],
    // The container has told all there is to know; the first packet is enough.
    ...['-probesize', '32', '-analyzeduration', '0', '-fpsprobesize', '0'],
  ];
}

const OUTPUT = [
  ...['-muxdelay', '0', '-muxpreload', '0', '-avoid_negative_ts', 'disabled', '-flush_packets', '1'],
  // Each frame of sound at once, and the length of each picture in front of it.
  ...['-pes_payload_size', '0', '-omit_video_pes_length', '0'],
  ...['-f', 'mpegts', 'pipe:1'],
];
