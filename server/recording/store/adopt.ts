import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, readSync, renameSync } from 'node:fs';
import type { StreamId } from '../../../shared/names.ts';
import type { Segment } from '../segment.ts';
import { probeTs } from '../ts/index.ts';
import { openPlainFile, syncAndClose, writePart } from './files.ts';
import type { IndexWriter } from './index-writer.ts';
import { partFile, segmentFile } from './layout.ts';
import { SEGMENT_MAX_MS } from './schema.ts';
import { FOOTER_BYTES, readFooter, type SegmentFooter, writeFooter } from './segment-footer.ts';

/** Files larger than this are none of ours, and nothing of them is read. */
const MAX_FILE_BYTES = 512 * 1024 * 1024;

/** A file that no row tells of. */
export interface StrayFile {
  readonly stream: StreamId;
  readonly streamRowId: number;
  readonly startMs: number;
}

/** What became of it. `unreadable`: it holds no picture; it stays where it is and is told of. */
export type Adoption = 'adopted' | 'superfluous' | 'unreadable';

/**
 * Takes a file into the index: by its footer, or where that is missing or the file is torn, by what of it can be
 * played; then the file is written anew, with a footer. What the same recording has already is left to the garbage.
 * To be called in a transaction.
 */
export function adoptFile(index: IndexWriter, file: StrayFile): Adoption {
  const found = readSegmentFile(segmentFile(index.recordingsDir, file.stream, file.startMs), file.startMs);
  if (found.kind === 'whole') return insertFound(index, file, found.footer);
  const segment = salvage(found.data, file.startMs);
  if (segment === undefined) return 'unreadable';
  const recordingId = index.recordingId(file.streamRowId, segment.recording);
  const part = partFile(index.recordingsDir, file.stream, file.startMs);
  syncAndClose(writePart(part, [segment.data, writeFooter(segment, recordingId)]));
  renameSync(part, segmentFile(index.recordingsDir, file.stream, file.startMs));
  index.insertSegment(file.streamRowId, recordingId, { ...segment, sizeBytes: segment.data.length });
  return 'adopted';
}

/** What a segment's file tells about itself; its media only where that is needed to make something of it. */
export type SegmentFileContent =
  | { readonly kind: 'whole'; readonly footer: SegmentFooter; readonly data?: Buffer }
  | { readonly kind: 'damaged'; readonly data: Buffer };

/** Reads a file's footer, and all of it where that does not fit or is wanted. Throws what the file system throws. */
export function readSegmentFile(path: string, startMs: number, wantsData = false): SegmentFileContent {
  const file = openPlainFile(path);
  try {
    const { size } = fstatSync(file);
    const footer = readFooter(readAt(file, FOOTER_BYTES, size - FOOTER_BYTES));
    if (footer !== undefined && footer.sizeBytes + FOOTER_BYTES === size && footer.startMs === startMs) {
      return { kind: 'whole', footer, ...(wantsData ? { data: readAt(file, footer.sizeBytes, 0) } : {}) };
    }
    return { kind: 'damaged', data: readAt(file, size > MAX_FILE_BYTES ? 0 : size, 0) };
  } finally {
    closeSync(file);
  }
}

function readAt(file: number, sizeBytes: number, position: number): Buffer {
  const bytes = Buffer.alloc(Math.max(0, sizeBytes));
  if (position < 0) return bytes;
  let filled = 0;
  while (filled < bytes.length) {
    const read = readSync(file, bytes, filled, bytes.length - filled, position + filled);
    if (read === 0) break;
    filled += read;
  }
  return bytes.subarray(0, filled);
}

function insertFound(index: IndexWriter, file: StrayFile, footer: SegmentFooter): Adoption {
  const recordingId = index.recordingId(file.streamRowId, footer.recording, footer.recordingId);
  const overlapping = index.reader
    .statement(
      `SELECT 1 FROM segments WHERE stream_id = ? AND start_ms > ? AND start_ms < ? AND end_ms > ? AND recording_id = ?`,
    )
    .get(file.streamRowId, footer.startMs - SEGMENT_MAX_MS, footer.endMs, footer.startMs, recordingId);
  if (overlapping !== undefined) {
    index.reader
      .statement('INSERT OR IGNORE INTO garbage (stream_id, start_ms) VALUES (?, ?)')
      .run(file.streamRowId, file.startMs);
    return 'superfluous';
  }
  index.insertSegment(file.streamRowId, recordingId, footer);
  return 'adopted';
}

/** A segment of what can be played of a torn file, in a recording of its own. */
function salvage(bytes: Buffer, startMs: number): Segment | undefined {
  const probe = probeTs(bytes);
  if (probe?.format === undefined || probe.keyFrames[0]?.offset === undefined) return undefined;
  const duration90k = Math.round(probe.endPts90k - probe.startPts90k);
  if (duration90k <= 0) return undefined;
  const durationMs = Math.min(SEGMENT_MAX_MS, Math.max(1, Math.round(duration90k / 90)));
  return {
    recording: {
      key: randomBytes(8).toString('hex'),
      startMs,
      cause: 'recovered',
      isRepeat: false,
      format: probe.format,
    },
    startMs,
    endMs: startMs + durationMs,
    startPts90k: probe.startPts90k,
    duration90k,
    data: bytes.subarray(0, probe.wholeBytes),
  };
}
