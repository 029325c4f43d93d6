import type { CameraEvent } from '../../../shared/events.ts';
import { isDamage } from '../frames/thumbnails-db.ts';
import type { Attached, IndexReader } from '../store/index-reader.ts';
import type { IndexWriter } from '../store/index-writer.ts';
import { StoreError } from '../store/store-error.ts';
import { type EventQuery, EventsDb } from './events-db.ts';

/** For the store's thread: adds or changes them. */
export function keepEvents(index: IndexWriter, { events }: { events: readonly CameraEvent[] }): void {
  withEvents(writerOf(index), (db) => db.put(events));
}

/** For the store's thread. */
export function removeEvents(index: IndexWriter, { ids }: { ids: readonly string[] }): void {
  withEvents(writerOf(index), (db) => db.remove(ids));
}

/** For the store's thread, once at the start of a run: nobody tells the end of what was going on in the last one. */
export function endAbandonedEvents(index: IndexWriter): void {
  try {
    withEvents(writerOf(index), (db) => db.endAbandoned());
  } catch (failure) {
    index.log(
      'warn',
      { err: failure },
      'what was going on when the gateway stopped may still be shown as going on',
    );
  }
}

/** For the store's thread, which has what the reader's may not see yet. */
export function eventById(index: IndexWriter, { id }: { id: string }): CameraEvent | undefined {
  return withEvents(writerOf(index), (db) => db.get(id));
}

/** For the reader's thread. */
export function findEvents(index: IndexReader, { query }: { query: EventQuery }): CameraEvent[] {
  return withEvents(readerOf(index), (db) => db.find(query)) ?? [];
}

/** A database that is opened when it is first needed, and again after it failed. */
export class OpenedEvents implements Attached {
  readonly #open: () => EventsDb | undefined;
  #db: EventsDb | undefined;

  constructor(open: () => EventsDb | undefined) {
    this.#open = open;
  }

  get(): EventsDb | undefined {
    this.#db ??= this.#open();
    return this.#db;
  }

  close(): void {
    this.#db?.close();
    this.#db = undefined;
  }
}

export function writerOf(index: IndexWriter): OpenedEvents {
  const { recordingsDir } = index;
  return index.reader.attach('events', () => new OpenedEvents(() => EventsDb.openToWrite(recordingsDir)));
}

function readerOf(index: IndexReader): OpenedEvents {
  const { recordingsDir } = index;
  return index.attach('events', () => new OpenedEvents(() => EventsDb.openToRead(recordingsDir)));
}

/**
 * Does something with the events. What goes wrong with them is told in words of our own, for the codes of SQLite would be
 * taken as those of the index.
 */
export function withEvents<T>(opened: OpenedEvents, work: (db: EventsDb) => T): T | undefined {
  try {
    const db = opened.get();
    return db === undefined ? undefined : work(db);
  } catch (failure) {
    // Opened anew next time; what is damaged is thrown away then.
    opened.close();
    const what = isDamage(failure) ? 'are damaged and made anew' : 'cannot be used just now';
    const detail = failure instanceof Error ? failure.message : String(failure);
    throw new StoreError('STORAGE_UNAVAILABLE', `The events ${what} (${detail}). Try again in a moment.`);
  }
}
