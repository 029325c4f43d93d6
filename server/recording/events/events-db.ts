import { join } from 'node:path';
import type { CameraEvent, EventKind } from '../../../shared/events.ts';
import type { StreamId } from '../../../shared/names.ts';
import type { Attached } from '../store/index-reader.ts';
import { SideDatabase } from '../store/side-database.ts';

/** Beside the index. It can be deleted while the gateway does not run; the events in it are lost then. */
export const EVENTS_FILE = 'events.db';

const LONG_MS = 3_600_000;
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS streams (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE IF NOT EXISTS events (
    id TEXT PRIMARY KEY NOT NULL,
    stream_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    end_ms INTEGER,
    is_active INTEGER NOT NULL,
    topic TEXT,
    label TEXT,
    origin TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS events_of_stream ON events (stream_id, start_ms, id);
  CREATE INDEX IF NOT EXISTS events_by_time ON events (start_ms, id);
  -- Those few that a look some way back from the asked time does not find.
  CREATE INDEX IF NOT EXISTS events_long ON events (start_ms) WHERE is_active = 1 OR end_ms - start_ms > ${LONG_MS};
`;
const COLUMNS = 'events.id, streams.name AS stream, kind, start_ms, end_ms, is_active, topic, label, origin';
const FROM = 'FROM events JOIN streams ON streams.id = events.stream_id';

/** What is asked for. `before`: only what comes after that one in the order of the answer. */
export interface EventQuery {
  readonly stream?: StreamId | undefined;
  readonly fromMs: number;
  readonly toMs: number;
  readonly kinds?: readonly EventKind[] | undefined;
  readonly before?: { readonly startMs: number; readonly id: string } | undefined;
  readonly max: number;
}

type Row = Record<string, string | number | null>;

/** The events of one recordings folder, as one thread has them open. Synchronous; throws what SQLite throws. */
export class EventsDb implements Attached {
  readonly #side: SideDatabase;

  private constructor(side: SideDatabase) {
    this.#side = side;
  }

  /** For the store's thread. */
  static openToWrite(recordingsDir: string): EventsDb {
    return new EventsDb(SideDatabase.openToWrite(join(recordingsDir, EVENTS_FILE), SCHEMA));
  }

  /** For the reader's thread; undefined while there are none. */
  static openToRead(recordingsDir: string): EventsDb | undefined {
    const side = SideDatabase.openToRead(join(recordingsDir, EVENTS_FILE), 'events_long');
    return side === undefined ? undefined : new EventsDb(side);
  }

  close(): void {
    this.#side.close();
  }

  /** Adds them, or puts them in the place of those of the same id. */
  put(events: readonly CameraEvent[]): void {
    const addStream = this.#side.statement('INSERT OR IGNORE INTO streams (name) VALUES (?)');
    const add = this.#side.statement(
      `INSERT OR REPLACE INTO events (id, stream_id, kind, start_ms, end_ms, is_active, topic, label, origin)
       VALUES (?, (SELECT id FROM streams WHERE name = ?), ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#side.transaction(() => {
      for (const one of events) {
        const { id, app, name, kind, start, end, isActive, topic, label, origin } = one;
        const stream = `${app}/${name}`;
        addStream.run(stream);
        add.run(id, stream, kind, start, end ?? null, isActive ? 1 : 0, topic ?? null, label ?? null, origin);
      }
    });
  }

  get(id: string): CameraEvent | undefined {
    const row = this.#side.statement(`SELECT ${COLUMNS} ${FROM} WHERE events.id = ?`).get(id);
    return row === undefined ? undefined : toEvent(row as Row);
  }

  remove(ids: readonly string[]): void {
    const remove = this.#side.statement('DELETE FROM events WHERE id = ?');
    this.#side.transaction(() => {
      for (const id of ids) remove.run(id);
    });
  }

  /** What was going on when the last run ended has an end that nobody knows, and goes on no more. */
  endAbandoned(): void {
    this.#side.statement('UPDATE events SET is_active = 0 WHERE is_active = 1').run();
  }

  /** What overlaps [fromMs, toMs), newest start first. */
  find(query: EventQuery): CameraEvent[] {
    const { stream, fromMs, toMs, kinds, before, max } = query;
    const values: Record<string, string | number> = { fromMs, toMs, max };
    const wanted: string[] = [];
    if (stream !== undefined) {
      wanted.push('stream_id = (SELECT id FROM streams WHERE name = :stream)');
      values.stream = stream;
    }
    if (kinds !== undefined) {
      wanted.push(`kind IN (${kinds.map((_, at) => `:kind${at}`).join(', ')})`);
      for (const [at, kind] of kinds.entries()) values[`kind${at}`] = kind;
    }
    if (before !== undefined) {
      wanted.push('(start_ms, events.id) < (:beforeMs, :beforeId)');
      values.beforeMs = before.startMs;
      values.beforeId = before.id;
    }
    const rest = wanted.map((condition) => ` AND ${condition}`).join('');
    const order = 'ORDER BY start_ms DESC, events.id DESC LIMIT :max';
    const near = `SELECT ${COLUMNS} ${FROM} WHERE start_ms >= :fromMs - ${LONG_MS} AND start_ms < :toMs
      AND (start_ms >= :fromMs OR end_ms > :fromMs OR is_active = 1)${rest} ${order}`;
    const long = `SELECT ${COLUMNS} ${FROM} WHERE start_ms < min(:fromMs - ${LONG_MS}, :toMs)
      AND (is_active = 1 OR end_ms - start_ms > ${LONG_MS}) AND (is_active = 1 OR end_ms > :fromMs)${rest} ${order}`;
    const rows = [...this.#side.statement(near).all(values), ...this.#side.statement(long).all(values)];
    return (rows as Row[]).slice(0, max).map(toEvent);
  }

  streams(): StreamId[] {
    return this.#side
      .statement('SELECT name FROM streams ORDER BY id')
      .all()
      .map((row) => String(row.name) as StreamId);
  }

  /** At most `max` after that place and before `beforeMs`, oldest first; nothing that goes on. */
  page(
    stream: StreamId,
    after: { startMs: number; id: string },
    beforeMs: number,
    max: number,
  ): Array<{ id: string; startMs: number; endMs: number }> {
    const rows = this.#side
      .statement(
        `SELECT id, start_ms, coalesce(end_ms, start_ms + 1) AS end_ms FROM events
       WHERE stream_id = (SELECT id FROM streams WHERE name = ?) AND (start_ms, id) > (?, ?) AND start_ms < ? AND is_active = 0
       ORDER BY start_ms, id LIMIT ?`,
      )
      .all(stream, after.startMs, after.id, beforeMs, max);
    return rows.map((row) => ({
      id: String(row.id),
      startMs: Number(row.start_ms),
      endMs: Number(row.end_ms),
    }));
  }

  /** From where on the newest `max` of a stream are; undefined where there are no more. */
  startOfNewest(stream: StreamId, max: number): number | undefined {
    const row = this.#side
      .statement(
        `SELECT start_ms FROM events WHERE stream_id = (SELECT id FROM streams WHERE name = ?)
       ORDER BY start_ms DESC, id DESC LIMIT 1 OFFSET ?`,
      )
      .get(stream, max - 1);
    return row === undefined ? undefined : Number(row.start_ms);
  }

  /** Takes out a stream that has none left. */
  forget(stream: StreamId): void {
    this.#side
      .statement(
        'DELETE FROM streams WHERE name = ? AND NOT EXISTS (SELECT 1 FROM events WHERE stream_id = streams.id)',
      )
      .run(stream);
  }
}

function toEvent(row: Row): CameraEvent {
  const [app = '', name = ''] = String(row.stream).split('/');
  return {
    id: String(row.id),
    app,
    name,
    kind: row.kind as EventKind,
    start: Number(row.start_ms),
    ...(row.end_ms === null ? {} : { end: Number(row.end_ms) }),
    isActive: row.is_active === 1,
    ...(row.topic === null ? {} : { topic: String(row.topic) }),
    ...(row.label === null ? {} : { label: String(row.label) }),
    origin: row.origin === 'api' ? 'api' : 'onvif',
  };
}
