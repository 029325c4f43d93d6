import type { CameraEvent } from '../../../shared/events.ts';
import type { IndexReader } from '../store/index-reader.ts';
import type { IndexWriter } from '../store/index-writer.ts';
import { OpenedSide } from '../store/side-database.ts';
import { type EventQuery, EventsDb } from './events-db.ts';

/** For the store's thread: adds or changes them. */
export function keepEvents(index: IndexWriter, { events }: { events: readonly CameraEvent[] }): void {
  eventsToWrite(index).use((db) => db.put(events));
}

/** For the store's thread. */
export function removeEvents(index: IndexWriter, { ids }: { ids: readonly string[] }): void {
  eventsToWrite(index).use((db) => db.remove(ids));
}

/** For the store's thread, once at the start of a run: nobody tells the end of what was going on in the last one. */
export function endAbandonedEvents(index: IndexWriter): void {
  try {
    eventsToWrite(index).use((db) => db.endAbandoned());
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
  return eventsToWrite(index).use((db) => db.get(id));
}

/** For the reader's thread. */
export function findEvents(index: IndexReader, { query }: { query: EventQuery }): CameraEvent[] {
  return eventsToRead(index).use((db) => db.find(query)) ?? [];
}

/** For the store's thread: whether anything is kept of the time of an event. */
export function hasFootage(
  { reader }: IndexWriter,
  streamRowId: number,
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
): boolean {
  const found = reader
    .arrays(
      'SELECT 1 FROM segments WHERE stream_id = ? AND start_ms < ? AND start_ms > ? - 60000 AND end_ms > ? LIMIT 1',
    )
    .get(streamRowId, endMs, startMs, startMs);
  return found !== undefined;
}

/** The events of the store's thread. */
export function eventsToWrite({ reader }: IndexWriter): OpenedSide<EventsDb> {
  return OpenedSide.of(reader, 'events', (recordingsDir) => EventsDb.openToWrite(recordingsDir));
}

function eventsToRead(index: IndexReader): OpenedSide<EventsDb> {
  return OpenedSide.of(index, 'events', (recordingsDir) => EventsDb.openToRead(recordingsDir));
}
