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
/** A thread costs some 20 MB, and most of the time nobody asks for anything. */
const IDLE_MS = 2 * 60_000;
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
  readonly #links = new Map<string, { readonly link: Link; cancelIdle: () => void }>();

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

  /** The thread for files below `root`; started when it is asked for, ended when that was long ago. */
  on(root: string): Link {
    const known = this.#links.get(root);
    known?.cancelIdle();
    const link = known === undefined || known.link.hasExited ? this.#start(root) : known.link;
    this.#links.set(root, { link, cancelIdle: this.#clock.after(IDLE_MS, () => this.#endIdle(root, link)) });
    return link;
  }

  #start(root: string): Link {
    return new ThreadLink({
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
  }

  #endIdle(root: string, link: Link): void {
    if (link.pendingCalls > 0) {
      this.on(root);
      return;
    }
    this.#links.delete(root);
    void this.#end(link);
  }

  /** Rejects with NOT_FOUND where the file is gone, STORAGE_UNAVAILABLE where the disk does not answer. */
  async open(root: string, path: string): Promise<ServedFile> {
    const facts = await this.on(root).call('fileFacts', { path });
    return {
      sizeBytes: facts.sizeBytes,
      etag: etagOf(facts),
      read: (start, end) =>
        Readable.from(
          chunksOf(() => this.on(root), path, start, end),
          { objectMode: false, highWaterMark: 1 },
        ),
    };
  }

  async close(): Promise<void> {
    const links = [...this.#links.values()];
    this.#links.clear();
    for (const { cancelIdle } of links) cancelIdle();
    await Promise.all(links.map(({ link }) => this.#end(link)));
  }

  async #end(link: Link): Promise<void> {
    link.send({ kind: 'close' });
    let cancel = () => {};
    const timeout = new Promise<void>((resolve) => {
      cancel = this.#clock.after(CLOSE_TIMEOUT_MS, resolve);
    });
    await Promise.race([link.exited, timeout]);
    cancel();
    if (!link.hasExited) link.terminate();
  }
}

async function* chunksOf(
  thread: () => Link,
  path: string,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; ) {
    const bytes = await thread().call('readFile', { path, at, length: Math.min(CHUNK_BYTES, end - at) });
    if (bytes.length === 0) throw new ApiError('NOT_FOUND', 'The file has become shorter while it was read.');
    at += bytes.length;
    yield bytes;
  }
}

function etagOf({ sizeBytes, mtimeMs }: FileFacts): string {
  return `"${sizeBytes.toString(36)}-${Math.round(mtimeMs).toString(36)}"`;
}
