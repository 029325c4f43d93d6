import { expect, test } from 'vitest';
import { KeyFrameRequests } from '../../server/webrtc/key-frame-requests.ts';
import { asksForKeyFrame } from '../../server/webrtc/rtcp-feedback.ts';
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

const PLI = Buffer.from('81ce0002000000010000000a', 'hex');
const FIR = Buffer.from('84ce0004000000010000000000000002ff000000', 'hex');
const NACK = Buffer.from('81cd0003000000010000000a00050000', 'hex');
const RECEIVER_REPORT = Buffer.from('80c9000100000001', 'hex');

test('PLI and FIR are found anywhere in a compound packet, other feedback is not taken for them', () => {
  expect(asksForKeyFrame(PLI)).toBe(true);
  expect(asksForKeyFrame(FIR)).toBe(true);
  expect(asksForKeyFrame(Buffer.concat([RECEIVER_REPORT, NACK, PLI]))).toBe(true);
  expect(asksForKeyFrame(Buffer.concat([RECEIVER_REPORT, NACK]))).toBe(false);
});

test('what is cut off or no RTCP asks for nothing', () => {
  expect(asksForKeyFrame(Buffer.alloc(0))).toBe(false);
  expect(asksForKeyFrame(PLI.subarray(0, 3))).toBe(false);
  expect(asksForKeyFrame(Buffer.alloc(64, 0xff))).toBe(false);
  expect(asksForKeyFrame(Buffer.alloc(64))).toBe(false);
});
