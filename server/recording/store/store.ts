import type { Clock } from '../../base/clock.ts';
import type { Chore } from './chores.ts';
import { diskFaultOf, isOfDisk } from './disk-fault.ts';
import { DiskMissing } from './disk-marker.ts';
import { holdReserve, releaseReserve } from './disk-reserve.ts';
import type { IndexWriter } from './index-writer.ts';
import { type OpenedStore, openStore } from './opened-store.ts';
import { answerCall, type CallMessage, describeFailure } from './rpc.ts';
import { storeHandlers } from './store-handlers.ts';
import type { FromStore, KeptStream, StoreState, ToStore } from './store-messages.ts';
import { type BatchItem, type WrittenSegment, writeBatch } from './write-batch.ts';

const BATCH_BYTES = 32 * 1024 * 1024;
const BATCH_ITEMS = 64;
const RETRY_MS = 1_000;
const IDLE_CHORES_MS = 1_000;
/** How long segments are preferred to chores that have more to do. */
const CHORE_TURN_MS = 20;
/** How long a chore that failed is left alone. */
const CHORE_REST_MS = 10_000;
const RESERVE_EVERY_MS = 10_000;
const SQLITE_CORRUPT = 11;

interface QueuedItem {
  readonly seq: number;
  readonly item: BatchItem;
}

type OpenOrder = Pick<Extract<ToStore, { kind: 'open' }>, 'expectedUuid' | 'isNewRun'>;

export interface StoreOptions {
  readonly recordingsDir: string;
  readonly clock: Clock;
  readonly post: (message: FromStore, buffers?: readonly ArrayBuffer[]) => void;
  /** Messages that have arrived but were not handed to `handle` yet, so that a batch takes in all there is. */
  readonly receive: () => ToStore | undefined;
  /** Called once everything is closed. */
  readonly onClosed: () => void;
}

/**
 * The only writer of a recordings folder. It runs in a thread of its own, since everything in it waits for the disk:
 * segments are written in batches, chores fit in between, and what fails is tried again until it works or the folder
 * is seen to be gone.
 */
