import { GarbageChore } from './garbage.ts';
import type { IndexWriter } from './index-writer.ts';
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
  return [new Retention(index), new GarbageChore(index)];
}
