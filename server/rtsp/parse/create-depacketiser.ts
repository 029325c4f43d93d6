import { AacDepacketiser } from './aac-depacketiser.ts';
import type { Depacketiser, DepacketiserHandlers } from './depacketiser.ts';
import { H264Depacketiser } from './h264-depacketiser.ts';
import { H265Depacketiser } from './h265-depacketiser.ts';
import { isOpusPacket } from './opus.ts';
import type { RtspAudioTrack, RtspVideoTrack } from './tracks.ts';
import { WholeFrameDepacketiser } from './whole-frame-depacketiser.ts';

/** The depacketiser that fits a track. `onFormat` is only called for video. */
export function createDepacketiser(
  track: RtspVideoTrack | RtspAudioTrack,
  handlers: DepacketiserHandlers,
): Depacketiser {
  const onUnit = handlers.onUnit.bind(handlers);
  const onFormat = handlers.onFormat.bind(handlers);
  if (track.kind === 'video') {
    const { sps, pps } = track;
    return track.codec === 'h265'
      ? new H265Depacketiser({ onUnit, onFormat, vps: track.vps, sps, pps })
      : new H264Depacketiser({ onUnit, onFormat, sps, pps });
  }
  if (track.aac !== undefined) return new AacDepacketiser(track.aac, { onUnit });
  return track.codec === 'opus'
    ? new WholeFrameDepacketiser({ onUnit }, isOpusPacket)
    : new WholeFrameDepacketiser({ onUnit });
}
