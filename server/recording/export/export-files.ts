import { Readable } from 'node:stream';
import { ApiError } from '../../../shared/errors.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import { Turns } from '../../base/turns.ts';
import type { CallMessage } from '../store/rpc.ts';
import { ThreadLink } from '../store/thread-link.ts';
import type { FileFacts, FilesHandlers } from './files-handlers.ts';

/** A finished file. */
export interface ServedFile {
  readonly sizeBytes: number;
  /** A strong entity tag with its quotes: these files never change under their name. */
  readonly etag: string;
  /** The bytes from `start` up to but without `end`. Throws RATE_LIMITED where too many files are being read. */
  read(start: number, end: number): Readable;
}

type Link = ThreadLink<FilesHandlers, CallMessage | { readonly kind: 'close' }, never>;

const CHUNK_BYTES = 256 * 1024;
/**
 * Chunks that are on their way from the thread: what comes at once is sent at once, and hundreds of them would hold the media
 * loop for seconds.
 */
const MAX_CHUNKS = 4;
/** Each of them holds some chunks in memory for as long as its reader likes. */
const MAX_DOWNLOADS = 64;
const RETRY_AFTER_MS = 5_000;
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
  readonly #turns = new Map<string, Turns>();
  #downloads = 0;

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
      read: (start, end) => this.#read(root, path, start, end),
    };
  }

  #read(root: string, path: string, start: number, end: number): Readable {
    if (this.#downloads >= MAX_DOWNLOADS) {
      throw tooManyDownloads();
    }
    const turns = this.#turnsOf(root);
    const readChunk = (at: number, length: number) =>
      turns.run(() => this.on(root).call('readFile', { path, at, length }));
    const body = Readable.from(chunksOf(readChunk, start, end), { objectMode: false, highWaterMark: 1 });
    this.#downloads += 1;
    body.once('close', () => {
      this.#downloads -= 1;
    });
    return body;
  }

  /** Of each folder its own: they may be on different disks, of which one hangs. */
  #turnsOf(root: string): Turns {
    const known = this.#turns.get(root);
    if (known !== undefined) return known;
    const turns = new Turns({ maxRunning: MAX_CHUNKS, maxWaiting: MAX_DOWNLOADS, refuse: tooManyDownloads });
    this.#turns.set(root, turns);
    return turns;
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
  readChunk: (at: number, length: number) => Promise<Uint8Array>,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; ) {
    const bytes = await readChunk(at, Math.min(CHUNK_BYTES, end - at));
    if (bytes.length === 0) throw new ApiError('NOT_FOUND', 'The file has become shorter while it was read.');
    at += bytes.length;
    yield bytes;
  }
}

function tooManyDownloads(): ApiError {
  return new ApiError(
    'RATE_LIMITED',
    `${MAX_DOWNLOADS} files are being sent already. Try again in a moment.`,
    { retryAfterMs: RETRY_AFTER_MS },
  );
}

function etagOf({ sizeBytes, mtimeMs }: FileFacts): string {
  return `"${sizeBytes.toString(36)}-${Math.round(mtimeMs).toString(36)}"`;
}
