/** Lets so many work at once and so many more wait for their turn, first come first served. */
export class Turns {
  readonly #maxRunning: number;
  readonly #maxWaiting: number;
  readonly #refuse: () => Error;
  readonly #waiting: Array<() => void> = [];
  #running = 0;

  /** `refuse` makes the error for whoever finds too many waiting already. */
  constructor(options: { maxRunning: number; maxWaiting: number; refuse: () => Error }) {
    this.#maxRunning = options.maxRunning;
    this.#maxWaiting = options.maxWaiting;
    this.#refuse = options.refuse;
  }

  /** Does `work` when it is its turn. Rejects with what `refuse` makes, or as `work` does. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#maxRunning) this.#running += 1;
    else if (this.#waiting.length >= this.#maxWaiting) throw this.#refuse();
    // Whoever ends hands its place over, so `running` stays as it is.
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
