import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Layout, layoutSchema } from '../../shared/layouts.ts';
import { type StreamId, streamId } from '../../shared/names.ts';
import { type StreamDefinition, streamDefinitionSchema } from '../../shared/stream.ts';
import type { Clock } from '../base/clock.ts';
import { missingMountOf } from '../base/mounts.ts';
import { SecretBox } from './secret-box.ts';

/** A row that cannot be used any more, and why; the others are not touched by it. */
export interface CatalogProblem {
  readonly id: string;
  readonly message: string;
}

/**
 * What outlives a restart: the streams added through the API. Behind an interface, so that another database can take
 * its place. Every change is durable once its promise resolves.
 */
export interface StreamCatalog {
  streams(): Promise<{ definitions: StreamDefinition[]; problems: CatalogProblem[] }>;
  put(definition: StreamDefinition): Promise<void>;
  remove(id: StreamId): Promise<void>;
  close(): Promise<void>;
}

/** Which disk was seen at which folder, so that a missing or swapped one is noticed. */
export interface DiskCatalog {
  /** The uuid of the disk that belongs to this folder; undefined where none was seen there yet. */
  diskOf(dir: string): Promise<string | undefined>;
  rememberDisk(dir: string, uuid: string): Promise<void>;
  /** Whatever is at this folder next time is taken; false where nothing was known of it. */
  forgetDisk(dir: string): Promise<boolean>;
}

/** The walls that were saved. */
export interface LayoutCatalog {
  /** In the order in which they were made; a damaged one is left out. */
  layouts(): Promise<Layout[]>;
  /** Adds it, or changes the one of that id. */
  putLayout(layout: Layout): Promise<void>;
  removeLayout(id: string): Promise<void>;
}

/** Settings that were changed on the page, by their key in `sluice.yaml`; values are what JSON can hold. */
export interface SettingsCatalog {
  settings(): Promise<Map<string, unknown>>;
  /** All of them or none; undefined forgets one. */
  putSettings(changes: ReadonlyMap<string, unknown>): Promise<void>;
}

/** The statements that lead from one version of the database to the next; the position is the version. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE streams (
     app TEXT NOT NULL,
     name TEXT NOT NULL,
     definition TEXT NOT NULL,
     password BLOB,
     changed_ms INTEGER NOT NULL,
     PRIMARY KEY (app, name)
   ) STRICT`,
  // Which disk is expected at a folder of recordings.
  `CREATE TABLE disks (
     dir TEXT PRIMARY KEY,
     uuid TEXT NOT NULL
   ) STRICT`,
  `CREATE TABLE layouts (
     id TEXT PRIMARY KEY,
     layout TEXT NOT NULL
   ) STRICT`,
  `CREATE TABLE settings (
     key TEXT PRIMARY KEY,
     value TEXT NOT NULL,
     changed_ms INTEGER NOT NULL
   ) STRICT`,
];

/** The catalog in `<dataDir>/sluice.db`, with passwords sealed by the key in `<dataDir>/secret.key`. */
export class SqliteCatalog implements StreamCatalog, DiskCatalog, LayoutCatalog, SettingsCatalog {
  readonly #database: DatabaseSync;
  readonly #secrets: SecretBox;
  readonly #clock: Clock;

  /** Throws where the directory cannot be written, where its disk is not mounted, or the database is of a newer version. */
  constructor(options: { dataDir: string; clock: Clock }) {
    const file = join(options.dataDir, 'sluice.db');
    const missing = existsSync(file) ? undefined : missingMountOf(options.dataDir);
    if (missing !== undefined) throw new Error(`the disk of ${missing} (/etc/fstab) is not mounted`);
    mkdirSync(options.dataDir, { recursive: true });
    this.#clock = options.clock;
    this.#secrets = SecretBox.open(join(options.dataDir, 'secret.key'));
    this.#database = new DatabaseSync(file);
    chmodSync(file, 0o600);
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000');
    this.#migrate(file);
  }

