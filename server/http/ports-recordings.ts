import type { StreamId } from '../../shared/names.ts';
import type {
  ErasedRecordings,
  KeptRecordings,
  RecordingLock,
  RecordingTimeline,
} from '../../shared/recording.ts';

/** What is kept of all streams. Times are Unix milliseconds. Failures reject with `ApiError`. */
export interface RecordingsPort {
  /** By default of the last day. BAD_REQUEST, STREAM_NOT_FOUND, STORAGE_UNAVAILABLE. */
  timeline(stream: StreamId, asked: { from?: number; to?: number }): Promise<RecordingTimeline>;
  /** STREAM_NOT_FOUND, STORAGE_UNAVAILABLE. */
  locks(stream: StreamId): Promise<readonly RecordingLock[]>;
  /** BAD_REQUEST, STREAM_NOT_FOUND, NOT_RECORDED, CONFLICT, STORAGE_UNAVAILABLE. */
  lock(stream: StreamId, range: { start: number; end: number; label?: string }): Promise<RecordingLock>;
  /** STREAM_NOT_FOUND, LOCK_NOT_FOUND, STORAGE_UNAVAILABLE. */
  unlock(stream: StreamId, lockId: number): Promise<void>;
  /** BAD_REQUEST, STREAM_NOT_FOUND, STORAGE_UNAVAILABLE. */
  erase(stream: StreamId, range: { from: number; to: number }): Promise<ErasedRecordings>;
  /** STORAGE_UNAVAILABLE. */
  recordings(): Promise<readonly KeptRecordings[]>;
}
