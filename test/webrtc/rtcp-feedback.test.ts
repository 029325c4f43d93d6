import { expect, test } from 'vitest';
import { asksForKeyFrame } from '../../server/webrtc/rtcp-feedback.ts';

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
