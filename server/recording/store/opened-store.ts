import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../base/clock.ts';
import { type Chore, choresOf } from './chores.ts';
import { DiskWatch, identifyDisk } from './disk-marker.ts';
import { IndexWriter, type LogLine } from './index-writer.ts';

/** Held exclusively while a folder is in use. */
const LOCK_FILE = 'lock.db';
/** SQLITE_BUSY, low byte of the extended codes. */
const SQLITE_BUSY = 5;

/** A recordings folder that is ours to write to, with its index. */
export interface OpenedStore {
  readonly uuid: string;
  readonly index: IndexWriter;
  readonly watch: DiskWatch;
  readonly chores: readonly Chore[];
  /** In order: nothing stays open in the index (invariant R3). */
  close(): void;
  /** Lets go of the folder as it is. */
  abandon(): void;
}

/** Opens a folder and repairs what a crash has left. Throws `DiskMissing`, and what disk and SQLite throw. */
export function openStore(options: {
  recordingsDir: string;
  expectedUuid: string | undefined;
  clock: Clock;
  log: LogLine;
}): OpenedStore {
  const { recordingsDir, clock, log } = options;
  const marker = identifyDisk(recordingsDir, options.expectedUuid);
  const lock = lockFolder(recordingsDir);
  let index: IndexWriter | undefined;
  try {
    index = new IndexWriter({ recordingsDir, clock, log });
    const opened = index;
    const abandon = () => {
      opened.close();
      lock.close();
    };
    return {
      uuid: marker.uuid,
      index,
      watch: new DiskWatch(recordingsDir),
      chores: choresOf(index),
      abandon,
      close: () => {
        opened.transaction(() => {
          opened.database.exec('DELETE FROM open_hours');
          opened.setMeta('alive_ms', String(Math.round(clock.wallMs())));
        });
        abandon();
      },
    };
  } catch (failure) {
    index?.close();
    lock.close();
    throw failure;
  }
}

/** Two gateways, or two paths to one folder, would each take the other's files for rubbish. */
function lockFolder(recordingsDir: string): DatabaseSync {
  const lock = new DatabaseSync(join(recordingsDir, LOCK_FILE), { timeout: 1_000 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (failure) {
    lock.close();
    if (Number((failure as { errcode?: number }).errcode) % 256 !== SQLITE_BUSY) throw failure;
    throw new Error(
      `another Sluice records to ${recordingsDir}; stop it, or give this one another dataDir or dir`,
    );
  }
}
