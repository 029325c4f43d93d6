import { closeSync, existsSync, fstatSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import type { StreamId } from '../../../shared/names.ts';
import type { GapReason } from '../../../shared/recording.ts';
import type { RecordingRow, SegmentRow } from '../archive.ts';
import { openPlainFile } from './files.ts';
import { segmentFile } from './layout.ts';
import { newestWins } from './newest-wins.ts';
import { INDEX_FILE, SEGMENT_MAX_MS } from './schema.ts';
import { StoreError } from './store-error.ts';

/** A stream of which something is or was kept. */
export interface StreamRow {
  readonly id: number;
  readonly stream: StreamId;
  readonly bytes: number;
  readonly segments: number;
  readonly expiredBeforeMs: number;
  /** Goes up whenever rows were removed, or put between others. */
  readonly generation: number;
}

/** From `atMs` on, what is not recorded is missing for `reason`. */
export interface LedgerNote {
  readonly atMs: number;
  readonly reason: GapReason;
}

/** Something a part keeps along with an opened index, in the thread that opened it. */
export interface Attached {
  close(): void;
}

const SEGMENT_COLUMNS = 'start_ms, end_ms, recording_id, start_pts90k, duration_90k, size_bytes';
const STREAM_COLUMNS = 'id, app, name, bytes, segments, expired_before_ms, generation';

/**
 * Reads one index and the files beside it, synchronously: for threads that may wait for a disk, never for the media
 * loop. Errors of SQLite and of the file system come through as they are.
 */
export class IndexReader {
  readonly recordingsDir: string;
  readonly database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #arrays = new Map<string, StatementSync>();
  readonly #attached = new Map<string, Attached>();
  readonly #ids = new Map<StreamId, number>();

  constructor(database: DatabaseSync, recordingsDir: string) {
    this.database = database;
    this.recordingsDir = recordingsDir;
  }

  /** Opens the index of a recordings folder read-only; the store's thread has to have made it. */
  static open(recordingsDir: string): IndexReader {
    const database = openReadOnly(join(recordingsDir, INDEX_FILE));
    // Half a day of short segments; mapped pages would fault where the disk fails.
    database.exec('PRAGMA cache_size = -8192; PRAGMA mmap_size = 0; PRAGMA query_only = ON');
    return new IndexReader(database, recordingsDir);
  }

  /** Closes what is attached, then the database, each whatever the others do. Idempotent. */
  close(): void {
    const failures: unknown[] = [];
    const attached = [...this.#attached.values()];
    this.#attached.clear();
    for (const one of attached) collect(failures, () => one.close());
    collect(failures, () => {
      if (this.database.isOpen) this.database.close();
    });
    if (failures.length > 0) throw failures[0];
  }

  /** A statement by its text, prepared once; rows are objects. */
  statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** The same with rows as arrays, which is faster over many rows. */
  arrays(sql: string): StatementSync {
    let statement = this.#arrays.get(sql);
    if (statement === undefined) {
      statement = this.database.prepare(sql);
      statement.setReturnArrays(true);
      this.#arrays.set(sql, statement);
    }
    return statement;
  }

  /** What `open` made for `key`; made once for this opened index and closed with it. */
  attach<T extends Attached>(key: string, open: () => T): T {
    let attached = this.#attached.get(key);
    if (attached === undefined) {
      attached = open();
      this.#attached.set(key, attached);
    }
    return attached as T;
  }

  streamRow(stream: StreamId): StreamRow | undefined {
    const [app = '', name = ''] = stream.split('/');
    const row = this.arrays(`SELECT ${STREAM_COLUMNS} FROM streams WHERE app = ? AND name = ?`).get(
      app,
      name,
    );
    return row === undefined ? undefined : toStreamRow(row as unknown as Cells);
  }

  /** Every stream that the index knows, by id. */
  streams(): StreamRow[] {
    const rows = this.arrays(`SELECT ${STREAM_COLUMNS} FROM streams ORDER BY id`).all();
    return (rows as unknown as Cells[]).map(toStreamRow);
  }

  /** A transaction was rolled back: rows that were seen in it may not be there. */
  forgetIds(): void {
    this.#ids.clear();
  }

  /** The row id of a stream, or undefined where nothing was ever recorded or noted of it. */
  findStreamId(stream: StreamId): number | undefined {
    const known = this.#ids.get(stream);
    if (known !== undefined) return known;
    const id = this.streamRow(stream)?.id;
    if (id !== undefined) this.#ids.set(stream, id);
    return id;
  }

  /** Goes up whenever rows of the stream were removed or put between others; 0 where the stream is unknown. */
  generation(stream: StreamId): number {
    return this.streamRow(stream)?.generation ?? 0;
  }

  /** Segments that overlap [fromMs, toMs), oldest first, where time was recorded twice of the newest recording only. */
  segments(stream: StreamId, fromMs: number, toMs: number): SegmentRow[] {
    const id = this.findStreamId(stream);
    if (id === undefined || toMs <= fromMs) return [];
    // Neighbours are read too: one outside of the range may be the newer one of what overlaps in it.
    const rows = this.arrays(
      `SELECT ${SEGMENT_COLUMNS} FROM segments WHERE stream_id = ? AND start_ms > ? AND start_ms < ? ORDER BY start_ms`,
    ).all(id, Math.floor(fromMs - SEGMENT_MAX_MS), Math.ceil(toMs + SEGMENT_MAX_MS));
    const segments = (rows as unknown as Cells[]).map(toSegmentRow);
    return newestWins(segments).filter(({ startMs, endMs }) => endMs > fromMs && startMs < toMs);
  }

  /** The row of the segment that begins at exactly `startMs`. */
  segment(stream: StreamId, startMs: number): SegmentRow | undefined {
    const id = this.findStreamId(stream);
    if (id === undefined) return undefined;
    const row = this.arrays(
      `SELECT ${SEGMENT_COLUMNS} FROM segments WHERE stream_id = ? AND start_ms = ?`,
    ).get(id, startMs);
    return row === undefined ? undefined : toSegmentRow(row as unknown as Cells);
  }

  recordings(ids: Iterable<number>): Map<number, RecordingRow> {
    const rows = new Map<number, RecordingRow>();
    for (const id of new Set(ids)) {
      const row = this.statement('SELECT * FROM recordings WHERE id = ?').get(id);
      if (row !== undefined) rows.set(id, toRecordingRow(row));
    }
    return rows;
  }

  /** Start of the oldest segment and end of the newest one. */
  bounds(stream: StreamId): { oldestMs: number; newestMs: number } | undefined {
    const id = this.findStreamId(stream);
    return id === undefined ? undefined : this.boundsOf(id);
  }

  boundsOf(id: number): { oldestMs: number; newestMs: number } | undefined {
    const oldest = this.arrays('SELECT min(start_ms) FROM segments WHERE stream_id = ?').get(id);
    const newest = this.arrays(
      'SELECT end_ms FROM segments WHERE stream_id = ? ORDER BY start_ms DESC LIMIT 1',
    ).get(id);
    if (newest === undefined) return undefined;
    return {
      oldestMs: Number((oldest as unknown as Cells)[0]),
      newestMs: Number((newest as unknown as Cells)[0]),
    };
  }

  /** Notes of [fromMs, toMs) by time, and before them the one that is in force at `fromMs`, if there is one. */
  notes(stream: StreamId, fromMs: number, toMs: number): LedgerNote[] {
    const id = this.findStreamId(stream);
    if (id === undefined) return [];
    const inForce = this.arrays(
      'SELECT at_ms, reason FROM notes WHERE stream_id = ? AND at_ms <= ? ORDER BY at_ms DESC LIMIT 1',
    ).all(id, fromMs);
    const later = this.arrays(
      'SELECT at_ms, reason FROM notes WHERE stream_id = ? AND at_ms > ? AND at_ms < ? ORDER BY at_ms',
    ).all(id, fromMs, toMs);
    return ([...inForce, ...later] as unknown as Cells[]).map((row) => ({
      atMs: Number(row[0]),
      reason: String(row[1]) as GapReason,
    }));
  }

  segmentFile(stream: StreamId, startMs: number): string {
    return segmentFile(this.recordingsDir, stream, startMs);
  }

  /** The media of one segment, in an ArrayBuffer of its own. Throws NOT_RECORDED where it is not kept (any more). */
  readSegment(stream: StreamId, startMs: number): Uint8Array<ArrayBuffer> {
    const row = this.segment(stream, startMs);
    if (row === undefined) throw notKept(stream, startMs);
    let file: number;
    try {
      file = openPlainFile(this.segmentFile(stream, startMs));
    } catch (failure) {
      const { code } = failure as NodeJS.ErrnoException;
      throw code === 'ENOENT' || code === 'EISDIR' ? notKept(stream, startMs) : failure;
    }
    try {
      // Before so much memory is taken: the row may be damaged.
      if (fstatSync(file).size < row.sizeBytes) throw notKept(stream, startMs);
      const bytes = new Uint8Array(row.sizeBytes);
      let filled = 0;
      while (filled < bytes.length) {
        const read = readSync(file, bytes, filled, bytes.length - filled, filled);
        if (read === 0) throw notKept(stream, startMs);
        filled += read;
      }
      return bytes;
    } finally {
      closeSync(file);
    }
  }
}

function collect(failures: unknown[], work: () => void): void {
  try {
    work();
  } catch (failure) {
    failures.push(failure);
  }
}

function openReadOnly(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 2_000 });
  try {
    database.prepare('PRAGMA user_version').get();
    return database;
  } catch (failure) {
    database.close();
    // On a disk that is mounted read-only WAL's own files cannot be made. Without a log there is nothing they are for.
    if (existsSync(`${path}-wal`)) throw failure;
    return new DatabaseSync(new URL(`${pathToFileURL(path)}?immutable=1`), { readOnly: true });
  }
}

