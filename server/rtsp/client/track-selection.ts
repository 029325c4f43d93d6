import { err, ok, type Result } from '../../../shared/result.ts';
import type { RtspTrack } from '../parse/index.ts';
import { RtspError } from './errors.ts';
import { encryptedMedia, printable } from './refusals.ts';

export type SupportedTrack = Extract<RtspTrack, { supported: true }>;

/**
 * What is set up of a camera: its first H.264 video (its first H.265 video where it has none, since browsers take that over
 * WebRTC by way of an encoder only), and its first audio of a known codec, or
 * of several the one in Opus, which browsers take as it is (Ubiquiti cameras offer it beside AAC).
 */
export interface TrackSelection {
  readonly video: SupportedTrack;
  readonly audio: SupportedTrack | undefined;
}

/** Chooses the tracks to set up; the error names the video codecs that the camera offers in place of those two. */
export function selectTracks(tracks: readonly RtspTrack[]): Result<TrackSelection, RtspError> {
  const supported = tracks.filter((track): track is SupportedTrack => track.supported);
  const videos = supported.filter((track) => track.kind === 'video');
  const video = videos.find((track) => track.codec === 'h264') ?? videos[0];
  const audios = supported.filter((track) => track.kind === 'audio');
  const audio = audios.find((track) => track.codec === 'opus') ?? audios[0];
  if (video !== undefined) return ok({ video, audio });
  if (tracks.some((track) => track.kind === 'video' && !track.supported && track.isEncrypted)) {
    return err(encryptedMedia());
  }
  return err(new RtspError('no-h264', noVideoMessage(tracks)));
}

function noVideoMessage(tracks: readonly RtspTrack[]): string {
  const videos = tracks.filter((track) => track.kind === 'video');
  if (videos.length === 0) {
    return 'The camera offers no video at this URL. Check the path, or choose another stream of the camera.';
  }
  const encodings = new Set(videos.map((track) => codecName(track.supported ? track.codec : track.encoding)));
  const names = [...encodings].slice(0, 4).join(', ');
  return `The camera offers ${names}, and neither H.264 nor H.265. Switch its video to H.264 in its settings, or use its second stream.`;
}

function codecName(encoding: string): string {
  switch (encoding.toUpperCase()) {
    case 'H265':
    case 'HEVC':
      return 'H.265';
    case 'JPEG':
      return 'Motion JPEG';
    case 'MP4V-ES':
      return 'MPEG-4 Visual';
    case '':
      return 'a codec without a name';
    default:
      return printable(encoding);
  }
}
