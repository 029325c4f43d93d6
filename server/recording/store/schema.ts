/**
 * The index of one recordings folder, `<root>/recordings/index.db`. It is written by the store's thread alone; readers open
 * it read-only.
 */
export const INDEX_FILE = 'index.db';

/** The statements that lead from one version of the index to the next; the position is the version (`user_version`). */
export const INDEX_MIGRATIONS: readonly string[] = [
  `-- disk: the marker's uuid; open_id: of the last opening (disk-marker.ts); alive_ms: when the gateway last wrote.
   CREATE TABLE meta (
     key TEXT PRIMARY KEY,
     value TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE streams (
     id INTEGER PRIMARY KEY,
     app TEXT NOT NULL,
     name TEXT NOT NULL,
     -- Totals over the stream's segments, kept in the same transactions as those.
     bytes INTEGER NOT NULL DEFAULT 0,
     segments INTEGER NOT NULL DEFAULT 0,
     -- What lies before was deleted by retention, save what is locked.
     expired_before_ms INTEGER NOT NULL DEFAULT 0,
     -- Goes up whenever rows were removed, or put between others: what was derived from older rows is stale.
     generation INTEGER NOT NULL DEFAULT 0,
     UNIQUE (app, name)
   ) STRICT;
   CREATE TABLE recordings (
     -- Ascending in the order in which they were recorded, whatever the clock said meanwhile.
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     stream_id INTEGER NOT NULL REFERENCES streams (id),
     key TEXT NOT NULL UNIQUE,
     start_ms INTEGER NOT NULL,
     cause TEXT NOT NULL,
     is_repeat INTEGER NOT NULL,
     parameter_sets_id TEXT NOT NULL,
     profile_level_id TEXT NOT NULL,
     width INTEGER NOT NULL,
     height INTEGER NOT NULL,
     audio_clock_rate INTEGER,
     audio_channels INTEGER
   ) STRICT;
   CREATE INDEX recordings_by_stream ON recordings (stream_id, start_ms);
   CREATE TABLE segments (
     stream_id INTEGER NOT NULL,
     start_ms INTEGER NOT NULL,
     end_ms INTEGER NOT NULL,
     recording_id INTEGER NOT NULL,
     start_pts90k INTEGER NOT NULL,
     duration_90k INTEGER NOT NULL,
     size_bytes INTEGER NOT NULL,
     PRIMARY KEY (stream_id, start_ms)
   ) STRICT, WITHOUT ROWID;
   -- Files that have no row in segments any more and are still to be unlinked.
   CREATE TABLE garbage (
     stream_id INTEGER NOT NULL,
     start_ms INTEGER NOT NULL,
     PRIMARY KEY (stream_id, start_ms)
   ) STRICT, WITHOUT ROWID;
   -- Folders in which files may lie that no row tells of: written here before the first file, removed at an orderly stop.
   CREATE TABLE open_hours (
     stream_id INTEGER NOT NULL,
     hour_ms INTEGER NOT NULL,
     PRIMARY KEY (stream_id, hour_ms)
   ) STRICT, WITHOUT ROWID;
   -- From at_ms on: what is not recorded is missing for this reason.
   CREATE TABLE notes (
     stream_id INTEGER NOT NULL,
     at_ms INTEGER NOT NULL,
     reason TEXT NOT NULL,
     PRIMARY KEY (stream_id, at_ms)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE locks (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     stream_id INTEGER NOT NULL,
     start_ms INTEGER NOT NULL,
     end_ms INTEGER NOT NULL,
     label TEXT,
     created_ms INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX locks_by_stream ON locks (stream_id, start_ms)`,
];

/** The longest a segment may last (60 s and the wait for its next key frame): how far back an overlapping one may begin. */
export const SEGMENT_MAX_MS = 180_000;
