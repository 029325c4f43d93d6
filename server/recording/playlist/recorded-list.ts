import type { StreamId } from '../../../shared/names.ts';
import type { Clock } from '../../base/clock.ts';
import type { Attached, IndexReader } from '../store/index-reader.ts';
import { hourOf } from '../store/layout.ts';
import { SEGMENT_MAX_MS } from '../store/schema.ts';
import { assemble, dropUntil, measure, type Piece, playFrom } from './assemble.ts';
import { type Block, HourText, renderBlock } from './block.ts';
import { HourCache } from './hour-cache.ts';
import { stretches, stretchOf } from './key-frame-stretches.ts';
import { type Edge, headerText, type ListedSegment } from './m3u8.ts';
import { OpenList, OpenLists } from './open-lists.ts';

const HOUR_MS = 3_600_000;
const CACHE_BYTES = 64 * 1024 * 1024;
/** So far behind the newest segment nothing is put in any more without the index's generation telling. */
const SETTLED_MS = 30_000;
/** Nor so long after a time, when nothing newer was recorded. */
const QUIET_MS = 600_000;
/** What a rewind into live shows at most; with an hour more before its front goes. */
export const REWIND_WINDOW_MS = 24 * HOUR_MS;
/** How long the end of a playlist is waited for while the recorder does not get there. */
const LATE_END_MS = 60_000;

export interface RecordedListArgs {
  readonly stream: StreamId;
  /** `vod`: all of it lies behind; `event`: grows up to `endMs`; `rewind`: grows on and on. */
  readonly kind: 'vod' | 'event' | 'rewind';
  readonly startMs: number;
  /** Not for `rewind`. */
  readonly endMs?: number;
  readonly nowMs: number;
  /** End of what is cut already; what lies after it in the index was recorded before the clock was set back. */
  readonly recordedUntilMs?: number;
  /** Cut and on its way to the index, oldest first. */
  readonly tail: readonly ListedSegment[];
  /** Whether more will come. */
  readonly isRecording: boolean;
  readonly segmentMs: number;
  readonly gzip: boolean;
  readonly uriSuffix: string;
  /** Key frames alone, in stretches; of `vod` only. */
  readonly keyFrames?: boolean | undefined;
  /** After so much work, give up for now; what was done is kept. */
  readonly budgetMs: number;
}

export type RecordedListResult =
  | {
      readonly kind: 'list';
      readonly body: Uint8Array<ArrayBuffer>;
      readonly etag: string;
      readonly isComplete: boolean;
    }
  /** Ask again to go on. */
  | { readonly kind: 'working' }
  | { readonly kind: 'nothing'; readonly isKnownStream: boolean }
  /** A rewind from so long ago needs an end. */
  | { readonly kind: 'too-old' };

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  /** End of the newest segment in the index. */
  readonly newestMs: number;
  readonly generation: number;
  readonly streamId: number;
}

/** Playlists of recorded time, out of one index. Lives with it, in the thread that reads it. */
export class RecordedLists implements Attached {
  readonly #clock: Clock;
  readonly #cache: HourCache;
  readonly #open = new OpenLists();

  constructor(clock: Clock, cacheBytes = CACHE_BYTES) {
    this.#clock = clock;
    this.#cache = new HourCache(cacheBytes);
  }

  close(): void {}

  build(index: IndexReader, args: RecordedListArgs): RecordedListResult {
    // One view of the index for all that is asked of it here, whatever is written meanwhile.
    index.database.exec('BEGIN');
    try {
      return this.#build(index, args);
    } finally {
      index.database.exec('COMMIT');
    }
  }

