import { assertNever } from '../../shared/result.ts';
import type { LegStatus, WebRtcStatus } from '../../shared/stream.ts';
import {
  type AudioFormat,
  browserWay,
  NEEDS_REORDERING,
  type Stream,
  type VideoFormat,
} from '../stream/index.ts';

const LEFT_OUT =
  'The camera sends B-frames, which browsers cannot show over WebRTC: viewers get the stream without them, so with fewer ' +
  'pictures a second. Recordings and HLS have them all. Set B-frames to 0 in the camera for the full rate and less delay.';
const H265 =
  'Browsers take no H.265 over WebRTC, so it is converted to H.264 while somebody watches. HLS and recordings have it as it is. ' +
  'Set the camera to H.264 to spare this machine the work.';

const SOUND = 'While somebody watches, the sound is converted to';
const AAC = `${SOUND} Opus, for browsers take no AAC over WebRTC.`;

/** How viewers get a stream over WebRTC, as far as its tracks are known; `legs` are those that are in use. */
export function webrtcStatus(
  { tracks, reordering }: Pick<Stream, 'tracks' | 'reordering'>,
  legs: readonly LegStatus[],
): WebRtcStatus | undefined {
  const video = tracks.find((track) => track.kind === 'video');
  const audio = tracks.find((track) => track.kind === 'audio');
  if (video === undefined) return undefined;
  const picture = pictureWay(video, reordering, legs);
  if (audio === undefined) return picture;
  const sound = soundWay(audio, legs);
  const reason = [picture.reason, sound.reason].filter((part) => part !== undefined).join(' ');
  return { video: picture.video, audio: sound.audio, ...(reason === '' ? {} : { reason }) };
}

function pictureWay(
  video: VideoFormat,
  reordering: Stream['reordering'],
  legs: readonly LegStatus[],
): Pick<WebRtcStatus, 'video' | 'reason'> {
  if (browserWay(video) !== 'as-is') {
    const leg = legs.find(({ kind }) => kind === 'h264');
    if (leg?.state === 'waiting' && leg.reason !== undefined)
      return { video: 'unavailable', reason: leg.reason };
    return { video: 'transcoded', reason: H265 };
  }
  switch (reordering) {
    case 'none':
      return { video: 'as-is' };
    case 'droppable':
      return { video: 'without-b-pictures', reason: LEFT_OUT };
    case 'needed':
      return { video: 'unavailable', reason: NEEDS_REORDERING };
    default:
      return assertNever(reordering);
  }
}

function soundWay(
  audio: AudioFormat,
  legs: readonly LegStatus[],
): Pick<WebRtcStatus, 'reason'> & { readonly audio: NonNullable<WebRtcStatus['audio']> } {
  const way = browserWay(audio);
  const name = `${audio.codec.toUpperCase()} at ${audio.clockRate / 1000} kHz`;
  switch (way) {
    case 'as-is':
      return { audio: way };
    case 'opus': {
      const leg = legs.find(({ kind }) => kind === 'opus');
      if (leg?.state === 'waiting' && leg.reason !== undefined)
        return { audio: 'unavailable', reason: `Without sound: ${leg.reason}` };
      return { audio: 'transcoded', reason: audio.codec === 'aac' ? AAC : `${SOUND} Opus (${name}).` };
    }
    default:
      return {
        audio: 'unavailable',
        reason: `Sound of this kind (${name}) cannot be had over WebRTC; recordings have it.`,
      };
  }
}
