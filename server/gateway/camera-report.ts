import type { CameraReport, SourceReport } from '../../shared/report.ts';
import { profileOf, type Stream } from '../stream/index.ts';
import { cameraAdvice } from './camera-advice.ts';

/** What the camera behind a stream is and does, as far as it is known; never a password, nor a URL. */
export function cameraReport(stream: Stream): CameraReport {
  const facts = cameraFacts(stream);
  return { ...facts, advice: cameraAdvice(facts) };
}

/** A report without its advice, which follows from the rest. */
export type CameraFacts = Omit<CameraReport, 'advice'>;

function cameraFacts(stream: Stream): CameraFacts {
  const { definition, state, tracks, figures, pictures, sourceReport, cameraClockOffsetMs } = stream;
  const { reason } = state;
  const video = tracks.find((track) => track.kind === 'video');
  const audio = tracks.find((track) => track.kind === 'audio');
  return {
    app: definition.app,
    name: definition.name,
    state: state.state,
    ...(reason === undefined ? {} : { reason: { code: reason.code, message: reason.message } }),
    isCurrent: state.state === 'live',
    ...(video === undefined
      ? {}
      : {
          video: {
            codec: video.codec,
            profile: profileOf(video),
            codecString: video.codec === 'h265' ? video.codecString : video.profileLevelId,
            width: video.width,
            height: video.height,
            ...(video.declaredFps === undefined ? {} : { declaredFps: video.declaredFps }),
            ...(figures.bitrateKbps === undefined ? {} : { bitrateKbps: figures.bitrateKbps }),
          },
        }),
    ...(audio === undefined
      ? {}
      : { audio: { codec: audio.codec, clockRate: audio.clockRate, channels: audio.channels } }),
    ...(pictures === undefined ? {} : { pictures }),
    ...(sourceReport === undefined ? {} : { camera: withReason(sourceReport, stream.transportReason) }),
    clock: {
      ...(cameraClockOffsetMs === undefined ? {} : { offsetMs: Math.round(cameraClockOffsetMs) }),
      trusted: definition.source.trustCameraClock,
    },
  };
}

/** The hub knows why it is this transport: it also hears of a change that comes later. */
function withReason(report: SourceReport, why: string | undefined): SourceReport {
  if (why === undefined) return report;
  const { connection } = report;
  return { ...report, connection: { ...connection, transport: { ...connection.transport, why } } };
}
