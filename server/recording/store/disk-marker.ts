import { mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { missingMountOf } from '../../base/mounts.ts';
import { syncAndClose, syncFolder, writePart } from './files.ts';

/** The file that tells one recordings folder from every other, and from an empty mount point. */
export const MARKER_FILE = 'sluice-recordings.json';

export interface DiskMarker {
  readonly uuid: string;
  /** Changes with each opening; the index holds the same, so that an older copy of it is known. */
  readonly openId: string;
  /** How often the index was made anew. */
  readonly rebuilds: number;
}

/** The folder is not there, or it is not the one that was there before. */
export class DiskMissing extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DiskMissing';
  }
}

/**
 * Finds out whether `recordingsDir` is the folder that it was before (`expectedUuid`), and makes it where it is used
 * for the first time. Undefined: it has no marker yet. Throws `DiskMissing`, and what the disk throws; then nothing
 * was written.
 */
export function identifyDisk(
  recordingsDir: string,
  expectedUuid: string | undefined,
): DiskMarker | undefined {
  const found = readMarker(recordingsDir);
  if (expectedUuid !== undefined && found?.uuid !== expectedUuid) {
    const acceptIt = `To go on with what is there now: npm start -- --accept-disk ${dirname(recordingsDir)}`;
    throw new DiskMissing(
      found === undefined
        ? `${recordingsDir} is not the folder that was recorded to before: its ${MARKER_FILE} is not there, so the disk seems not to be mounted. Mount it, and recording resumes by itself. ${acceptIt}`
        : `${recordingsDir} is on another disk than before. Mount the right one, and recording resumes by itself. ${acceptIt}`,
    );
  }
  if (found !== undefined) return found;
  const missing = missingMountOf(recordingsDir);
  if (missing !== undefined) {
    throw new DiskMissing(
      `${recordingsDir} belongs to the disk of ${missing}, which is not mounted. Mount it, and recording begins by itself; if none is meant to be there, take ${missing} out of /etc/fstab.`,
    );
  }
  mkdirSync(recordingsDir, { recursive: true, mode: 0o750 });
  // What lies in it is durable only once it is so itself.
  syncFolder(dirname(recordingsDir));
  return undefined;
}

/** Undefined where there is none, or none that can be read. */
export function readMarker(recordingsDir: string): DiskMarker | undefined {
  let text: string;
  try {
    text = readFileSync(join(recordingsDir, MARKER_FILE), 'utf8');
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw failure;
  }
  try {
    const { uuid, openId, rebuilds } = JSON.parse(text);
    if (typeof uuid !== 'string' || typeof openId !== 'string' || uuid === '') return undefined;
    return { uuid, openId, rebuilds: Number.isSafeInteger(rebuilds) ? rebuilds : 0 };
  } catch {
    return undefined;
  }
}

/** Atomic, and durable when it returns. */
export function writeMarker(recordingsDir: string, marker: DiskMarker): void {
  const about = 'Sluice knows this disk by this file. Leave it here.';
  const text = `${JSON.stringify({ about, ...marker }, undefined, 2)}\n`;
  const part = join(recordingsDir, `${MARKER_FILE}.part`);
  syncAndClose(writePart(part, [Buffer.from(text)]));
  renameSync(part, join(recordingsDir, MARKER_FILE));
  syncFolder(recordingsDir);
}

/** Notices that the folder was unmounted, covered or replaced while it is in use. */
export class DiskWatch {
  readonly #recordingsDir: string;
  readonly #identity: string;

  constructor(recordingsDir: string) {
    this.#recordingsDir = recordingsDir;
    this.#identity = identityOf(recordingsDir);
  }

  /** Throws `DiskMissing` where the marker is no longer the one that was opened. */
  check(): void {
    let identity = '';
    try {
      identity = identityOf(this.#recordingsDir);
    } catch (failure) {
      const { code } = failure as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') throw failure;
    }
    if (identity !== this.#identity) {
      throw new DiskMissing(
        `${this.#recordingsDir} is gone: its disk was unmounted, or another one mounted in its place.`,
      );
    }
  }
}

function identityOf(recordingsDir: string): string {
  const { dev, ino } = statSync(join(recordingsDir, MARKER_FILE), { bigint: true });
  return `${dev}:${ino}`;
}
