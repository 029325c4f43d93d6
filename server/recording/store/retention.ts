import { statfsSync } from 'node:fs';
import type { StreamId } from '../../../shared/names.ts';
import type { Chore, Situation } from './chores.ts';
import { giveUp } from './give-up.ts';
import type { Attached, StreamRow } from './index-reader.ts';
import type { IndexWriter } from './index-writer.ts';
import { type DiskRoom, diskWants } from './retention-disk.ts';
import { forecastDays } from './retention-forecast.ts';
import { type Candidate, type Deletion, planRetention, type RetentionStream } from './retention-plan.ts';
import { policyOf, type RetentionPolicies } from './retention-policies.ts';

const PLAN_EVERY_MS = 5_000;
const FORECAST_EVERY_MS = 30_000;
/** One transaction of so many rows takes a few milliseconds. */
const STEP_SEGMENTS = 128;
const PAGE_SEGMENTS = 32;
/** So often in a row something is deleted for a disk that refuses to write although it shows room. */
const MAX_REFUSALS = 8;
const DAY_MS = 86_400_000;
/** What begins later than this was recorded while the clock was wrong. */
const FUTURE_MS = DAY_MS;
/** Never deleted for want of room. */
const NEWEST_MS = 60_000;
/** The clock has leapt this far: it may be wrong, and so nothing is too old for a while. */
const LEAP_MS = DAY_MS;
const LEAP_HOLD_MS = 3_600_000;
const COMPLAIN_EVERY_MS = 3_600_000;
/** A stream with less says nothing about what it will need. */
const RATE_MIN_SPAN_MS = 60_000;
/** A stream that was not recorded for so long does not count among those that will need room. */
const RATE_STALE_MS = DAY_MS;

/** The policies in force, kept along with an opened index. Nothing is deleted before they are known. */
class PolicyHolder implements Attached {
  policies: RetentionPolicies | undefined;
  version = 0;
  close(): void {}
}

const holderOf = (index: IndexWriter) => index.attach('retention', () => new PolicyHolder());

/** For the store's thread: from now on these hold. */
export function setRetentionPolicies(index: IndexWriter, args: { policies: RetentionPolicies }): void {
  const holder = holderOf(index);
  holder.policies = args.policies;
  holder.version += 1;
}

/** How long the stream is kept; undefined while that is not known. */
export function keepMsOf(index: IndexWriter, stream: StreamId): number | undefined {
  const { policies } = holderOf(index);
  return policies === undefined ? undefined : policyOf(policies, stream).keepMs;
}

/** Deletes what is too old or more than may be kept, oldest first, a little at a time between the store's writes. */
export class Retention implements Chore {
  readonly #index: IndexWriter;
  readonly #statfs: (dir: string) => DiskRoom;
  #planAtMs = Number.NEGATIVE_INFINITY;
  #forecastAtMs = Number.NEGATIVE_INFINITY;
  #seenVersion = 0;
  #holdUntilMs = Number.NEGATIVE_INFINITY;
  #lastSeen: { nowMs: number; monotonicMs: number } | undefined;
  #complainedAtMs = new Map<string, number>();
  #refusals = 0;

  constructor(index: IndexWriter, statfs: (dir: string) => DiskRoom = roomOf) {
    this.#index = index;
    this.#statfs = statfs;
  }

