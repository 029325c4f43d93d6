import { describe, expect, it } from 'vitest';
import { SsrcGate } from '../../../server/rtsp/client/ssrc-gate.ts';
import type { RtpPacket } from '../../../server/rtsp/parse/index.ts';

const packet = (ssrc: number, sequence: number): RtpPacket => ({
  payloadType: 96,
  marker: true,
  sequence,
  timestamp: sequence * 3_600,
  ssrc,
  payload: Buffer.from([0x41]),
});

/** What came through of packets given as [sender, ms]; `changes` counts the changes of sender. */
function through(packets: ReadonlyArray<readonly [ssrc: number, atMs: number]>) {
  const taken: number[] = [];
  let changes = 0;
  let ignored = 0;
  const gate = new SsrcGate({
    packet: ({ ssrc }) => taken.push(ssrc),
    changed: () => {
      changes += 1;
    },
    ignored: () => {
      ignored += 1;
    },
  });
  for (const [index, [ssrc, atMs]] of packets.entries()) gate.push(packet(ssrc, index), atMs);
  return { taken, changes, ignored };
}

describe('SsrcGate', () => {
  it('follows a camera that restarts its encoder, without losing a packet', () => {
    expect(
      through([
        [1, 0],
        [1, 40],
        [2, 80],
        [2, 120],
        [2, 160],
      ]),
    ).toEqual({
      taken: [1, 1, 2, 2, 2],
      changes: 1,
      ignored: 0,
    });
  });

  it('ignores a stray packet', () => {
    expect(
      through([
        [1, 0],
        [9, 1],
        [1, 2],
      ]),
    ).toEqual({ taken: [1, 1], changes: 0, ignored: 1 });
  });

  it('keeps to one of two senders that a server mixes, however their packets alternate', () => {
    const mixed = Array.from({ length: 300 }, (_, n) => [n % 6 < 3 ? 1 : 2, n * 10] as const);
    const { taken, changes } = through(mixed);
    expect(changes).toBe(1);
    // Half of the packets are the chosen sender's.
    expect(new Set(taken.slice(6))).toEqual(new Set([2]));
    expect(taken.length).toBeGreaterThan(145);
  });

  it('goes back to the other one once the chosen one has ended', () => {
    const mixed = Array.from({ length: 60 }, (_, n) => [n % 6 < 3 ? 1 : 2, n * 10] as const);
    const after = Array.from({ length: 60 }, (_, n) => [1, 600 + n * 40] as const);
    const { taken, changes } = through([...mixed, ...after]);
    expect(changes).toBe(2);
    expect(taken.at(-1)).toBe(1);
  });
});
