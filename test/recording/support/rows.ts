import type { IndexWriter } from '../../../server/recording/store/index-writer.ts';
import type { StreamId } from '../../../shared/names.ts';

const FORMAT = {
  parameterSetsId: 'abc',
  videoCodec: 'h264',
  profileLevelId: '42e01f',
  width: 640,
  height: 360,
} as const;

/** Rows of one recording in the index, back to back and without their files. Gives the recording's key. */
export function addRows(
  index: IndexWriter,
  stream: StreamId,
  rows: { startMs: number; count: number; segmentMs?: number; key?: string; isRepeat?: boolean },
): string {
  const { startMs, count, segmentMs = 2_000, isRepeat = false } = rows;
  const key = rows.key ?? Math.random().toString(36).slice(2, 12).padEnd(16, '0');
  index.transaction(() => {
    const streamRowId = index.streamId(stream);
    const recording = { key, startMs, cause: 'started', isRepeat, format: FORMAT } as const;
    const recordingId = index.recordingId(streamRowId, recording);
    for (let at = 0; at < count; at += 1) {
      index.insertSegment(streamRowId, recordingId, {
        startMs: startMs + at * segmentMs,
        endMs: startMs + (at + 1) * segmentMs,
        startPts90k: at * segmentMs * 90,
        duration90k: segmentMs * 90,
        sizeBytes: 188_000,
      });
    }
  });
  return key;
}
