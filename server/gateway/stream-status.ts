import type { RecorderStatus } from '../../shared/recording.ts';
import type { LegStatus, StreamStatus } from '../../shared/stream.ts';
import { redactUrl } from '../base/redact.ts';
import { profileOf, type Stream, type TrackFormat } from '../stream/index.ts';
import { webrtcStatus } from './webrtc-status.ts';

export interface StatusContext {
  /** The stream stands in the configuration file. */
  readonly readOnly: boolean;
  readonly isDemo: boolean;
  /** Viewers that the hub does not see one by one, since they share one reader (WebRTC). */
  readonly sharedViewers: number;
  readonly recorder: RecorderStatus;
  /** Those that are in use. */
  readonly legs: readonly LegStatus[];
}

/** A stream with its status as the API gives it; never a password, nor a URL that holds one. */
export function streamStatus(stream: Stream, context: StatusContext): StreamStatus {
  const { definition, state, tracks, figures, readerCounts, cameraClockOffsetMs } = stream;
  const video = tracks.find((track) => track.kind === 'video');
  const audio = tracks.find((track) => track.kind === 'audio');
  const { source } = definition;
  const webrtc = webrtcStatus(stream, context.legs);
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
      ...(source.onvif === undefined ? {} : { onvif: { url: redactUrl(source.onvif.url) } }),
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
    ...(webrtc === undefined ? {} : { webrtc }),
    ...(context.legs.length === 0 ? {} : { legs: [...context.legs] }),
    ...(cameraClockOffsetMs === undefined ? {} : { cameraClockOffsetMs: Math.round(cameraClockOffsetMs) }),
    viewers: readerCounts.viewers + context.sharedViewers,
    readers: readerCounts.viewers + readerCounts.services,
    recorder: context.recorder,
  };
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
