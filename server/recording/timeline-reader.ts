import type { StreamId } from '../../shared/names.ts';
import type { RecordingTimeline } from '../../shared/recording.ts';
import type { RecordingArchive } from './store/recording-archive.ts';
import { joinCoverages } from './store/timeline.ts';
import type { TimelinePart } from './store/timeline-query.ts';

/** One turn of the reader's thread: 10,800 segments of 2 s take it some 6 ms, then others have theirs. */
const PIECE_MS = 6 * 3_600_000;

/** What the timeline needs of the archive. */
export type TimelineSource = Pick<RecordingArchive, 'queued' | 'query'>;

/**
 * The ledger of [fromMs, toMs) of a stream; what waits to be written counts as recorded. Asked for piece by piece, so
 * that a long time holds nobody up.
 */
export async function readTimeline(
  archive: TimelineSource,
  stream: StreamId,
  fromMs: number,
  toMs: number,
): Promise<RecordingTimeline> {
  const parts: TimelinePart[] = [];
  for (let atMs = fromMs; atMs < toMs; ) {
    const endMs = Math.min(toMs, (Math.floor(atMs / PIECE_MS) + 1) * PIECE_MS);
    // Looked at before the index is: what is written in between is found in both, and counted once.
    const queued = archive.queued(stream);
    const countsHead = atMs === fromMs;
    parts.push(
      await archive.query(stream, 'timelinePart', { stream, fromMs: atMs, toMs: endMs, countsHead, queued }),
    );
    atMs = endMs;
  }
  const locks = await archive.query(stream, 'locks', { stream, fromMs, toMs });
  return {
    ...joinCoverages(parts),
    locks: locks.map(({ createdAt, ...lock }) => lock),
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}
