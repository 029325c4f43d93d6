import { existsSync, rmSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Attached, IndexReader } from './index-reader.ts';
import { StoreError } from './store-error.ts';

/** SQLITE_CORRUPT and SQLITE_NOTADB (sqlite3.h). */
const DAMAGED: ReadonlySet<number> = new Set([11, 26]);
const BUSY_TIMEOUT_MS = 1_000;

/**
 * A SQLite file beside the index, as one thread has it open: for what is worth less than the recordings, so that the file is
 * thrown away and made anew when it is damaged. Synchronous; throws what SQLite throws.
 */
export class SideDatabase implements Attached {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /**
   * For the store's thread. What is damaged is thrown away. A power cut may cost the newest rows (synchronous NORMAL), never the
   * file.
   */
  static openToWrite(file: string, schema: string): SideDatabase {
    try {
      return SideDatabase.#create(file, schema);
    } catch (failure) {
      if (!isDamage(failure)) throw failure;
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
      return SideDatabase.#create(file, schema);
    }
  }

  static #create(file: string, schema: string): SideDatabase {
    const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
    try {
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -1024');
      database.exec(schema);
      return new SideDatabase(database);
    } catch (failure) {
      database.close();
      throw failure;
    }
  }

  /** For the reader's thread; undefined while there is none. `lastOfSchema`: what the schema makes last. */
  static openToRead(file: string, lastOfSchema: string): SideDatabase | undefined {
    if (!existsSync(file)) return undefined;
    const database = new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
    try {
      database.exec('PRAGMA cache_size = -1024; PRAGMA mmap_size = 0');
      // The store's thread may be about to make it.
      const made = database.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(lastOfSchema);
      if (made !== undefined) return new SideDatabase(database);
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

  /** A statement by its text, prepared once. */
  statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** All of it or nothing. */
  transaction(work: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#database.exec('COMMIT');
    } catch (failure) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw failure;
    }
  }
}

/** One that is opened when it is first needed, and again after it failed. */
export class OpenedSide<Db extends Attached> implements Attached {
  readonly #what: string;
  readonly #open: () => Db | undefined;
  #db: Db | undefined;

  /** The one attached to an index under its name. `what`: its rows, for people (`events`). */
  static of<Db extends Attached>(
    index: IndexReader,
    what: string,
    open: (recordingsDir: string) => Db | undefined,
  ): OpenedSide<Db> {
    return index.attach(what, () => new OpenedSide(what, () => open(index.recordingsDir)));
  }

  private constructor(what: string, open: () => Db | undefined) {
    this.#what = what;
    this.#open = open;
  }

  /**
   * Does something with it; undefined where there is none yet. What goes wrong is told in words of our own, for the codes of
   * SQLite would be taken as those of the index.
   *
   * @throws {StoreError} STORAGE_UNAVAILABLE
   */
  use<T>(work: (db: Db) => T): T | undefined {
    try {
      this.#db ??= this.#open();
      return this.#db === undefined ? undefined : work(this.#db);
    } catch (failure) {
      // Opened anew next time; what is damaged is thrown away then.
      this.close();
      const state = isDamage(failure) ? 'are damaged and made anew' : 'cannot be used just now';
      const detail = failure instanceof Error ? failure.message : String(failure);
      throw new StoreError(
        'STORAGE_UNAVAILABLE',
        `The ${this.#what} ${state} (${detail}). Try again in a moment.`,
      );
    }
  }

  close(): void {
    this.#db?.close();
    this.#db = undefined;
  }
}

function isDamage(failure: unknown): boolean {
  const { errcode } = failure as { errcode?: unknown };
  return typeof errcode === 'number' && DAMAGED.has(errcode & 0xff);
}
