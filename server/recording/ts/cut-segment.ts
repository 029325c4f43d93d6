import type { MediaFormat, RecordingCause } from '../segment.ts';

export interface KeyFrame {
  /** Of its first packet in the segment's bytes. */
  readonly offset: number;
  readonly pts90k: number;
}

/** A segment as it was cut, before it has a place in wall-clock time. */
export interface CutSegment {
  /** Over a SharedArrayBuffer: PAT and PMT (`TABLES_BYTES`), then whole packets that begin with the key frame. */
  readonly data: Buffer;
  /** Presentation time of the first key frame on the hub's timeline; never wraps. */
  readonly startPts90k: number;
  /** Up to the key frame that comes next; at the end of a recording up to the end of its last picture. More than 0. */
  readonly duration90k: number;
  /** Read from the bytes themselves. */
  readonly format: MediaFormat;
  /** The first is the start. */
  readonly keyFrames: readonly KeyFrame[];
  /** Set where a new recording begins with this segment; else it goes on without a gap from the one before. */
  readonly begins?: RecordingCause;
}

export type SegmenterTrouble =
  /** There are pictures, and none that a recording can begin with: all is dropped up to the next key frame. */
  | { readonly kind: 'no-key-frame'; readonly fromPts90k: number }
  | { readonly kind: 'timeline-jumped'; readonly fromPts90k: number; readonly toPts90k: number }
  | { readonly kind: 'sync-lost'; readonly skippedBytes: number };

export interface SegmenterOptions {
  readonly segmentMs: number;
  /** Without a key frame for so long the recording ends. Default 120 s. */
  readonly maxSegmentMs?: number;
  /** The same by size; from half of it on every key frame is a cut. Default 48 MiB. */
  readonly maxSegmentBytes?: number;
  /** Pictures further apart than this belong to different recordings. Default 10 s. */
  readonly jumpMs?: number;
  /** Called inside `push`, `begin` and `end`. */
  readonly onSegment: (cut: CutSegment) => void;
  readonly onTrouble?: (trouble: SegmenterTrouble) => void;
}

/** A run of one FFmpeg process. */
export interface SegmenterRun {
  /** A time on the hub's timeline within 13 hours of the first picture: says how often the 33 bits have wrapped. */
  readonly expectedPts90k: number;
  /** Why a new recording begins here, if the one before cannot go on. */
  readonly cause: RecordingCause;
  /** Added to all times; 0 where FFmpeg writes the hub's own. */
  readonly shift90k?: number;
}
