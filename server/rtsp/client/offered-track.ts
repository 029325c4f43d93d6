import type { ConnectionReport } from '../../../shared/report.ts';
import type { RtspTrack } from '../parse/index.ts';
import { printable } from './refusals.ts';

/** A media of the camera's session description as the camera report shows it. */
export function offeredTrack(track: RtspTrack, used: boolean): ConnectionReport['offered'][number] {
  const { payloadType, clockRate } = track;
  if (track.supported) {
    const encoding = track.codec.toUpperCase();
    const reason = used ? {} : { reason: `Sluice takes one ${track.kind} of a stream.` };
    return { kind: track.kind, encoding, payloadType, clockRate, used, ...reason };
  }
  return {
    kind: printable(track.kind),
    encoding: printable(track.encoding),
    payloadType,
    clockRate,
    used: false,
    reason: printable(track.reason),
  };
}
