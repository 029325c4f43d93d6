/** Runs asynchronous steps one after the other, in the order they were given. */
export class Serial {
  #tail: Promise<unknown> = Promise.resolve();

  /** Settles as the step does; a step that fails does not keep the next from running. */
  run<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(step, step);
    this.#tail = result.catch(() => {});
    return result;
  }
}
