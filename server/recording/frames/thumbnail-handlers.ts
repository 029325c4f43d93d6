import type { StreamId } from '../../../shared/names.ts';
import type { Attached, IndexReader } from '../store/index-reader.ts';
import type { IndexWriter } from '../store/index-writer.ts';
import { transfer } from '../store/rpc.ts';
import { StoreError } from '../store/store-error.ts';
import { isDamage, ThumbnailsDb } from './thumbnails-db.ts';

/** Keeps one; for the store's thread. */
export function keepThumbnail(
  index: IndexWriter,
  { stream, atMs, jpeg }: { stream: StreamId; atMs: number; jpeg: Uint8Array },
): void {
  withDb(writerOf(index), (db) => db.put(stream, { atMs, jpeg }));
}

/** For the reader's thread. */
export function findThumbnail(
  index: IndexReader,
  { stream, atMs, sinceMs }: { stream: StreamId; atMs: number; sinceMs: number },
) {
  const found = withDb(readerOf(index), (db) => db.find(stream, atMs, sinceMs));
  return found === undefined ? undefined : transfer(found, [found.jpeg.buffer]);
}

/** For the reader's thread. */
export function thumbnailTimes(
  index: IndexReader,
  { stream, fromMs, toMs, max }: { stream: StreamId; fromMs: number; toMs: number; max: number },
): number[] {
  return withDb(readerOf(index), (db) => db.times(stream, fromMs, toMs, max)) ?? [];
}

/** A database that is opened when it is first needed, and again after it failed. */
export class OpenedThumbnails implements Attached {
  readonly #open: () => ThumbnailsDb | undefined;
  #db: ThumbnailsDb | undefined;

  constructor(open: () => ThumbnailsDb | undefined) {
    this.#open = open;
  }

  get(): ThumbnailsDb | undefined {
    this.#db ??= this.#open();
    return this.#db;
  }

  close(): void {
    this.#db?.close();
    this.#db = undefined;
  }
}

export function writerOf(index: IndexWriter): OpenedThumbnails {
  const { recordingsDir } = index;
  return index.reader.attach(
    'thumbnails',
    () => new OpenedThumbnails(() => ThumbnailsDb.openToWrite(recordingsDir)),
  );
}

function readerOf(index: IndexReader): OpenedThumbnails {
  const { recordingsDir } = index;
  return index.attach('thumbnails', () => new OpenedThumbnails(() => ThumbnailsDb.openToRead(recordingsDir)));
}

/**
 * Does something with the thumbnails. What goes wrong with them is told in words of our own, for the codes of SQLite would
 * be taken as those of the index.
 */
export function withDb<T>(opened: OpenedThumbnails, work: (db: ThumbnailsDb) => T): T | undefined {
  try {
    const db = opened.get();
    return db === undefined ? undefined : work(db);
  } catch (failure) {
    // Opened anew next time; what is damaged is thrown away then.
    opened.close();
    const what = isDamage(failure) ? 'are damaged and made anew' : 'cannot be used just now';
    const detail = failure instanceof Error ? failure.message : String(failure);
    throw new StoreError('STORAGE_UNAVAILABLE', `The thumbnails ${what} (${detail}).`);
  }
}