  step(situation: Situation): boolean {
    const { policies, version } = holderOf(this.#index);
    if (policies === undefined) return false;
    const monotonicMs = this.#index.clock.monotonicMs();
    if (version !== this.#seenVersion) {
      this.#seenVersion = version;
      this.#planAtMs = monotonicMs;
      this.#forecastAtMs = monotonicMs;
    }
    if (monotonicMs < this.#planAtMs && !situation.diskFull) return false;
    // What was given up takes its room until it is unlinked: look again when that is done.
    if (this.#hasGarbage()) return false;
    this.#planAtMs = monotonicMs + PLAN_EVERY_MS;
    const streams = this.#index.reader.streams();
    const room = this.#statfs(this.#index.recordingsDir);
    if (monotonicMs >= this.#forecastAtMs) {
      this.#forecastAtMs = monotonicMs + FORECAST_EVERY_MS;
      this.#forecast(streams, policies, room, situation.nowMs);
    }
    this.#refusals = situation.diskFull ? this.#refusals + 1 : 0;
    // Where it does not help, no more is given up for it.
    const isRefused = situation.diskFull && this.#refusals <= MAX_REFUSALS;
    const wants = diskWants(room, policies.minFreeBytes, isRefused);
    const plan = planRetention({
      nowMs: situation.nowMs,
      streams: this.#sources(streams, policies, situation.nowMs),
      appMaxBytes: policies.appMaxBytes,
      maxBytes: policies.maxBytes,
      wantedBytes: wants.bytes,
      wantedFiles: wants.files,
      mayAge: this.#mayAge(situation.nowMs, monotonicMs, streams),
      maxSegments: STEP_SEGMENTS,
    });
    if (plan.isStuck) {
      this.#complain(
        'stuck',
        'error',
        wants.bytes > 0 || wants.files > 0
          ? 'the disk with the recordings is nearly full of other things, or of locked recordings; make room on it'
          : 'the recordings take more than their limit, and all that could go is locked or new; remove locks or raise the limit',
      );
    }
    if (plan.deletions.length === 0) return false;
    this.#delete(plan.deletions, situation.nowMs);
    if (plan.isPartial) this.#planAtMs = monotonicMs;
    return true;
  }

  #hasGarbage(): boolean {
    return this.#index.reader.statement('SELECT 1 FROM garbage LIMIT 1').get() !== undefined;
  }

  #delete(deletions: readonly Deletion[], nowMs: number): void {
    const byStream = new Map<number, Deletion[]>();
    for (const deletion of deletions) {
      const group = byStream.get(deletion.streamId);
      if (group === undefined) byStream.set(deletion.streamId, [deletion]);
      else group.push(deletion);
    }
    this.#index.transaction(() => {
      for (const [id, group] of byStream) {
        giveUp(
          this.#index,
          id,
          group.map(({ startMs }) => startMs),
        );
        const past = group.filter(({ isFuture, endMs }) => !isFuture && endMs <= nowMs);
        this.#expire(id, Math.max(0, ...past.map(({ endMs }) => endMs)));
      }
    });
    const early = deletions.find(({ why }) => why !== 'age');
    if (early !== undefined) {
      this.#complain(
        early.why,
        'info',
        'the oldest recordings are deleted before keepDays, to stay within the limits or to keep the disk from filling up',
      );
    }
  }

  #expire(id: number, beforeMs: number): void {
    if (beforeMs === 0) return;
    const { reader } = this.#index;
    reader
      .statement('UPDATE streams SET expired_before_ms = max(expired_before_ms, ?) WHERE id = ?')
      .run(beforeMs, id);
    // All that is missing before was deleted; of the older notes only the last one still says something.
    reader
      .statement(
        `DELETE FROM notes WHERE stream_id = ?1 AND at_ms <
           (SELECT max(at_ms) FROM notes WHERE stream_id = ?1 AND at_ms <= ?2)`,
      )
      .run(id, beforeMs);
  }

  /**
   * Age goes by this machine's clock, which may be wrong after a start or a step. Where it has leapt by more than a day,
   * a person has an hour to put it right before anything is deleted for its age.
   */
  #mayAge(nowMs: number, monotonicMs: number, streams: readonly StreamRow[]): boolean {
    const expectedMs =
      this.#lastSeen === undefined
        ? this.#newestMs(streams)
        : this.#lastSeen.nowMs + (monotonicMs - this.#lastSeen.monotonicMs);
    this.#lastSeen = { nowMs, monotonicMs };
    if (expectedMs !== undefined && nowMs > expectedMs + LEAP_MS) {
      this.#holdUntilMs = monotonicMs + LEAP_HOLD_MS;
      this.#complain(
        'leap',
        'warn',
        'the clock is more than a day ahead of the newest recording; in an hour recordings older than keepDays will be deleted by it, so see that it is right',
      );
    } else if (expectedMs !== undefined && nowMs < expectedMs - LEAP_MS) {
      this.#holdUntilMs = Number.NEGATIVE_INFINITY;
    }
    return monotonicMs >= this.#holdUntilMs;
  }

  #newestMs(streams: readonly StreamRow[]): number | undefined {
    const ends = streams.flatMap(({ id }) => this.#index.reader.boundsOf(id)?.newestMs ?? []);
    return ends.length === 0 ? undefined : Math.max(...ends);
  }

  #sources(
    streams: readonly StreamRow[],
    policies: RetentionPolicies,
    nowMs: number,
  ): readonly RetentionStream[] {
    const locks = this.#locks();
    const futureMs = nowMs + FUTURE_MS;
    return streams
      .filter(({ segments }) => segments > 0)
      .map(({ id, stream, bytes }) => {
        const { app, keepMs, maxBytes } = policyOf(policies, stream);
        const free = freeTimes(locks.get(id) ?? []);
        const newestMs = () => this.#newestPastMs(id, futureMs);
        return {
          id,
          app,
          bytes,
          keepMs,
          maxBytes,
          past: () => this.#candidates(id, free, Number.MIN_SAFE_INTEGER, futureMs),
          future: () => this.#candidates(id, free, futureMs, Number.MAX_SAFE_INTEGER),
          get roomCutoffMs() {
            const value = newestMs() - NEWEST_MS;
            Object.defineProperty(this, 'roomCutoffMs', { value });
            return value;
          },
        };
      });
  }

  #locks(): ReadonlyMap<number, readonly Time[]> {
    const rows = this.#index.reader.arrays(
      'SELECT stream_id, start_ms, end_ms FROM locks ORDER BY stream_id, start_ms',
    );
    const byStream = new Map<number, Time[]>();
    for (const [id, startMs, endMs] of rows.all() as unknown as [number, number, number][]) {
      const times = byStream.get(id);
      if (times === undefined) byStream.set(id, [{ startMs, endMs }]);
      else times.push({ startMs, endMs });
    }
    return byStream;
  }

  #newestPastMs(id: number, futureMs: number): number {
    const row = this.#index.reader
      .arrays(
        'SELECT end_ms FROM segments WHERE stream_id = ? AND start_ms < ? ORDER BY start_ms DESC LIMIT 1',
      )
      .get(id, futureMs);
    return Number((row as unknown as [number] | undefined)?.[0] ?? 0);
  }

  /** What begins in [fromMs, toMs) and touches no lock, oldest first, read page by page. */
  *#candidates(id: number, free: readonly Time[], fromMs: number, toMs: number): Generator<Candidate> {
    const page = this.#index.reader.arrays(
      `SELECT start_ms, end_ms, size_bytes FROM segments
       WHERE stream_id = ? AND start_ms >= ? AND start_ms < ? ORDER BY start_ms LIMIT ${PAGE_SEGMENTS}`,
    );
    for (const time of free) {
      let nextMs = Math.max(fromMs, time.startMs);
      const endMs = Math.min(toMs, time.endMs);
      while (nextMs < endMs) {
        const rows = page.all(id, nextMs, endMs) as unknown as [number, number, number][];
        for (const [startMs, segmentEndMs, sizeBytes] of rows) {
          if (segmentEndMs <= time.endMs) yield { startMs, endMs: segmentEndMs, sizeBytes };
        }
        if (rows.length < PAGE_SEGMENTS) break;
        nextMs = (rows.at(-1)?.[0] ?? endMs) + 1;
      }
    }
  }

  #forecast(streams: readonly StreamRow[], policies: RetentionPolicies, room: DiskRoom, nowMs: number): void {
    const { daysLeft, reader } = this.#index;
    const days = forecastDays({
      streams: streams.map((row) => {
        const bounds = reader.boundsOf(row.id);
        return { id: row.id, ...policyOf(policies, row.stream), bytesPerMs: rateOf(row, bounds, nowMs) };
      }),
      appMaxBytes: policies.appMaxBytes,
      maxBytes: policies.maxBytes,
      diskBytes:
        streams.reduce((sum, { bytes }) => sum + bytes, 0) +
        room.freeBytes -
        diskWants(room, policies.minFreeBytes, false).keptFreeBytes,
    });
    daysLeft.clear();
    for (const [id, value] of days) daysLeft.set(id, value);
    // Their status is told anew.
    for (const { id } of streams) this.#index.changed.add(id);
  }

  /** Said once an hour at most; the log of a full disk would fill it further. */
  #complain(kind: string, level: 'info' | 'warn' | 'error', message: string): void {
    const monotonicMs = this.#index.clock.monotonicMs();
    const lastMs = this.#complainedAtMs.get(kind);
    if (lastMs !== undefined && monotonicMs - lastMs < COMPLAIN_EVERY_MS) return;
    this.#complainedAtMs.set(kind, monotonicMs);
    this.#index.log(level, { recordings: this.#index.recordingsDir }, message);
  }
}

