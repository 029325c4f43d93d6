import { heldBytes, type Unit } from './unit.ts';

/** How much all streams together may keep. */
export class GopBudget {
  readonly #maxBytes: number;
  #usedBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Takes `sizeBytes` where there is room for it. */
  take(sizeBytes: number): boolean {
    if (this.#usedBytes + sizeBytes > this.#maxBytes) return false;
    this.#usedBytes += sizeBytes;
    return true;
  }

  give(sizeBytes: number): void {
    this.#usedBytes -= sizeBytes;
  }
}

/**
 * A stream's current group of pictures: everything since the last key frame, sound included. A group that grows over
 * its bounds is let go whole, since a group without its key frame is worth nothing.
 */
export class GopCache {
  readonly #budget: GopBudget;
  readonly #maxBytes: number;
  #units: Unit[] = [];
  #sizeBytes = 0;

  constructor(budget: GopBudget, maxBytes: number) {
    this.#budget = budget;
    this.#maxBytes = maxBytes;
  }

  get units(): readonly Unit[] {
    return this.#units;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  add(unit: Unit): void {
    if (unit.format.kind === 'video' && unit.isKeyFrame) this.clear();
    else if (this.#units.length === 0) return;
    const sizeBytes = heldBytes(unit);
    if (this.#sizeBytes + sizeBytes > this.#maxBytes || !this.#budget.take(sizeBytes)) {
      this.clear();
      return;
    }
    this.#units.push(unit);
    this.#sizeBytes += sizeBytes;
  }

  clear(): void {
    this.#budget.give(this.#sizeBytes);
    this.#sizeBytes = 0;
    this.#units = [];
  }
}
