import type { StreamId } from '../../../shared/names.ts';
import type { GapReason } from '../../../shared/recording.ts';
import { eventsToWrite, hasFootage } from '../events/event-handlers.ts';
import { thumbnailsToWrite } from '../frames/thumbnail-handlers.ts';
import { diskFaultOf } from './disk-fault.ts';
import { releaseReserve } from './disk-reserve.ts';
import { giveUp } from './give-up.ts';
import type { IndexWriter } from './index-writer.ts';
import { locks } from './locks.ts';
import { SEGMENT_MAX_MS } from './schema.ts';

/** One transaction of so many rows takes a few milliseconds. */
const STEP_SEGMENTS = 128;
/** More than cameras may tell in the time of a step. */
const STEP_EVENTS = 1_000;

export interface EraseArgs {
  readonly stream: StreamId;
  /** Segments that lie whole in [fromMs, toMs). */
  readonly fromMs: number;
  readonly toMs: number;
}

export interface ErasePart {
  readonly segments: number;
  readonly bytes: number;
  /** Segments that stay, as a lock is on them. */
  readonly locked: number;
  /** From where it is to go on; undefined: it is done. */
  readonly nextMs: number | undefined;
}

interface Row {
  readonly startMs: number;
  readonly endMs: number;
  readonly sizeBytes: number;
}

/**
 * For the store's thread: deletes some of what somebody does not want kept, oldest first, with its pictures and events. It is durable
 * when it returns that it is gone from the index; a chore unlinks the files, also after a crash. On a full disk the reserve is used for it.
 */
export function erase(index: IndexWriter, args: EraseArgs): ErasePart {
  const id = index.reader.findStreamId(args.stream);
  if (id === undefined) return { segments: 0, bytes: 0, locked: 0, nextMs: undefined };
  const { fromMs, toMs, stream } = args;
  const rows = rowsOf(index, id, fromMs, toMs);
  const whole = rows.filter(({ endMs }) => endMs <= toMs);
  const kept = locks(index.reader, { stream, fromMs, toMs: toMs + SEGMENT_MAX_MS });
  const gone = whole.filter(
    ({ startMs, endMs }) => !kept.some((lock) => lock.start < endMs && lock.end > startMs),
  );
  if (gone.length > 0) withRoom(index, () => eraseSegments(index, stream, id, gone));
  const last = rows.at(-1);
  return {
    segments: gone.length,
    bytes: gone.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    locked: whole.length - gone.length,
    nextMs: rows.length === STEP_SEGMENTS && last !== undefined ? last.startMs + 1 : undefined,
  };
}

function rowsOf({ reader }: IndexWriter, id: number, fromMs: number, toMs: number): readonly Row[] {
  const rows = reader
    .arrays(
      `SELECT start_ms, end_ms, size_bytes FROM segments
       WHERE stream_id = ? AND start_ms >= ? AND start_ms < ? ORDER BY start_ms LIMIT ${STEP_SEGMENTS}`,
    )
    .all(id, fromMs, toMs) as unknown as [number, number, number][];
  return rows.map(([startMs, endMs, sizeBytes]) => ({ startMs, endMs, sizeBytes }));
}

/** Who asks to delete on a full disk means to make room. */
function withRoom(index: IndexWriter, work: () => void): void {
  try {
    work();
  } catch (failure) {
    const isFull = diskFaultOf(failure, index.recordingsDir).reason === 'DISK_FULL';
    if (!isFull || !releaseReserve(index.recordingsDir)) throw failure;
    work();
  }
}

function eraseSegments(index: IndexWriter, stream: StreamId, id: number, gone: readonly Row[]): void {
  const startsMs = gone.map(({ startMs }) => startMs);
  // Before the segments: a crash in between leaves footage without them, never them without footage.
  thumbnailsToWrite(index).use((db) => db.remove(stream, startsMs));
  index.transaction(() => {
    giveUp(index, id, startsMs);
    for (const { startMs, endMs } of stretchesOf(gone)) noteErased(index, id, startMs, endMs);
  });
  eraseEvents(index, stream, id, gone);
}

/** Those that began meanwhile and of which no footage is left. */
function eraseEvents(index: IndexWriter, stream: StreamId, id: number, gone: readonly Row[]): void {
  const fromMs = gone[0]?.startMs ?? 0;
  const toMs = Math.max(...gone.map(({ endMs }) => endMs));
  eventsToWrite(index).use((db) => {
    const page = db.page(stream, { startMs: fromMs, id: '' }, toMs, STEP_EVENTS);
    const ofErased = page.filter((event) =>
      gone.some(({ startMs, endMs }) => startMs < event.endMs && endMs > event.startMs),
    );
    db.remove(ofErased.filter((event) => !hasFootage(index, id, event)).map((event) => event.id));
  });
}

/** What follows without a hole; repeated time lies mixed. */
function stretchesOf(rows: readonly Row[]): ReadonlyArray<{ startMs: number; endMs: number }> {
  const stretches: { startMs: number; endMs: number }[] = [];
  for (const { startMs, endMs } of rows) {
    const last = stretches.at(-1);
    if (last !== undefined && startMs <= last.endMs) last.endMs = Math.max(last.endMs, endMs);
    else stretches.push({ startMs, endMs });
  }
  return stretches;
}

/** The ledger says of this time that it was deleted, and of what is missing behind it the same as before. */
function noteErased(index: IndexWriter, id: number, startMs: number, endMs: number): void {
  const { reader } = index;
  const before = reader
    .arrays('SELECT reason FROM notes WHERE stream_id = ? AND at_ms <= ? ORDER BY at_ms DESC LIMIT 1')
    .get(id, endMs) as unknown as [GapReason] | undefined;
  reader
    .statement('DELETE FROM notes WHERE stream_id = ? AND at_ms > ? AND at_ms < ?')
    .run(id, startMs, endMs);
  index.note(id, endMs, before?.[0] ?? 'RECORDING_OFF');
  index.note(id, startMs, 'DELETED');
}
