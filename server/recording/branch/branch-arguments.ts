import type { AudioFormat } from '../../stream/index.ts';

/** How FFmpeg is to take the sound of a stream. */
export type BranchSound = AudioFormat | undefined;

/** Ends an FFmpeg whose socket hangs, should nothing else do so; longer than any camera is waited for (`silenceTimeoutMs`). */
const SOCKET_TIMEOUT_US = 150_000_000;
/** Enough to learn of the tracks, which the SDP has told already; the default would hold the first output for a second. */
const ANALYSE_US = 500_000;
/** Longest wait of one track's packets for the other's; the default of 10 s would hold the picture while sound is away. */
const MAX_INTERLEAVE_US = 500_000;

/**
 * FFmpeg's arguments for one stream from our own RTSP server to one endless MPEG-TS on standard output. The picture is
 * never touched; sound is made AAC where it is not.
 */
export function branchArguments(options: { readonly url: string; readonly sound: BranchSound }): string[] {
  const { url, sound } = options;
  return [
    ...['-nostdin', '-hide_banner', '-loglevel', 'warning'],
    // Times as they come. FFmpeg counts them from the first packet, whose place the admission tells.
    '-copyts',
    ...['-fpsprobesize', '0', '-analyzeduration', String(ANALYSE_US)],
    ...['-rtsp_transport', 'tcp', '-timeout', String(SOCKET_TIMEOUT_US), '-i', url],
    ...['-map', '0:v:0', '-c:v', 'copy'],
    // FFmpeg loses the time of the first picture that comes over RTSP (its parser starts at position -1), and where pictures
    // are reordered it refuses to write one without. It is 0 by definition.
    ...['-bsf:v', "setts=pts='if(eq(PTS,NOPTS),0,PTS)':dts=DTS"],
    ...soundArguments(sound),
    ...['-max_interleave_delta', String(MAX_INTERLEAVE_US)],
    ...['-muxdelay', '0', '-muxpreload', '0', '-avoid_negative_ts', 'disabled', '-flush_packets', '1'],
    ...['-f', 'mpegts', 'pipe:1'],
  ];
}

function soundArguments(sound: BranchSound): string[] {
  if (sound === undefined) return ['-an'];
  const map = ['-map', '0:a:0'];
  if (sound.codec === 'aac') return [...map, '-c:a', 'copy'];
  return [...map, '-c:a', 'aac', '-b:a', sound.clockRate > 16_000 ? `${64 * sound.channels}k` : '32k'];
}
