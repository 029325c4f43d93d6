/** A segment that may be deleted. */
export interface Candidate {
  readonly startMs: number;
  readonly endMs: number;
  readonly sizeBytes: number;
}

/** A stream as retention sees it. */
export interface RetentionStream {
  readonly id: number;
  readonly app: string;
  readonly bytes: number;
  readonly keepMs: number;
  readonly maxBytes: number | undefined;
  /** What no lock protects, oldest first; read only as far as needed. */
  past(): Iterable<Candidate>;
  /**
   * What was recorded while this machine's clock was wrong and lies in its future, oldest first. Its age is not known, so
   * it is never too old; but it goes before all else where room is wanted, else it would stay till its time comes.
   */
  future(): Iterable<Candidate>;
  /** Nothing that ends later is deleted for want of room: a camera's last minute is worth more than an old one's. */
  readonly roomCutoffMs: number;
}

export interface RetentionInput {
  readonly nowMs: number;
  readonly streams: readonly RetentionStream[];
  /** Limits over the streams of an application. */
  readonly appMaxBytes: ReadonlyMap<string, number>;
  /** Limit over all streams. */
  readonly maxBytes: number | undefined;
  /** How much the disk lacks; 0 where it does not. */
  readonly wantedBytes: number;
  /** How many files the disk lacks, where it has a limit on them. */
  readonly wantedFiles: number;
  /** False: nothing is too old, since the clock cannot be trusted just now. */
  readonly mayAge: boolean;
  /** No more than this are planned at once. */
  readonly maxSegments: number;
}

export interface Deletion extends Candidate {
  readonly streamId: number;
  /** `age` is what was agreed; the others delete what would have been kept longer. */
  readonly why: 'age' | 'stream-limit' | 'app-limit' | 'limit' | 'disk';
  readonly isFuture: boolean;
}

export interface RetentionPlan {
  readonly deletions: readonly Deletion[];
  /** The limit of `maxSegments` cut it short. */
  readonly isPartial: boolean;
  /** Some limit cannot be kept: all that is left is locked or new. */
  readonly isStuck: boolean;
}

/** What to delete next. Oldest first: within a stream always, and over streams where these share a limit. */
export function planRetention(input: RetentionInput): RetentionPlan {
  return new Planner(input).plan();
}

class Planner {
  readonly #input: RetentionInput;
  readonly #cursors: readonly Cursor[];
  readonly #deletions: Deletion[] = [];
  #isStuck = false;

  constructor(input: RetentionInput) {
    this.#input = input;
    this.#cursors = input.streams.map((stream) => new Cursor(stream));
  }

  plan(): RetentionPlan {
    const { appMaxBytes, maxBytes, mayAge } = this.#input;
    if (mayAge) for (const cursor of this.#cursors) this.#takeOld(cursor);
    for (const cursor of this.#cursors) {
      if (cursor.stream.maxBytes !== undefined) {
        this.#shrink([cursor], cursor.stream.maxBytes, 'stream-limit');
      }
    }
    for (const [app, limit] of appMaxBytes) {
      this.#shrink(
        this.#cursors.filter(({ stream }) => stream.app === app),
        limit,
        'app-limit',
      );
    }
    if (maxBytes !== undefined) this.#shrink(this.#cursors, maxBytes, 'limit');
    this.#makeRoom();
    return { deletions: this.#deletions, isPartial: this.#isFull, isStuck: this.#isStuck };
  }

  get #isFull(): boolean {
    return this.#deletions.length >= this.#input.maxSegments;
  }

