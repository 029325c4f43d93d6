import type { Block } from './block.ts';

/** What deflate and the objects around a text cost besides it, roughly. */
const OVERHEAD = 1.15;
const OVERHEAD_BYTES = 600;

/** A block and what it was made from, to tell later whether it still holds. */
export interface KeptBlock {
  readonly block: Block;
  /** While this is the same, nothing has changed. */
  stamp: string;
  /** Of the rows; while this is the same, the block holds. */
  readonly fingerprint: string;
}

/** Blocks of closed hours, the least recently used of which go first when there are more bytes than allowed. */
export class BlockCache {
  readonly #maxBytes: number;
  readonly #blocks = new Map<string, KeptBlock>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): KeptBlock | undefined {
    const kept = this.#blocks.get(key);
    if (kept === undefined) return undefined;
    this.#blocks.delete(key);
    this.#blocks.set(key, kept);
    return kept;
  }

  set(key: string, kept: KeptBlock): void {
    this.#remove(key);
    this.#blocks.set(key, kept);
    this.#bytes += costOf(key, kept);
    for (const oldest of this.#blocks.keys()) {
      if (this.#bytes <= this.#maxBytes || oldest === key) break;
      this.#remove(oldest);
    }
  }

  #remove(key: string): void {
    const kept = this.#blocks.get(key);
    if (kept === undefined) return;
    this.#blocks.delete(key);
    this.#bytes -= costOf(key, kept);
  }
}

function costOf(key: string, { block }: KeptBlock): number {
  return block.part.text.length * OVERHEAD + key.length + OVERHEAD_BYTES;
}