interface Time {
  readonly startMs: number;
  readonly endMs: number;
}

/** The times between the locks, which are given by their start and may overlap. */
function freeTimes(locks: readonly Time[]): readonly Time[] {
  const free: Time[] = [];
  let startMs = Number.MIN_SAFE_INTEGER;
  for (const lock of locks) {
    if (lock.startMs > startMs) free.push({ startMs, endMs: lock.startMs });
    startMs = Math.max(startMs, lock.endMs);
  }
  return [...free, { startMs, endMs: Number.MAX_SAFE_INTEGER }];
}

function rateOf(
  { bytes, expiredBeforeMs }: StreamRow,
  bounds: { oldestMs: number; newestMs: number } | undefined,
  nowMs: number,
): number {
  if (bounds === undefined || bounds.newestMs < nowMs - RATE_STALE_MS) return 0;
  // What is locked may be far older than all else.
  const spanMs = bounds.newestMs - Math.max(bounds.oldestMs, expiredBeforeMs);
  return spanMs < RATE_MIN_SPAN_MS ? 0 : bytes / spanMs;
}

function roomOf(dir: string): DiskRoom {
  const { bsize, blocks, bavail, files, ffree } = statfsSync(dir);
  return { totalBytes: blocks * bsize, freeBytes: bavail * bsize, totalFiles: files, freeFiles: ffree };
}
