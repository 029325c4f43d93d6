import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { segmentFile } from '../../../server/recording/store/layout.ts';
import { noRepairs, repairHour } from '../../../server/recording/store/repair.ts';
import { IndexHouse } from '../support/index-house.ts';

/** 2026-11-21T09:00:00Z */
const HOUR_MS = 1_795_251_600_000;
const STREAM = 'live/door';

let house: IndexHouse;
beforeEach(() => {
  house = new IndexHouse();
});
afterEach(() => house.close());

it('a segment that is written while its hour is compared is not taken for lost', () => {
  house.record(STREAM, { startMs: HOUR_MS, count: 2 });
  for (let i = 0; i < 3; i += 1) writeFileSync(segmentFile(house.dir, STREAM, HOUR_MS + 60_000 + i), 'torn');
  const counts = noRepairs();
  const streamRowId = house.index.reader.findStreamId(STREAM) ?? 0;
  const steps = repairHour(house.index, { stream: STREAM, streamRowId, hourMs: HOUR_MS }, counts);
  expect(steps.next().done).toBe(false);
  // The store writes between two steps.
  house.record(STREAM, { startMs: HOUR_MS + 120_000, count: 2 });
  while (steps.next().done !== true);
  expect(counts).toMatchObject({ lost: 0, unreadable: 3 });
  expect(house.startsOf(STREAM)).toEqual([HOUR_MS, HOUR_MS + 2000, HOUR_MS + 120_000, HOUR_MS + 122_000]);
});
