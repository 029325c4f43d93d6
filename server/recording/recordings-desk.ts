import { ApiError } from '../../shared/errors.ts';
import type { StreamId } from '../../shared/names.ts';
import type {
  ErasedRecordings,
  KeptRecordings,
  RecordingLock,
  RecordingTimeline,
} from '../../shared/recording.ts';
import { looksLikeSeconds } from '../../shared/time.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import { nothingKeptOf } from '../base/no-such-stream.ts';
import type { LiveSegments } from './live.ts';
import type { ErasePart } from './store/erase.ts';
import type { RecordingArchive } from './store/recording-archive.ts';
import {
  type RetentionSettings,
  retentionPolicies,
  type StreamRecordSettings,
} from './store/retention-policies.ts';
import { readTimeline } from './timeline-reader.ts';

const DAY_MS = 86_400_000;
const TIMELINE_DEFAULT_MS = DAY_MS;
const TIMELINE_MAX_MS = 31 * DAY_MS;
const LOCK_MAX_MS = 366 * DAY_MS;
/** How long somebody waits for what is deleted, and then asks again. */
const ERASE_TURN_MS = 20_000;
/** After 9999 a date is no four-digit year any more, and nobody means it. */
const LATEST_MS = 253_402_300_799_999;

export interface RecordingsDeskOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly archive: Pick<
    RecordingArchive,
    'queued' | 'query' | 'command' | 'kept' | 'roots' | 'rootOf' | 'queryRoot' | 'commandRoot' | 'onState'
  >;
  readonly live: Pick<LiveSegments, 'state' | 'recordedUntilMs'>;
  readonly settings: RetentionSettings;
  /** Every stream that exists. */
  streams(): readonly StreamRecordSettings[];
  /** Whether it is to be recorded, by whichever setting. */
  isRecorded(stream: StreamId): boolean;
}

/**
 * What people ask of the recordings besides playing them, and what retention is told to keep. Nothing is deleted before
 * `startRetention`: a store that did not know of a stream yet would go by the general rules.
 */
export class RecordingsDesk {
  readonly #options: RecordingsDeskOptions;
  readonly #undo: () => void;
  #isStarted = false;
  #cancelUpdate: (() => void) | undefined;

  constructor(options: RecordingsDeskOptions) {
    this.#options = options;
    // A folder that was opened again knows nothing of what was told before.
    this.#undo = options.archive.onState(() => this.updatePolicies());
  }

  /** All streams that there are are known from here on. */
  startRetention(): void {
    this.#isStarted = true;
    this.updatePolicies();
  }

