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

/** How viewers get a stream over WebRTC, as far as its tracks are known; `legs` are those that are in use. */
export function webrtcStatus(
  { tracks, reordering }: Pick<Stream, 'tracks' | 'reordering'>,
  legs: readonly LegStatus[],
): WebRtcStatus | undefined {
  const video = tracks.find((track) => track.kind === 'video');
  const audio = tracks.find((track) => track.kind === 'audio');
  if (video === undefined) return undefined;
  const sound = audio === undefined ? {} : { audio: soundWay(audio) };
  return { ...pictureWay(video, reordering, legs), ...sound };
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

function soundWay(audio: AudioFormat): NonNullable<WebRtcStatus['audio']> {
  const way = browserWay(audio);
  return way === 'opus' ? 'transcoded' : way === 'as-is' ? way : 'unavailable';
}
