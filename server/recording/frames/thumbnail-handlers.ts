import type { StreamId } from '../../../shared/names.ts';
import type { IndexReader } from '../store/index-reader.ts';
import type { IndexWriter } from '../store/index-writer.ts';
import { transfer } from '../store/rpc.ts';
import { OpenedSide } from '../store/side-database.ts';
import { ThumbnailsDb } from './thumbnails-db.ts';

/** Keeps one; for the store's thread. */
export function keepThumbnail(
  index: IndexWriter,
  { stream, atMs, jpeg }: { stream: StreamId; atMs: number; jpeg: Uint8Array },
): void {
  thumbnailsToWrite(index).use((db) => db.put(stream, { atMs, jpeg }));
}

/** For the reader's thread. */
export function findThumbnail(
  index: IndexReader,
  { stream, atMs, sinceMs }: { stream: StreamId; atMs: number; sinceMs: number },
) {
  const found = thumbnailsToRead(index).use((db) => db.find(stream, atMs, sinceMs));
  return found === undefined ? undefined : transfer(found, [found.jpeg.buffer]);
}

/** For the reader's thread. */
export function thumbnailTimes(
  index: IndexReader,
  { stream, fromMs, toMs, max }: { stream: StreamId; fromMs: number; toMs: number; max: number },
): number[] {
  return thumbnailsToRead(index).use((db) => db.times(stream, fromMs, toMs, max)) ?? [];
}

/** The thumbnails of the store's thread. */
export function thumbnailsToWrite({ reader }: IndexWriter): OpenedSide<ThumbnailsDb> {
  return OpenedSide.of(reader, 'thumbnails', (recordingsDir) => ThumbnailsDb.openToWrite(recordingsDir));
}

function thumbnailsToRead(index: IndexReader): OpenedSide<ThumbnailsDb> {
  return OpenedSide.of(index, 'thumbnails', (recordingsDir) => ThumbnailsDb.openToRead(recordingsDir));
}
