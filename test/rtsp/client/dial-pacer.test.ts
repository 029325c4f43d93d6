import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DialPacer } from '../../../server/rtsp/client/dial-pacer.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const settled = () => new Promise((resolve) => setImmediate(resolve));

it('lets a few go at once and the others by and by, the watched ones first', async () => {
  const clock = new FakeClock();
  const pacer = new DialPacer(clock, { burst: 2, perSecond: 10 });
  const order: string[] = [];
  const { signal } = new AbortController();
  let isLateWatched = false;
  const ask = (name: string, isUrgent: () => boolean) =>
    void pacer.turn(isUrgent, signal).then(() => order.push(name));
  ask('a', () => false);
  ask('b', () => false);
  ask('c', () => false);
  ask('d', () => isLateWatched);
  ask('e', () => true);
  await settled();
  expect(order).toEqual(['a', 'b']);
  clock.advance(100);
  await settled();
  expect(order).toEqual(['a', 'b', 'e']);
  isLateWatched = true;
  clock.advance(100);
  await settled();
  expect(order).toEqual(['a', 'b', 'e', 'd']);
  clock.advance(100);
  await settled();
  expect(order).toEqual(['a', 'b', 'e', 'd', 'c']);
  expect(clock.timers).toBe(0);
});

it('leaves each fourth turn to whoever has waited longest, however many are watched', async () => {
  const clock = new FakeClock();
  const pacer = new DialPacer(clock, { burst: 1, perSecond: 10 });
  const { signal } = new AbortController();
  const order: string[] = [];
  const ask = (name: string, urgent: boolean) =>
    void pacer.turn(() => urgent, signal).then(() => order.push(name));
  ask('first', true);
  for (const name of ['u1', 'u2']) ask(name, false);
  for (let index = 0; index < 8; index += 1) ask(`w${index}`, true);
  clock.advance(1_000);
  await settled();
  expect(order).toEqual(['first', 'w0', 'w1', 'w2', 'u1', 'w3', 'w4', 'w5', 'u2', 'w6', 'w7']);
});

it('lets go whoever gives up, and leaves no timer behind', async () => {
  const clock = new FakeClock();
  const pacer = new DialPacer(clock, { burst: 1, perSecond: 1 });
  const abort = new AbortController();
  await pacer.turn(() => false, abort.signal);
  const waiting = pacer.turn(() => false, abort.signal);
  expect([pacer.waiting, clock.timers]).toEqual([1, 1]);
  abort.abort();
  await waiting;
  await pacer.turn(() => false, abort.signal);
  expect([pacer.waiting, clock.timers]).toEqual([0, 0]);
});

it('never lets more go in a second than burst and rate say, and lets all go', () => {
  const asks = fc.array(fc.tuple(fc.nat(5_000), fc.boolean()), { minLength: 1, maxLength: 120 });
  return fc.assert(
    fc.asyncProperty(asks, async (list) => {
      const clock = new FakeClock();
      const startMs = clock.monotonicMs();
      const pacer = new DialPacer(clock, { burst: 10, perSecond: 25 });
      const wentAtMs: number[] = [];
      const { signal } = new AbortController();
      for (const [atMs, urgent] of list) {
        clock.after(atMs, () => {
          void pacer.turn(() => urgent, signal).then(() => wentAtMs.push(clock.monotonicMs()));
        });
      }
      while (clock.timers > 0 && clock.monotonicMs() < startMs + 60_000) {
        clock.advance(20);
        await settled();
      }
      expect(wentAtMs).toHaveLength(list.length);
      for (const [index, atMs] of wentAtMs.entries()) {
        const inSecond = wentAtMs.slice(index).filter((other) => other < atMs + 1_000).length;
        expect(inSecond).toBeLessThanOrEqual(36);
      }
    }),
    { numRuns: 20 },
  );
});
