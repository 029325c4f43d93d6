import type { HourText } from './block.ts';

/** What the objects around cost, roughly. */
const OVERHEAD_BYTES = 1_000;

/** A closed hour and what it was made from, to tell later whether it still holds. */
export interface KeptHour {
  readonly hour: HourText;
  /** While this is the same, nothing has changed. */
  stamp: string;
  /** Of the rows; while this is the same, the hour holds. */
  readonly fingerprint: string;
}

/** Closed hours, the least recently used of which go first when there are more bytes than allowed. */
export class HourCache {
  readonly #maxBytes: number;
  readonly #hours = new Map<string, KeptHour>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): KeptHour | undefined {
    const kept = this.#hours.get(key);
    if (kept === undefined) return undefined;
    this.#hours.delete(key);
    this.#hours.set(key, kept);
    return kept;
  }

  set(key: string, kept: KeptHour): void {
    this.#remove(key);
    this.#hours.set(key, kept);
    this.#bytes += costOf(key, kept);
    for (const oldest of this.#hours.keys()) {
      if (this.#bytes <= this.#maxBytes || oldest === key) break;
      this.#remove(oldest);
    }
  }

  #remove(key: string): void {
    const kept = this.#hours.get(key);
    if (kept === undefined) return;
    this.#hours.delete(key);
    this.#bytes -= costOf(key, kept);
  }
}

function costOf(key: string, { hour }: KeptHour): number {
  return hour.sizeBytes + key.length + OVERHEAD_BYTES;
}
