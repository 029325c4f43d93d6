import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { syncAndClose, unlinkIfThere, writePart } from './files.ts';

const RESERVE_FILE = 'reserve';
/** Enough for the index's log while retention deletes. */
const RESERVE_BYTES = 2 * 1024 * 1024;

/** Makes sure that the reserve is there. False: the disk has no room for it. Throws nothing. */
export function holdReserve(recordingsDir: string): boolean {
  const path = join(recordingsDir, RESERVE_FILE);
  if (existsSync(path)) return true;
  try {
    syncAndClose(writePart(path, [Buffer.alloc(RESERVE_BYTES)]));
    return true;
  } catch {
    releaseReserve(recordingsDir);
    return false;
  }
}

/**
 * Gives the reserve up: on a disk that is full to the last byte the index could not even note what is to be deleted.
 * False where there was none. Throws nothing.
 */
export function releaseReserve(recordingsDir: string): boolean {
  try {
    return unlinkIfThere(join(recordingsDir, RESERVE_FILE));
  } catch {
    return false;
  }
}
