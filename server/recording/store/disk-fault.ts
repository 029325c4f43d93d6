import type { GapReason } from '../../../shared/recording.ts';

/** What a failed write means for the ledger, and for whoever reads the log. */
export interface DiskFault {
  readonly reason: Extract<GapReason, 'DISK_FULL' | 'DISK_ERROR'>;
  readonly message: string;
  /** The index itself cannot be read any more; it has to be made anew from the files. */
  readonly isIndexDamaged: boolean;
}

/** Result codes of SQLite (sqlite3.h), low byte. */
const SQLITE = {
  TOOBIG: 18,
  CONSTRAINT: 19,
  MISMATCH: 20,
  MISUSE: 21,
  RANGE: 25,
  READONLY: 8,
  IOERR: 10,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  NOTADB: 26,
} as const;

/** Whether the file system or SQLite failed, rather than what they were asked for being wrong. Pure. */
export function isOfDisk(failure: unknown): boolean {
  const { code, errcode } = failure as { code?: unknown; errcode?: unknown };
  if (typeof errcode === 'number') {
    const { TOOBIG, CONSTRAINT, MISMATCH, MISUSE, RANGE } = SQLITE;
    return !([TOOBIG, CONSTRAINT, MISMATCH, MISUSE, RANGE] as number[]).includes(errcode & 0xff);
  }
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code);
}

/** What an error of the file system or of SQLite says about the disk. Pure. */
export function diskFaultOf(failure: unknown, recordingsDir: string): DiskFault {
  const { code, errcode, message } = failure as { code?: unknown; errcode?: unknown; message?: unknown };
  const text = typeof message === 'string' ? message : String(failure);
  const sqlite = typeof errcode === 'number' ? errcode & 0xff : undefined;
  const isIndexDamaged = sqlite === SQLITE.CORRUPT || sqlite === SQLITE.NOTADB || isOfNoRow(code, text);
  if (code === 'ENOSPC' || code === 'EDQUOT' || sqlite === SQLITE.FULL) {
    return {
      reason: 'DISK_FULL',
      message: `The disk of ${recordingsDir} is full. Free some space, or let retention keep less; recording resumes by itself.`,
      isIndexDamaged,
    };
  }
  if (code === 'EROFS' || sqlite === SQLITE.READONLY) {
    return {
      reason: 'DISK_ERROR',
      message: `The disk of ${recordingsDir} is mounted read-only, often because it failed. Check the disk and mount it writable; recording resumes by itself.`,
      isIndexDamaged,
    };
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return {
      reason: 'DISK_ERROR',
      message: `${recordingsDir} may not be written by the user that Sluice runs as. Give it the right to; recording resumes by itself.`,
      isIndexDamaged,
    };
  }
  if (isIndexDamaged) {
    return {
      reason: 'DISK_ERROR',
      message: `The index in ${recordingsDir} is damaged (${text}); it is made anew from the recorded files.`,
      isIndexDamaged,
    };
  }
  if (!isOfDisk(failure)) {
    // Ours, such as another gateway's hold on the folder: it says itself what to do.
    return {
      reason: 'DISK_ERROR',
      message: `Nothing is recorded to ${recordingsDir}: ${text}`,
      isIndexDamaged,
    };
  }
  return {
    reason: 'DISK_ERROR',
    message: `The disk of ${recordingsDir} does not work (${text}). Check it; recording resumes by itself.`,
    isIndexDamaged,
  };
}

/** A number in the index that this store never wrote: more than JavaScript can tell (as node:sqlite says), or no time of a date. */
function isOfNoRow(code: unknown, text: string): boolean {
  return (code === 'ERR_OUT_OF_RANGE' && text.includes('JavaScript number')) || text === 'Invalid time value';
}
