import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../server/base/clock.ts';
import type { Segment } from '../../../server/recording/segment.ts';
import { type CheckReport, checkRecordings } from '../../../server/recording/store/check.ts';
import { segmentFile } from '../../../server/recording/store/layout.ts';
import { type OpenedStore, openStore } from '../../../server/recording/store/opened-store.ts';
import { type BatchItem, writeBatch } from '../../../server/recording/store/write-batch.ts';
import { ArchiveHouse } from '../../support/archive-house.ts';
import { recordingOf, segmentOf, segmentsOf } from '../../support/recorded-segments.ts';

const START_MS = 1_795_255_196_000;
const STREAM = 'live/door';

let house: ArchiveHouse;
let uuid: string | undefined;
beforeEach(() => {
  house = new ArchiveHouse();
  uuid = undefined;
});
afterEach(async () => {
  await house.close();
});

function open(): OpenedStore {
  const store = openStore({
    isNewRun: true,
    recordingsDir: house.recordingsDir,
    expectedUuid: uuid,
    isIndexDamaged: false,
    clock: systemClock,
    log: () => {},
  });
  uuid = store.uuid;
  return store;
}

const item = (segment: Segment): BatchItem => ({ kind: 'segment', stream: STREAM, segment });

/** All rows of the tables that tell what is kept. */
function tables() {
  const database = new DatabaseSync(join(house.recordingsDir, 'index.db'), { readOnly: true });
  const all = (sql: string) => database.prepare(sql).all();
  const rows = {
    segments: all('SELECT * FROM segments ORDER BY start_ms'),
    recordings: all('SELECT * FROM recordings ORDER BY id'),
    totals: all('SELECT app, name, bytes, segments FROM streams'),
    openHours: all('SELECT * FROM open_hours'),
  };
  database.close();
  return rows;
}

describe('the check of the invariants', () => {
  const file = (startMs: number) => segmentFile(house.recordingsDir, STREAM, startMs);

  function checkAfter(change: () => void): CheckReport['violations'] {
    const store = open();
    writeBatch(store.index, segmentsOf(recordingOf('one', START_MS), 4).map(item));
    store.close();
    expect(checkRecordings(house.dataDir, { isStopped: true }).violations).toEqual([]);
    change();
    return checkRecordings(house.dataDir, { isStopped: true }).violations;
  }

  function change(sql: string): void {
    const database = new DatabaseSync(join(house.recordingsDir, 'index.db'));
    database.exec(sql);
    database.close();
  }

  it.each([
    ['R2', 'a file without a row', () => writeFileSync(file(START_MS + 99), 'x'), /neither in the index/],
    [
      'R2',
      'a file in the wrong folder',
      () => writeFileSync(join(dirname(file(START_MS)), `${START_MS + 7_200_000}.ts`), 'x'),
      /wrong folder/,
    ],
    [
      'R3',
      'a half-written file',
      () => writeFileSync(file(START_MS).replace('.ts', '.part'), ''),
      /half-written/,
    ],
    ['R3', 'an open hour', () => change('INSERT INTO open_hours VALUES (1, 0)'), /1 hours are open/],
    [
      'R4',
      'segments that overlap',
      () => change(`UPDATE segments SET end_ms = end_ms + 1 WHERE start_ms = ${START_MS}`),
      /begins before the one before it ends/,
    ],
    ['R5', 'a missing recording', () => change('DELETE FROM recordings'), /recording 1, which is not there/],
    ['R5', 'wrong totals', () => change('UPDATE streams SET bytes = bytes + 1'), /the totals tell of/],
    [
      'R6',
      'an index of another day',
      () => change("UPDATE meta SET value = 'other' WHERE key LIKE '%open_id'"),
      /not the one that was last used/,
    ],
    [
      'R6',
      'no marker',
      () => rmSync(join(house.recordingsDir, 'sluice-recordings.json')),
      /the marker of this disk is not there/,
    ],
  ] as const)('[%s] finds %s', (invariant, _what, harm, message) => {
    const violations = checkAfter(harm);
    const found = violations.find((violation) => violation.invariant === invariant);
    expect(found?.message).toMatch(message);
  });
});

describe('any history of recordings', () => {
  /** Recordings one after the other, the clock set forth and back between them, written in batches of any size. */
  const histories = fc.record({
    recordings: fc.array(
      fc.record({
        shiftMs: fc.integer({ min: -9_000_000, max: 9_000_000 }),
        durations: fc.array(fc.integer({ min: 500, max: 60_000 }), { minLength: 1, maxLength: 6 }),
      }),
      { minLength: 1, maxLength: 5 },
    ),
    batch: fc.integer({ min: 1, max: 8 }),
  });

  function segmentsOfHistory(history: History): Segment[] {
    let atMs = START_MS;
    return history.recordings.flatMap(({ shiftMs, durations }, i) => {
      atMs += shiftMs;
      const recording = recordingOf(`r${i}`, atMs, { isRepeat: shiftMs < 0 });
      return durations.map((durationMs) => {
        const segment = segmentOf(recording, atMs, { durationMs, sizeBytes: 188 });
        atMs += durationMs;
        return segment;
      });
    });
  }

  interface History {
    readonly recordings: readonly { readonly shiftMs: number; readonly durations: readonly number[] }[];
    readonly batch: number;
  }

  it('[R1] to [R6] hold, and the files alone give the same index again', () => {
    fc.assert(
      fc.property(histories, (history) => {
        rmSync(house.recordingsDir, { recursive: true, force: true });
        uuid = undefined;
        const store = open();
        const items = segmentsOfHistory(history).map(item);
        for (let at = 0; at < items.length; at += history.batch)
          writeBatch(store.index, items.slice(at, at + history.batch));
        store.close();
        expect(checkRecordings(house.dataDir, { isStopped: true }).violations).toEqual([]);
        const before = tables();
        expect(before.segments).toHaveLength(items.length);
        rmSync(join(house.recordingsDir, 'index.db'));
        const again = open();
        const situation = { nowMs: START_MS, diskFull: false };
        while (again.chores.map((chore) => chore.step(situation)).some(Boolean));
        again.close();
        expect(tables()).toEqual(before);
        expect(checkRecordings(house.dataDir, { isStopped: true }).violations).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });
});
