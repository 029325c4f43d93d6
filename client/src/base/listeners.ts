/** A list of callbacks. Adding one returns its undo; one that throws does not keep the others from being told. */
export class Listeners<T> {
  readonly #callbacks = new Set<(value: T) => void>();

  add(callback: (value: T) => void): () => void {
    // A wrapper, so that the same function added twice is told twice and undone one by one.
    const own = (value: T): void => callback(value);
    this.#callbacks.add(own);
    return () => this.#callbacks.delete(own);
  }

  emit(value: T): void {
    for (const callback of [...this.#callbacks]) {
      try {
        callback(value);
      } catch (error) {
        // Rethrown where the browser reports it, outside of our own call chain.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  clear(): void {
    this.#callbacks.clear();
  }
}