export class Store {
  readonly #options: StoreOptions;
  readonly #clock: Clock;
  readonly #queue: QueuedItem[] = [];
  #opened: OpenedStore | undefined;
  #state: StoreState | undefined;
  #isClosing = false;
  #isIndexDamaged = false;
  #openOrder: OpenOrder = { expectedUuid: undefined, isNewRun: true };
  #cancelTurn: (() => void) | undefined;
  #turnDueMs = 0;
  #choresMs = 0;
  #reserveDueMs = 0;
  #nextChore = 0;
  readonly #choreRests = new WeakMap<Chore, number>();
  #isSuspect = false;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#clock = options.clock;
  }

  handle(message: ToStore): void {
    switch (message.kind) {
      case 'open':
        this.#open(message);
        break;
      case 'item':
        this.#queue.push(message);
        // A batch that fails is tried again in its own time.
        if (this.#state?.kind === 'ready') this.#scheduleTurn(0);
        break;
      case 'call':
        this.#call(message);
        break;
      case 'suspect':
        this.#isSuspect = true;
        this.#scheduleTurn(0);
        break;
      case 'close':
        this.#isClosing = true;
        this.#scheduleTurn(0);
    }
  }

  #open(order: OpenOrder): void {
    if (this.#opened !== undefined || this.#isClosing) return;
    const { recordingsDir, clock } = this.#options;
    this.#openOrder = order;
    try {
      const isIndexDamaged = this.#isIndexDamaged;
      this.#opened = openStore({ recordingsDir, ...order, isIndexDamaged, clock, log: this.#log });
      this.#isIndexDamaged = false;
    } catch (failure) {
      const { reason } = diskFaultOf(failure, recordingsDir);
      if (reason === 'DISK_FULL' && releaseReserve(recordingsDir)) this.#open(order);
      else this.#fail(failure);
      return;
    }
    this.#openOrder = { expectedUuid: this.#opened.uuid, isNewRun: false };
    this.#options.post({ kind: 'opened', uuid: this.#opened.uuid });
    for (const { id } of this.#opened.index.reader.streams()) this.#opened.index.changed.add(id);
    this.#tellKept(this.#opened);
    this.#setState({ kind: 'ready' });
    this.#scheduleTurn(0);
  }

  #call(message: CallMessage): void {
    if (this.#opened === undefined) {
      const text =
        this.#state === undefined || this.#state.kind === 'ready'
          ? 'The disk with the recordings is not ready yet; try again in a moment.'
          : this.#state.message;
      this.#options.post({ kind: 'failure', id: message.id, code: 'STORAGE_UNAVAILABLE', message: text });
      return;
    }
    try {
      this.#opened.watch.check();
    } catch (failure) {
      this.#fail(failure);
      const text = describeFailure(failure).message;
      this.#options.post({ kind: 'failure', id: message.id, code: 'STORAGE_UNAVAILABLE', message: text });
      return;
    }
    const { answer, buffers, failure } = answerCall(storeHandlers, this.#opened.index, message);
    this.#options.post(answer, buffers);
    if (failure !== undefined && diskFaultOf(failure, this.#options.recordingsDir).isIndexDamaged)
      this.#isSuspect = true;
    this.#scheduleTurn(0);
  }

  #holdReserve(): void {
    if (this.#clock.monotonicMs() < this.#reserveDueMs) return;
    this.#reserveDueMs = this.#clock.monotonicMs() + RESERVE_EVERY_MS;
    holdReserve(this.#options.recordingsDir);
  }

  /** Somebody came upon damage, in this database or in one beside it. Takes half a second for a million segments. */
  #checkIndex({ index }: OpenedStore): void {
    this.#isSuspect = false;
    const { quick_check: result } = index.database.prepare('PRAGMA quick_check(1)').get() ?? {};
    if (result !== 'ok') throw Object.assign(new Error(String(result)), { errcode: SQLITE_CORRUPT });
  }

  /** One batch, then chores while nothing waits. */
  #turn(): void {
    this.#receiveAll();
    const opened = this.#opened;
    if (opened === undefined) {
      if (this.#isClosing) this.#close();
      return;
    }
    try {
      opened.watch.check();
      this.#writeNext(opened);
      if (this.#isClosing && this.#queue.length === 0) {
        this.#close();
        return;
      }
      // Where the disk never catches up, chores still have their turn: they may be what frees it.
      const areChoresDue = this.#clock.monotonicMs() - this.#choresMs >= IDLE_CHORES_MS;
      const hasChores = (this.#queue.length === 0 || areChoresDue) && this.#doChores(opened, false);
      this.#tellKept(opened);
      if (this.#isSuspect) this.#checkIndex(opened);
      if (this.#queue.length === 0) this.#holdReserve();
      this.#setState({ kind: 'ready' });
      this.#scheduleTurn(this.#queue.length > 0 || hasChores ? 0 : IDLE_CHORES_MS);
    } catch (failure) {
      this.#fail(failure);
    }
  }

  #receiveAll(): void {
    for (let message = this.#options.receive(); message !== undefined; message = this.#options.receive()) {
      this.handle(message);
    }
  }

  /** After a failure one item at a time is tried, so that what fits is kept. */
  #writeNext(opened: OpenedStore): void {
    const batch: QueuedItem[] = [];
    let bytes = 0;
    const maxItems = this.#state?.kind === 'failing' ? 1 : BATCH_ITEMS;
    for (const queued of this.#queue) {
      if (batch.length === maxItems || bytes >= BATCH_BYTES) break;
      batch.push(queued);
      if (queued.item.kind === 'segment') bytes += queued.item.segment.data.length;
    }
    const last = batch.at(-1);
    if (last === undefined) return;
    const segments = this.#writeOrDrop(
      opened.index,
      batch.map(({ item }) => item),
    );
    // Whoever waits for the segments finds the totals told already.
    this.#tellKept(opened);
    this.#queue.splice(0, batch.length);
    this.#options.post({ kind: 'written', upToSeq: last.seq, segments });
  }

  /** An item that can never be written, whatever the disk, must not hold up those behind it. */
  #writeOrDrop(index: IndexWriter, items: readonly BatchItem[]): readonly WrittenSegment[] {
    try {
      return writeBatch(index, items);
    } catch (failure) {
      const [item] = items;
      if (items.length > 1 || item === undefined || isOfDisk(failure)) throw failure;
      const fields = { stream: item.stream, ...describeFailure(failure) };
      this.#log('error', fields, 'a segment or note cannot be kept, and is dropped');
      return [];
    }
  }

  /** True: there is more to do. Chores take turns, so that a long one does not keep the others from theirs. */
  #doChores({ chores }: OpenedStore, diskFull: boolean): boolean {
    this.#choresMs = this.#clock.monotonicMs();
    const endMs = this.#choresMs + CHORE_TURN_MS;
    let hasMore = false;
    for (let done = 0; done < chores.length; done += 1) {
      const chore = chores[this.#nextChore % chores.length];
      this.#nextChore += 1;
      if (chore !== undefined && this.#doChore(chore, diskFull)) hasMore = true;
      if (this.#clock.monotonicMs() > endMs) return true;
    }
    return hasMore;
  }

  /** A chore that fails rests for a while; whether segments can be written is found out by writing them. */
  #doChore(chore: Chore, diskFull: boolean): boolean {
    if (!diskFull && this.#choresMs < (this.#choreRests.get(chore) ?? 0)) return false;
    try {
      return chore.step({ nowMs: this.#clock.wallMs(), diskFull });
    } catch (failure) {
      this.#choreRests.set(chore, this.#choresMs + CHORE_REST_MS);
      this.#log('warn', describeFailure(failure), `${chore.constructor.name} failed and is tried again`);
      if (diskFaultOf(failure, this.#options.recordingsDir).isIndexDamaged) this.#isSuspect = true;
      return false;
    }
  }

  #fail(failure: unknown): void {
    const { recordingsDir } = this.#options;
    if (failure instanceof DiskMissing) {
      this.#abandon();
      this.#setState({ kind: 'missing', message: failure.message });
      if (this.#isClosing) this.#close();
      return;
    }
    const fault = diskFaultOf(failure, recordingsDir);
    this.#setState({ kind: 'failing', reason: fault.reason, message: fault.message });
    if (this.#isClosing) {
      this.#close();
      return;
    }
    if (fault.isIndexDamaged) {
      const isFirstTry = !this.#isIndexDamaged;
      this.#isIndexDamaged = true;
      this.#abandon();
      if (isFirstTry) this.#open(this.#openOrder);
      return;
    }
    const opened = this.#opened;
    if (opened === undefined) return;
    let hasMadeRoom = false;
    if (fault.reason === 'DISK_FULL') {
      releaseReserve(recordingsDir);
      hasMadeRoom = this.#doChores(opened, true);
    }
    this.#scheduleTurn(hasMadeRoom ? 0 : RETRY_MS);
  }

  /** Lets go of the folder; the media loop asks to open it again from time to time. */
  #abandon(): void {
    const opened = this.#opened;
    this.#opened = undefined;
    try {
      opened?.abandon();
    } catch (failure) {
      this.#log('warn', describeFailure(failure), 'the index did not close in order');
    }
  }

  #close(): void {
    const opened = this.#opened;
    this.#opened = undefined;
    this.#cancelTurn?.();
    try {
      // What could not be written keeps its hours open, so that the next start looks for it.
      if (this.#queue.length === 0) opened?.close();
      else opened?.abandon();
    } catch (failure) {
      this.#log('error', describeFailure(failure), 'the index of the recordings did not close in order');
    }
    this.#options.post({ kind: 'closed' });
    this.#options.onClosed();
  }

  #setState(state: StoreState): void {
    const before = this.#state;
    const isSame =
      before?.kind === state.kind &&
      (state.kind === 'ready' || (before.kind !== 'ready' && before.message === state.message));
    if (isSame) return;
    this.#state = state;
    this.#options.post({ kind: 'state', state });
  }

  #tellKept({ index }: OpenedStore): void {
    if (index.changed.size === 0) return;
    const streams: KeptStream[] = [];
    for (const row of index.reader.streams()) {
      if (!index.changed.has(row.id)) continue;
      const daysLeft = index.daysLeft.get(row.id);
      streams.push({
        stream: row.stream,
        bytes: row.bytes,
        segments: row.segments,
        ...index.reader.boundsOf(row.id),
        ...(daysLeft === undefined ? {} : { daysLeft }),
      });
    }
    index.changed.clear();
    this.#options.post({ kind: 'kept', streams });
  }

  #scheduleTurn(delayMs: number): void {
    const dueMs = this.#clock.monotonicMs() + delayMs;
    if (this.#cancelTurn !== undefined) {
      if (this.#turnDueMs <= dueMs) return;
      this.#cancelTurn();
    }
    this.#turnDueMs = dueMs;
    this.#cancelTurn = this.#clock.after(delayMs, () => {
      this.#cancelTurn = undefined;
      this.#turn();
    });
  }

  readonly #log = (level: 'info' | 'warn' | 'error', fields: object, message: string): void => {
    this.#options.post({ kind: 'log', level, fields, message });
  };
}
