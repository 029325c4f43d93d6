import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { StreamId } from '../../../shared/names.ts';
import type { RecordingLock } from '../../../shared/recording.ts';
import { syncAndClose, syncFolder, writePart } from './files.ts';
import type { IndexReader } from './index-reader.ts';
import type { IndexWriter } from './index-writer.ts';
import { SEGMENT_MAX_MS } from './schema.ts';
import { StoreError } from './store-error.ts';

/** Beside the index, so that an index that had to be made anew still protects what a person wanted kept. */
export const LOCKS_FILE = 'locks.json';
/** As in shared/names.ts, which the store's threads do without (see StoreError). */
const STREAM_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}\/[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const MAX_LOCKS_OF_STREAM = 1_000;
const COLUMNS = 'id, start_ms, end_ms, label, created_ms';

export interface LockArgs {
  readonly stream: StreamId;
  readonly start: number;
  readonly end: number;
  readonly label?: string;
}

/** For the reader thread: the locks of a stream by their start, or those that overlap [fromMs, toMs). */
export function locks(
  index: IndexReader,
  { stream, fromMs, toMs }: { stream: StreamId; fromMs?: number; toMs?: number },
): RecordingLock[] {
  const id = index.findStreamId(stream);
  if (id === undefined) return [];
  const rows = index
    .arrays(
      `SELECT ${COLUMNS} FROM locks WHERE stream_id = ? AND end_ms > ? AND start_ms < ? ORDER BY start_ms, id`,
    )
    .all(id, fromMs ?? Number.MIN_SAFE_INTEGER, toMs ?? Number.MAX_SAFE_INTEGER);
  return (rows as unknown as LockCells[]).map(toLock);
}

/** For the store's thread: what overlaps the range stays until the lock is removed. It is durable when it returns. */
export function lock(index: IndexWriter, args: LockArgs): RecordingLock {
  const { stream, start, end, label } = args;
  const nowMs = Math.round(index.clock.wallMs());
  const made = index.transaction(() => {
    // Times to come may be locked too.
    if (end <= nowMs && !isSomethingKept(index.reader, stream, start, end)) {
      throw new StoreError(
        'NOT_RECORDED',
        `Nothing of ${stream} is kept of that time, so there is nothing to lock.`,
      );
    }
    const id = index.streamId(stream);
    const count = index.reader.arrays('SELECT count(*) FROM locks WHERE stream_id = ?').get(id);
    if (Number((count as unknown as [number])[0]) >= MAX_LOCKS_OF_STREAM) {
      throw new StoreError(
        'CONFLICT',
        `${stream} has ${MAX_LOCKS_OF_STREAM} locks already; remove some, or lock longer times.`,
      );
    }
    const row = index.reader
      .arrays(
        `INSERT INTO locks (stream_id, start_ms, end_ms, label, created_ms) VALUES (?, ?, ?, ?, ?) RETURNING ${COLUMNS}`,
      )
      .get(id, start, end, label ?? null, nowMs);
    return toLock(row as unknown as LockCells);
  });
  saveLocks(index);
  return made;
}

/** For the store's thread. Throws LOCK_NOT_FOUND. */
export function unlock(index: IndexWriter, { stream, lockId }: { stream: StreamId; lockId: number }): void {
  const removed = index.transaction(() => {
    const id = index.reader.findStreamId(stream);
    const { changes } = index.reader
      .statement('DELETE FROM locks WHERE id = ? AND stream_id = ?')
      .run(lockId, id ?? 0);
    return Number(changes) > 0;
  });
  if (!removed) throw new StoreError('LOCK_NOT_FOUND', `${stream} has no lock ${lockId}.`);
  saveLocks(index);
}

/** Writes the copy of all locks beside the index. */
export function saveLocks(index: IndexWriter): void {
  const rows = index.reader
    .statement(
      `SELECT streams.app || '/' || streams.name AS stream, start_ms AS start, end_ms AS "end", label, created_ms AS createdAt
       FROM locks JOIN streams ON streams.id = locks.stream_id ORDER BY locks.id`,
    )
    .all();
  const file = join(index.recordingsDir, LOCKS_FILE);
  const part = writePart(`${file}.part`, [Buffer.from(`${JSON.stringify({ locks: rows }, null, 1)}\n`)]);
  syncAndClose(part);
  renameSync(part.path, file);
  syncFolder(index.recordingsDir);
}

/** Takes the locks of the copy into an index that was made anew; gives how many. A copy that cannot be read has none. */
export function restoreLocks(index: IndexWriter): number {
  const found = readLocks(join(index.recordingsDir, LOCKS_FILE));
  index.transaction(() => {
    for (const { stream, start, end, label, createdAt } of found) {
      index.reader
        .statement(
          'INSERT INTO locks (stream_id, start_ms, end_ms, label, created_ms) VALUES (?, ?, ?, ?, ?)',
        )
        .run(index.streamId(stream), start, end, label ?? null, createdAt);
    }
  });
  return found.length;
}

type SavedLock = Omit<RecordingLock, 'id'> & { readonly stream: StreamId };

function readLocks(file: string): readonly SavedLock[] {
  let saved: unknown;
  try {
    saved = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return [];
  }
  const list = typeof saved === 'object' && saved !== null && 'locks' in saved ? saved.locks : undefined;
  return Array.isArray(list) ? list.filter(isSavedLock) : [];
}

function isSavedLock(value: unknown): value is SavedLock {
  if (typeof value !== 'object' || value === null) return false;
  const { stream, start, end, label, createdAt } = value as Record<string, unknown>;
  return (
    typeof stream === 'string' &&
    STREAM_PATTERN.test(stream) &&
    [start, end, createdAt].every(Number.isSafeInteger) &&
    Number(end) > Number(start) &&
    (label === null || label === undefined || typeof label === 'string')
  );
}

function isSomethingKept(index: IndexReader, stream: StreamId, fromMs: number, toMs: number): boolean {
  const found = index
    .arrays(
      'SELECT 1 FROM segments WHERE stream_id = ? AND start_ms > ? AND start_ms < ? AND end_ms > ? LIMIT 1',
    )
    .get(index.findStreamId(stream) ?? 0, fromMs - SEGMENT_MAX_MS, toMs, fromMs);
  return found !== undefined;
}

type LockCells = readonly [number, number, number, string | null, number];

function toLock([id, start, end, label, createdAt]: LockCells): RecordingLock {
  return { id, start, end, ...(label === null ? {} : { label }), createdAt };
}
