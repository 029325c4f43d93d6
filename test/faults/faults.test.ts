import { afterAll, beforeAll, expect, test } from 'vitest';
import { Closers } from '../../server/base/closers.ts';
import { anewForAnotherTry } from '../support/tried-again.ts';
import { faults } from './parts/index.ts';
import { failuresOf, type Result } from './support/fault.ts';
import { type RunResult, runFault } from './support/run.ts';
import { FaultSite } from './support/site.ts';
import { faultTable } from './support/table.ts';

/**
 * A short slice of `npm run faults`, all at once on one gateway. How long something took is not judged here: the machine does
 * other things meanwhile.
 */
const SLICE = ['1', '8 seq', '8 ssrc', '10 type', '12'];

let closers = new Closers();
let runs: RunResult[];

const runAll = async () => {
  closers = new Closers();
  const site = await FaultSite.start(closers);
  const chosen = faults.filter(({ id }) => SLICE.includes(id));
  runs = await Promise.all(chosen.map((fault) => runFault(site, fault)));
};
beforeAll(runAll, 90_000);
afterAll(() => closers.close());
// The tests only judge: another try is one of the faults themselves.
anewForAnotherTry(() => closers.close(), runAll, 90_000);

test.each(SLICE)('fault %s costs what it may, and others nothing', (id) => {
  const run = runs.find(({ fault }) => fault.id === id);
  if (run === undefined || !('result' in run)) throw new Error(JSON.stringify(run));
  const { outcome, others } = run.result;
  expect(outcome.problems ?? []).toEqual([]);
  expect(outcome.pauseMs).toBeGreaterThan(0);
  expect(others.lostPackets).toBe(0);
  expect(others.reconnected).toBe(false);
  expect(others.pictures).toBeGreaterThan(25);
});

test('the recording says why there is a gap, and there is none where nobody was away', () => {
  const outcomeOf = (id: string) => {
    const run = runs.find(({ fault }) => fault.id === id);
    return run !== undefined && 'result' in run ? run.result.outcome : undefined;
  };
  // It may have been dialled while it was away.
  expect(outcomeOf('1')?.gapReasons).toContain('CAMERA_CLOSED');
  expect(outcomeOf('8 seq')).toMatchObject({ gapMs: 0, gapReasons: [] });
  expect(outcomeOf('12')).toMatchObject({ gapMs: 0, gapReasons: [] });
});

test('each fault that a gateway has to survive is among them', () => {
  const numbers = new Set(faults.map(({ id }) => Number.parseInt(id, 10)));
  expect([...numbers].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 18, 19]);
  expect(new Set(faults.map(({ id }) => id)).size).toBe(faults.length);
});

test('what took too long, or harmed others, fails and is told in the table', () => {
  const fault = {
    id: '1',
    what: 'the camera dies',
    limits: { detectedMs: 1_000, recoveredMs: 1_000, lostMs: 500 },
    run: async () => ({}),
  };
  const others = { pauseMs: 45, pictures: 100, lostPackets: 0, reconnected: false, ownStallMs: 0 };
  const good: Result = {
    fault,
    outcome: { detectedMs: 40, recoveredMs: 80, gapMs: 2_400, awayMs: 2_100, gapReasons: ['CAMERA_CLOSED'] },
    others,
  };
  expect(failuresOf(good)).toEqual([]);
  const bad: Result = {
    fault,
    outcome: { detectedMs: 1_400, gapMs: 3_000, awayMs: 2_100, problems: ['the viewer saw 2 streams'] },
    others: { ...others, lostPackets: 3, pauseMs: 900 },
  };
  const failures = failuresOf(bad);
  expect(failures).toEqual([
    'the viewer saw 2 streams',
    'detected: 1400 ms, at most 1000 ms',
    'picture again: not measured, at most 1000 ms',
    'lost: 900 ms, at most 500 ms',
    'pause of the other camera: 900 ms, at most 500 ms',
    'the other viewer lost 3 packets',
  ]);
  const table = faultTable([
    { fault, result: good, failures: [] },
    { fault, result: bad, failures },
    { fault, missing: 'it wants Chromium' },
    { fault, error: 'timed out' },
  ]).split('\n');
  expect(table).toHaveLength(6);
  expect(table[2]).toContain('| 40 ms (≤ 1.0 s) | 80 ms (≤ 1.0 s) |  | 2.4 s (2.1 s) | CAMERA_CLOSED |');
  expect(table[2]).toMatch(/\| pass \|$/);
  expect(table[3]).toContain('FAIL: the viewer saw 2 streams');
  expect(table[4]).toContain('left out: it wants Chromium');
  expect(table[5]).toContain('FAIL: timed out');
});
