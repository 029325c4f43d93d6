import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../base/clock.ts';
import { endAbandonedEvents } from '../events/event-handlers.ts';
import { noteAlive } from './alive.ts';
import { type Chore, choresOf } from './chores.ts';
import { diskFaultOf } from './disk-fault.ts';
import { type DiskMarker, DiskWatch, identifyDisk, writeMarker } from './disk-marker.ts';
import { IndexWriter, type LogLine } from './index-writer.ts';
import { restoreLocks } from './locks.ts';
import { askForReconciling } from './reconcile.ts';
import { noteServerStopped, repairOpenHours } from './repair.ts';
import { putIndexAside, raiseRecordingIds, salvageNotes } from './replace-index.ts';

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

/**
 * Opens a folder and repairs what a crash has left. Where the index is damaged (`isIndexDamaged`: it was found to be
 * so while in use) or is not the one that was last used here, it is compared with the files by a chore; recording goes
 * on meanwhile. Throws `DiskMissing`, and what disk and SQLite throw.
 */
export function openStore(options: {
  recordingsDir: string;
  expectedUuid: string | undefined;
  /** What was missing until now, the gateway's stop is to blame for. */
  isNewRun: boolean;
  isIndexDamaged: boolean;
  clock: Clock;
  log: LogLine;
}): OpenedStore {
  const { recordingsDir } = options;
  const found = identifyDisk(recordingsDir, options.expectedUuid);
  const isFirstUse = found === undefined && readdirSync(recordingsDir).length === 0;
  const lock = lockFolder(recordingsDir);
  let index: IndexWriter | undefined;
  try {
    index = openIndex(options);
    const marker = enter(index, found, isFirstUse);
    if (options.isNewRun) {
      noteServerStopped(index);
      endAbandonedEvents(index);
    }
    const opened = index;
    const abandon = () => {
      try {
        opened.close();
      } finally {
        lock.close();
      }
    };
    return {
      uuid: marker.uuid,
      index,
      watch: new DiskWatch(recordingsDir),
      chores: choresOf(index),
      abandon,
      close: () => {
        try {
          leave(opened);
        } finally {
          abandon();
        }
      },
    };
  } catch (failure) {
    try {
      index?.close();
    } finally {
      lock.close();
    }
    throw failure;
  }
}

function openIndex(options: {
  recordingsDir: string;
  isIndexDamaged: boolean;
  clock: Clock;
  log: LogLine;
}): IndexWriter {
  const { recordingsDir, log } = options;
  if (!options.isIndexDamaged) {
    try {
      return new IndexWriter(options);
    } catch (failure) {
      if (!diskFaultOf(failure, recordingsDir).isIndexDamaged) throw failure;
    }
  }
  putIndexAside(recordingsDir);
  log('error', { recordingsDir }, 'the index is damaged; it is made anew from the recorded files');
  const index = new IndexWriter(options);
  salvageNotes(index);
  return index;
}

/** Repairs, and ties index and marker together by a new `openId`; the index first, so that a crash between is known. */
function enter(index: IndexWriter, found: DiskMarker | undefined, isFirstUse: boolean): DiskMarker {
  const openIds = [index.meta('open_id'), index.meta('previous_open_id')];
  const isKnown = isFirstUse || (found !== undefined && openIds.includes(found.openId));
  const rebuilds = (found?.rebuilds ?? 0) + (isKnown ? 0 : 1);
  const marker = { uuid: found?.uuid ?? randomUUID(), openId: randomUUID(), rebuilds };
  if (isKnown) {
    const counts = repairOpenHours(index);
    if (Object.values(counts).some((count) => count > 0))
      index.log('info', counts, 'what the last run left unfinished was repaired');
  } else {
    askForReconciling(index);
    raiseRecordingIds(index, rebuilds);
    if (index.reader.statement('SELECT 1 FROM locks LIMIT 1').get() === undefined) restoreLocks(index);
  }
  index.transaction(() => {
    index.setMeta('open_id', marker.openId);
    index.setMeta('previous_open_id', found?.openId ?? '');
  });
  writeMarker(index.recordingsDir, marker);
  return marker;
}

/** Every file that was begun is in the index by now, so no hour is open any more. */
function leave(index: IndexWriter): void {
  index.transaction(() => {
    index.database.exec('DELETE FROM open_hours');
    noteAlive(index);
  });
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
      'another Sluice records to this folder. Stop that one, or give this one another dataDir or dir.',
    );
  }
}
