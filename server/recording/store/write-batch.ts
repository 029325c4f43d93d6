import { renameSync } from 'node:fs';
import type { StreamId } from '../../../shared/names.ts';
import type { GapReason } from '../../../shared/recording.ts';
import type { Segment } from '../segment.ts';
import { noteAlive } from './alive.ts';
import { makeFolders, type OpenPart, syncAndClose, syncFolder, unlinkIfThere, writePart } from './files.ts';
import { removeFiles } from './garbage.ts';
import type { IndexWriter } from './index-writer.ts';
import { hourFolder, hourOf, partFile, segmentFile } from './layout.ts';
import { SEGMENT_MAX_MS } from './schema.ts';
import { writeFooter } from './segment-footer.ts';

/** What the store makes durable, in the order in which it came. */
export type BatchItem =
  | { readonly kind: 'segment'; readonly stream: StreamId; readonly segment: Segment }
  | {
      readonly kind: 'note';
      readonly stream: StreamId;
      readonly atMs: number;
      readonly reason: GapReason;
    };

interface PlannedSegment {
  readonly stream: StreamId;
  readonly streamRowId: number;
  readonly recordingId: number;
  readonly segment: Segment;
  /** Its own, or a millisecond or more later where another recording has one of that name. */
  readonly startMs: number;
}

