import { dirname } from 'node:path';
import type { StreamId } from '../../../shared/names.ts';
import type { Chore } from './chores.ts';
import { removeIfEmpty, syncFolder, unlinkIfThere } from './files.ts';
import type { IndexWriter } from './index-writer.ts';
import { hourFolder, segmentFile } from './layout.ts';

/** So many files a step: some 20 ms of a slow disk. */
const STEP_FILES = 16;

/** Unlinks the files that the index has given up: file, then folder made durable, then the row (invariant R2). */
export class GarbageChore implements Chore {
  readonly #index: IndexWriter;

  constructor(index: IndexWriter) {
    this.#index = index;
  }

  step(): boolean {
    const rows = this.#index.reader
      .statement(
        `SELECT garbage.stream_id, garbage.start_ms, streams.app, streams.name FROM garbage
         JOIN streams ON streams.id = garbage.stream_id LIMIT ?`,
      )
      .all(STEP_FILES);
    if (rows.length === 0) return false;
    const files = rows.map((row) => ({
      streamRowId: Number(row.stream_id),
      stream: `${String(row.app)}/${String(row.name)}` as StreamId,
      startMs: Number(row.start_ms),
    }));
    removeFiles(this.#index, files);
    return rows.length === STEP_FILES;
  }
}

/** Unlinks files that are listed as garbage, then forgets them. */
export function removeFiles(
  index: IndexWriter,
  files: readonly { streamRowId: number; stream: StreamId; startMs: number }[],
): void {
  const folders = new Set<string>();
  for (const { stream, startMs } of files) {
    unlinkIfThere(segmentFile(index.recordingsDir, stream, startMs));
    folders.add(hourFolder(index.recordingsDir, stream, startMs));
  }
  for (const folder of folders) removeOrSync(index.recordingsDir, folder);
  index.transaction(() => {
    const forget = index.reader.statement('DELETE FROM garbage WHERE stream_id = ? AND start_ms = ?');
    for (const { streamRowId, startMs } of files) forget.run(streamRowId, startMs);
  });
}

/** Removes an hour's folder and those above it as far as they are empty; what stays is made durable. */
function removeOrSync(recordingsDir: string, hour: string): void {
  let folder = hour;
  while (folder !== recordingsDir && removeIfEmpty(folder)) folder = dirname(folder);
  try {
    syncFolder(folder);
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== 'ENOENT') throw failure;
  }
}
