import type { StreamId } from '../../shared/names.ts';
import type { GapReason, RecorderStatus } from '../../shared/recording.ts';
import type { Segment } from './segment.ts';

/** A segment in the ring with its place in the live playlist. */
export interface RingEntry {
  /** EXT-X-MEDIA-SEQUENCE of this segment; goes up by one for each, and never back while the gateway runs. */
  readonly sequence: number;
  /** EXT-X-DISCONTINUITY-SEQUENCE: how many recordings began before this one's. */
  readonly discontinuitySequence: number;
  readonly segment: Segment;
}

/** The newest segments of each stream, in memory, whether recorded or not. */
export interface LiveSegments {
  /** Somebody watches: starts the branch of a stream that is not recorded and keeps it up for 30 s from now. */
  demand(stream: StreamId): void;
  /** Oldest first; empty while nothing was cut yet. */
  ring(stream: StreamId): readonly RingEntry[];
  /** What a segment of this stream is meant to last. */
  segmentMs(stream: StreamId): number;
  onSegment(stream: StreamId, listener: (entry: RingEntry) => void): () => void;
  /** Why there is no new segment, if there is none. */
  state(stream: StreamId): { state: RecorderStatus['state']; reason?: { code: GapReason; message: string } };
  /** End of the newest segment that was cut for a recorded stream; it may not be in the archive's index yet. */
  recordedUntilMs(stream: StreamId): number | undefined;
}
