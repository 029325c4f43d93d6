import type { StreamId } from '../../../shared/names.ts';
import type { Chore, Situation } from '../store/chores.ts';
import type { IndexWriter } from '../store/index-writer.ts';
import { thumbnailsToWrite } from './thumbnail-handlers.ts';
import type { ThumbnailsDb } from './thumbnails-db.ts';

const SWEEP_EVERY_MS = 10 * 60_000;
/** Some milliseconds: each is one look into the index. */
const STEP_THUMBNAILS = 200;

/** Removes the thumbnails of what retention has deleted: those before a stream's expiry whose segment is no more. */
export class ThumbnailChore implements Chore {
  readonly #index: IndexWriter;
  /** Streams that this sweep has still to look at, and how far it got in the first of them. */
  #streams: StreamId[] = [];
  #afterMs = -1;
  #nextSweepMs = 0;

  constructor(index: IndexWriter) {
    this.#index = index;
  }

  step({ nowMs }: Situation): boolean {
    try {
      return thumbnailsToWrite(this.#index).use((db) => this.#step(db, nowMs)) ?? false;
    } catch (failure) {
      this.#streams = [];
      this.#index.log('warn', { err: failure }, 'old thumbnails could not be removed');
      return false;
    }
  }

  #step(db: ThumbnailsDb, nowMs: number): boolean {
    const [stream] = this.#streams;
    if (stream === undefined) {
      // The clock may have been set back since.
      if (nowMs < this.#nextSweepMs && this.#nextSweepMs - nowMs <= SWEEP_EVERY_MS) return false;
      this.#nextSweepMs = nowMs + SWEEP_EVERY_MS;
      this.#streams = db.streams();
      this.#afterMs = -1;
      return this.#streams.length > 0;
    }
    const row = this.#index.reader.streamRow(stream);
    const beforeMs = row?.expiredBeforeMs ?? Number.MAX_SAFE_INTEGER;
    const page = db.page(stream, this.#afterMs, beforeMs, STEP_THUMBNAILS);
    const exists = this.#index.reader.arrays('SELECT 1 FROM segments WHERE stream_id = ? AND start_ms = ?');
    const orphans = page.filter((atMs) => row === undefined || exists.get(row.id, atMs) === undefined);
    db.remove(stream, orphans);
    if (page.length === STEP_THUMBNAILS) {
      this.#afterMs = page.at(-1) ?? this.#afterMs;
    } else {
      db.forget(stream);
      this.#streams.shift();
      this.#afterMs = -1;
    }
    return this.#streams.length > 0;
  }
}
