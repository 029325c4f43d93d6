import type { StreamId } from '../../../shared/names.ts';
import type { RecordingRow } from '../archive.ts';
import { findEvents } from '../events/event-handlers.ts';
import { pictureOf, recordedPicture } from '../frames/picture-handlers.ts';
import { findThumbnail, thumbnailTimes } from '../frames/thumbnail-handlers.ts';
import { keyFrames } from '../playlist/key-frames.ts';
import { playlist } from '../playlist/playlist.ts';
import { diskRoom } from './disk-room.ts';
import type { IndexReader } from './index-reader.ts';
import { keptStreams } from './kept-streams.ts';
import { locks } from './locks.ts';
import { type HandlerMap, transfer } from './rpc.ts';
import { packSegments } from './segment-columns.ts';
import { timelinePart } from './timeline-query.ts';

function readSegment(index: IndexReader, { stream, startMs }: { stream: StreamId; startMs: number }) {
  const bytes = index.readSegment(stream, startMs);
  return transfer(bytes, [bytes.buffer]);
}

function segments(
  index: IndexReader,
  { stream, fromMs, toMs }: { stream: StreamId; fromMs: number; toMs: number },
) {
  const rows = index.segments(stream, fromMs, toMs);
  const columns = packSegments(rows);
  const recordings: ReadonlyMap<number, RecordingRow> = index.recordings(
    rows.map(({ recordingId }) => recordingId),
  );
  return transfer({ columns, recordings }, [columns.buffer]);
}

function newestEndMs(index: IndexReader, { stream }: { stream: StreamId }): number | undefined {
  return index.bounds(stream)?.newestMs;
}

/** What other threads may ask of a reader's thread. */
export const readerHandlers = {
  readSegment,
  segments,
  newestEndMs,
  timelinePart,
  locks,
  keptStreams,
  diskRoom,
  playlist,
  keyFrames,
  recordedPicture,
  pictureOf,
  findThumbnail,
  thumbnailTimes,
  findEvents,
} satisfies HandlerMap<IndexReader>;

export type ReaderHandlers = typeof readerHandlers;
