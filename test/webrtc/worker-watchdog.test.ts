import { expect, test } from 'vitest';
import { watchWorker } from '../../server/webrtc/worker-watchdog.ts';
import { FakeClock } from '../support/fake-clock.ts';

function watched(ask: () => Promise<unknown>) {
  const clock = new FakeClock();
  const told = { asked: 0, hung: 0 };
  const stop = watchWorker(clock, {
    ask: () => {
      told.asked += 1;
      return ask();
    },
    onHung: () => {
      told.hung += 1;
    },
  });
  const seconds = async (count: number) => {
    for (let second = 0; second < count; second += 1) {
      clock.advance(1000);
      await Promise.resolve();
      await Promise.resolve();
    }
  };
  return { clock, told, stop, seconds };
}

test('a worker that answers is asked each second and left alone', async () => {
  const { told, seconds, stop, clock } = watched(async () => 'well');
  await seconds(60);
  expect(told).toEqual({ asked: 60, hung: 0 });
  stop();
  expect(clock.timers).toBe(0);
});

test('one that answers with an error lives', async () => {
  const { told, seconds } = watched(async () => {
    throw new Error('busy');
  });
  await seconds(60);
  expect(told.hung).toBe(0);
});

test('one that does not answer is told of once, after 5 s, and not asked again meanwhile', async () => {
  const { told, seconds, clock } = watched(() => new Promise(() => {}));
  await seconds(4);
  expect(told).toEqual({ asked: 1, hung: 0 });
  await seconds(1);
  expect(told.hung).toBe(1);
  await seconds(30);
  expect(told).toEqual({ asked: 1, hung: 1 });
  expect(clock.timers).toBe(0);
});

test('an answer that comes late, but comes, ends the alarm', async () => {
  let answer = () => {};
  const { told, seconds } = watched(
    () =>
      new Promise<void>((resolve) => {
        answer = resolve;
      }),
  );
  for (let round = 0; round < 10; round += 1) {
    await seconds(3);
    answer();
    await Promise.resolve();
  }
  expect(told.hung).toBe(0);
});
