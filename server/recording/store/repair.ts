import { lstatSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { StreamId } from '../../../shared/names.ts';
import type { GapReason } from '../../../shared/recording.ts';
import { adoptFile } from './adopt.ts';
import { aliveMs } from './alive.ts';
import { unlinkIfThere } from './files.ts';
import type { IndexWriter } from './index-writer.ts';
import { hourFolder, segmentFile, startOfFile } from './layout.ts';

const HOUR_MS = 3_600_000;
/** One transaction takes in so many files. */
const STEP_FILES = 64;
/** One file that cannot be read must not keep all others from being recorded. */
const READ_FAILURES: ReadonlySet<string> = new Set(['EIO', 'EACCES', 'EISDIR', 'ENOENT', 'EUCLEAN']);
const PART_PATTERN = /^\d{1,15}\.part$/;

export interface RepairCounts {
  adopted: number;
  lost: number;
  unreadable: number;
  removedParts: number;
}

export const noRepairs = (): RepairCounts => ({ adopted: 0, lost: 0, unreadable: 0, removedParts: 0 });

/** A stream's hour, to be compared with its folder. */
export interface HourOfStream {
  readonly stream: StreamId;
  readonly streamRowId: number;
  readonly hourMs: number;
}

/**
 * Makes index and folder of one hour agree: files that no row tells of are taken in, rows whose file is gone are
 * removed and told in the ledger, half-written files are unlinked. A generator that yields after each piece of work of
 * some milliseconds; nothing is left out if it is done again from the start.
 */
export function* repairHour(index: IndexWriter, hour: HourOfStream, counts: RepairCounts): Generator<void> {
  const folder = hourFolder(index.recordingsDir, hour.stream, hour.hourMs);
  const names = namesIn(folder);
  for (const name of names) {
    if (PART_PATTERN.test(name) && unlinkIfThere(join(folder, name))) counts.removedParts += 1;
  }
  const inFolder = new Set(names.flatMap((name) => startOfFile(name) ?? []));
  const known = knownOf(index, hour);
  const strays = [...inFolder]
    // What is named for another hour was not written by a store.
    .filter((startMs) => startMs >= hour.hourMs && startMs < hour.hourMs + HOUR_MS && !known.has(startMs))
    .sort((a, b) => a - b);
  for (let at = 0; at < strays.length; at += STEP_FILES) {
    index.transaction(() => {
      for (const startMs of strays.slice(at, at + STEP_FILES)) adoptStray(index, hour, startMs, counts);
      index.bumpGeneration(hour.streamRowId);
    });
    yield;
  }
  const rows = index.reader
    .arrays(
      'SELECT start_ms, end_ms FROM segments WHERE stream_id = ? AND start_ms >= ? AND start_ms < ? ORDER BY start_ms',
    )
    .all(hour.streamRowId, hour.hourMs, hour.hourMs + HOUR_MS) as unknown as [number, number][];
  // What was written since the folder was listed is there too.
  const lost = rows.filter(([startMs]) => !inFolder.has(startMs) && !isThere(join(folder, `${startMs}.ts`)));
  if (lost.length > 0) {
    forgetLost(index, hour, lost);
    counts.lost += lost.length;
  }
  yield;
}

/** What may be open after a crash, at once: the hours that were written to. Gives what was found. */
export function repairOpenHours(index: IndexWriter): RepairCounts {
  const counts = noRepairs();
  const streams = new Map(index.reader.streams().map(({ id, stream }) => [id, stream]));
  for (const { streamRowId, hourMs } of index.openHours()) {
    const stream = streams.get(streamRowId);
    if (stream !== undefined) {
      const steps = repairHour(index, { stream, streamRowId, hourMs }, counts);
      while (steps.next().done !== true);
    }
    index.transaction(() => index.closeHour(streamRowId, hourMs));
  }
  return counts;
}

/**
 * From the end of what is known of each stream on, the gateway did not run: at the end of its recording, or where it
 * was not recorded when the gateway was last known to run.
 */
export function noteServerStopped(index: IndexWriter): void {
  const ranUntilMs = aliveMs(index);
  index.transaction(() => {
    for (const { id } of index.reader.streams()) {
      const row = index.reader
        .arrays('SELECT at_ms, reason FROM notes WHERE stream_id = ? ORDER BY at_ms DESC LIMIT 1')
        .get(id) as unknown as [number, GapReason] | undefined;
      const newestMs = index.reader.boundsOf(id)?.newestMs;
      const [notedMs, reason] = row ?? [undefined, undefined];
      if (newestMs !== undefined && (notedMs === undefined || notedMs < newestMs)) {
        index.note(id, newestMs, 'SERVER_STOPPED');
      } else if (notedMs !== undefined && reason !== 'RECORDING_OFF' && reason !== 'SERVER_STOPPED') {
        index.note(id, Math.max(notedMs + 1, ranUntilMs), 'SERVER_STOPPED');
      }
    }
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw failure;
  }
}

/** A folder that cannot be read is a fault of the disk; files in it are not lost. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** What the index tells of the files of an hour, to be kept or to be unlinked. */
function knownOf({ reader }: IndexWriter, { streamRowId, hourMs }: HourOfStream): ReadonlySet<number> {
  const range = 'WHERE stream_id = ?1 AND start_ms >= ?2 AND start_ms < ?3';
  const rows = reader
    .arrays(`SELECT start_ms FROM segments ${range} UNION ALL SELECT start_ms FROM garbage ${range}`)
    .all(streamRowId, hourMs, hourMs + HOUR_MS) as unknown as [number][];
  return new Set(rows.map(([startMs]) => startMs));
}

function adoptStray(index: IndexWriter, hour: HourOfStream, startMs: number, counts: RepairCounts): void {
  const path = segmentFile(index.recordingsDir, hour.stream, startMs);
  try {
    const adoption = adoptFile(index, { ...hour, startMs });
    if (adoption === 'adopted') counts.adopted += 1;
    if (adoption !== 'unreadable') return;
    // Never deleted: somebody may still make something of it.
    renameSync(path, path.replace(/\.ts$/, '.damaged'));
  } catch (failure) {
    if (!READ_FAILURES.has(String((failure as NodeJS.ErrnoException).code))) throw failure;
  }
  counts.unreadable += 1;
  index.log('warn', { file: path }, 'nothing can be played of a recorded file; it is left alone');
}

/** The rows go; from each lost run on the reason is its loss, behind it what it was before. */
function forgetLost(index: IndexWriter, hour: HourOfStream, lost: readonly [number, number][]): void {
  const { streamRowId, stream } = hour;
  index.transaction(() => {
    for (const [startMs] of lost) index.forgetSegment(streamRowId, startMs);
    for (const { startMs, endMs } of runsOf(lost)) {
      const before = index.reader.notes(stream, startMs, startMs)[0]?.reason ?? 'RECORDER_RESTARTED';
      index.note(streamRowId, startMs, 'FILE_LOST');
      const isNoted = index.reader
        .statement('SELECT 1 FROM notes WHERE stream_id = ? AND at_ms = ?')
        .get(streamRowId, endMs);
      if (isNoted === undefined)
        index.note(streamRowId, endMs, before === 'FILE_LOST' ? 'RECORDER_RESTARTED' : before);
    }
  });
  index.log('error', { stream, files: lost.length }, 'recorded files have disappeared from the disk');
}

function runsOf(rows: readonly [number, number][]): { startMs: number; endMs: number }[] {
  const runs: { startMs: number; endMs: number }[] = [];
  for (const [startMs, endMs] of rows) {
    const last = runs.at(-1);
    if (last?.endMs === startMs) last.endMs = endMs;
    else runs.push({ startMs, endMs });
  }
  return runs;
}
