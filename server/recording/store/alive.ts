import type { Chore, Situation } from './chores.ts';
import type { IndexWriter } from './index-writer.ts';

const KEY = 'alive_ms';
const EVERY_MS = 10_000;

/** When the gateway was last known to run; 0 where that is not known. */
export function aliveMs(index: IndexWriter): number {
  return Number(index.meta(KEY) ?? 0);
}

/** The gateway runs now. To be called in a transaction, so that it costs nothing of its own. */
export function noteAlive(index: IndexWriter): void {
  index.setMeta(KEY, String(Math.round(index.clock.wallMs())));
}

/** Notes it too while nothing is recorded: else a crash while cameras are away would seem to have lasted as long as they were. */
export class AliveChore implements Chore {
  readonly #index: IndexWriter;

  constructor(index: IndexWriter) {
    this.#index = index;
  }

  step({ nowMs }: Situation): boolean {
    if (Math.abs(nowMs - aliveMs(this.#index)) >= EVERY_MS)
      this.#index.transaction(() => noteAlive(this.#index));
    return false;
  }
}
