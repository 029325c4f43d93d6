import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { StreamId } from '../../../shared/names.ts';
import type { GapReason } from '../../../shared/recording.ts';
import type { Clock } from '../../base/clock.ts';
import type { Recording, Segment } from '../segment.ts';
import { type Attached, IndexReader } from './index-reader.ts';
import { hourOf } from './layout.ts';
import { INDEX_FILE, INDEX_MIGRATIONS } from './schema.ts';

export type LogLine = (level: 'info' | 'warn' | 'error', fields: object, message: string) => void;

const PRAGMAS =
  'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -8192; PRAGMA mmap_size = 0';

/** The index of one recordings folder as its store's thread, the only writer, has it. Everything is synchronous. */
export class IndexWriter {
  readonly recordingsDir: string;
  readonly database: DatabaseSync;
  readonly reader: IndexReader;
  readonly clock: Clock;
  readonly log: LogLine;
  /** Told along with a stream's totals; whoever forecasts writes it here. */
  readonly daysLeft = new Map<number, number>();
  /** Streams (row ids) whose totals or bounds have changed since the store last told of them. */
  readonly changed = new Set<number>();
  #inTransaction = false;

  /**
   * Opens the index, or makes it. Throws what SQLite throws, and where a newer version of Sluice has written it.
   * The folder has to be there.
   */
  constructor(options: { recordingsDir: string; clock: Clock; log: LogLine }) {
    this.recordingsDir = options.recordingsDir;
    this.clock = options.clock;
    this.log = options.log;
    this.database = new DatabaseSync(join(options.recordingsDir, INDEX_FILE), { timeout: 5_000 });
    try {
      this.database.exec(PRAGMAS);
      this.#migrate();
    } catch (failure) {
      this.database.close();
      throw failure;
    }
    this.reader = new IndexReader(this.database, options.recordingsDir);
  }

  /** Idempotent. */
  close(): void {
    this.reader.close();
  }

