import { expect, test } from 'vitest';
import { KeyFrameRequests } from '../../server/stream/key-frame-requests.ts';
import { FakeClock } from '../support/fake-clock.ts';

function requests() {
  const clock = new FakeClock();
  const sent: number[] = [];
  const coalesced = new KeyFrameRequests(clock, () => sent.push(clock.monotonicMs()));
  return { clock, sent, coalesced };
}

test('the first wish goes out at once, those that follow as one after two seconds', () => {
  const { clock, sent, coalesced } = requests();
  for (let n = 0; n < 100; n += 1) {
    coalesced.ask();
    clock.advance(10);
  }
  expect(sent).toHaveLength(1);
  clock.advance(1100);
  expect(sent).toHaveLength(2);
  expect((sent[1] ?? 0) - (sent[0] ?? 0)).toBe(2000);
});

test('a key frame that comes meanwhile serves them', () => {
  const { clock, sent, coalesced } = requests();
  coalesced.ask();
  clock.advance(100);
  coalesced.ask();
  coalesced.served();
  clock.advance(5000);
  expect(sent).toHaveLength(1);
  coalesced.ask();
  expect(sent).toHaveLength(2);
});

test('nothing is asked for after the end', () => {
  const { clock, sent, coalesced } = requests();
  coalesced.ask();
  coalesced.ask();
  coalesced.close();
  clock.advance(5000);
  expect(sent).toHaveLength(1);
});
