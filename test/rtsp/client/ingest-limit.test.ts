import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { INGEST_POLICY, IngestLimit } from '../../../server/rtsp/client/ingest-limit.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const MBIT_BYTES = 1_000_000 / 8;

function spend(limit: IngestLimit, bytes: number, packets: number): number {
  limit.charge(packets);
  return limit.spend(bytes);
}

describe('IngestLimit', () => {
  it('lets the best cameras send all they have', () => {
    const clock = new FakeClock();
    const limit = new IngestLimit(clock);
    // 60 Mbit/s at 30 fps, a key frame of 2 MB each second, for a minute.
    for (let frame = 0; frame < 1800; frame += 1) {
      const bytes = frame % 30 === 0 ? 2_000_000 : 2 * MBIT_BYTES;
      expect(spend(limit, bytes, Math.ceil(bytes / 1400))).toBe(0);
      clock.advance(33);
    }
    expect(limit.isFlood).toBe(false);
  });

  it('takes what a camera held back while the network was gone, a little more slowly', () => {
    const clock = new FakeClock();
    const limit = new IngestLimit(clock);
    let heldMs = 0;
    for (let sent = 0; sent < 20_000_000; sent += 65_536) {
      const holdMs = spend(limit, 65_536, 47);
      heldMs += holdMs;
      clock.advance(holdMs);
      expect(limit.isFlood).toBe(false);
    }
    expect(heldMs).toBeLessThan(2_000);
    clock.advance(1_000);
    expect(spend(limit, 1_000, 1)).toBe(0);
  });

  it.each([
    ['large packets', 65_536, 1],
    ['tiny packets', 65_536, 16_384],
  ])('holds a flood of %s to the share, and calls it one in time', (_name, bytes, packets) => {
    const clock = new FakeClock();
    const limit = new IngestLimit(clock);
    const startedAtMs = clock.monotonicMs();
    let chunks = 0;
    while (!limit.isFlood) {
      chunks += 1;
      clock.advance(spend(limit, bytes, packets));
    }
    const tookMs = clock.monotonicMs() - startedAtMs;
    expect(tookMs).toBeGreaterThanOrEqual(INGEST_POLICY.patienceMs);
    expect(tookMs).toBeLessThan(INGEST_POLICY.patienceMs + 2_000);
    const shareMs = (bytes / INGEST_POLICY.bytesPerSecond + packets / INGEST_POLICY.packetsPerSecond) * 1000;
    expect(chunks * shareMs).toBeLessThanOrEqual(tookMs + INGEST_POLICY.burstMs + 2 * shareMs);
  });

  it('admits no more single packets than the share, whenever they come', () => {
    const gaps = fc.array(fc.nat(3), { minLength: 200, maxLength: 2_000 });
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 1_500 }), (gapsMs, bytes) => {
        const clock = new FakeClock();
        const limit = new IngestLimit(clock, { ...INGEST_POLICY, packetsPerSecond: 1_000, burstMs: 100 });
        let admitted = 0;
        let elapsedMs = 0;
        for (const gapMs of gapsMs) {
          clock.advance(gapMs);
          elapsedMs += gapMs;
          if (limit.admits(bytes)) admitted += 1;
        }
        expect(admitted).toBeLessThanOrEqual(elapsedMs + 100 + 2);
      }),
    );
  });
});