  /** All or nothing; durable when it returns. Within another one it is part of that. */
  transaction<T>(work: () => T): T {
    if (this.#inTransaction) return work();
    this.database.exec('BEGIN IMMEDIATE');
    this.#inTransaction = true;
    try {
      const result = work();
      this.database.exec('COMMIT');
      return result;
    } catch (failure) {
      // SQLite has rolled back by itself after some errors (disk full, I/O).
      if (this.database.isTransaction) this.database.exec('ROLLBACK');
      this.reader.forgetIds();
      throw failure;
    } finally {
      this.#inTransaction = false;
    }
  }

  attach<T extends Attached>(key: string, open: () => T): T {
    return this.reader.attach(key, open);
  }

  meta(key: string): string | undefined {
    const row = this.reader.statement('SELECT value FROM meta WHERE key = ?').get(key);
    return row === undefined ? undefined : String(row.value);
  }

  setMeta(key: string, value: string): void {
    this.reader.statement('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)').run(key, value);
  }

  /** The row id of a stream; makes the row where there is none. */
  streamId(stream: StreamId): number {
    const known = this.reader.findStreamId(stream);
    if (known !== undefined) return known;
    const [app = '', name = ''] = stream.split('/');
    this.reader
      .statement('INSERT INTO streams (app, name) VALUES (?, ?) ON CONFLICT DO NOTHING')
      .run(app, name);
    return this.reader.streamRow(stream)?.id ?? 0;
  }

  findRecordingId(key: string): number | undefined {
    const found = this.reader.statement('SELECT id FROM recordings WHERE key = ?').get(key);
    return found === undefined ? undefined : Number(found.id);
  }

  /** The row id of a recording by its key; makes the row where there is none, with `wantedId` where that is free. */
  recordingId(streamRowId: number, recording: Recording, wantedId?: number): number {
    const found = this.findRecordingId(recording.key);
    if (found !== undefined) return found;
    const isFree =
      wantedId !== undefined &&
      this.reader.statement('SELECT 1 FROM recordings WHERE id = ?').get(wantedId) === undefined;
    const { format } = recording;
    const { lastInsertRowid } = this.reader
      .statement(
        `INSERT INTO recordings (id, stream_id, key, start_ms, cause, is_repeat, parameter_sets_id, profile_level_id,
           width, height, audio_clock_rate, audio_channels) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        isFree ? wantedId : null,
        streamRowId,
        recording.key,
        recording.startMs,
        recording.cause,
        recording.isRepeat ? 1 : 0,
        format.parameterSetsId,
        format.profileLevelId,
        format.width,
        format.height,
        format.audio?.clockRate ?? null,
        format.audio?.channels ?? null,
      );
    return Number(lastInsertRowid);
  }

  /** A row for a segment whose file is durable; adds to the totals. Before the newest one it makes older reads stale. */
  insertSegment(
    streamRowId: number,
    recordingId: number,
    segment: Omit<Segment, 'recording' | 'data'> & { readonly sizeBytes: number },
  ): void {
    const newest = this.reader.boundsOf(streamRowId)?.newestMs ?? 0;
    if (segment.startMs < newest) this.bumpGeneration(streamRowId);
    this.reader
      .statement(
        `INSERT INTO segments (stream_id, start_ms, end_ms, recording_id, start_pts90k, duration_90k, size_bytes)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        streamRowId,
        segment.startMs,
        segment.endMs,
        recordingId,
        segment.startPts90k,
        segment.duration90k,
        segment.sizeBytes,
      );
    this.reader
      .statement('UPDATE streams SET bytes = bytes + ?, segments = segments + 1 WHERE id = ?')
      .run(segment.sizeBytes, streamRowId);
    this.changed.add(streamRowId);
  }

  /** From `atMs` on, what is not recorded is missing for `reason`; a note of the same instant is replaced. */
  note(streamRowId: number, atMs: number, reason: GapReason): void {
    this.reader
      .statement('INSERT OR REPLACE INTO notes (stream_id, at_ms, reason) VALUES (?, ?, ?)')
      .run(streamRowId, atMs, reason);
  }

  /**
   * Takes segments out of the index and lists their files as garbage, which a chore unlinks. To be called in a
   * transaction; what has no row is passed over.
   */
  toGarbage(streamRowId: number, startsMs: readonly number[]): void {
    let bytes = 0;
    let segments = 0;
    for (const startMs of startsMs) {
      const row = this.reader
        .statement('DELETE FROM segments WHERE stream_id = ? AND start_ms = ? RETURNING size_bytes')
        .get(streamRowId, startMs);
      if (row === undefined) continue;
      bytes += Number(row.size_bytes);
      segments += 1;
      this.reader
        .statement('INSERT OR IGNORE INTO garbage (stream_id, start_ms) VALUES (?, ?)')
        .run(streamRowId, startMs);
    }
    this.reader
      .statement(
        'UPDATE streams SET bytes = bytes - ?, segments = segments - ?, generation = generation + 1 WHERE id = ?',
      )
      .run(bytes, segments, streamRowId);
    this.changed.add(streamRowId);
  }

  /** Takes one segment's row out, whose file is gone already; in a transaction. */
  forgetSegment(streamRowId: number, startMs: number): void {
    const row = this.reader
      .statement('DELETE FROM segments WHERE stream_id = ? AND start_ms = ? RETURNING size_bytes')
      .get(streamRowId, startMs);
    if (row === undefined) return;
    this.reader
      .statement(
        'UPDATE streams SET bytes = bytes - ?, segments = segments - 1, generation = generation + 1 WHERE id = ?',
      )
      .run(Number(row.size_bytes), streamRowId);
    this.changed.add(streamRowId);
  }

  /** Rows were put between others, or removed: what was derived from the older ones is stale. */
  bumpGeneration(streamRowId: number): void {
    this.reader.statement('UPDATE streams SET generation = generation + 1 WHERE id = ?').run(streamRowId);
    this.changed.add(streamRowId);
  }

  /** Files may come to lie in the folder of this hour that no row tells of. */
  openHour(streamRowId: number, ms: number): void {
    this.reader
      .statement('INSERT OR IGNORE INTO open_hours (stream_id, hour_ms) VALUES (?, ?)')
      .run(streamRowId, hourOf(ms));
  }

  closeHour(streamRowId: number, hourMs: number): void {
    this.reader
      .statement('DELETE FROM open_hours WHERE stream_id = ? AND hour_ms = ?')
      .run(streamRowId, hourMs);
  }

  openHours(): { streamRowId: number; hourMs: number }[] {
    const rows = this.reader
      .statement('SELECT stream_id, hour_ms FROM open_hours ORDER BY stream_id, hour_ms')
      .all();
    return rows.map((row) => ({ streamRowId: Number(row.stream_id), hourMs: Number(row.hour_ms) }));
  }

  #migrate(): void {
    const version = Number(this.database.prepare('PRAGMA user_version').get()?.user_version ?? 0);
    if (version > INDEX_MIGRATIONS.length) {
      throw new Error(
        `${join(this.recordingsDir, INDEX_FILE)} was written by a newer version of Sluice (schema ${version}). Update Sluice, or give this application another dir.`,
      );
    }
    for (let next = version; next < INDEX_MIGRATIONS.length; next += 1) {
      this.database.exec(`BEGIN; ${INDEX_MIGRATIONS[next]}; PRAGMA user_version = ${next + 1}; COMMIT`);
    }
  }
}
