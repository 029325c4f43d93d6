import { type Signal, signal } from '@preact/signals';
import { type StreamKey, thumbnailUrl } from '../../recordings/api.ts';

/** The browser has six connections to a gateway; the rest is for video. */
const MAX_LOADING = 3;
const MAX_KEPT = 240;

/** The small pictures that are there already, and a queue of those that are wanted. */
export class Film {
  /** Goes up when another picture is there. */
  readonly version: Signal<number> = signal(0);
  readonly #stream: StreamKey;
  /** By their times, those used last at the end; undefined while they are on their way. */
  readonly #pictures = new Map<number, HTMLImageElement | undefined>();
  #wanted: readonly number[] = [];
  #loading = 0;
  #closed = false;

  constructor(stream: StreamKey) {
    this.#stream = stream;
  }

  /** What is there of a time that a small picture is kept of. */
  at(atMs: number): HTMLImageElement | undefined {
    const picture = this.#pictures.get(atMs);
    if (picture === undefined) return undefined;
    this.#pictures.delete(atMs);
    this.#pictures.set(atMs, picture);
    return picture;
  }

  /** Gets these, in this order, and forgets what was wanted before. */
  want(timesMs: readonly number[]): void {
    this.#wanted = timesMs.filter((atMs) => !this.#pictures.has(atMs));
    this.#loadMore();
  }

  /** Gets this one before all others. */
  wantFirst(atMs: number): void {
    if (this.#pictures.has(atMs)) return;
    this.#wanted = [atMs, ...this.#wanted.filter((other) => other !== atMs)];
    this.#loadMore();
  }

  close(): void {
    this.#closed = true;
    this.#wanted = [];
    this.#pictures.clear();
  }

  #loadMore(): void {
    while (this.#loading < MAX_LOADING) {
      const [next, ...rest] = this.#wanted;
      if (next === undefined) return;
      this.#wanted = rest;
      if (!this.#pictures.has(next)) void this.#load(next);
    }
  }

  async #load(atMs: number): Promise<void> {
    this.#loading += 1;
    this.#pictures.set(atMs, undefined);
    const picture = new Image();
    picture.src = thumbnailUrl(this.#stream, atMs);
    try {
      await picture.decode();
      if (this.#closed) return;
      this.#pictures.set(atMs, picture);
      this.#forgetOld();
      this.version.value += 1;
    } catch {
      // Deleted since, or the gateway is away: it may be wanted again.
      this.#pictures.delete(atMs);
    } finally {
      this.#loading -= 1;
      if (!this.#closed) this.#loadMore();
    }
  }

  #forgetOld(): void {
    for (const [atMs, picture] of this.#pictures) {
      if (this.#pictures.size <= MAX_KEPT) return;
      if (picture !== undefined) this.#pictures.delete(atMs);
    }
  }
}
