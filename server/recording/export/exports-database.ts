import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { StreamId } from '../../../shared/names.ts';
import type { ExportJob, PeriodFile } from '../../../shared/recording.ts';

/** A job with what is needed to run it again. */
export interface StoredJob {
  readonly job: ExportJob;
  readonly manifest: boolean;
}

/** What period files of a stream have been made so far. */
export interface PeriodCursor {
  readonly stream: StreamId;
  readonly everyMs: number;
  /** Start of the next period to be made. */
  readonly nextMs: number;
}

export interface PeriodFilter {
  readonly stream?: StreamId | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly limit: number;
}

/** Where a period file lies, beside what is told of it. */
export interface StoredPeriodFile {
  readonly file: PeriodFile;
  /** Folder for `recordings` and `period-files`, as it was when the file was made. */
  readonly root: string;
}

/** The statements that lead from one version of the database to the next; the position is the version (`user_version`). */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE jobs (
     id TEXT PRIMARY KEY,
     created_ms INTEGER NOT NULL,
     job TEXT NOT NULL,
     manifest INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE period_cursors (
     stream TEXT NOT NULL,
     every_ms INTEGER NOT NULL,
     next_ms INTEGER NOT NULL,
     PRIMARY KEY (stream, every_ms)
   ) STRICT;
   CREATE TABLE period_files (
     id TEXT PRIMARY KEY,
     stream TEXT NOT NULL,
     start_ms INTEGER NOT NULL,
     end_ms INTEGER NOT NULL,
     size_bytes INTEGER NOT NULL,
     root TEXT NOT NULL,
     file TEXT NOT NULL
   ) STRICT;
   CREATE INDEX period_files_by_time ON period_files (start_ms);
   CREATE INDEX period_files_by_stream ON period_files (stream, start_ms)`,
];

/**
 * Jobs and period files, in a database of their own: it is written in a thread, so that a disk that hangs holds up nothing
 * but exports. Each change is durable when the call returns.
 */
export class ExportsDatabase {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Opens or makes it. One that cannot be read is put aside: `damaged` is its new name. Throws where the disk fails. */
  static open(path: string, nowMs: number): { database: ExportsDatabase; damaged?: string } {
    mkdirSync(dirname(path), { recursive: true });
    try {
      return { database: new ExportsDatabase(openMigrated(path)) };
    } catch (failure) {
      const { errcode } = failure as { errcode?: number };
      // SQLITE_CORRUPT and SQLITE_NOTADB; anything else may pass by itself.
      if (!existsSync(path) || (((errcode ?? 0) & 0xff) !== 11 && ((errcode ?? 0) & 0xff) !== 26))
        throw failure;
    }
    const damaged = `${path}.damaged-${nowMs}`;
    for (const suffix of ['', '-wal', '-shm']) {
      if (existsSync(path + suffix)) renameSync(path + suffix, damaged + suffix);
    }
    return { database: new ExportsDatabase(openMigrated(path)), damaged };
  }

  jobs(): StoredJob[] {
    const rows = this.#database.prepare('SELECT job, manifest FROM jobs ORDER BY created_ms, id').all();
    return rows.map((row) => ({
      job: JSON.parse(String(row.job)) as ExportJob,
      manifest: row.manifest === 1,
    }));
  }

  putJob({ job, manifest }: StoredJob): void {
    this.#database
      .prepare(
        `INSERT INTO jobs (id, created_ms, job, manifest) VALUES (?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET job = excluded.job`,
      )
      .run(job.id, job.createdAt, JSON.stringify(job), manifest ? 1 : 0);
  }

  removeJob(id: string): void {
    this.#database.prepare('DELETE FROM jobs WHERE id = ?').run(id);
  }

  /** Where the stream's period files go on; `firstMs` where there are none of this length yet. */
  cursor(stream: StreamId, everyMs: number, firstMs: number): PeriodCursor {
    this.#database
      .prepare('INSERT OR IGNORE INTO period_cursors (stream, every_ms, next_ms) VALUES (?, ?, ?)')
      .run(stream, everyMs, firstMs);
    const row = this.#database
      .prepare('SELECT next_ms FROM period_cursors WHERE stream = ? AND every_ms = ?')
      .get(stream, everyMs);
    return { stream, everyMs, nextMs: Number(row?.next_ms ?? firstMs) };
  }

  /** The files of one period, and that the next one is to come; both or none. Files of an earlier try go. */
  putPeriod(cursor: PeriodCursor, files: readonly StoredPeriodFile[]): void {
    const insert = this.#database.prepare(
      `INSERT OR REPLACE INTO period_files (id, stream, start_ms, end_ms, size_bytes, root, file)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    );
    const forget = this.#database.prepare(
      'DELETE FROM period_files WHERE stream = ? AND start_ms = ? AND end_ms = ?',
    );
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      for (const { file } of files) forget.run(cursor.stream, file.start, file.end);
      for (const { file, root } of files) {
        insert.run(file.id, cursor.stream, file.start, file.end, file.sizeBytes, root, JSON.stringify(file));
      }
      this.#database
        .prepare('UPDATE period_cursors SET next_ms = ? WHERE stream = ? AND every_ms = ?')
        .run(cursor.nextMs, cursor.stream, cursor.everyMs);
      this.#database.exec('COMMIT');
    } catch (failure) {
      this.#database.exec('ROLLBACK');
      throw failure;
    }
  }

  /** Newest first. */
  periodFiles({ stream, from, to, limit }: PeriodFilter): StoredPeriodFile[] {
    const where = ['start_ms < ?', 'end_ms > ?'];
    const values: (string | number)[] = [to ?? Number.MAX_SAFE_INTEGER, from ?? -1];
    if (stream !== undefined) {
      where.push('stream = ?');
      values.push(stream);
    }
    const rows = this.#database
      .prepare(
        `SELECT root, file FROM period_files WHERE ${where.join(' AND ')} ORDER BY start_ms DESC, id LIMIT ?`,
      )
      .all(...values, limit);
    return rows.map(toPeriodFile);
  }

  periodFile(id: string): StoredPeriodFile | undefined {
    const row = this.#database.prepare('SELECT root, file FROM period_files WHERE id = ?').get(id);
    return row === undefined ? undefined : toPeriodFile(row);
  }

  /** Those of a stream, oldest first: what ends at or before `beforeMs`, and more until at most `maxBytes` are left. */
  surplusPeriodFiles(stream: StreamId, beforeMs: number, maxBytes: number): StoredPeriodFile[] {
    const rows = this.#database
      .prepare(
        'SELECT root, file, end_ms, size_bytes FROM period_files WHERE stream = ? ORDER BY start_ms DESC, id',
      )
      .all(stream);
    let bytes = 0;
    const surplus = rows.filter((row) => {
      bytes += Number(row.size_bytes);
      return Number(row.end_ms) <= beforeMs || bytes > maxBytes;
    });
    return surplus.reverse().map(toPeriodFile);
  }

  /** Streams that have period files. */
  periodStreams(): StreamId[] {
    const rows = this.#database.prepare('SELECT DISTINCT stream FROM period_files').all();
    return rows.map((row) => String(row.stream) as StreamId);
  }

  removePeriodFile(id: string): void {
    this.#database.prepare('DELETE FROM period_files WHERE id = ?').run(id);
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

function openMigrated(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 2_000 });
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    const version = Number(database.prepare('PRAGMA user_version').get()?.user_version ?? 0);
    if (version > MIGRATIONS.length) {
      throw new Error(
        `${path} was written by a newer version of Sluice; update Sluice or move the file away`,
      );
    }
    for (let next = version; next < MIGRATIONS.length; next += 1) {
      database.exec(`BEGIN; ${MIGRATIONS[next]}; PRAGMA user_version = ${next + 1}; COMMIT`);
    }
    return database;
  } catch (failure) {
    database.close();
    throw failure;
  }
}

function toPeriodFile(row: Record<string, unknown>): StoredPeriodFile {
  return { root: String(row.root), file: JSON.parse(String(row.file)) as PeriodFile };
}
