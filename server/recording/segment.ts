/**
 * What passes between the segmenter, the ring in memory, the store and the playlists.
 */

/** What the picture of a segment is coded with. */
export type VideoCodec = 'h264' | 'h265';

const H265_PROFILE_DIGITS = 24;

/** What a player has to know before the first picture. It is the same for a whole recording. */
export interface MediaFormat {
  /** Equal texts mean equal parameter sets: a digest over them (SPS and PPS, with H.265 also VPS). */
  readonly parameterSetsId: string;
  readonly videoCodec: VideoCodec;
  /**
   * H.264: six hex digits (RFC 6184 section 8.1). H.265: 24 hex digits, the twelve bytes from `general_profile_space` to
   * `general_level_idc` (ITU-T H.265 section 7.3.3), as `hvcC` has them too.
   */
  readonly profileLevelId: string;
  readonly width: number;
  readonly height: number;
  /** In the TS sound is always AAC. */
  readonly audio?: { readonly clockRate: number; readonly channels: number };
}

/** Which codec a `profileLevelId` is of. */
export function videoCodecOf(profileLevelId: string): VideoCodec {
  return profileLevelId.length === H265_PROFILE_DIGITS ? 'h265' : 'h264';
}

/** Why a recording began. */
export const RECORDING_CAUSES = [
  'started',
  'camera-back',
  'format-changed',
  'timeline-jumped',
  'clock-stepped',
  'recorder-restarted',
  'recovered',
] as const;
export type RecordingCause = (typeof RECORDING_CAUSES)[number];

/** A run of segments without a gap, with one format and one unbroken timeline. */
export interface Recording {
  /** `^[a-z0-9]{16}$`, made at random. */
  readonly key: string;
  /** Of its first segment. */
  readonly startMs: number;
  readonly cause: RecordingCause;
  /** This machine's clock was set back: some of this time was recorded before. */
  readonly isRepeat: boolean;
  readonly format: MediaFormat;
}

/** One piece of a recording: whole groups of pictures, beginning with PAT and PMT, playable alone. */
export interface Segment {
  readonly recording: Recording;
  /** Unix time of the first key frame by the hub's clock, an integer, unique within the stream. */
  readonly startMs: number;
  /** Equals `startMs` of the next segment of the same recording. An integer, larger than `startMs`. */
  readonly endMs: number;
  /** Presentation time of the first key frame on the stream's timeline: an integer that never wraps. */
  readonly startPts90k: number;
  /** Up to the next segment's key frame; exact, for EXTINF. */
  readonly duration90k: number;
  /** Whole TS packets, over a SharedArrayBuffer so that another thread can write them without a copy. */
  readonly data: Buffer;
}
