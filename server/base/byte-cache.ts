/**
 * The most recently used byte strings by key, within a bound of bytes. Who asks for what is being made already waits for it;
 * a failure is told to all who wait and not kept.
 */
export class ByteCache<T extends { readonly sizeBytes: number }> {
  readonly #maxBytes: number;
  /** Least recently used first. */
  readonly #kept = new Map<string, T>();
  readonly #inWork = new Map<string, Promise<T>>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get sizeBytes(): number {
    return this.#bytes;
  }

  get(key: string, make: () => Promise<T>): Promise<T> {
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      return Promise.resolve(kept);
    }
    let work = this.#inWork.get(key);
    if (work === undefined) {
      work = this.#make(key, make);
      this.#inWork.set(key, work);
    }
    return work;
  }

  async #make(key: string, make: () => Promise<T>): Promise<T> {
    try {
      const made = await make();
      this.#keep(key, made);
      return made;
    } finally {
      this.#inWork.delete(key);
    }
  }

  #keep(key: string, made: T): void {
    this.#kept.set(key, made);
    this.#bytes += made.sizeBytes;
    for (const [oldest, { sizeBytes }] of this.#kept) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#kept.delete(oldest);
      this.#bytes -= sizeBytes;
    }
  }
}
