import type { RingEntry } from '../live.ts';
import type { Segment } from '../segment.ts';

/** How much all rings together may hold. */
export class RingBudget {
  readonly #maxBytes: number;
  readonly #rings = new Set<Ring>();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get usedBytes(): number {
    let sum = 0;
    for (const ring of this.#rings) sum += ring.sizeBytes;
    return sum;
  }

  add(ring: Ring): void {
    this.#rings.add(ring);
  }

  remove(ring: Ring): void {
    this.#rings.delete(ring);
  }

  /** Makes room by the oldest segment of whichever ring holds most; each keeps its newest one. */
  keep(): void {
    let used = this.usedBytes;
    while (used > this.#maxBytes) {
      const [largest] = [...this.#rings]
        .filter(({ entries }) => entries.length > 1)
        .sort((a, b) => b.sizeBytes - a.sizeBytes);
      if (largest === undefined) return;
      const before = largest.sizeBytes;
      largest.dropOldest();
      used -= before - largest.sizeBytes;
    }
  }
}

export interface RingLimits {
  /** Held whatever they last: as many as a playlist lists, and those that it listed a while ago. */
  readonly watchedSegments: number;
  /** The same while nobody watches: what a first player needs to begin. */
  readonly unwatchedSegments: number;
  /** Reach above those. */
  readonly maxMs: number;
  /** Above one segment. */
  readonly maxBytes: number;
}

/** The newest segments of one stream, in memory. */
export class Ring {
  readonly #limits: RingLimits;
  readonly #budget: RingBudget;
  #entries: RingEntry[] = [];
  #sizeBytes = 0;
  #nextSequence: number;
  /** Whether players ask for these segments just now. */
  isWatched = false;
  #discontinuities = 0;
  #recordingKey: string | undefined;

  /** `firstSequence`: of the first segment's place in the live playlist. */
  constructor(limits: RingLimits, budget: RingBudget, firstSequence: number) {
    this.#limits = limits;
    this.#nextSequence = firstSequence;
    this.#budget = budget;
    budget.add(this);
  }

  /** Oldest first; a new array whenever it has changed. */
  get entries(): readonly RingEntry[] {
    return this.#entries;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  add(segment: Segment): RingEntry {
    const { key } = segment.recording;
    if (this.#recordingKey !== undefined && key !== this.#recordingKey) this.#discontinuities += 1;
    this.#recordingKey = key;
    const entry = {
      sequence: this.#nextSequence,
      discontinuitySequence: this.#discontinuities,
      segment,
    };
    this.#nextSequence += 1;
    this.#entries = [...this.#entries, entry];
    this.#sizeBytes += segment.data.length;
    while (this.#isOver()) this.dropOldest();
    this.#budget.keep();
    return entry;
  }

  dropOldest(): void {
    const [oldest, ...rest] = this.#entries;
    if (oldest === undefined) return;
    this.#entries = rest;
    this.#sizeBytes -= oldest.segment.data.length;
  }

  /** Lets go of the segments; what follows keeps its place in the live playlist. */
  clear(): void {
    this.#entries = [];
    this.#sizeBytes = 0;
  }

  close(): void {
    this.clear();
    this.#budget.remove(this);
  }

  #isOver(): boolean {
    const { watchedSegments, unwatchedSegments, maxMs, maxBytes } = this.#limits;
    const minSegments = this.isWatched ? watchedSegments : unwatchedSegments;
    if (this.#entries.length <= 1) return false;
    if (this.#sizeBytes > maxBytes) return true;
    // By media time, which no set of this machine's clock changes.
    const laterMs = this.#entries.slice(1).reduce((sum, { segment }) => sum + segment.duration90k / 90, 0);
    return this.#entries.length > minSegments && laterMs > maxMs;
  }
}