/** What became durable. */
export interface WrittenSegment {
  readonly stream: StreamId;
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * Persists a batch: file, folder, index, with one commit for all of it, so that the index never tells of bytes that
 * are not durable (invariant R1). Throws what the disk throws; then nothing of the batch is in the index, and the same
 * batch may be written again.
 */
export function writeBatch(index: IndexWriter, items: readonly BatchItem[]): WrittenSegment[] {
  const planned = plan(index, items);
  writeFiles(index, planned);
  index.transaction(() => {
    for (const { streamRowId, recordingId, segment, startMs } of planned) {
      index.insertSegment(streamRowId, recordingId, {
        startMs,
        endMs: segment.endMs,
        startPts90k: segment.startPts90k,
        duration90k: segment.duration90k,
        sizeBytes: segment.data.length,
      });
    }
    for (const item of items) {
      if (item.kind === 'note') index.note(index.streamId(item.stream), item.atMs, item.reason);
    }
    closePastHours(index, planned);
    noteAlive(index);
  });
  return planned.map(({ stream, startMs, segment }) => ({ stream, startMs, endMs: segment.endMs }));
}

/** Decides on each segment's name, leaves out what is kept already, and opens the hours (invariant R2). */
function plan(index: IndexWriter, items: readonly BatchItem[]): PlannedSegment[] {
  const segments = items.filter((item) => item.kind === 'segment');
  openHoursAndRecordings(index, segments);
  const planned: PlannedSegment[] = [];
  for (const { stream, segment } of segments) {
    const streamRowId = index.streamId(stream);
    if (isKept(index, streamRowId, segment, planned)) continue;
    planned.push({
      stream,
      streamRowId,
      recordingId: index.recordingId(streamRowId, segment.recording),
      segment,
      startMs: freeStart(index, { stream, streamRowId, startMs: segment.startMs }, planned),
    });
  }
  return planned;
}

/** What has to be in the index before the first file: where files may lie, and which recording they name. */
function openHoursAndRecordings(
  index: IndexWriter,
  segments: readonly { stream: StreamId; segment: Segment }[],
): void {
  const open = index.reader.arrays('SELECT 1 FROM open_hours WHERE stream_id = ? AND hour_ms = ?');
  const missing = segments.filter(({ stream, segment }) => {
    const id = index.reader.findStreamId(stream);
    if (id === undefined || open.get(id, hourOf(segment.startMs)) === undefined) return true;
    return index.findRecordingId(segment.recording.key) === undefined;
  });
  if (missing.length === 0) return;
  index.transaction(() => {
    for (const { stream, segment } of missing) {
      const id = index.streamId(stream);
      index.openHour(id, segment.startMs);
      index.recordingId(id, segment.recording);
    }
  });
}

/** A restarted branch replays what it has sent before: time of the same recording that is there already. */
function isKept(
  index: IndexWriter,
  streamRowId: number,
  segment: Segment,
  planned: readonly PlannedSegment[],
): boolean {
  const overlaps = (startMs: number, endMs: number) => startMs < segment.endMs && endMs > segment.startMs;
  const inBatch = planned.some(
    (other) =>
      other.streamRowId === streamRowId &&
      other.segment.recording.key === segment.recording.key &&
      overlaps(other.startMs, other.segment.endMs),
  );
  if (inBatch) return true;
  const rows = index.reader
    .statement(
      `SELECT segments.start_ms, segments.end_ms FROM segments JOIN recordings ON recordings.id = segments.recording_id
       WHERE segments.stream_id = ? AND segments.start_ms > ? AND segments.start_ms < ? AND recordings.key = ?`,
    )
    .all(streamRowId, segment.startMs - SEGMENT_MAX_MS, segment.endMs, segment.recording.key);
  return rows.some((row) => overlaps(Number(row.start_ms), Number(row.end_ms)));
}

/** A name that no other recording's segment has; a file of that name that waits to be unlinked goes first. */
function freeStart(
  index: IndexWriter,
  wanted: { stream: StreamId; streamRowId: number; startMs: number },
  planned: readonly PlannedSegment[],
): number {
  const { stream, streamRowId } = wanted;
  const taken = index.reader.arrays('SELECT 1 FROM segments WHERE stream_id = ? AND start_ms = ?');
  const garbage = index.reader.arrays('SELECT 1 FROM garbage WHERE stream_id = ? AND start_ms = ?');
  let { startMs } = wanted;
  while (
    taken.get(streamRowId, startMs) !== undefined ||
    planned.some((other) => other.streamRowId === streamRowId && other.startMs === startMs)
  ) {
    startMs += 1;
  }
  if (garbage.get(streamRowId, startMs) !== undefined) removeFiles(index, [{ streamRowId, stream, startMs }]);
  return startMs;
}

/** Every file under its name and durable, folders too. On failure what was begun is removed as far as that goes. */
function writeFiles(index: IndexWriter, planned: readonly PlannedSegment[]): void {
  const { recordingsDir } = index;
  const parts: OpenPart[] = [];
  let synced = 0;
  try {
    // All are handed over before the first is waited for, so that the disk can take them together.
    for (const { stream, segment, startMs, recordingId } of planned) {
      const named = startMs === segment.startMs ? segment : { ...segment, startMs };
      const path = partFile(recordingsDir, stream, startMs);
      parts.push(
        withFolders(recordingsDir, hourFolder(recordingsDir, stream, startMs), () =>
          writePart(path, [segment.data, writeFooter(named, recordingId)]),
        ),
      );
    }
    for (const part of parts) {
      synced += 1;
      syncAndClose(part);
    }
    const folders = new Set<string>();
    for (const { stream, startMs } of planned) {
      renameSync(partFile(recordingsDir, stream, startMs), segmentFile(recordingsDir, stream, startMs));
      folders.add(hourFolder(recordingsDir, stream, startMs));
    }
    for (const folder of folders) syncFolder(folder);
  } catch (failure) {
    for (const part of parts.slice(synced)) attempt(() => syncAndClose(part));
    for (const { stream, startMs } of planned) {
      attempt(() => unlinkIfThere(partFile(recordingsDir, stream, startMs)));
    }
    throw failure;
  }
}

/** Does `work`; where its folder is not there, makes it first. */
function withFolders<T>(recordingsDir: string, folder: string, work: () => T): T {
  try {
    return work();
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== 'ENOENT') throw failure;
    makeFolders(recordingsDir, folder);
    return work();
  }
}

function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // The failure that led here is the one to tell; what stays behind is found at the next start.
  }
}

/**
 * A stream that has gone on to a later hour has every file of the hours before in the index. Later ones may hold files of a
 * batch that failed and is tried again piece by piece.
 */
function closePastHours(index: IndexWriter, planned: readonly PlannedSegment[]): void {
  const lastHour = new Map<number, number>();
  for (const { streamRowId, startMs } of planned) lastHour.set(streamRowId, hourOf(startMs));
  for (const [streamRowId, hourMs] of lastHour) {
    index.reader
      .statement('DELETE FROM open_hours WHERE stream_id = ? AND hour_ms < ?')
      .run(streamRowId, hourMs);
  }
}
