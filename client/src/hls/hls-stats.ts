import type { PlayerStats } from '../player/stats.ts';
import type { HlsFigures } from './hls-media.ts';

const UNKNOWN: HlsFigures = { codec: undefined, bitrateKbps: undefined, latencyMs: undefined };

/** The figures of HLS: by the video element, and by what was loaded. */
export function hlsStats(
  video: HTMLVideoElement | undefined,
  figures: HlsFigures = UNKNOWN,
  fps: number | undefined = undefined,
): PlayerStats {
  const quality = video?.getVideoPlaybackQuality();
  return {
    mode: 'hls',
    fallback: undefined,
    framesDecoded: quality?.totalVideoFrames ?? 0,
    framesDropped: quality?.droppedVideoFrames,
    fps,
    width: video?.videoWidth || undefined,
    height: video?.videoHeight || undefined,
    quality: 'main',
    packetsLost: undefined,
    lossPercent: undefined,
    jitterMs: undefined,
    rttMs: undefined,
    transport: undefined,
    ...figures,
  };
}

/** Whether what comes next is there, so that a standstill is not the network's fault. */
export function hasMoreToPlay(video: HTMLVideoElement | undefined): boolean {
  if (video === undefined) return false;
  const { buffered, currentTime } = video;
  for (let index = 0; index < buffered.length; index += 1) {
    if (buffered.start(index) <= currentTime + 0.5 && buffered.end(index) > currentTime + 1) return true;
  }
  return false;
}