  async streams(): Promise<{ definitions: StreamDefinition[]; problems: CatalogProblem[] }> {
    const definitions: StreamDefinition[] = [];
    const problems: CatalogProblem[] = [];
    const rows = this.#database.prepare(
      'SELECT app, name, definition, password FROM streams ORDER BY app, name',
    );
    for (const row of rows.iterate()) {
      const id = `${String(row.app)}/${String(row.name)}`;
      const definition = this.#definitionOf(row);
      if (typeof definition === 'string') problems.push({ id, message: definition });
      else definitions.push(definition);
    }
    return { definitions, problems };
  }

  async put(definition: StreamDefinition): Promise<void> {
    const { password, ...source } = definition.source;
    const id = streamId(definition.app, definition.name);
    this.#database
      .prepare(
        `INSERT INTO streams (app, name, definition, password, changed_ms) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (app, name) DO UPDATE SET
           definition = excluded.definition, password = excluded.password, changed_ms = excluded.changed_ms`,
      )
      .run(
        definition.app,
        definition.name,
        JSON.stringify({ ...definition, source }),
        password === undefined ? null : this.#secrets.seal(password, id),
        Math.round(this.#clock.wallMs()),
      );
  }

  async remove(id: StreamId): Promise<void> {
    const [app = '', name = ''] = id.split('/');
    this.#database.prepare('DELETE FROM streams WHERE app = ? AND name = ?').run(app, name);
  }

  async diskOf(dir: string): Promise<string | undefined> {
    const row = this.#database.prepare('SELECT uuid FROM disks WHERE dir = ?').get(dir);
    return row === undefined ? undefined : String(row.uuid);
  }

  async rememberDisk(dir: string, uuid: string): Promise<void> {
    if ((await this.diskOf(dir)) === uuid) return;
    this.#database.prepare('INSERT OR REPLACE INTO disks (dir, uuid) VALUES (?, ?)').run(dir, uuid);
  }

  async forgetDisk(dir: string): Promise<boolean> {
    return this.#database.prepare('DELETE FROM disks WHERE dir = ?').run(dir).changes > 0;
  }

  async layouts(): Promise<Layout[]> {
    const rows = this.#database.prepare('SELECT layout FROM layouts ORDER BY rowid').all();
    return rows.flatMap(({ layout }) => layoutOf(String(layout)) ?? []);
  }

  async putLayout(layout: Layout): Promise<void> {
    this.#database
      .prepare(
        `INSERT INTO layouts (id, layout) VALUES (?, ?)
         ON CONFLICT (id) DO UPDATE SET layout = excluded.layout`,
      )
      .run(layout.id, JSON.stringify(layout));
  }

  async removeLayout(id: string): Promise<void> {
    this.#database.prepare('DELETE FROM layouts WHERE id = ?').run(id);
  }

  async settings(): Promise<Map<string, unknown>> {
    const settings = new Map<string, unknown>();
    for (const row of this.#database.prepare('SELECT key, value FROM settings ORDER BY key').iterate()) {
      try {
        settings.set(String(row.key), JSON.parse(String(row.value)));
      } catch {
        // A damaged row: the default holds, as if it had not been changed.
      }
    }
    return settings;
  }

  async putSettings(changes: ReadonlyMap<string, unknown>): Promise<void> {
    const put = this.#database.prepare(
      'INSERT OR REPLACE INTO settings (key, value, changed_ms) VALUES (?, ?, ?)',
    );
    const forget = this.#database.prepare('DELETE FROM settings WHERE key = ?');
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      for (const [key, value] of changes) {
        if (value === undefined) forget.run(key);
        else put.run(key, JSON.stringify(value), Math.round(this.#clock.wallMs()));
      }
      this.#database.exec('COMMIT');
    } catch (failure) {
      this.#database.exec('ROLLBACK');
      throw failure;
    }
  }

  async close(): Promise<void> {
    if (this.#database.isOpen) this.#database.close();
  }

  #definitionOf(row: Record<string, unknown>): StreamDefinition | string {
    let plain: unknown;
    try {
      plain = JSON.parse(String(row.definition));
    } catch {
      return 'its row in the database is damaged';
    }
    const parsed = streamDefinitionSchema.safeParse(plain);
    if (!parsed.success)
      return `its row in the database does not fit: ${parsed.error.issues[0]?.message ?? ''}`;
    const sealed = row.password;
    if (!(sealed instanceof Uint8Array)) return parsed.data;
    const password = this.#secrets.open(sealed, streamId(parsed.data.app, parsed.data.name));
    if (password === undefined) return 'its password cannot be opened with secret.key; enter it again';
    return { ...parsed.data, source: { ...parsed.data.source, password } };
  }

  #migrate(file: string): void {
    const row = this.#database.prepare('PRAGMA user_version').get();
    const version = Number(row?.user_version ?? 0);
    if (version > MIGRATIONS.length) {
      this.#database.close();
      throw new Error(
        `${file} was written by a newer version of Sluice (schema ${version}); update Sluice or use another dataDir`,
      );
    }
    for (let next = version; next < MIGRATIONS.length; next += 1) {
      this.#database.exec(`BEGIN; ${MIGRATIONS[next]}; PRAGMA user_version = ${next + 1}; COMMIT`);
    }
  }
}

function layoutOf(text: string): Layout | undefined {
  try {
    return layoutSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
