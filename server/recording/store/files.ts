import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** A file that is being written under a temporary name. */
export interface OpenPart {
  readonly path: string;
  readonly file: number;
}

/** Windows knows neither. */
const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;

/** Opens a file to read it. What is no plain file is an error as a folder is (EISDIR): to open a pipe would hold the thread for ever. */
export function openPlainFile(path: string): number {
  let file: number;
  try {
    file = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    // A link, a socket.
    throw code === 'ELOOP' || code === 'EMLINK' || code === 'ENXIO' ? noPlainFile() : failure;
  }
  if (fstatSync(file).isFile()) return file;
  closeSync(file);
  throw noPlainFile();
}

function noPlainFile(): Error {
  return Object.assign(new Error('there is a link, a pipe or a folder where a file should be'), {
    code: 'EISDIR',
  });
}

/** Writes all of `chunks` to a new file; it is not durable before `syncAndClose`. */
export function writePart(path: string, chunks: readonly Uint8Array[]): OpenPart {
  // Never through a link that lies there, nor into what another holds open.
  unlinkIfThere(path);
  const file = openSync(path, 'wx', 0o640);
  try {
    for (const chunk of chunks) writeFully(file, chunk);
  } catch (failure) {
    closeSync(file);
    throw failure;
  }
  return { path, file };
}

function writeFully(file: number, chunk: Uint8Array): void {
  for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at, chunk.length - at);
}

export function syncAndClose(part: OpenPart): void {
  try {
    fsyncSync(part.file);
  } finally {
    closeSync(part.file);
  }
}

/** Makes durable what was created, renamed and removed in a folder. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Makes a folder and those above it below `top`, durably; `top` itself has to be there, so that nothing is written where a disk is gone. */
export function makeFolders(top: string, path: string): void {
  if (path === top) return;
  const parent = dirname(path);
  try {
    mkdirSync(path, { mode: 0o750 });
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || parent === top) throw failure;
    makeFolders(top, parent);
    mkdirSync(path, { mode: 0o750 });
  }
  syncFolder(parent);
}

/** Unlinks a file; false where it was gone already. */
export function unlinkIfThere(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw failure;
  }
}

/** Removes a folder where it is empty; false where it is not, or is gone. */
export function removeIfEmpty(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOENT') return false;
    throw failure;
  }
}