  /** To be called whenever a stream was added, changed or removed; many calls at once are one. */
  updatePolicies(): void {
    if (!this.#isStarted) return;
    this.#cancelUpdate ??= this.#options.clock.after(0, () => {
      this.#cancelUpdate = undefined;
      this.#tellStores();
    });
  }

  #tellStores(): void {
    const { archive, settings, log } = this.#options;
    const streams = this.#options.streams();
    const policies = retentionPolicies(settings, streams);
    const recorded = streams.map(({ stream }) => stream).filter((stream) => this.#options.isRecorded(stream));
    for (const { dir, state } of archive.roots()) {
      // A disk that is full needs them most of all.
      if (state.kind !== 'ready' && state.kind !== 'failing') continue;
      Promise.all([
        archive.commandRoot(dir, 'setRetentionPolicies', { policies }),
        archive.commandRoot(dir, 'noteSwitchedOff', { recorded }),
      ]).catch((failure: unknown) => {
        // It is told once more when the disk is ready.
        log.debug({ err: failure, dir }, 'retention does not know its policies yet');
      });
    }
  }

  /**
   * What was recorded and what was not, in Unix milliseconds; by default of the last day. It ends now, or where the
   * recording that is under way has got to. BAD_REQUEST, STREAM_NOT_FOUND, STORAGE_UNAVAILABLE.
   */
  async timeline(stream: StreamId, asked: { from?: number; to?: number }): Promise<RecordingTimeline> {
    this.#mustBeKnown(stream);
    const toMs = asked.to ?? this.#endMs(stream);
    const fromMs = asked.from ?? Math.max(0, toMs - TIMELINE_DEFAULT_MS);
    checkRange(fromMs, toMs, { from: 'from', to: 'to', maxMs: TIMELINE_MAX_MS });
    return readTimeline(
      this.#options.archive,
      stream,
      fromMs,
      Math.max(fromMs, Math.min(toMs, this.#endMs(stream))),
    );
  }

  async locks(stream: StreamId): Promise<readonly RecordingLock[]> {
    this.#mustBeKnown(stream);
    return this.#options.archive.query(stream, 'locks', { stream });
  }

  /** BAD_REQUEST, STREAM_NOT_FOUND, NOT_RECORDED, CONFLICT where there are too many, STORAGE_UNAVAILABLE. */
  async lock(
    stream: StreamId,
    range: { start: number; end: number; label?: string },
  ): Promise<RecordingLock> {
    this.#mustBeKnown(stream);
    checkRange(range.start, range.end, { from: 'start', to: 'end', maxMs: LOCK_MAX_MS });
    // It would protect nothing of what was meant.
    this.#mustBeMs(range.end, { from: 'start', to: 'end' });
    return this.#options.archive.command(stream, 'lock', { stream, ...range });
  }

  /** STREAM_NOT_FOUND, LOCK_NOT_FOUND, STORAGE_UNAVAILABLE. */
  async unlock(stream: StreamId, lockId: number): Promise<void> {
    this.#mustBeKnown(stream);
    await this.#options.archive.command(stream, 'unlock', { stream, lockId });
  }

  /**
   * Deletes what lies whole in the time and is not locked, some at a time between what is written. What it has got to is deleted even
   * where it rejects later on. BAD_REQUEST, STREAM_NOT_FOUND, STORAGE_UNAVAILABLE.
   */
  async erase(stream: StreamId, { from, to }: { from: number; to: number }): Promise<ErasedRecordings> {
    const { archive, clock, log } = this.#options;
    this.#mustBeKnown(stream);
    checkRange(from, to, { from: 'from', to: 'to', maxMs: LATEST_MS });
    this.#mustBeMs(to, { from: 'from', to: 'to' });
    const untilMs = clock.monotonicMs() + ERASE_TURN_MS;
    const erased = { segments: 0, bytes: 0, locked: 0 };
    let nextMs: number | undefined = from;
    try {
      while (nextMs !== undefined && clock.monotonicMs() < untilMs) {
        const part: ErasePart = await archive.command(stream, 'erase', { stream, fromMs: nextMs, toMs: to });
        erased.segments += part.segments;
        erased.bytes += part.bytes;
        erased.locked += part.locked;
        nextMs = part.nextMs;
      }
    } finally {
      log.info({ stream, from, to, ...erased }, 'recordings were deleted because somebody asked for it');
    }
    return { ...erased, more: nextMs !== undefined };
  }

  /** Every stream of which something is kept, by its name, also those that were removed since. */
  async recordings(): Promise<readonly KeptRecordings[]> {
    const { archive } = this.#options;
    const existing = new Set(this.#options.streams().map(({ stream }) => stream));
    const kept: KeptRecordings[] = [];
    for (const { dir, state } of archive.roots()) {
      // What is on a disk that is away is told when it is back.
      if (state.kind === 'missing' || state.kind === 'opening') continue;
      for (const one of await archive.queryRoot(dir, 'keptStreams', {})) {
        const stream: StreamId = `${one.app}/${one.name}`;
        // Old footage of an application that has a folder of its own by now is not played from the other one.
        if (archive.rootOf(stream) === dir) kept.push({ ...one, exists: existing.has(stream) });
      }
    }
    return kept.sort((a, b) => (`${a.app}/${a.name}` < `${b.app}/${b.name}` ? -1 : 1));
  }

  close(): void {
    this.#undo();
    this.#cancelUpdate?.();
    this.#isStarted = false;
  }

  /** Up to here it is known what was recorded. */
  #endMs(stream: StreamId): number {
    const { live, archive, clock } = this.#options;
    const newestMs = archive.kept(stream).newestMs ?? 0;
    const cutMs = live.state(stream).state === 'recording' ? live.recordedUntilMs(stream) : undefined;
    // Behind what is kept only where the clock was set back.
    return Math.max(newestMs, cutMs ?? Math.floor(clock.wallMs()));
  }

  /** BAD_REQUEST. */
  #mustBeMs(toMs: number, { from, to }: { from: string; to: string }): void {
    if (!looksLikeSeconds(toMs, this.#options.clock.wallMs())) return;
    throw new ApiError(
      'BAD_REQUEST',
      `"${from}" and "${to}" are Unix times in milliseconds; these look like seconds.`,
    );
  }

  #mustBeKnown(stream: StreamId): void {
    if ((this.#options.archive.kept(stream).segments ?? 0) > 0) return;
    if (this.#options.streams().some((one) => one.stream === stream)) return;
    throw nothingKeptOf(stream);
  }
}

function checkRange(
  fromMs: number,
  toMs: number,
  { from, to, maxMs }: { from: string; to: string; maxMs: number },
): void {
  if (toMs <= fromMs) {
    throw new ApiError('BAD_REQUEST', `"${to}" has to be later than "${from}" (both in Unix milliseconds).`);
  }
  if (toMs > LATEST_MS) throw new ApiError('BAD_REQUEST', `"${to}" is no time that a date can tell.`);
  if (toMs - fromMs > maxMs) {
    throw new ApiError(
      'BAD_REQUEST',
      `"${from}" and "${to}" may lie at most ${maxMs / DAY_MS} days apart; ask for less at once.`,
    );
  }
}
