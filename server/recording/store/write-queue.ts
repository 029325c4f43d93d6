import type { StreamId } from '../../../shared/names.ts';
import type { LedgerNote } from './index-reader.ts';
import type { BatchItem } from './write-batch.ts';

export interface QueueLimits {
  /** Media that waits for the disk, of one stream and of all. */
  readonly streamBytes: number;
  readonly totalBytes: number;
}

/** A segment that is taken and not in the index yet. */
export interface QueuedSegment {
  readonly startMs: number;
  readonly endMs: number;
  readonly sizeBytes: number;
}

export interface NumberedItem {
  readonly seq: number;
  readonly item: BatchItem;
}

/** Memory that all roots share. */
export class MemoryBudget {
  readonly maxBytes: number;
  usedBytes = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }
}

/** What a store's thread has been given and has not made durable yet; kept here, so that a thread may die. Pure. */
export class WriteQueue {
  readonly #items: NumberedItem[] = [];
  readonly #streamBytes = new Map<StreamId, number>();
  readonly #limits: QueueLimits;
  readonly #budget: MemoryBudget;
  #nextSeq = 1;

  constructor(limits: QueueLimits, budget: MemoryBudget) {
    this.#limits = limits;
    this.#budget = budget;
  }

  get length(): number {
    return this.#items.length;
  }

  get items(): readonly NumberedItem[] {
    return this.#items;
  }

  fits(stream: StreamId, sizeBytes: number): boolean {
    const used = this.#streamBytes.get(stream) ?? 0;
    // However large it is, one fits where nothing else waits: nothing is bounded to nothing.
    if (used === 0 && this.#budget.usedBytes === 0) return true;
    return (
      used + sizeBytes <= this.#limits.streamBytes &&
      this.#budget.usedBytes + sizeBytes <= this.#budget.maxBytes
    );
  }

  push(item: BatchItem): NumberedItem {
    const numbered = { seq: this.#nextSeq, item };
    this.#nextSeq += 1;
    this.#items.push(numbered);
    if (item.kind === 'segment') this.#count(item.stream, item.segment.data.length);
    return numbered;
  }

  /** Everything up to `seq` is durable. */
  settle(upToSeq: number): void {
    let count = 0;
    for (const { seq, item } of this.#items) {
      if (seq > upToSeq) break;
      count += 1;
      if (item.kind === 'segment') this.#count(item.stream, -item.segment.data.length);
    }
    this.#items.splice(0, count);
  }

  /** Gives up all that waits. */
  clear(): void {
    this.settle(Number.POSITIVE_INFINITY);
  }

  queued(stream: StreamId): { segments: QueuedSegment[]; notes: LedgerNote[] } {
    const segments: QueuedSegment[] = [];
    const notes: LedgerNote[] = [];
    for (const { item } of this.#items) {
      if (item.stream !== stream) continue;
      if (item.kind === 'note') notes.push({ atMs: item.atMs, reason: item.reason });
      else {
        const { startMs, endMs, data } = item.segment;
        segments.push({ startMs, endMs, sizeBytes: data.length });
      }
    }
    return { segments, notes };
  }

  /** The media of a segment that waits. */
  find(stream: StreamId, startMs: number): Buffer | undefined {
    for (const { item } of this.#items) {
      if (item.kind === 'segment' && item.stream === stream && item.segment.startMs === startMs)
        return item.segment.data;
    }
    return undefined;
  }

  #count(stream: StreamId, bytes: number): void {
    this.#budget.usedBytes += bytes;
    const left = (this.#streamBytes.get(stream) ?? 0) + bytes;
    if (left === 0) this.#streamBytes.delete(stream);
    else this.#streamBytes.set(stream, left);
  }
}
