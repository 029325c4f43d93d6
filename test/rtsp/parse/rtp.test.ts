import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  buildBye,
  buildReceiverReport,
  parseRtcp,
  parseRtp,
  ReceptionStats,
  ReorderBuffer,
  type RtpPacket,
} from '../../../server/rtsp/parse/index.ts';

function packet(sequence: number, over: Partial<RtpPacket> = {}): RtpPacket {
  return {
    payloadType: 96,
    marker: false,
    sequence: sequence & 0xffff,
    timestamp: 0,
    ssrc: 1,
    payload: Buffer.alloc(10),
    ...over,
  };
}

describe('parseRtp', () => {
  test('reads the header and gives the payload without a copy', () => {
    const bytes = Buffer.from('80e0fffe80000001deadbeef010203', 'hex');
    const parsed = parseRtp(bytes);
    expect(parsed).toEqual({
      payloadType: 96,
      marker: true,
      sequence: 0xfffe,
      timestamp: 0x80000001,
      ssrc: 0xdeadbeef,
      payload: Buffer.from([1, 2, 3]),
    });
    expect(parsed?.payload.buffer).toBe(bytes.buffer);
  });

  test('skips CSRCs, a header extension and padding', () => {
    const parts = [
      'b2600001',
      '00000001',
      '00000002',
      '11111111',
      '22222222',
      'bede0001',
      'aabbccdd',
      '010203',
      '000003',
    ];
    expect(parseRtp(Buffer.from(parts.join(''), 'hex'))?.payload.toString('hex')).toBe('010203');
  });

  test.each([
    ['too short', '80600001000000010000'],
    ['version 1', '406000010000000100000002'],
    ['CSRCs past the end', '826000010000000100000002'],
    ['an extension past the end', '906000010000000100000002bede0009'],
    ['padding past the start', 'a06000010000000100000002010205'],
  ])('refuses %s', (_name, hex) => {
    expect(parseRtp(Buffer.from(hex, 'hex'))).toBeUndefined();
  });
});

describe('RTCP', () => {
  const senderReport = '80c80006deadbeefe65c2e8080000000000190000000000a00000400';

  test('reads a sender report with its clock', () => {
    const [report] = parseRtcp(Buffer.from(senderReport, 'hex'));
    expect(report).toEqual({
      kind: 'sr',
      ssrc: 0xdeadbeef,
      ntpMs: (0xe65c2e80 - 2_208_988_800) * 1000 + 500,
      ntpMiddle: 0x2e808000,
      rtpTimestamp: 0x19000,
      packetCount: 10,
      octetCount: 1024,
      reports: [],
    });
  });

  test('NTP time goes on after 2036', () => {
    const bytes = Buffer.from(senderReport, 'hex');
    bytes.writeUInt32BE(16, 8);
    const [report] = parseRtcp(bytes);
    expect(report?.kind === 'sr' && new Date(report.ntpMs).toISOString()).toBe('2036-02-07T06:28:32.500Z');
  });

  test('a receiver report reads back, with its CNAME', () => {
    const block = {
      ssrc: 5,
      fractionLost: 128,
      cumulativeLost: -2,
      highestSequence: 0x1ffff,
      jitter: 7,
      lastSenderReport: 0x2e808000,
      delaySinceLastSenderReport: 65_536,
    };
    const bytes = buildReceiverReport({ ssrc: 9, cname: 'sluice', reports: [block] });
    expect(parseRtcp(bytes)).toEqual([
      { kind: 'rr', ssrc: 9, reports: [block] },
      { kind: 'sdes', ssrc: 9, cname: 'sluice' },
    ]);
  });

  test('a goodbye reads back', () => {
    expect(parseRtcp(buildBye({ ssrc: 9, cname: 'x'.repeat(300) }))).toEqual([
      { kind: 'rr', ssrc: 9, reports: [] },
      { kind: 'sdes', ssrc: 9, cname: 'x'.repeat(255) },
      { kind: 'bye', ssrcs: [9] },
    ]);
  });

  test('wishes for a key frame are known, what follows a broken part is not read', () => {
    const pli = '81ce00020000000100000002';
    expect(parseRtcp(Buffer.from(`${pli}ffff`, 'hex'))).toEqual([{ kind: 'pli', ssrc: 1, mediaSsrc: 2 }]);
    expect(parseRtcp(Buffer.from(`${pli}80c800ff`, 'hex'))).toHaveLength(1);
  });
});

test('no bytes make the RTP and RTCP readers throw', () => {
  const start = fc.constantFrom('', '80c80006', '81c90007', '81ca', '9fcb', '81ce', 'b0e0', 'ff');
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 200 }), (hex, bytes) => {
      const buffer = Buffer.concat([Buffer.from(hex, 'hex'), bytes]);
      parseRtcp(buffer);
      const parsed = parseRtp(buffer);
      expect(parsed === undefined || parsed.payload.length <= buffer.length - 12).toBe(true);
    }),
    { numRuns: 500 },
  );
});

