import { Readable } from 'node:stream';
import { ApiError } from '../../../shared/errors.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { CallMessage } from '../store/rpc.ts';
import { ThreadLink } from '../store/thread-link.ts';
import type { FileFacts, FilesHandlers } from './files-handlers.ts';

/** A finished file. */
export interface ServedFile {
  readonly sizeBytes: number;
  /** A strong entity tag with its quotes: these files never change under their name. */
  readonly etag: string;
  /** The bytes from `start` up to but without `end`. */
  read(start: number, end: number): Readable;
}

type Link = ThreadLink<FilesHandlers, CallMessage | { readonly kind: 'close' }, never>;

const CHUNK_BYTES = 512 * 1024;
const CLOSE_TIMEOUT_MS = 3_000;
const MAX_HEAP_MB = 64;

/**
 * The threads that keep jobs and read finished files, one for each folder that files are made in. The one of `dataDir`
 * has the database too.
 */
export class ExportFiles {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #databasePath: string;
  readonly #dataDir: string;
  readonly #links = new Map<string, Link>();

  constructor(options: { clock: Clock; log: Logger; dataDir: string; databasePath: string }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#dataDir = options.dataDir;
    this.#databasePath = options.databasePath;
  }

  /** The thread with the database. */
  get catalog(): Link {
    return this.on(this.#dataDir);
  }

  /** The thread for files below `root`. */
  on(root: string): Link {
    const known = this.#links.get(root);
    if (known !== undefined && !known.hasExited) return known;
    const link: Link = new ThreadLink({
      clock: this.#clock,
      name: `files ${root}`,
      entry: new URL('./files-thread.ts', import.meta.url),
      workerData: { databasePath: this.#databasePath },
      maxHeapMb: MAX_HEAP_MB,
      onMessage: () => {},
      onExit: (failure) => {
        if (failure !== undefined) this.#log.error({ err: failure }, 'the thread of exported files failed');
      },
    });
    this.#links.set(root, link);
    return link;
  }

  /** Rejects with NOT_FOUND where the file is gone, STORAGE_UNAVAILABLE where the disk does not answer. */
  async open(root: string, path: string): Promise<ServedFile> {
    const link = this.on(root);
    const facts = await link.call('fileFacts', { path });
    return {
      sizeBytes: facts.sizeBytes,
      etag: etagOf(facts),
      read: (start, end) =>
        Readable.from(chunksOf(link, path, start, end), { objectMode: false, highWaterMark: 1 }),
    };
  }

  async close(): Promise<void> {
    const links = [...this.#links.values()];
    this.#links.clear();
    await Promise.all(
      links.map(async (link) => {
        link.send({ kind: 'close' });
        let cancel = () => {};
        const timeout = new Promise<void>((resolve) => {
          cancel = this.#clock.after(CLOSE_TIMEOUT_MS, resolve);
        });
        await Promise.race([link.exited, timeout]);
        cancel();
        if (!link.hasExited) link.terminate();
      }),
    );
  }
}

async function* chunksOf(link: Link, path: string, start: number, end: number): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; ) {
    const bytes = await link.call('readFile', { path, at, length: Math.min(CHUNK_BYTES, end - at) });
    if (bytes.length === 0) throw new ApiError('NOT_FOUND', 'The file has become shorter while it was read.');
    at += bytes.length;
    yield bytes;
  }
}

function etagOf({ sizeBytes, mtimeMs }: FileFacts): string {
  return `"${sizeBytes.toString(36)}-${Math.round(mtimeMs).toString(36)}"`;
}
