import type { StreamId } from '../../../shared/names.ts';
import type { Chore, Situation } from '../store/chores.ts';
import type { IndexWriter } from '../store/index-writer.ts';
import { keepMsOf } from '../store/retention.ts';
import { eventsToWrite, hasFootage } from './event-handlers.ts';
import type { EventsDb } from './events-db.ts';

const SWEEP_EVERY_MS = 10 * 60_000;
/** Some milliseconds: each is one look into the index. */
const STEP_EVENTS = 200;
/** A camera that sees motion in every leaf must not fill the disk with it. */
const MAX_OF_STREAM = 100_000;

const START = { startMs: -1, id: '' };

/**
 * Removes the events of times of which nothing is kept any more: those that retention has deleted, and what is older than
 * a stream is kept, where it was never recorded. What footage is left of, for a lock or another reason, keeps its events.
 */
export class EventChore implements Chore {
  readonly #index: IndexWriter;
  readonly #maxOfStream: number;
  /** Streams that this sweep has still to look at, and how far it got in the first of them. */
  #streams: StreamId[] = [];
  #after = START;
  #nextSweepMs = 0;

  constructor(index: IndexWriter, maxOfStream = MAX_OF_STREAM) {
    this.#index = index;
    this.#maxOfStream = maxOfStream;
  }

  step({ nowMs }: Situation): boolean {
    try {
      return eventsToWrite(this.#index).use((db) => this.#step(db, nowMs)) ?? false;
    } catch (failure) {
      this.#streams = [];
      this.#index.log('warn', { err: failure }, 'old events could not be removed');
      return false;
    }
  }

  #step(db: EventsDb, nowMs: number): boolean {
    const [stream] = this.#streams;
    if (stream === undefined) {
      // The clock may have been set back since.
      if (nowMs < this.#nextSweepMs && this.#nextSweepMs - nowMs <= SWEEP_EVERY_MS) return false;
      this.#nextSweepMs = nowMs + SWEEP_EVERY_MS;
      this.#streams = db.streams();
      this.#after = START;
      return this.#streams.length > 0;
    }
    const keepMs = keepMsOf(this.#index, stream);
    // Nothing is deleted before it is known how long it is to be kept.
    if (keepMs === undefined) {
      this.#streams = [];
      this.#nextSweepMs = 0;
      return false;
    }
    const row = this.#index.reader.streamRow(stream);
    const tooManyBeforeMs = db.startOfNewest(stream, this.#maxOfStream) ?? 0;
    const beforeMs = Math.max(nowMs - keepMs, row?.expiredBeforeMs ?? 0, tooManyBeforeMs);
    const page = db.page(stream, this.#after, beforeMs, STEP_EVENTS);
    const isOfFootage = (event: { startMs: number; endMs: number }) =>
      row !== undefined && hasFootage(this.#index, row.id, event);
    const gone = page.filter((event) => event.startMs < tooManyBeforeMs || !isOfFootage(event));
    if (gone.length > 0) db.remove(gone.map(({ id }) => id));
    const last = page.at(-1);
    if (page.length === STEP_EVENTS && last !== undefined) {
      this.#after = last;
    } else {
      db.forget(stream);
      this.#streams.shift();
      this.#after = START;
    }
    return this.#streams.length > 0;
  }
}
