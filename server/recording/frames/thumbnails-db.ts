import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { StreamId } from '../../../shared/names.ts';
import type { Attached } from '../store/index-reader.ts';

/** Beside the index. It can be deleted while the gateway does not run: what is lost is made from the recording when asked for. */
export const THUMBNAILS_FILE = 'thumbnails.db';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS streams (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE IF NOT EXISTS thumbnails (
    id INTEGER PRIMARY KEY,
    stream_id INTEGER NOT NULL,
    -- start_ms of the segment whose first picture it is
    at_ms INTEGER NOT NULL,
    jpeg BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX IF NOT EXISTS thumbnails_by_time ON thumbnails (stream_id, at_ms);
`;
/** SQLITE_CORRUPT and SQLITE_NOTADB (sqlite3.h). */
const DAMAGED: ReadonlySet<number> = new Set([11, 26]);

/** A thumbnail and when it was. */
export interface Thumbnail {
  readonly atMs: number;
  readonly jpeg: Uint8Array<ArrayBuffer>;
}

/** The thumbnails of one recordings folder, as one thread has them open. Synchronous; throws what SQLite throws. */
export class ThumbnailsDb implements Attached {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /**
   * For the store's thread. What is damaged is thrown away. A power cut may cost the newest ones (synchronous NORMAL), never
   * the file, and no thumbnail is worth waiting for a disk.
   */
  static openToWrite(recordingsDir: string): ThumbnailsDb {
    const file = join(recordingsDir, THUMBNAILS_FILE);
    try {
      return ThumbnailsDb.#create(file);
    } catch (failure) {
      if (!isDamage(failure)) throw failure;
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
      return ThumbnailsDb.#create(file);
    }
  }

  static #create(file: string): ThumbnailsDb {
    const database = new DatabaseSync(file, { timeout: 1_000 });
    try {
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -1024');
      database.exec(SCHEMA);
      return new ThumbnailsDb(database);
    } catch (failure) {
      database.close();
      throw failure;
    }
  }

  /** For the reader's thread; undefined while there are none. */
  static openToRead(recordingsDir: string): ThumbnailsDb | undefined {
    const file = join(recordingsDir, THUMBNAILS_FILE);
    if (!existsSync(file)) return undefined;
    const database = new DatabaseSync(file, { readOnly: true, timeout: 1_000 });
    try {
      database.exec('PRAGMA cache_size = -1024; PRAGMA mmap_size = 0');
      // The store's thread may be about to make it.
      const made = database.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'thumbnails_by_time'`).get();
      if (made !== undefined) return new ThumbnailsDb(database);
    } catch (failure) {
      database.close();
      throw failure;
    }
    database.close();
    return undefined;
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  put(stream: StreamId, { atMs, jpeg }: { atMs: number; jpeg: Uint8Array }): void {
    this.#statement('INSERT OR IGNORE INTO streams (name) VALUES (?)').run(stream);
    this.#statement(
      'INSERT OR REPLACE INTO thumbnails (stream_id, at_ms, jpeg) VALUES ((SELECT id FROM streams WHERE name = ?), ?, ?)',
    ).run(stream, atMs, jpeg);
  }

  /** The newest one at or before `atMs`, if it is not before `sinceMs`. */
  find(stream: StreamId, atMs: number, sinceMs: number): Thumbnail | undefined {
    const row = this.#statement(
      `SELECT at_ms, jpeg FROM thumbnails
       WHERE stream_id = (SELECT id FROM streams WHERE name = ?) AND at_ms BETWEEN ? AND ? ORDER BY at_ms DESC LIMIT 1`,
    ).get(stream, sinceMs, atMs);
    if (row === undefined) return undefined;
    return { atMs: Number(row.at_ms), jpeg: new Uint8Array(row.jpeg as Uint8Array) };
  }

  /** Times in [fromMs, toMs): the first of each of at most `max` equal parts. */
  times(stream: StreamId, fromMs: number, toMs: number, max: number): number[] {
    const partMs = Math.max(1, Math.ceil((toMs - fromMs) / max));
    const rows = this.#statement(
      `SELECT min(at_ms) AS at_ms FROM thumbnails
       WHERE stream_id = (SELECT id FROM streams WHERE name = ?1) AND at_ms >= ?2 AND at_ms < ?3
       GROUP BY CAST((at_ms - ?2) / ?4 AS INTEGER) ORDER BY 1`,
    ).all(stream, fromMs, toMs, partMs);
    return rows.map((row) => Number(row.at_ms));
  }

  streams(): StreamId[] {
    return this.#statement('SELECT name FROM streams ORDER BY id')
      .all()
      .map((row) => String(row.name) as StreamId);
  }

  /** At most `max` times after `afterMs` and before `beforeMs`, oldest first. */
  page(stream: StreamId, afterMs: number, beforeMs: number, max: number): number[] {
    return this.#statement(
      `SELECT at_ms FROM thumbnails WHERE stream_id = (SELECT id FROM streams WHERE name = ?)
       AND at_ms > ? AND at_ms < ? ORDER BY at_ms LIMIT ?`,
    )
      .all(stream, afterMs, beforeMs, max)
      .map((row) => Number(row.at_ms));
  }

  remove(stream: StreamId, atMs: readonly number[]): void {
    if (atMs.length === 0) return;
    const remove = this.#statement(
      'DELETE FROM thumbnails WHERE stream_id = (SELECT id FROM streams WHERE name = ?) AND at_ms = ?',
    );
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      for (const one of atMs) remove.run(stream, one);
      this.#database.exec('COMMIT');
    } catch (failure) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw failure;
    }
  }

  /** Takes out a stream that has none left. */
  forget(stream: StreamId): void {
    this.#statement(
      'DELETE FROM streams WHERE name = ? AND NOT EXISTS (SELECT 1 FROM thumbnails WHERE stream_id = streams.id)',
    ).run(stream);
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

export function isDamage(failure: unknown): boolean {
  const { errcode } = failure as { errcode?: unknown };
  return typeof errcode === 'number' && DAMAGED.has(errcode & 0xff);
}
