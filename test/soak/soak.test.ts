import { expect, test } from 'vitest';
import { Closers } from '../../server/base/closers.ts';
import type { Sample } from './support/sample.ts';
import { soak } from './support/soak.ts';
import { judge, passes, soakTable } from './support/verdict.ts';

/** A short slice of `npm run soak`. Memory is not judged: it takes longer than this to tell growth from warming up. */
test('random faults leave nothing open and nothing stuck', async () => {
  const closers = new Closers();
  // Another try would else have this one's cameras and gateway beside it.
  const result = await soak({ forMs: 6_000, seed: 11, isSlice: true, closers, progress: () => {} }).finally(
    () => closers.close(),
  );
  expect(result.problems).toEqual([]);
  expect([...result.blows.values()].reduce((sum, times) => sum + times, 0)).toBeGreaterThan(0);
  expect(result.watches).toBeGreaterThan(0);
  expect(result.samples.length).toBeGreaterThan(2);
  const failed = judge(result).filter((one) => one.unit === '' && !passes(one));
  expect(failed).toEqual([]);
}, 180_000);

const MIB = 2 ** 20;

function sample(change: Partial<Sample> = {}): Sample {
  return {
    atMs: 0,
    rssBytes: 150 * MIB,
    heapBytes: 40 * MIB,
    workersRssBytes: 60 * MIB,
    fds: 60,
    sockets: 30,
    children: { recorders: 6, legs: 0, decoders: 2, workers: 2, others: 0 },
    viewers: 0,
    ...change,
  };
}

const run = (samples: Sample[], after: Partial<Sample> = {}) => ({
  before: sample(),
  after: sample(after),
  samples,
  problems: [],
});

test('memory that goes up and down passes, memory whose floor rises does not', () => {
  const wave = Array.from({ length: 120 }, (_, n) => sample({ heapBytes: (40 + (n % 10) * 8) * MIB }));
  expect(judge(run(wave)).every(passes)).toBe(true);
  const leak = wave.map((one, n) => ({ ...one, heapBytes: one.heapBytes + n * 0.25 * MIB }));
  const failed = judge(run(leak)).filter((one) => !passes(one));
  expect(failed.map(({ what }) => what)).toEqual(['its JavaScript heap, floor']);
  expect(soakTable(failed)).toContain('| FAIL |');
});

test('a child process, a watch or sockets too many do not pass', () => {
  const flat = Array.from({ length: 12 }, () => sample());
  const failed = (after: Partial<Sample>) =>
    judge(run(flat, after))
      .filter((one) => !passes(one))
      .map(({ what }) => what);
  const { children } = sample();
  expect(failed({ children: { ...children, recorders: 7 } })).toEqual(['recorders’ FFmpegs']);
  expect(failed({ children: { ...children, legs: 1 } })).toEqual(['legs’ FFmpegs']);
  expect(failed({ viewers: 1 })).toEqual(['watches']);
  expect(failed({ fds: 80, sockets: 40 })).toEqual(['file descriptors', 'sockets']);
  expect(failed({ fds: 61 })).toEqual([]);
});
