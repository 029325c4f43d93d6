/**
 * What passes between the segmenter, the ring in memory, the store and the playlists.
 */

/** What a player has to know before the first picture. It is the same for a whole recording. */
export interface MediaFormat {
  /** Equal texts mean equal parameter sets: a digest over SPS and PPS. */
  readonly parameterSetsId: string;
  readonly videoCodec: 'h264';
  /** Six hex digits (RFC 6184 section 8.1), for the CODECS attribute. */
  readonly profileLevelId: string;
  readonly width: number;
  readonly height: number;
  /** In the TS sound is always AAC. */
  readonly audio?: { readonly clockRate: number; readonly channels: number };
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
