import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createDepacketiser,
  type Depacketiser,
  describeTracks,
  parseSdp,
  type RtpPacket,
} from '../../../server/rtsp/parse/index.ts';
import type { AudioFormat, SourceUnit } from '../../../server/stream/index.ts';
import { packetiser, received, unitOf } from '../../support/rtp-units.ts';

function receiver(
  rtpmap: string,
  fmtp = '',
): { depacketiser: Depacketiser; units: SourceUnit[]; format: AudioFormat } {
  const sdp = parseSdp(`v=0\r\nm=audio 0 RTP/AVP 97\r\na=rtpmap:97 ${rtpmap}\r\na=fmtp:97 ${fmtp}\r\n`);
  const [track] = sdp.ok ? describeTracks(sdp.value, 'rtsp://h') : [];
  if (track?.supported !== true || track.kind !== 'audio') throw new Error('no audio track');
  const units: SourceUnit[] = [];
  const depacketiser = createDepacketiser(track, {
    onUnit: (unit) => units.push(unit),
    onFormat: () => {
      throw new Error('audio has no format of its own');
    },
  });
  return { depacketiser, units, format: track.format };
}

const AAC = [
  'mpeg4-generic/48000/2',
  'mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1190',
] as const;

function packet(sequence: number, timestamp: number, hex: string): RtpPacket {
  return { payloadType: 97, marker: true, sequence, timestamp, ssrc: 1, payload: Buffer.from(hex, 'hex') };
}

describe('audio there and back', () => {
  test.each([
    ['PCMU/8000', 8000],
    ['PCMA/8000', 8000],
    ['G722/8000', 8000],
    ['opus/48000/2', 48_000],
  ])('%s', (rtpmap, clockRate) => {
    const { depacketiser, units, format } = receiver(rtpmap);
    const frame = Buffer.alloc(160, 4);
    for (const one of received(
      packetiser({ clockRate }).packetise(unitOf(format, [frame], { pts90k: 9000 })),
    )) {
      depacketiser.push(one, 5);
    }
    expect(units).toEqual([
      { kind: 'audio', rtpTimestamp: clockRate / 10, payloads: [frame], isKeyFrame: true, receivedAtMs: 5 },
    ]);
  });

  test('AAC of any size, in packets of any size', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 8191 }), { maxLength: 10 }),
        fc.integer({ min: 100, max: 1400 }),
        (sizes, maxPacketBytes) => {
          const { depacketiser, units, format } = receiver(...AAC);
          const sender = packetiser({ clockRate: 48_000, maxPacketBytes });
          const frames = sizes.map((size, i) => Buffer.alloc(size, i + 1));
          frames.forEach((frame, i) => {
            const wire = sender.packetise(unitOf(format, [frame], { pts90k: i * 1920 }));
            for (const one of received(wire)) depacketiser.push(one, 0);
          });
          expect(units.map((unit) => unit.rtpTimestamp)).toEqual(frames.map((_, i) => i * 1024));
          expect(units.every((unit, i) => unit.payloads[0]?.equals(frames[i] ?? Buffer.alloc(0)))).toBe(true);
          expect(depacketiser).toMatchObject({ droppedUnits: 0, unsupportedPackets: 0 });
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('AAC', () => {
  test('several frames in a packet have the times that follow', () => {
    const { depacketiser, units } = receiver(...AAC);
    depacketiser.push(packet(1, 0xffff_ff00, '00200010 0018 aabb ccddee'.replaceAll(' ', '')), 0);
    expect(units.map((unit) => [unit.rtpTimestamp, unit.payloads[0]?.toString('hex')])).toEqual([
      [0xffff_ff00, 'aabb'],
      [0xffff_ff00 + 1024 - 2 ** 32, 'ccddee'],
    ]);
  });

  test('a lost fragment takes its frame with it, and no other', () => {
    const frame = (fill: number): Buffer => Buffer.alloc(1000, fill);
    const { depacketiser, units, format } = receiver(...AAC);
    const sender = packetiser({ clockRate: 48_000, maxPacketBytes: 300 });
    const wire = [0, 1, 2, 3].flatMap((i) =>
      sender.packetise(unitOf(format, [frame(i)], { pts90k: i * 1920 })),
    );
    const perFrame = wire.length / 4;
    // The first fragment of the second frame, and one in the middle of the fourth.
    const packets = received(wire).filter((_, i) => i !== perFrame && i !== perFrame * 3 + 1);
    for (const one of packets) depacketiser.push(one, 0);
    expect(units.map((unit) => unit.payloads[0]?.[0])).toEqual([0, 2]);
    expect(units.every((unit) => unit.payloads[0]?.length === 1000)).toBe(true);
    expect(depacketiser.lostPackets).toBe(2);
    expect(depacketiser.droppedUnits).toBeGreaterThanOrEqual(2);
  });

  test.each(['', '00', '0000', '0010', 'ffff00', '00080010', '001000'])(
    'a broken packet is counted: %j',
    (hex) => {
      const { depacketiser, units } = receiver(...AAC);
      depacketiser.push(packet(1, 0, hex), 0);
      expect(units).toEqual([]);
      expect(depacketiser.unsupportedPackets).toBe(1);
    },
  );

  test('AAC-lbr has shorter headers', () => {
    const { depacketiser, units } = receiver('mpeg4-generic/8000/1', 'mode=AAC-lbr;config=1588');
    depacketiser.push(packet(1, 0, '00080caabbcc'), 0);
    expect(units[0]?.payloads[0]?.toString('hex')).toBe('aabbcc');
  });

  test('no bytes make it throw, and no unit is larger than what came', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.uint8Array({ maxLength: 60 }), fc.nat(3), fc.nat(2))), (list) => {
        const { depacketiser, units } = receiver(...AAC);
        let sequence = 0;
        let sum = 0;
        for (const [bytes, timestamp, skip] of list) {
          sequence += skip;
          sum += bytes.length;
          const one = { ...packet(sequence, timestamp, ''), payload: Buffer.from(bytes) };
          depacketiser.push(one, 0);
        }
        expect(units.reduce((size, unit) => size + (unit.payloads[0]?.length ?? 0), 0)).toBeLessThanOrEqual(
          sum,
        );
      }),
      { numRuns: 500 },
    );
  });
});

