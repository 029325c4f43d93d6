/**
 * RTSP header fields: case-insensitive names, repeated fields kept (several WWW-Authenticate), order kept.
 */
export class RtspHeaders {
  #entries: [name: string, value: string][] = [];

  constructor(entries: Iterable<readonly [name: string, value: string]> = []) {
    for (const [name, value] of entries) this.#entries.push([name, value]);
  }

  /** The first field of that name. */
  get(name: string): string | undefined {
    const wanted = name.toLowerCase();
    return this.#entries.find(([key]) => key.toLowerCase() === wanted)?.[1];
  }

  all(name: string): readonly string[] {
    const wanted = name.toLowerCase();
    return this.#entries.filter(([key]) => key.toLowerCase() === wanted).map(([, value]) => value);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Replaces every field of that name. */
  set(name: string, value: string): this {
    this.delete(name);
    return this.append(name, value);
  }

  append(name: string, value: string): this {
    this.#entries.push([name, value]);
    return this;
  }

  /** Adds to the field that came last: a line that begins with a blank belongs to the one before (RFC 2326 section 15.1). */
  continueLast(value: string): void {
    const last = this.#entries.at(-1);
    if (last !== undefined) last[1] = `${last[1]} ${value}`.trim();
  }

  delete(name: string): void {
    const wanted = name.toLowerCase();
    this.#entries = this.#entries.filter(([key]) => key.toLowerCase() !== wanted);
  }

  get size(): number {
    return this.#entries.length;
  }

  [Symbol.iterator](): Iterator<readonly [name: string, value: string]> {
    return this.#entries[Symbol.iterator]();
  }
}
