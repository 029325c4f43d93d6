import type { Level } from './quality-ladder.ts';

/** How many viewers are at each level below the full one, for the metrics. */
export class LevelCounts {
  readonly #counts = new Map<Level, number>();

  of(level: Exclude<Level, 'full'>): number {
    return this.#counts.get(level) ?? 0;
  }

  move(from: Level, to: Level): void {
    this.#add(from, -1);
    this.#add(to, 1);
  }

  #add(level: Level, change: number): void {
    if (level !== 'full') this.#counts.set(level, (this.#counts.get(level) ?? 0) + change);
  }
}
