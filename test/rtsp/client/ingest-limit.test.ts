import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveAnyAddress } from '../../../server/base/address-policy.ts';
import { GatewayRtspConnection } from '../../../server/rtsp/client/connection.ts';
import { INGEST_POLICY, IngestLimit } from '../../../server/rtsp/client/ingest-limit.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { interleaved, startFakeRtspServer } from '../../support/fake-rtsp-server.ts';
import { waitFor } from '../../support/wait.ts';

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

it('a camera that floods is read no faster than its share, and is cut off with a reason', async () => {
  const chunk = Buffer.concat(Array.from({ length: 1_000 }, () => interleaved(9, Buffer.alloc(60))));
  let sentBytes = 0;
  const server = await startFakeRtspServer({
    onPlay: ({ socket }) => {
      const more = () => {
        while (!socket.destroyed && socket.writableLength < 65_536) {
          socket.write(chunk);
          sentBytes += chunk.length;
        }
      };
      socket.on('drain', more);
      more();
    },
  });
  const clock = new FakeClock();
  let packets = 0;
  const connection = new GatewayRtspConnection({
    ...{ transport: 'tcp', clock, resolveAddress: resolveAnyAddress, random: Math.random },
    ...{ udpPorts: { min: 20_000, max: 29_999 }, connectTimeoutMs: 10_000, requestTimeoutMs: 10_000 },
    listener: {
      onRtp() {},
      onRtcp() {},
      onUnassigned() {
        packets += 1;
      },
    },
  });
  await connection.connect(server.url());
  await connection.play();
  // While no time goes by nothing more is read than what may come at once, and the chunks that were read by then.
  let before = -1;
  await waitFor('the camera to be held', async () => {
    const isStill = packets > 0 && packets === before;
    before = packets;
    await new Promise((resolve) => setTimeout(resolve, 50));
    return isStill;
  });
  expect(packets).toBeLessThan((INGEST_POLICY.packetsPerSecond * INGEST_POLICY.burstMs) / 1000 + 4_000);
  expect(connection.state.name).toBe('playing');
  const ended = connection.ended;
  await waitFor('the end', async () => {
    clock.advance(100);
    await new Promise((resolve) => setTimeout(resolve, 2));
    return connection.state.name === 'closed';
  });
  expect(await ended).toMatchObject({ kind: 'bad-data', reason: 'CAMERA_BAD_DATA' });
  expect((await ended).message).toContain('Lower its bit rate');
  const elapsedMs = clock.monotonicMs();
  expect(packets).toBeLessThan((INGEST_POLICY.packetsPerSecond * (elapsedMs + 500)) / 1000 + 4_000);
  expect(sentBytes).toBeGreaterThan(0);
  await server.close();
}, 60_000);
