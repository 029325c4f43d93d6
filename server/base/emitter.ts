/** A list of listeners. One that throws does not keep the others from hearing; subscribe returns its undo. */
export class Listeners<T> {
  readonly #listeners = new Set<(value: T) => void>();
  readonly #onFailure: (failure: unknown) => void;

  constructor(onFailure: (failure: unknown) => void = rethrowLater) {
    this.#onFailure = onFailure;
  }

  add(listener: (value: T) => void): () => void {
    // A wrapper of its own, so that the same function added twice is heard twice and undone once each.
    const entry = (value: T) => listener(value);
    this.#listeners.add(entry);
    return () => {
      this.#listeners.delete(entry);
    };
  }

  emit(value: T): void {
    for (const listener of this.#listeners) {
      try {
        listener(value);
      } catch (failure) {
        this.#onFailure(failure);
      }
    }
  }

  get size(): number {
    return this.#listeners.size;
  }

  clear(): void {
    this.#listeners.clear();
  }
}

function rethrowLater(failure: unknown): void {
  queueMicrotask(() => {
    throw failure;
  });
}
