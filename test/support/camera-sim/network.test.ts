import fc from 'fast-check';
import { expect, it } from 'vitest';
import { waitFor } from '../wait.ts';
import { type NetworkConditions, PERFECT_NETWORK, type SimAudio, type SimVideo, seeded } from './index.ts';
import { NetworkPath } from './network.ts';
import { calm } from './options.ts';
import { SimSession } from './session.ts';

const packet = (index: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(index);
  return bytes;
};

/** What arrives of so many packets, one a millisecond. */
function arrivals(seed: number, conditions: Partial<NetworkConditions>, count = 2_000): number[] {
  const got: number[] = [];
  const path = new NetworkPath(seeded(seed), { ...PERFECT_NETWORK, ...conditions }, (bytes) =>
    got.push(bytes.readUInt32BE()),
  );
  for (let index = 0; index < count; index += 1) {
    path.send(packet(index), index);
    path.tick(index);
  }
  path.tick(count + 10_000);
  return got;
}

const anyConditions = fc.record({
  lossFraction: fc.double({ min: 0, max: 0.5, noNaN: true }),
  lossBurst: fc.integer({ min: 1, max: 10 }),
  duplicateFraction: fc.double({ min: 0, max: 0.5, noNaN: true }),
  reorderFraction: fc.double({ min: 0, max: 0.5, noNaN: true }),
  reorderDepth: fc.integer({ min: 1, max: 8 }),
  delayMs: fc.integer({ min: 0, max: 200 }),
  jitterMs: fc.integer({ min: 0, max: 200 }),
});

it('the same seed meets the same fate, another seed another', () => {
  fc.assert(
    fc.property(fc.nat(), anyConditions, (seed, conditions) => {
      expect(arrivals(seed, conditions, 200)).toEqual(arrivals(seed, conditions, 200));
    }),
    { numRuns: 50 },
  );
  expect(arrivals(1, { lossFraction: 0.2 })).not.toEqual(arrivals(2, { lossFraction: 0.2 }));
});

it('a perfect network delivers all at once and in order', () => {
  expect(arrivals(1, {})).toEqual(Array.from({ length: 2_000 }, (_, index) => index));
});

it('delay and jitter alone lose nothing and overtake nothing', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(200), fc.nat(200), (seed, delayMs, jitterMs) => {
      expect(arrivals(seed, { delayMs, jitterMs }, 300)).toEqual(arrivals(seed, {}, 300));
    }),
    { numRuns: 30 },
  );
});

it.each([
  [0.01, 1],
  [0.1, 1],
  [0.1, 5],
  [0.3, 8],
])('loses %d of the packets, in bursts of %d', (lossFraction, lossBurst) => {
  const count = 50_000;
  const got = arrivals(7, { lossFraction, lossBurst }, count);
  expect((count - got.length) / count).toBeGreaterThan(lossFraction * 0.8);
  expect((count - got.length) / count).toBeLessThan(lossFraction * 1.2);
  const bursts = got.slice(1).filter((value, index) => value - (got[index] ?? 0) > 1).length;
  expect((count - got.length) / bursts).toBeGreaterThan(lossBurst * 0.8);
});

it('reorders no further than told, and loses none by it', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 8 }), (seed, reorderDepth) => {
      const got = arrivals(seed, { reorderFraction: 0.2, reorderDepth }, 500);
      expect(got.length).toBeGreaterThanOrEqual(499);
      for (const [place, index] of got.entries()) {
        expect(place - index).toBeLessThanOrEqual(reorderDepth);
        expect(index - place).toBeLessThanOrEqual(1);
      }
      expect(new Set(got).size).toBe(got.length);
    }),
    { numRuns: 50 },
  );
});

/** The numbers of the packets that a client gets of each track; `holdMs`: the machine is busy for so long in between. */
async function sessionOf(seed: number, holdMs: number): Promise<number[][]> {
  const network = { ...PERFECT_NETWORK, lossFraction: 0.2, lossBurst: 3, reorderFraction: 0.1 };
  const session = new SimSession(
    { senderReports: 'nonsense', senderReportEveryMs: 20 },
    calm(),
    seeded(seed),
    network,
  );
  const video: SimVideo = {
    kind: 'video',
    codec: 'h264',
    fps: 200,
    pictures: [{ nals: [Buffer.alloc(5_000, 0x65)], isKeyFrame: true }],
  };
  const audio: SimAudio = {
    kind: 'audio',
    codec: 'pcmu',
    clockRate: 8000,
    channels: 1,
    frames: [Buffer.alloc(24)],
    frameTicks: 24,
  };
  const got = [video, audio].map((media) => {
    const numbers: number[] = [];
    session.addTrack(media, 96, { rtp: (packet) => numbers.push(packet.readUInt16BE(2)), rtcp: () => {} });
    return numbers;
  });
  session.play();
  await waitFor('some packets', () => got.every((numbers) => numbers.length > 30));
  const until = performance.now() + holdMs;
  while (performance.now() < until);
  await waitFor('the packets', () => got.every((numbers) => numbers.length >= 100));
  session.pause();
  return got.map((numbers) => numbers.slice(0, 100));
}

it('the same seed gives each track the same fate, however busy the machine is', async () => {
  const [idle, busy, other] = await Promise.all([sessionOf(5, 0), sessionOf(5, 60), sessionOf(6, 0)]);
  expect(busy).toEqual(idle);
  expect(other).not.toEqual(idle);
});
