import { expect, it } from 'vitest';
import { webrtcStatus } from '../../server/gateway/webrtc-status.ts';
import type { AudioFormat } from '../../server/stream/index.ts';
import { h264Format, pcmuFormat } from '../support/units.ts';

const aacFormat: AudioFormat = {
  kind: 'audio',
  codec: 'aac',
  clockRate: 48_000,
  channels: 2,
  config: Buffer.from('1190', 'hex'),
};

const of = (audio: AudioFormat, legs: Parameters<typeof webrtcStatus>[1] = []) =>
  webrtcStatus({ tracks: [h264Format(), audio], reordering: 'none' }, legs);

it('gives a reason for sound that is not as the camera sends it', () => {
  expect(of(pcmuFormat)).toEqual({ video: 'as-is', audio: 'as-is' });
  expect(of(aacFormat)).toEqual({
    video: 'as-is',
    audio: 'transcoded',
    reason: expect.stringMatching(/converted to Opus.*AAC/),
  });
  expect(of({ ...pcmuFormat, clockRate: 16_000 })?.reason).toMatch(/PCMU at 16 kHz/);
});

it('tells of sound that cannot be had', () => {
  expect(of(aacFormat, [{ kind: 'opus', state: 'waiting', reason: 'FFmpeg ended.' }])).toEqual({
    video: 'as-is',
    audio: 'unavailable',
    reason: 'Without sound: FFmpeg ended.',
  });
  expect(of({ ...pcmuFormat, codec: 'g722', clockRate: 16_000 })).toMatchObject({
    audio: 'unavailable',
    reason: expect.stringContaining('cannot be had'),
  });
});
