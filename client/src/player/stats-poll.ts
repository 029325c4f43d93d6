import type { PlayerStats } from './stats.ts';

const EVERY_MS = 1_000;

/** Looks at the figures now and then while they are shown. */
export class StatsPoll {
  readonly #look: () => Promise<PlayerStats | undefined>;
  readonly #onChange: () => void;
  #latest: PlayerStats | undefined;
  #ticker: ReturnType<typeof setInterval> | undefined;

  constructor(look: () => Promise<PlayerStats | undefined>, onChange: () => void) {
    this.#look = look;
    this.#onChange = onChange;
  }

  /** Undefined while there are none to show. */
  get latest(): PlayerStats | undefined {
    return this.#latest;
  }

  turn(on: boolean): void {
    clearInterval(this.#ticker);
    this.#ticker = undefined;
    if (on) {
      this.#ticker = setInterval(() => void this.#update(), EVERY_MS);
      void this.#update();
    } else this.forget();
    this.#onChange();
  }

  /** What was seen is of another stream. */
  forget(): void {
    this.#latest = undefined;
  }

  async #update(): Promise<void> {
    const now = await this.#look();
    if (this.#ticker === undefined) return;
    this.#latest = now;
    this.#onChange();
  }
}
