import type { StreamId } from '../../../shared/names.ts';
import type { IndexReader } from './index-reader.ts';
import { SEGMENT_MAX_MS } from './schema.ts';
import { type Coverage, coverageOf, type GapNote, type Run } from './timeline.ts';

export interface TimelineArgs {
  readonly stream: StreamId;
  readonly fromMs: number;
  readonly toMs: number;
  /** Whether the bytes of a segment that begins before `fromMs` count here: so in the first part of a time only. */
  readonly countsHead: boolean;
  /** What was taken to be persisted and may not be in the index yet, in the order of recording. */
  readonly queued: {
    readonly segments: readonly { startMs: number; endMs: number; sizeBytes: number }[];
    readonly notes: readonly GapNote[];
  };
}

export type TimelinePart = Coverage & { readonly bytes: number };

const ROWS = `SELECT start_ms, end_ms, recording_id, size_bytes FROM segments
  WHERE stream_id = ? AND start_ms >= ? AND start_ms < ? ORDER BY start_ms`;

/** For the reader thread: what was recorded in [fromMs, toMs), what was not, and why. Some 4 µs for each segment. */
export function timelinePart(index: IndexReader, args: TimelineArgs): TimelinePart {
  const { stream, fromMs, toMs, queued } = args;
  const row = index.streamRow(stream);
  const runs = new RunBuilder();
  let bytes = 0;
  const indexed = new Set<number>();
  if (row !== undefined) {
    for (const values of index.arrays(ROWS).iterate(row.id, fromMs - SEGMENT_MAX_MS, toMs)) {
      // STRICT integers, far below 2^53.
      const [startMs, endMs, recordingId, sizeBytes] = values as unknown as [number, number, number, number];
      if (endMs <= fromMs) continue;
      if (queued.segments.length > 0) indexed.add(startMs);
      runs.add(recordingId, startMs, endMs);
      if (startMs >= fromMs || args.countsHead) bytes += sizeBytes;
    }
  }
  for (const { startMs, endMs, sizeBytes } of queued.segments) {
    if (indexed.has(startMs) || endMs <= fromMs || startMs >= toMs) continue;
    runs.add(undefined, startMs, endMs);
    if (startMs >= fromMs || args.countsHead) bytes += sizeBytes;
  }
  const coverage = coverageOf({
    fromMs,
    toMs,
    runs: runs.finish(),
    notes: withQueued(index.notes(stream, fromMs, toMs), queued.notes),
    expiredBeforeMs: row?.expiredBeforeMs ?? 0,
  });
  return { ...coverage, bytes };
}

/** Joins segments that follow each other; those of a repeated hour lie mixed, so each recording has a run of its own. */
class RunBuilder {
  readonly #runs: { startMs: number; endMs: number }[] = [];
  readonly #open = new Map<number | undefined, { startMs: number; endMs: number }>();

  add(recordingId: number | undefined, startMs: number, endMs: number): void {
    const open = this.#open.get(recordingId);
    if (open !== undefined && open.endMs === startMs) {
      open.endMs = endMs;
      return;
    }
    const run = { startMs, endMs };
    this.#runs.push(run);
    this.#open.set(recordingId, run);
  }

  finish(): readonly Run[] {
    return this.#runs.sort((a, b) => a.startMs - b.startMs);
  }
}

/** A note replaces one of the same time. */
function withQueued(notes: readonly GapNote[], queued: readonly GapNote[]): readonly GapNote[] {
  if (queued.length === 0) return notes;
  const byTime = new Map([...notes, ...queued].map((note) => [note.atMs, note]));
  return [...byTime.values()].sort((a, b) => a.atMs - b.atMs);
}