type Cells = readonly (string | number | null)[];

function notKept(stream: StreamId, startMs: number): StoreError {
  return new StoreError(
    'NOT_RECORDED',
    `No segment of ${stream} that begins at ${startMs} is kept (any more).`,
  );
}

function toStreamRow(row: Cells): StreamRow {
  return {
    id: Number(row[0]),
    stream: `${String(row[1])}/${String(row[2])}`,
    bytes: Number(row[3]),
    segments: Number(row[4]),
    expiredBeforeMs: Number(row[5]),
    generation: Number(row[6]),
  };
}

function toSegmentRow(row: Cells): SegmentRow {
  const [startMs = 0, endMs = 0, recordingId = 0, startPts90k = 0, duration90k = 0, sizeBytes = 0] =
    row as readonly number[];
  return { startMs, endMs, recordingId, startPts90k, duration90k, sizeBytes };
}

function toRecordingRow(row: Record<string, unknown>): RecordingRow {
  const common = {
    id: Number(row.id),
    key: String(row.key),
    startMs: Number(row.start_ms),
    cause: String(row.cause),
    isRepeat: row.is_repeat === 1,
    parameterSetsId: String(row.parameter_sets_id),
    profileLevelId: String(row.profile_level_id),
    width: Number(row.width),
    height: Number(row.height),
  };
  if (row.audio_clock_rate === null) return common;
  return {
    ...common,
    audio: { clockRate: Number(row.audio_clock_rate), channels: Number(row.audio_channels) },
  };
}
