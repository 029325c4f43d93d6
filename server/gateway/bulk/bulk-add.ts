import { ApiError } from '../../../shared/errors.ts';
import { type StreamId, streamId } from '../../../shared/names.ts';
import type { BulkRequest, BulkResult, BulkRow } from '../../../shared/probe.ts';
import type { StreamDefinition } from '../../../shared/stream.ts';
import type { Clock } from '../../base/clock.ts';
import { redactUrl } from '../../base/redact.ts';
import { Turns } from '../../base/turns.ts';
import { MAX_ROWS, type ReadRow, toldRow } from './rows.ts';

/** The streams as adding sees them. */
export interface BulkStreams {
  has(id: StreamId): boolean;
  /** Throws `ApiError` where it would not be taken, whatever its name. */
  check(definition: StreamDefinition): void;
  /** `STREAM_EXISTS` and what `check` throws. */
  create(definition: StreamDefinition): Promise<unknown>;
}

export interface BulkAddOptions {
  readonly clock: Clock;
  readonly streams: BulkStreams;
  /** Takes the text apart, apart from the media loop. */
  readonly read: (request: Pick<BulkRequest, 'format' | 'text'>) => Promise<ReadRow[]>;
}

/** Each list is read by a thread with a heap of its own; people paste one at a time. */
const MAX_RUNNING = 2;
const MAX_WAITING = 8;
const RETRY_AFTER_MS = 5_000;

/** Adds the cameras of a list, one after the other: what is wrong with one keeps no other back. */
export class BulkAdd {
  readonly #options: BulkAddOptions;
  readonly #turns = new Turns({ maxRunning: MAX_RUNNING, maxWaiting: MAX_WAITING, refuse: tooMany });

  constructor(options: BulkAddOptions) {
    this.#options = options;
  }

  /** BAD_REQUEST where there is nothing in it, or too much; RATE_LIMITED. */
  add(request: BulkRequest): Promise<BulkResult> {
    return this.#turns.run(() => this.#add(request));
  }

  async #add({ format, text, dryRun }: BulkRequest): Promise<BulkResult> {
    const read = await this.#options.read({ format, text });
    if (read.length === 0) {
      throw new ApiError(
        'BAD_REQUEST',
        'There is no camera in this text; put one into each line, below the headings.',
      );
    }
    if (read.length > MAX_ROWS) {
      throw new ApiError('BAD_REQUEST', `These are more than ${MAX_ROWS} cameras; add them in parts.`);
    }
    const rows: BulkRow[] = [];
    const seen = new Map<StreamId, number | undefined>();
    for (const row of read) {
      rows.push(await this.#addOne(row, { seen, dryRun }));
      // Each one is written to the disk before the next; the media loop gets its turn in between.
      if (!dryRun) await new Promise<void>((resolve) => this.#options.clock.after(0, resolve));
    }
    return { rows, added: rows.filter(({ outcome }) => outcome === 'added').length };
  }

  async #addOne(
    row: ReadRow,
    { seen, dryRun }: { seen: Map<StreamId, number | undefined>; dryRun: boolean },
  ): Promise<BulkRow> {
    if (row.kind === 'wrong') return toldRow(row, 'wrong');
    const { definition } = row;
    const id = streamId(definition.app, definition.name);
    const url = redactUrl(definition.source.url);
    const told = (outcome: BulkRow['outcome'], message?: string): BulkRow => ({
      ...toldRow(row, outcome, message),
      url,
    });
    if (seen.has(id)) {
      const line = seen.get(id);
      return told(
        'wrong',
        `${id} stands here twice${line === undefined ? '' : `, first in line ${line}`}; give it another name.`,
      );
    }
    seen.set(id, row.line);
    if (this.#options.streams.has(id))
      return told('exists', `There is a stream ${id} already; it stays as it is.`);
    try {
      this.#options.streams.check(definition);
      if (dryRun) return told('would-add');
      await this.#options.streams.create(definition);
      return told('added');
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure;
      return told(failure.code === 'STREAM_EXISTS' ? 'exists' : 'wrong', failure.message);
    }
  }
}

function tooMany(): ApiError {
  return new ApiError('RATE_LIMITED', 'Other lists are being added already; try again in a moment.', {
    retryAfterMs: RETRY_AFTER_MS,
  });
}
