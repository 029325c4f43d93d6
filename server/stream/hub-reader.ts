import type { Reader, ReaderOptions, StateChange } from './reader.ts';
import { heldBytes, type TrackFormat, type TrackKind, type Unit } from './unit.ts';

const DEFAULT_MAX_QUEUE_BYTES = 4 * 1024 * 1024;

/**
 * One reader of a stream: a bounded queue in front of `write`. It never makes the stream wait: what does not fit is
 * dropped and counted, and the reader goes on at the next key frame.
 */
export class HubReader implements Reader {
  readonly options: ReaderOptions;
  readonly #onClose: (reader: HubReader) => void;
  readonly #maxQueueBytes: number;
  /** Sound is no beginning unless there is nothing else. */
  readonly #firstKind: TrackKind;
  #queue: Unit[] = [];
  #queueBytes = 0;
  #isFull = false;
  #awaitsKeyFrame = true;
  #hasStarted = false;
  #isClosed = false;
  #droppedUnits = 0;

  constructor(options: ReaderOptions, onClose: (reader: HubReader) => void, firstKind: TrackKind = 'video') {
    this.options = options;
    this.#firstKind = firstKind;
    this.#onClose = onClose;
    this.#maxQueueBytes = options.maxQueueBytes ?? DEFAULT_MAX_QUEUE_BYTES;
  }

  get droppedUnits(): number {
    return this.#droppedUnits;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Begins: tracks and state first, then the kept group of pictures where it was asked for. */
  start(tracks: readonly TrackFormat[], state: StateChange, cached: readonly Unit[]): void {
    if (this.#isClosed) return;
    this.#hasStarted = true;
    if (tracks.length > 0) this.options.onTracks?.(tracks);
    this.options.onState?.(state);
    if (this.options.start === 'cached') for (const unit of cached) this.deliver(unit);
  }

  deliver(unit: Unit): void {
    if (!this.#hasStarted || this.#isClosed) return;
    if (this.#awaitsKeyFrame) {
      if (unit.format.kind !== this.#firstKind || !unit.isKeyFrame) return;
      this.#awaitsKeyFrame = false;
    }
    if (!this.#isFull) {
      this.#isFull = !this.options.write(unit);
      return;
    }
    this.#queue.push(unit);
    this.#queueBytes += heldBytes(unit);
    if (this.#queueBytes > this.#maxQueueBytes) this.#dropQueue();
  }

  /** The source went away: what follows starts with a key frame. */
  interrupted(): void {
    this.#awaitsKeyFrame = true;
  }

  drained(): void {
    this.#isFull = false;
    let sent = 0;
    while (sent < this.#queue.length && !this.#isFull && !this.#isClosed) {
      const unit = this.#queue[sent];
      sent += 1;
      if (unit === undefined) break;
      this.#queueBytes -= heldBytes(unit);
      this.#isFull = !this.options.write(unit);
    }
    this.#queue.splice(0, sent);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queue = [];
    this.#queueBytes = 0;
    this.#onClose(this);
  }

  /** The stream ends: as `close()`, but told to the reader. */
  end(): void {
    if (this.#isClosed) return;
    this.close();
    this.options.onEnd?.();
  }

  #dropQueue(): void {
    this.#droppedUnits += this.#queue.length;
    this.#queue = [];
    this.#queueBytes = 0;
    this.#awaitsKeyFrame = true;
  }
}
