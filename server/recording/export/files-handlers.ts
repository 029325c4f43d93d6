import { closeSync, existsSync, fstatSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openPlainFile } from '../store/files.ts';
import { type HandlerMap, type Transferred, transfer } from '../store/rpc.ts';
import { StoreError } from '../store/store-error.ts';
import {
  ExportsDatabase,
  type PeriodCursor,
  type PeriodFilter,
  type StoredJob,
  type StoredPeriodFile,
} from './exports-database.ts';
import { MANIFEST_EXTENSIONS, partName, suffixedNames } from './published-names.ts';
import { removeLeftovers } from './run-export.ts';

/** What the thread of files works with. */
export class FilesContext {
  readonly #databasePath: string;
  readonly #nowMs: () => number;
  #database: ExportsDatabase | undefined;
  /** Where a damaged database was put, until it was told. */
  damaged: string | undefined;

  constructor(databasePath: string, nowMs: () => number) {
    this.#databasePath = databasePath;
    this.#nowMs = nowMs;
  }

  /** Opened when first needed; where that fails, tried again with the next call. */
  get database(): ExportsDatabase {
    if (this.#database === undefined) {
      const opened = ExportsDatabase.open(this.#databasePath, this.#nowMs());
      this.#database = opened.database;
      this.damaged = opened.damaged;
    }
    return this.#database;
  }

  close(): void {
    this.#database?.close();
    this.#database = undefined;
  }
}

/** What a file that is served is known by. */
export interface FileFacts {
  readonly sizeBytes: number;
  readonly mtimeMs: number;
}

/** All jobs; files that a crash left half made in `dirs` are removed. */
function loadJobs(
  context: FilesContext,
  { dirs }: { dirs: readonly string[] },
): { jobs: StoredJob[]; damaged: string | undefined } {
  for (const dir of dirs) removeLeftovers(dir);
  const jobs = context.database.jobs();
  return { jobs, damaged: context.damaged };
}

function putJob(context: FilesContext, job: StoredJob): void {
  context.database.putJob(job);
}

function removeJob(context: FilesContext, { id }: { id: string }): void {
  context.database.removeJob(id);
}

/** The first of `name`, `name-2`, `name-3`... that neither a file nor `taken` has. */
function freeName(
  _context: FilesContext,
  { dir, baseName, taken }: { dir: string; baseName: string; taken: readonly string[] },
): string {
  const reserved = new Set(taken);
  for (const name of suffixedNames(baseName)) {
    const beside = [partName(name, 1), ...MANIFEST_EXTENSIONS.map((extension) => name + extension)];
    if (!reserved.has(name) && !beside.some((file) => existsSync(join(dir, file)))) return name;
  }
  throw new StoreError('CONFLICT', 'Too many files have this name already; choose another file_name.');
}

function fileFacts(_context: FilesContext, { path }: { path: string }): FileFacts {
  return withFile(path, (file) => {
    const { size, mtimeMs } = fstatSync(file);
    return { sizeBytes: size, mtimeMs };
  });
}

/** Bytes from `at` on; fewer than `length` only at the file's end. */
function readFile(
  _context: FilesContext,
  { path, at, length }: { path: string; at: number; length: number },
): Transferred<Uint8Array> {
  return withFile(path, (file) => {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const read = readSync(file, bytes, filled, length - filled, at + filled);
      if (read === 0) break;
      filled += read;
    }
    return transfer(bytes.subarray(0, filled), [bytes.buffer]);
  });
}

function removeFiles(_context: FilesContext, { paths }: { paths: readonly string[] }): void {
  for (const path of paths) rmSync(path, { force: true });
}

function periodCursor({ database }: FilesContext, { stream, everyMs, nextMs }: PeriodCursor): PeriodCursor {
  return database.cursor(stream, everyMs, nextMs);
}

function putPeriod(
  { database }: FilesContext,
  { cursor, files }: { cursor: PeriodCursor; files: readonly StoredPeriodFile[] },
): void {
  database.putPeriod(cursor, files);
}

function periodFiles({ database }: FilesContext, filter: PeriodFilter): StoredPeriodFile[] {
  return database.periodFiles(filter);
}

function periodFile({ database }: FilesContext, { id }: { id: string }): StoredPeriodFile | undefined {
  return database.periodFile(id);
}

function periodStreams({ database }: FilesContext, _args: object): string[] {
  return database.periodStreams();
}

function surplusPeriodFiles(
  { database }: FilesContext,
  { stream, beforeMs, maxBytes }: { stream: PeriodCursor['stream']; beforeMs: number; maxBytes: number },
): StoredPeriodFile[] {
  return database.surplusPeriodFiles(stream, beforeMs, maxBytes);
}

function removePeriodFile({ database }: FilesContext, { id }: { id: string }): void {
  database.removePeriodFile(id);
}

export const filesHandlers = {
  loadJobs,
  putJob,
  removeJob,
  freeName,
  fileFacts,
  readFile,
  removeFiles,
  periodCursor,
  putPeriod,
  periodFiles,
  periodFile,
  periodStreams,
  surplusPeriodFiles,
  removePeriodFile,
} satisfies HandlerMap<FilesContext>;
export type FilesHandlers = typeof filesHandlers;

function withFile<T>(path: string, work: (file: number) => T): T {
  let file: number;
  try {
    file = openPlainFile(path);
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EISDIR') throw failure;
    throw new StoreError('NOT_FOUND', 'The file is gone; somebody has removed it from the folder.');
  }
  try {
    return work(file);
  } finally {
    closeSync(file);
  }
}
