import type { RecorderStatus } from '../../shared/recording.ts';
import { assertNever } from '../../shared/result.ts';
import type { StreamStatus } from '../../shared/stream.ts';
import { redactUrl } from '../base/redact.ts';
import { NEEDS_REORDERING, profileOf, type Stream, type TrackFormat } from '../stream/index.ts';

export interface StatusContext {
  /** The stream stands in the configuration file. */
  readonly readOnly: boolean;
  readonly isDemo: boolean;
  /** Viewers that the hub does not see one by one, since they share one reader (WebRTC). */
  readonly sharedViewers: number;
  readonly recorder: RecorderStatus;
}

const LEFT_OUT =
  'The camera sends B-frames, which browsers cannot show over WebRTC: viewers get the stream without them, so with fewer ' +
  'pictures a second. Recordings and HLS have them all. Set B-frames to 0 in the camera for the full rate and less delay.';

/** A stream with its status as the API gives it; never a password, nor a URL that holds one. */
export function streamStatus(stream: Stream, context: StatusContext): StreamStatus {
  const { definition, state, tracks, figures, readerCounts, cameraClockOffsetMs } = stream;
  const video = tracks.find((track) => track.kind === 'video');
  const audio = tracks.find((track) => track.kind === 'audio');
  const { source } = definition;
  return {
    app: definition.app,
    name: definition.name,
    source: {
      url: redactUrl(source.url),
      ...(source.username === undefined ? {} : { username: source.username }),
      hasPassword: source.password !== undefined,
      transport: source.transport,
      ...(source.tlsFingerprint === undefined ? {} : { tlsFingerprint: source.tlsFingerprint }),
      ...(source.sub === undefined ? {} : { sub: { url: redactUrl(source.sub.url) } }),
      trustCameraClock: source.trustCameraClock,
      connectTimeoutMs: source.connectTimeoutMs,
      silenceTimeoutMs: source.silenceTimeoutMs,
    },
    ...(definition.record === undefined ? {} : { record: definition.record }),
    onDemand: definition.onDemand,
    ...(definition.labels === undefined ? {} : { labels: definition.labels }),
    readOnly: context.readOnly,
    ...(context.isDemo ? { demo: true } : {}),
    state: state.state,
    ...(state.reason === undefined ? {} : { reason: state.reason }),
    tracks: tracks.map((track) => trackStatus(track)),
    ...(video === undefined
      ? {}
      : {
          codec: video.codec,
          profile: profileOf(video),
          width: video.width,
          height: video.height,
        }),
    ...(audio === undefined ? {} : { audioCodec: audio.codec }),
    ...figures,
    ...(stream.transport === undefined ? {} : { transport: stream.transport }),
    ...(stream.transportReason === undefined ? {} : { transportReason: stream.transportReason }),
    ...webrtcStatus(stream),
    ...(cameraClockOffsetMs === undefined ? {} : { cameraClockOffsetMs: Math.round(cameraClockOffsetMs) }),
    viewers: readerCounts.viewers + context.sharedViewers,
    readers: readerCounts.viewers + readerCounts.services,
    recorder: context.recorder,
  };
}

/** How viewers get the picture over WebRTC, as far as the pictures are known. */
function webrtcStatus({ tracks, reordering }: Stream): Pick<StreamStatus, 'webrtc'> {
  const video = tracks.find((track) => track.kind === 'video');
  if (video?.codec !== 'h264') return {};
  switch (reordering) {
    case 'none':
      return { webrtc: { video: 'as-is' } };
    case 'droppable':
      return { webrtc: { video: 'without-b-pictures', reason: LEFT_OUT } };
    case 'needed':
      return { webrtc: { video: 'unavailable', reason: NEEDS_REORDERING } };
    default:
      return assertNever(reordering);
  }
}

function trackStatus(track: TrackFormat): StreamStatus['tracks'][number] {
  if (track.kind === 'audio') {
    return { kind: 'audio', codec: track.codec, clockRate: track.clockRate, channels: track.channels };
  }
  return {
    kind: 'video',
    codec: track.codec,
    profile: profileOf(track),
    width: track.width,
    height: track.height,
    ...(track.declaredFps === undefined ? {} : { fps: track.declaredFps }),
  };
}