describe('ReceptionStats', () => {
  test('counts loss over a wrap and reports the fraction since the last report', () => {
    const stats = new ReceptionStats(90_000);
    expect(stats.reportBlock(0)).toBeUndefined();
    for (const sequence of [65_534, 65_535, 0, 2]) stats.packet(packet(sequence), 0);
    expect(stats).toMatchObject({ receivedPackets: 4, lostPackets: 1, receivedBytes: 40 });
    expect(stats.reportBlock(0)).toMatchObject({
      fractionLost: 51,
      cumulativeLost: 1,
      highestSequence: 0x10002,
    });
    expect(stats.reportBlock(0)).toMatchObject({ fractionLost: 0, cumulativeLost: 1 });
  });

  test('a late packet is no loss, a restart of the sender is none either', () => {
    const stats = new ReceptionStats(90_000);
    for (const sequence of [1, 3, 2, 30_000, 30_001]) stats.packet(packet(sequence), 0);
    stats.packet(packet(7, { ssrc: 2 }), 0);
    expect(stats.lostPackets).toBe(0);
    expect(stats.reportBlock(0)).toMatchObject({ ssrc: 2, highestSequence: 7 });
  });

  test('measures jitter in milliseconds and the time since the sender report', () => {
    const stats = new ReceptionStats(90_000);
    for (let i = 0; i < 200; i += 1) {
      stats.packet(packet(i, { timestamp: (i * 3600 + 0xffff_0000) >>> 0 }), i * 40 + (i % 2) * 8);
    }
    expect(stats.jitterMs).toBeCloseTo(8, 1);
    const report = { ssrc: 1, ntpMs: 0, ntpMiddle: 77, rtpTimestamp: 0, packetCount: 0, octetCount: 0 };
    stats.senderReport(report, 1000);
    expect(stats.reportBlock(1500)).toMatchObject({
      lastSenderReport: 77,
      delaySinceLastSenderReport: 32_768,
    });
  });
});

describe('ReorderBuffer', () => {
  function collect(options: { maxPackets?: number; maxWaitMs?: number } = {}): {
    buffer: ReorderBuffer;
    seen: number[];
  } {
    const seen: number[] = [];
    const buffer = new ReorderBuffer({ ...options, deliver: ({ sequence }) => seen.push(sequence) });
    return { buffer, seen };
  }

  test('puts packets in order over a wrap, drops duplicates', () => {
    const { buffer, seen } = collect();
    for (const sequence of [65_534, 0, 0, 65_535, 2, 1, 1]) buffer.push(packet(sequence), 0);
    expect(seen).toEqual([65_534, 65_535, 0, 1, 2]);
    expect(buffer).toMatchObject({ duplicatePackets: 1, latePackets: 1, deadlineMs: undefined });
  });

  test('waits for a hole no longer than it may', () => {
    const { buffer, seen } = collect({ maxWaitMs: 100 });
    buffer.push(packet(1), 0);
    buffer.push(packet(3), 10);
    buffer.push(packet(5), 60);
    expect(buffer.deadlineMs).toBe(110);
    buffer.tick(109);
    expect(seen).toEqual([1]);
    buffer.tick(110);
    expect(seen).toEqual([1, 3]);
    expect(buffer.deadlineMs).toBe(160);
    buffer.push(packet(2), 120);
    expect(buffer.latePackets).toBe(1);
    buffer.push(packet(6), 160);
    expect(seen).toEqual([1, 3, 5, 6]);
  });

  test('holds no more than it may', () => {
    const { buffer, seen } = collect({ maxPackets: 4 });
    for (const sequence of [1, 3, 4, 5, 6]) buffer.push(packet(sequence), 0);
    expect(seen).toEqual([1]);
    buffer.push(packet(7), 0);
    expect(seen).toEqual([1, 3, 4, 5, 6, 7]);
  });

  test('follows a sender that begins again: other SSRC, far away, a little back', () => {
    const { buffer, seen } = collect({ maxPackets: 3 });
    buffer.push(packet(100), 0);
    buffer.push(packet(102), 0);
    buffer.push(packet(9, { ssrc: 2 }), 0);
    buffer.push(packet(40_000, { ssrc: 2 }), 0);
    for (let i = 0; i < 6; i += 1) buffer.push(packet(39_000 + i, { ssrc: 2 }), 0);
    expect(seen).toEqual([100, 102, 9, 40_000, 39_003, 39_004, 39_005]);
  });

  test('whatever comes in, packets go out in order, once each, and few are held', () => {
    const arrivals = fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 50 })));
    fc.assert(
      fc.property(arrivals, fc.integer({ min: 65_500, max: 65_535 }), (steps, base) => {
        const { buffer, seen } = collect({ maxPackets: 16 });
        let nowMs = 0;
        for (const [sequence, waitMs] of steps) {
          nowMs += waitMs;
          buffer.push(packet(base + sequence), nowMs);
          expect(buffer.deadlineMs === undefined || buffer.deadlineMs > nowMs).toBe(true);
        }
        buffer.flush();
        const order = seen.map((sequence) => (sequence - base) & 0xffff);
        if (buffer.latePackets <= 16) {
          expect(order).toEqual([...new Set(order)].toSorted((a, b) => a - b));
        }
        expect(order.length + buffer.latePackets + buffer.duplicatePackets).toBe(steps.length);
      }),
      { numRuns: 300 },
    );
  });
});
