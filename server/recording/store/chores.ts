import { EventChore } from '../events/event-chore.ts';
import { ThumbnailChore } from '../frames/thumbnail-chore.ts';
import { AliveChore } from './alive.ts';
import { GarbageChore } from './garbage.ts';
import type { IndexWriter } from './index-writer.ts';
import { isReconciling, Reconciling } from './reconcile.ts';
import { Retention } from './retention.ts';

/** What holds when a chore is asked to do something. */
export interface Situation {
  readonly nowMs: number;
  /** The disk refused a segment for want of space: free some at once if that can be. */
  readonly diskFull: boolean;
}

/** Work of the store's thread that fits between two batches of segments. */
export interface Chore {
  /** Does at most some 20 ms of work. True: there is more to do now. */
  step(situation: Situation): boolean;
}

/** Every chore of an index that was just opened, in the order in which they are done. */
export function choresOf(index: IndexWriter): Chore[] {
  return [
    new Reconciling(index),
    new WhenOldestIsKnown(index, new Retention(index)),
    new GarbageChore(index),
    new AliveChore(index),
    new ThumbnailChore(index),
    new EventChore(index),
  ];
}

/** Holds retention back while files may lie there that are older than what the index knows as the oldest. */
class WhenOldestIsKnown implements Chore {
  readonly #index: IndexWriter;
  readonly #chore: Chore;

  constructor(index: IndexWriter, chore: Chore) {
    this.#index = index;
    this.#chore = chore;
  }

  step(situation: Situation): boolean {
    if (isReconciling(this.#index) && !situation.diskFull) return false;
    return this.#chore.step(situation);
  }
}
