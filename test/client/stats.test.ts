import { expect, test } from 'vitest';
import { lostShare, playerStats, sampleStats } from '../../client/src/player/stats.ts';

function videoReport(seconds: number): Map<string, unknown> {
  const fields = [
    {
      id: 'in',
      type: 'inbound-rtp',
      kind: 'video',
      codecId: 'codec',
      framesDecoded: 25 * seconds,
      framesDropped: 1,
      bytesReceived: 250_000 * seconds,
      frameWidth: 1280,
      frameHeight: 720,
      jitter: 0.004,
      packetsLost: 2,
      jitterBufferDelay: 0.5 * seconds,
      jitterBufferEmittedCount: 25 * seconds,
      totalDecodeTime: 0.05 * seconds,
    },
    { id: 'codec', type: 'codec', mimeType: 'video/H264' },
    { id: 'transport', type: 'transport', selectedCandidatePairId: 'pair' },
    { id: 'pair', type: 'candidate-pair', remoteCandidateId: 'remote', currentRoundTripTime: 0.006 },
    { id: 'remote', type: 'remote-candidate', protocol: 'udp' },
  ];
  return new Map(fields.map((entry) => [entry.id, entry]));
}

const audioReport = (seconds: number) =>
  new Map([['a', { id: 'a', type: 'inbound-rtp', kind: 'audio', bytesReceived: 8_000 * seconds }]]);

test('figures come from the counters of two moments', () => {
  const before = sampleStats([videoReport(10), audioReport(10)], 10_000);
  const now = sampleStats([videoReport(12), audioReport(12)], 12_000);
  expect(playerStats(now, before)).toEqual({
    mode: 'webrtc',
    fallback: undefined,
    framesDecoded: 300,
    framesDropped: 1,
    fps: 25,
    width: 1280,
    height: 720,
    codec: 'H264',
    quality: undefined,
    bitrateKbps: 2064,
    packetsLost: 2,
    lossPercent: 0,
    jitterMs: 4,
    rttMs: 6,
    transport: 'udp',
    latencyMs: 25,
  });
});

test('what is not known is undefined, never a guess', () => {
  const stats = playerStats(sampleStats([], 0), undefined);
  expect(stats.framesDecoded).toBe(0);
  expect(stats.bitrateKbps).toBeUndefined();
  expect(stats.latencyMs).toBeUndefined();
  expect(stats.transport).toBeUndefined();
});

test('a new decoder gives no negative rates', () => {
  const before = sampleStats([videoReport(100)], 1_000);
  const stats = playerStats(sampleStats([videoReport(1)], 2_000), before);
  expect(stats.fps).toBeUndefined();
  expect(stats.bitrateKbps).toBeUndefined();
});

test('the share of lost packets is that since the look before, of the same picture', () => {
  const look = (ssrc: number, packetsReceived: number, packetsLost: number) =>
    sampleStats(
      [new Map([['in', { type: 'inbound-rtp', kind: 'video', ssrc, packetsReceived, packetsLost }]])],
      0,
    );
  expect(lostShare(look(1, 300, 110), look(1, 210, 100))).toBe(0.1);
  expect(lostShare(look(1, 300, 100), look(1, 210, 100))).toBe(0);
  // What was thought lost came late.
  expect(lostShare(look(1, 300, 90), look(1, 210, 100))).toBe(0);
  expect(lostShare(look(2, 300, 110), look(1, 210, 100))).toBe(0);
  expect(lostShare(look(1, 300, 110), undefined)).toBe(0);
  expect(lostShare(look(1, 300, 110), look(1, 300, 110))).toBe(0);
});
