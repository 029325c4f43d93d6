import { type GopBudget, heldBytes, type Unit } from '../../stream/index.ts';

interface Group {
  readonly startPts90k: number;
  readonly units: Unit[];
  sizeBytes: number;
}

export interface ReplayBufferOptions {
  readonly maxBytes: number;
  /** Reach of what is kept, in media time. */
  readonly maxMs: number;
}

/**
 * The units that FFmpeg has not turned into TS yet, in whole groups of pictures: should it die or hang, the next one is
 * given them again and nothing is lost. Mostly the same buffers as in the hub's kept group of pictures.
 */
export class ReplayBuffer {
  readonly #options: ReplayBufferOptions;
  readonly #budget: GopBudget;
  #groups: Group[] = [];
  #sizeBytes = 0;

  /** `budget` is shared with the other streams. */
  constructor(options: ReplayBufferOptions, budget: GopBudget) {
    this.#options = options;
    this.#budget = budget;
  }

  /** Oldest first; the first one is a key frame. */
  get units(): Unit[] {
    return this.#groups.flatMap((group) => group.units);
  }

  get isEmpty(): boolean {
    return this.#groups.length === 0;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  add(unit: Unit): void {
    if (unit.format.kind === 'video' && unit.isKeyFrame) {
      this.#groups.push({ startPts90k: unit.pts90k, units: [], sizeBytes: 0 });
    }
    const group = this.#groups.at(-1);
    if (group === undefined) return;
    const sizeBytes = heldBytes(unit);
    if (!this.#budget.take(sizeBytes)) {
      // No room for all streams: better none of this one's than a group with a hole.
      this.clear();
      return;
    }
    group.units.push(unit);
    group.sizeBytes += sizeBytes;
    this.#sizeBytes += sizeBytes;
    this.#keepBounds(unit.pts90k);
  }

  /** FFmpeg has written the picture of `pts90k`: what lies before its group of pictures is not needed again. */
  release(pts90k: number): void {
    // At the key frame itself it may have been written in part only.
    while ((this.#groups[1]?.startPts90k ?? Number.POSITIVE_INFINITY) < pts90k) this.#dropFirst();
  }

  clear(): void {
    this.#groups = [];
    this.#budget.give(this.#sizeBytes);
    this.#sizeBytes = 0;
  }

  #keepBounds(newestPts90k: number): void {
    const { maxBytes, maxMs } = this.#options;
    const isOver = () =>
      this.#sizeBytes > maxBytes || newestPts90k - (this.#groups[0]?.startPts90k ?? 0) > maxMs * 90;
    while (this.#groups.length > 1 && isOver()) this.#dropFirst();
    // A single group over its bounds is worth nothing without its key frame: wait for the next one.
    if (this.#sizeBytes > maxBytes) this.clear();
  }

  #dropFirst(): void {
    const sizeBytes = this.#groups.shift()?.sizeBytes ?? 0;
    this.#sizeBytes -= sizeBytes;
    this.#budget.give(sizeBytes);
  }
}
