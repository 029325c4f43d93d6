import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { StreamId } from '../../../shared/names.ts';
import { unixMsOf } from '../../../shared/time.ts';
import type { Chore } from './chores.ts';
import type { IndexWriter } from './index-writer.ts';
import { noRepairs, type RepairCounts, repairHour } from './repair.ts';

/** As in shared/names.ts, which the store's threads do without (see StoreError). */
const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const DAY_PATTERN = /^\d{4}-\d\d-\d\d$/;
const HOUR_PATTERN = /^\d\d$/;
const STEP_MS = 20;
/** Set while the index and the folders have not been compared as a whole. */
const TODO_KEY = 'reconcile';

/** The index may not tell of all files (it was made anew, or is an older copy): compare it with every folder. */
export function askForReconciling(index: IndexWriter): void {
  index.transaction(() => index.setMeta(TODO_KEY, 'todo'));
}

/** Until it is done the index does not know what is oldest, so retention has to wait. */
export function isReconciling(index: IndexWriter): boolean {
  return index.meta(TODO_KEY) === 'todo';
}

/** Compares the whole folder with the index, oldest day first, a little at a time; begins anew after a restart. */
export class Reconciling implements Chore {
  readonly #index: IndexWriter;
  readonly #counts: RepairCounts = noRepairs();
  #steps: Generator<void> | undefined;
  #isDone: boolean;

  constructor(index: IndexWriter) {
    this.#index = index;
    this.#isDone = !isReconciling(index);
  }

  step(): boolean {
    if (this.#isDone) return false;
    if (this.#steps === undefined) {
      this.#steps = walk(this.#index, this.#counts);
      this.#index.log(
        'warn',
        {},
        'the index does not fit the recorded files; they are compared, recording goes on',
      );
    }
    const endMs = this.#index.clock.monotonicMs() + STEP_MS;
    while (this.#index.clock.monotonicMs() < endMs) {
      if (this.#steps.next().done !== true) continue;
      this.#index.transaction(() => this.#index.setMeta(TODO_KEY, 'done'));
      this.#isDone = true;
      this.#index.log('info', this.#counts, 'index and recorded files agree again');
      return false;
    }
    return true;
  }
}

function* walk(index: IndexWriter, counts: RepairCounts): Generator<void> {
  for (const { stream, day, hour } of [...foldersOf(index.recordingsDir)].sort(byTime)) {
    const hourMs = unixMsOf(`${day}T${hour}:00:00Z`);
    if (hourMs === undefined) continue;
    const streamRowId = index.transaction(() => index.streamId(stream));
    yield* repairHour(index, { stream, streamRowId, hourMs }, counts);
  }
  yield* forgetFolderless(index, counts);
}

interface HourFolder {
  readonly stream: StreamId;
  readonly day: string;
  readonly hour: string;
}

function byTime(a: HourFolder, b: HourFolder): number {
  const [left, right] = [`${a.day}/${a.hour}/${a.stream}`, `${b.day}/${b.hour}/${b.stream}`];
  return left < right ? -1 : 1;
}

/** The folders that a store may have written to; what links lead to is none of it. */
export function* foldersOf(recordingsDir: string): Generator<HourFolder> {
  for (const app of subfolders(recordingsDir, NAME_PATTERN)) {
    for (const name of subfolders(join(recordingsDir, app), NAME_PATTERN)) {
      for (const day of subfolders(join(recordingsDir, app, name), DAY_PATTERN)) {
        for (const hour of subfolders(join(recordingsDir, app, name, day), HOUR_PATTERN)) {
          yield { stream: `${app}/${name}`, day, hour };
        }
      }
    }
  }
}

function subfolders(path: string, pattern: RegExp): string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && pattern.test(entry.name))
    .map((entry) => entry.name);
}

/** Rows of hours that have no folder any more. */
function* forgetFolderless(index: IndexWriter, counts: RepairCounts): Generator<void> {
  for (const { id, stream } of index.reader.streams()) {
    const next = index.reader.arrays(
      'SELECT start_ms FROM segments WHERE stream_id = ? AND start_ms >= ? ORDER BY start_ms LIMIT 1',
    );
    let fromMs = 0;
    for (;;) {
      const row = next.get(id, fromMs) as unknown as [number] | undefined;
      if (row === undefined) break;
      const hourMs = Math.floor(row[0] / 3_600_000) * 3_600_000;
      yield* repairHour(index, { stream, streamRowId: id, hourMs }, counts);
      fromMs = hourMs + 3_600_000;
    }
  }
}
