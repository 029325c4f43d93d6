/** Undo steps collected while opening, run once, last in first out. A failing step does not stop the others. */
export class Closers {
  readonly #steps: Array<() => void | Promise<void>> = [];
  #closing: Promise<void> | undefined;

  add(step: () => void | Promise<void>): void {
    if (this.#closing !== undefined) {
      // Opened after the close began: undo at once, nothing may stay behind.
      void Promise.resolve(step()).catch(() => {});
      return;
    }
    this.#steps.push(step);
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** Runs every step and resolves when all are done; rejects with the first failure afterwards. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#run();
    return this.#closing;
  }

  async #run(): Promise<void> {
    const failures: unknown[] = [];
    for (const step of this.#steps.splice(0).reverse()) {
      try {
        await step();
      } catch (failure) {
        failures.push(failure);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
