import { existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { StreamId } from '../../../shared/names.ts';
import type { GapReason } from '../../../shared/recording.ts';
import { unlinkIfThere } from './files.ts';
import type { IndexWriter } from './index-writer.ts';
import { INDEX_FILE } from './schema.ts';

const DAMAGED = `${INDEX_FILE}.damaged`;
const PARTS = ['', '-wal', '-shm'];
/** Row ids of recordings begin here in an index that was made anew for the nth time: later ones stay the newer ones. */
const IDS_PER_REBUILD = 2 ** 32;

/** Puts a damaged index aside, in the place of the one that was put aside before. */
export function putIndexAside(recordingsDir: string): void {
  for (const part of PARTS) {
    const path = join(recordingsDir, INDEX_FILE + part);
    unlinkIfThere(join(recordingsDir, DAMAGED + part));
    if (existsSync(path)) renameSync(path, join(recordingsDir, DAMAGED + part));
  }
}

/** In an index that does not know all that was recorded, what is recorded from now on comes after it. */
export function raiseRecordingIds(index: IndexWriter, rebuilds: number): void {
  index.transaction(() => {
    const { reader } = index;
    reader.statement("DELETE FROM sqlite_sequence WHERE name = 'recordings'").run();
    reader
      .statement("INSERT INTO sqlite_sequence (name, seq) VALUES ('recordings', ?)")
      .run(rebuilds * IDS_PER_REBUILD);
  });
}

/** Takes from the index that was put aside what no file tells: the reasons of gaps. As far as it can be read. */
export function salvageNotes(index: IndexWriter): number {
  if (!readdirSync(index.recordingsDir).includes(DAMAGED)) return 0;
  let count = 0;
  try {
    const damaged = new DatabaseSync(join(index.recordingsDir, DAMAGED), { readOnly: true });
    try {
      const rows = damaged
        .prepare(
          'SELECT app, name, at_ms, reason FROM notes JOIN streams ON streams.id = notes.stream_id ORDER BY at_ms',
        )
        .iterate();
      index.transaction(() => {
        count = takeNotes(index, rows);
      });
    } finally {
      damaged.close();
    }
  } catch {
    // What could be read is taken; the rest is lost with the index.
  }
  return count;
}

function takeNotes(index: IndexWriter, rows: Iterable<Record<string, unknown>>): number {
  let count = 0;
  try {
    for (const row of rows) {
      const stream: StreamId = `${String(row.app)}/${String(row.name)}`;
      index.note(index.streamId(stream), Number(row.at_ms), String(row.reason) as GapReason);
      count += 1;
    }
  } catch {
    // The damaged part is reached.
  }
  return count;
}
