import { join } from 'node:path';
import type { StreamId } from '../../../shared/names.ts';
import type { Attached } from '../store/index-reader.ts';
import { SideDatabase } from '../store/side-database.ts';

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

/** A thumbnail and when it was. */
export interface Thumbnail {
  readonly atMs: number;
  readonly jpeg: Uint8Array<ArrayBuffer>;
}

/** The thumbnails of one recordings folder, as one thread has them open. Synchronous; throws what SQLite throws. */
export class ThumbnailsDb implements Attached {
  readonly #side: SideDatabase;

  private constructor(side: SideDatabase) {
    this.#side = side;
  }

  /** For the store's thread. */
  static openToWrite(recordingsDir: string): ThumbnailsDb {
    return new ThumbnailsDb(SideDatabase.openToWrite(join(recordingsDir, THUMBNAILS_FILE), SCHEMA));
  }

  /** For the reader's thread; undefined while there are none. */
  static openToRead(recordingsDir: string): ThumbnailsDb | undefined {
    const side = SideDatabase.openToRead(join(recordingsDir, THUMBNAILS_FILE), 'thumbnails_by_time');
    return side === undefined ? undefined : new ThumbnailsDb(side);
  }

  close(): void {
    this.#side.close();
  }

  put(stream: StreamId, { atMs, jpeg }: { atMs: number; jpeg: Uint8Array }): void {
    this.#side.statement('INSERT OR IGNORE INTO streams (name) VALUES (?)').run(stream);
    this.#side
      .statement(
        'INSERT OR REPLACE INTO thumbnails (stream_id, at_ms, jpeg) VALUES ((SELECT id FROM streams WHERE name = ?), ?, ?)',
      )
      .run(stream, atMs, jpeg);
  }

  /** The newest one at or before `atMs`, if it is not before `sinceMs`. */
  find(stream: StreamId, atMs: number, sinceMs: number): Thumbnail | undefined {
    const row = this.#side
      .statement(
        `SELECT at_ms, jpeg FROM thumbnails
       WHERE stream_id = (SELECT id FROM streams WHERE name = ?) AND at_ms BETWEEN ? AND ? ORDER BY at_ms DESC LIMIT 1`,
      )
      .get(stream, sinceMs, atMs);
    if (row === undefined) return undefined;
    return { atMs: Number(row.at_ms), jpeg: new Uint8Array(row.jpeg as Uint8Array) };
  }

  /** Times in [fromMs, toMs): the first of each of at most `max` equal parts. */
  times(stream: StreamId, fromMs: number, toMs: number, max: number): number[] {
    const partMs = Math.max(1, Math.ceil((toMs - fromMs) / max));
    const rows = this.#side
      .statement(
        `SELECT min(at_ms) AS at_ms FROM thumbnails
       WHERE stream_id = (SELECT id FROM streams WHERE name = ?1) AND at_ms >= ?2 AND at_ms < ?3
       GROUP BY CAST((at_ms - ?2) / ?4 AS INTEGER) ORDER BY 1`,
      )
      .all(stream, fromMs, toMs, partMs);
    return rows.map((row) => Number(row.at_ms));
  }

  streams(): StreamId[] {
    return this.#side
      .statement('SELECT name FROM streams ORDER BY id')
      .all()
      .map((row) => String(row.name) as StreamId);
  }

  /** At most `max` times after `afterMs` and before `beforeMs`, oldest first. */
  page(stream: StreamId, afterMs: number, beforeMs: number, max: number): number[] {
    return this.#side
      .statement(
        `SELECT at_ms FROM thumbnails WHERE stream_id = (SELECT id FROM streams WHERE name = ?)
       AND at_ms > ? AND at_ms < ? ORDER BY at_ms LIMIT ?`,
      )
      .all(stream, afterMs, beforeMs, max)
      .map((row) => Number(row.at_ms));
  }

  remove(stream: StreamId, atMs: readonly number[]): void {
    if (atMs.length === 0) return;
    const remove = this.#side.statement(
      'DELETE FROM thumbnails WHERE stream_id = (SELECT id FROM streams WHERE name = ?) AND at_ms = ?',
    );
    this.#side.transaction(() => {
      for (const one of atMs) remove.run(stream, one);
    });
  }

  /** Takes out a stream that has none left. */
  forget(stream: StreamId): void {
    this.#side
      .statement(
        'DELETE FROM streams WHERE name = ? AND NOT EXISTS (SELECT 1 FROM thumbnails WHERE stream_id = streams.id)',
      )
      .run(stream);
  }
}
