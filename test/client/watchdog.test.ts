import { expect, test } from 'vitest';
import { Watchdog } from '../../client/src/player/watchdog.ts';

/** Ticks once a second; gives the seconds at which it called the player stalled. */
function stalls(watchdog: Watchdog, from: number, to: number, frames: (second: number) => number): number[] {
  const found: number[] = [];
  for (let second = from; second < to; second += 1) {
    if (watchdog.tick(second * 1000, frames(second), true) === 'stalled') found.push(second);
  }
  return found;
}

test('pictures that arrive keep it quiet', () => {
  expect(stalls(new Watchdog(), 0, 120, (second) => 1 + second * 25)).toEqual([]);
});

test('five seconds without a picture are a stall', () => {
  const watchdog = new Watchdog();
  stalls(watchdog, 0, 10, (second) => 1 + second);
  expect(stalls(watchdog, 10, 15, () => 10)).toEqual([14]);
});

test('the first picture may take as long as a key frame takes', () => {
  expect(stalls(new Watchdog(), 0, 16, () => 0)).toEqual([15]);
});

test('each restart that did not help doubles its patience, up to a minute', () => {
  const found = stalls(new Watchdog(), 0, 300, () => 0);
  expect(found).toEqual([15, 45, 105, 165, 225, 285]);
});

test('after ten good seconds it is as strict as at first', () => {
  const watchdog = new Watchdog();
  stalls(watchdog, 0, 50, () => 0);
  stalls(watchdog, 50, 62, (second) => second);
  expect(stalls(watchdog, 62, 70, () => 61)).toEqual([66]);
});

test('nothing is expected of a paused player, and the time does not run meanwhile', () => {
  const watchdog = new Watchdog();
  stalls(watchdog, 0, 3, (second) => 1 + second);
  for (let second = 3; second < 60; second += 1)
    expect(watchdog.tick(second * 1000, 3, false)).toBe('resting');
  expect(stalls(watchdog, 60, 70, () => 3)).toEqual([65]);
});

test('a new decoder that counts from the beginning is progress', () => {
  const watchdog = new Watchdog();
  watchdog.tick(0, 500, true);
  expect(watchdog.tick(1000, 3, true)).toBe('progress');
});
