import type { StreamId } from '../../shared/names.ts';
import type { GapReason, RecorderStatus } from '../../shared/recording.ts';
import type { Segment } from './segment.ts';

/** A segment that is kept, as the index tells of it. */
export interface SegmentRow {
  readonly startMs: number;
  readonly endMs: number;
  readonly recordingId: number;
  readonly startPts90k: number;
  readonly duration90k: number;
  readonly sizeBytes: number;
}

/** A recording as the index tells of it; `id` ascends in the order of recording. */
export interface RecordingRow {
  readonly id: number;
  readonly key: string;
  readonly startMs: number;
  readonly cause: string;
  readonly isRepeat: boolean;
  readonly parameterSetsId: string;
  /** As in `MediaFormat`; `videoCodecOf` tells the codec. */
  readonly profileLevelId: string;
  readonly width: number;
  readonly height: number;
  readonly audio?: { readonly clockRate: number; readonly channels: number };
}

/** Segments of a time, oldest first, with the recordings they belong to. */
export interface SegmentList {
  readonly segments: readonly SegmentRow[];
  readonly recordings: ReadonlyMap<number, RecordingRow>;
}

/**
 * All kept segments of all streams, whichever disk they are on. Writing never blocks and never throws; everything
 * else rejects with `ApiError` (STORAGE_UNAVAILABLE where the disk is missing, hangs or fails).
 */
export interface Archive {
  /**
   * Takes a segment to be persisted. False: it was not taken, since the disk is missing or does not keep up; the ledger
   * has the reason.
   */
  append(stream: StreamId, segment: Segment): boolean;
  /** From `atMs` on, what is not recorded of the stream is missing for `reason`. */
  note(stream: StreamId, atMs: number, reason: GapReason): void;
  /** Resolves when all that was appended and noted so far is durable, or was given up. */
  flush(): Promise<void>;
  /**
   * The newest `endMs` of what is kept of the stream, for a recorder that begins; undefined where there is none.
   */
  newestEndMs(stream: StreamId): Promise<number | undefined>;
  /** Segments that overlap [fromMs, toMs); where time was recorded twice, the newest recording only. */
  segments(stream: StreamId, fromMs: number, toMs: number): Promise<SegmentList>;
  /** The bytes of one segment; NOT_RECORDED where it is not kept (any more). */
  readSegment(stream: StreamId, startMs: number): Promise<Buffer>;
  /** What the stream's status tells of what is kept, and why it is not recorded just now if the disk is to blame; cached, synchronous. */
  kept(stream: StreamId): Omit<RecorderStatus, 'state'>;
  /** Where a stream's files are: the folder that holds `recordings` (for free space and period files). */
  rootOf(stream: StreamId): string;
  /** Persists what is queued (bounded wait), ends the threads. Idempotent. */
  close(): Promise<void>;
}