  #build(index: IndexReader, args: RecordedListArgs): RecordedListResult {
    const { stream, startMs, endMs, nowMs } = args;
    const key = `${stream} ${startMs} ${endMs ?? ''}`;
    const open = args.keyFrames === true ? undefined : this.#open.get(key, nowMs);
    if (args.kind === 'rewind' && open === undefined && startMs < nowMs - REWIND_WINDOW_MS) {
      return { kind: 'too-old' };
    }
    const grows = args.kind !== 'vod' || open !== undefined;
    const untilMs = Math.min(
      endMs ?? Number.POSITIVE_INFINITY,
      grows ? (args.recordedUntilMs ?? nowMs) : nowMs,
    );
    const tail = this.#tail(index, args, untilMs);
    open?.resolveRun((run) => runOf(index, run));
    const fresh = open === undefined ? [] : this.#fresh(index, args, open, untilMs, tail);
    const freshTags = open?.append(fresh) ?? 0;
    const breaks = open?.breaks ?? new Set<number>();
    const pieces = this.#pieces(index, args, untilMs, breaks);
    if (pieces === undefined) return { kind: 'working' };
    const listedUntilMs = pieces.findLast(({ block }) => block.last !== undefined)?.block.last?.startMs ?? 0;
    const rest = tail.filter((segment) => segment.startMs > listedUntilMs);
    if (rest.length > 0) pieces.push({ block: this.#render(rest, args, breaks), toMs: untilMs });

    const list = measure(pieces, breaks);
    if (list.newest === undefined) {
      return { kind: 'nothing', isKnownStream: index.findStreamId(stream) !== undefined };
    }
    const isComplete = !grows || isAtEnd(args, list.newest);
    if (open !== undefined) open.settle(list, { count: fresh.length, tags: freshTags });
    const targetS = open?.targetS ?? Math.max(list.longestS, Math.ceil(args.segmentMs / 1000));
    if (grows && open === undefined) {
      this.#open.set(key, new OpenList({ ...list, targetS, newest: list.newest }), nowMs);
    }
    const cut = grows && startMs < nowMs - REWIND_WINDOW_MS - HOUR_MS ? nowMs - REWIND_WINDOW_MS : 0;
    const shown = dropUntil(pieces, breaks, cut);
    const header = headerText({
      targetS,
      mediaSequence: (open?.mediaSequence ?? 0) + shown.dropped.count,
      discontinuitySequence: (open?.discontinuitySequence ?? 0) + shown.dropped.tags,
      ...typeOf(args, grows),
      ...playFrom(shown.pieces, startMs, grows),
    });
    const shownList = { header, pieces: shown.pieces, isComplete };
    return { kind: 'list', isComplete, ...assemble(shownList, breaks, args.gzip) };
  }

  /** What is cut but not yet in the index, with the recordings' ids as the index has them, if it has. */
  #tail(index: IndexReader, args: RecordedListArgs, untilMs: number): ListedSegment[] {
    return args.tail
      .filter(({ startMs, endMs }) => startMs < untilMs && endMs > args.startMs)
      .map((segment) => ({ ...segment, run: runOf(index, segment.run) }));
  }