describe('other audio', () => {
  test('doubled packets are ignored, empty ones counted, lost ones too', () => {
    const { depacketiser, units } = receiver('PCMU/8000');
    for (const [sequence, hex] of [
      [1, 'aa'],
      [1, 'aa'],
      [2, ''],
      [5, 'bb'],
    ] as const) {
      depacketiser.push(packet(sequence, sequence * 160, hex), 0);
    }
    expect(units.map((unit) => unit.payloads[0]?.toString('hex'))).toEqual(['aa', 'bb']);
    expect(depacketiser).toMatchObject({ lostPackets: 2, unsupportedPackets: 1, droppedUnits: 0 });
  });

  test('packets that Opus could not decode are counted and left out', () => {
    const { depacketiser, units } = receiver('opus/48000/2');
    // RFC 6716 section 3.4: one frame; two of the same size; two, the first told; three with padding.
    const good = [
      'fc',
      'fcfffe',
      'fd0102',
      'fe0100ff',
      'ff4301000a0b0c',
      'ff830102aabbbb',
      'fcff'.padEnd(2552, '0'),
    ];
    // Odd halves; a first that is too long; no count; none; over 120 ms; more padding than there is; over 1275 bytes.
    const bad = ['fd01', 'fe05aa', 'ff', 'ff00', 'ff07', 'ff41ff01', 'ff830501', 'fcff'.padEnd(2554, '0')];
    for (const [n, hex] of [...good, ...bad].entries()) depacketiser.push(packet(n, n * 960, hex), 0);
    expect(units.map((unit) => unit.payloads[0]?.toString('hex'))).toEqual(good);
    expect(depacketiser.unsupportedPackets).toBe(bad.length);
  });

  test('a small frame does not keep a large chunk of the socket in memory', () => {
    const { depacketiser, units } = receiver('PCMU/8000');
    const chunk = Buffer.alloc(65_536, 9);
    depacketiser.push({ ...packet(1, 0, ''), payload: chunk.subarray(0, 160) }, 0);
    expect(units[0]?.payloads[0]?.equals(chunk.subarray(0, 160))).toBe(true);
    expect(units[0]?.payloads[0]?.buffer).not.toBe(chunk.buffer);
  });
});