  #takeOld(cursor: Cursor): void {
    const cutoffMs = this.#input.nowMs - cursor.stream.keepMs;
    for (let next = cursor.peekPast(); next !== undefined && !this.#isFull; next = cursor.peekPast()) {
      if (next.endMs > cutoffMs) return;
      this.#take(cursor, 'age', false);
    }
  }

  #shrink(cursors: readonly Cursor[], limitBytes: number, why: Deletion['why']): void {
    let bytes = cursors.reduce((sum, cursor) => sum + cursor.bytes, 0);
    while (bytes > limitBytes && !this.#isFull) {
      const freed = this.#takeOldest(cursors, why);
      if (freed === undefined) return;
      bytes -= freed;
    }
  }

  #makeRoom(): void {
    const { wantedBytes, wantedFiles } = this.#input;
    let freedBytes = this.#deletions.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    while (
      (freedBytes < wantedBytes || this.#deletions.length < Math.min(wantedFiles, this.#input.maxSegments)) &&
      !this.#isFull
    ) {
      const freed = this.#takeOldest(this.#cursors, 'disk');
      if (freed === undefined) return;
      freedBytes += freed;
    }
  }

  /** Takes the oldest of all; gives its size, or undefined where nothing may be taken. */
  #takeOldest(cursors: readonly Cursor[], why: Deletion['why']): number | undefined {
    let oldest: { cursor: Cursor; candidate: Candidate; isFuture: boolean } | undefined;
    for (const cursor of cursors) {
      const next = cursor.peekForRoom();
      if (next !== undefined && (oldest === undefined || isBefore(next, oldest)))
        oldest = { cursor, ...next };
    }
    if (oldest === undefined) {
      this.#isStuck = true;
      return undefined;
    }
    this.#take(oldest.cursor, why, oldest.isFuture);
    return oldest.candidate.sizeBytes;
  }

  #take(cursor: Cursor, why: Deletion['why'], isFuture: boolean): void {
    const { startMs, endMs, sizeBytes } = cursor.take(isFuture);
    this.#deletions.push({ streamId: cursor.stream.id, startMs, endMs, sizeBytes, why, isFuture });
  }
}

function isBefore(
  one: { candidate: Candidate; isFuture: boolean },
  other: { candidate: Candidate; isFuture: boolean },
): boolean {
  if (one.isFuture !== other.isFuture) return one.isFuture;
  return one.candidate.startMs < other.candidate.startMs;
}

/** How far the plan has eaten into a stream. */
class Cursor {
  readonly stream: RetentionStream;
  bytes: number;
  readonly #past: Peekable;
  readonly #future: Peekable;

  constructor(stream: RetentionStream) {
    this.stream = stream;
    this.bytes = stream.bytes;
    this.#past = new Peekable(() => stream.past());
    this.#future = new Peekable(() => stream.future());
  }

  peekPast(): Candidate | undefined {
    return this.#past.peek();
  }

  peekForRoom(): { candidate: Candidate; isFuture: boolean } | undefined {
    const future = this.#future.peek();
    if (future !== undefined) return { candidate: future, isFuture: true };
    const past = this.#past.peek();
    if (past === undefined || past.endMs > this.stream.roomCutoffMs) return undefined;
    return { candidate: past, isFuture: false };
  }

  take(isFuture: boolean): Candidate {
    const taken = (isFuture ? this.#future : this.#past).take();
    this.bytes -= taken.sizeBytes;
    return taken;
  }
}

/** An iterator that can be looked at; nothing is read before the first look. */
class Peekable {
  readonly #open: () => Iterable<Candidate>;
  #iterator: Iterator<Candidate> | undefined;
  #next: Candidate | undefined;
  #isAtEnd = false;

  constructor(open: () => Iterable<Candidate>) {
    this.#open = open;
  }

  peek(): Candidate | undefined {
    if (this.#next !== undefined || this.#isAtEnd) return this.#next;
    this.#iterator ??= this.#open()[Symbol.iterator]();
    const result = this.#iterator.next();
    if (result.done === true) this.#isAtEnd = true;
    else this.#next = result.value;
    return this.#next;
  }

  take(): Candidate {
    const taken = this.peek();
    if (taken === undefined) throw new Error('nothing is left to take');
    this.#next = undefined;
    return taken;
  }
}