  #fresh(
    index: IndexReader,
    args: RecordedListArgs,
    open: OpenList,
    untilMs: number,
    tail: readonly ListedSegment[],
  ): ListedSegment[] {
    const rows = this.#rows(index, args.stream, open.newestStartMs + 1, untilMs);
    const indexedUntilMs = rows.at(-1)?.startMs ?? open.newestStartMs;
    return [...rows, ...tail.filter((segment) => segment.startMs > indexedUntilMs)];
  }

  /** The blocks of [startMs, untilMs), the first with the segment that was under way at `startMs`. */
  #pieces(
    index: IndexReader,
    args: RecordedListArgs,
    untilMs: number,
    breaks: ReadonlySet<number>,
  ): Piece[] | undefined {
    const { stream } = args;
    // Stretches are the same ones whatever time is asked for, so that they are made and kept once.
    const startMs = args.keyFrames === true ? stretchOf(args.startMs) : args.startMs;
    const givingUpAtMs = this.#clock.monotonicMs() + args.budgetMs;
    const underWay = index
      .segments(stream, startMs, startMs + 1)
      .filter((row) => row.startMs < startMs)
      .map(listed);
    const pieces: Piece[] = [{ block: this.#render(underWay, args, breaks), toMs: startMs }];
    const row = index.streamRow(stream);
    if (row === undefined) return pieces;
    const newestMs = index.boundsOf(row.id)?.newestMs ?? 0;
    const generation = row.generation;
    let fromMs = startMs;
    while (fromMs < untilMs) {
      const toMs = Math.min(hourOf(fromMs) + HOUR_MS, untilMs);
      const block = this.#block(
        index,
        args,
        { fromMs, toMs, newestMs, generation, streamId: row.id },
        breaks,
      );
      pieces.push({ block, toMs });
      fromMs = toMs;
      if (fromMs < untilMs && this.#clock.monotonicMs() > givingUpAtMs) return undefined;
    }
    return pieces;
  }

  /** The segments that begin in [fromMs, toMs), which lies within one hour. */
  #block(index: IndexReader, args: RecordedListArgs, span: Span, breaks: ReadonlySet<number>): Block {
    const { fromMs, toMs, newestMs } = span;
    const hourMs = hourOf(fromMs);
    const settledMs = hourMs + HOUR_MS + SETTLED_MS;
    const isBehind = settledMs <= newestMs;
    const isClosed = settledMs <= args.nowMs && (isBehind || settledMs + QUIET_MS <= args.nowMs);
    if (!isClosed) return this.#render(this.#rows(index, args.stream, fromMs, toMs), args, breaks);
    return this.#hour(index, args, { ...span, hourMs, isBehind }, breaks).slice(fromMs, toMs);
  }

  /** A closed hour, out of the cache as long as nothing of it has changed. */
  #hour(
    index: IndexReader,
    args: RecordedListArgs,
    span: Span & { readonly hourMs: number; readonly isBehind: boolean },
    breaks: ReadonlySet<number>,
  ): HourText {
    const { hourMs, isBehind, newestMs, generation, streamId } = span;
    const endMs = hourMs + HOUR_MS;
    const inside = [...breaks].filter((ms) => ms >= hourMs && ms < endMs);
    const key = `${streamId} ${hourMs} ${inside.join()} ${args.keyFrames === true ? 'key' : ''} ${args.uriSuffix}`;
    const stamp = `${generation} ${isBehind ? '' : newestMs}`;
    const kept = this.#cache.get(key);
    if (kept?.stamp === stamp) return kept.hour;
    const fingerprint = fingerprintOf(index, streamId, hourMs, endMs);
    if (kept?.fingerprint === fingerprint) {
      kept.stamp = stamp;
      return kept.hour;
    }
    const { uriSuffix, keyFrames } = args;
    const rows = this.#rows(index, args.stream, hourMs, endMs);
    const hour = new HourText(keyFrames === true ? stretches(rows) : rows, { uriSuffix, breaks, keyFrames });
    this.#cache.set(key, { hour, stamp, fingerprint });
    return hour;
  }

  /** Segments that begin in [fromMs, toMs). */
  #rows(index: IndexReader, stream: StreamId, fromMs: number, toMs: number): ListedSegment[] {
    const rows: ListedSegment[] = [];
    for (const row of index.segments(stream, fromMs, toMs)) {
      if (row.startMs >= fromMs) rows.push(listed(row));
    }
    return rows;
  }

  #render(
    segments: readonly ListedSegment[],
    { uriSuffix, keyFrames }: RecordedListArgs,
    breaks: ReadonlySet<number>,
  ): Block {
    const options = { uriSuffix, breaks, keyFrames };
    return renderBlock(keyFrames === true ? stretches(segments) : segments, options);
  }
}

/** The id of a recording where the index knows it by now; what is on its way there is told apart by its key. */
function runOf(index: IndexReader, run: number | string): number | string {
  if (typeof run === 'number') return run;
  const row = index.statement('SELECT id FROM recordings WHERE key = ?').get(run);
  return row === undefined ? run : Number(row.id);
}

function listed(row: {
  startMs: number;
  endMs: number;
  duration90k: number;
  recordingId: number;
}): ListedSegment {
  const { startMs, endMs, duration90k, recordingId } = row;
  return { startMs, endMs, duration90k, run: recordingId };
}

/** Tells whether rows changed that a block was made from: its own, and neighbours that may overlap them. */
function fingerprintOf(index: IndexReader, streamId: number, fromMs: number, toMs: number): string {
  const cells = index
    .arrays(
      `SELECT count(*), total(start_ms), total(recording_id) FROM segments
       WHERE stream_id = ? AND start_ms > ? AND start_ms < ?`,
    )
    .get(streamId, fromMs - SEGMENT_MAX_MS, toMs + SEGMENT_MAX_MS);
  return Object.values(cells ?? {}).join(' ');
}

function isAtEnd(args: RecordedListArgs, newest: Edge): boolean {
  if (!args.isRecording) return args.endMs === undefined || args.endMs <= args.nowMs;
  return args.endMs !== undefined && (newest.endMs >= args.endMs || args.nowMs > args.endMs + LATE_END_MS);
}

function typeOf(args: RecordedListArgs, grows: boolean): { type?: 'VOD' | 'EVENT' } {
  if (!grows) return { type: 'VOD' };
  // Its front may go, which an EVENT's may not.
  return args.kind === 'rewind' ? {} : { type: 'EVENT' };
}
