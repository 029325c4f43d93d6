import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dePacketizeRtpPackets, RtcpPacketConverter, RtcpSrPacket, RtpPacket } from 'werift';
import {
  type AudioFormat,
  type H265Format,
  RtpPacketiser,
  rtpTimestampOf,
  type TrackFormat,
  type Unit,
  writeSenderReport,
} from '../../server/stream/index.ts';
import { h264Format } from '../support/units.ts';

function unitOf(
  format: TrackFormat,
  payloads: Buffer[],
  fields: { key?: boolean; pts90k?: number } = {},
): Unit {
  return {
    format,
    payloads,
    isKeyFrame: fields.key ?? false,
    isDisposable: false,
    pts90k: fields.pts90k ?? 0,
    wallMs: 0,
    receivedAtMs: 0,
    sizeBytes: payloads.reduce((sum, { length }) => sum + length, 0),
  };
}

function packetiserOf(fields: Partial<ConstructorParameters<typeof RtpPacketiser>[0]> = {}) {
  return new RtpPacketiser({
    payloadType: 96,
    ssrc: 0xdeadbeef,
    clockRate: 90_000,
    maxPacketBytes: 1200,
    firstSequence: 65_534,
    parameterSets: 'stap-a-before-idr',
    ...fields,
  });
}

const nalOf = (type: number, sizeBytes: number) => {
  const nal = Buffer.alloc(sizeBytes, 0xab);
  nal[0] = 0x60 | type;
  return nal;
};

const nal265 = (type: number, sizeBytes: number) => {
  const nal = Buffer.alloc(sizeBytes, 0xab);
  nal[0] = type << 1;
  nal[1] = 1;
  return nal;
};

describe('packetiser', () => {
  it('puts SPS and PPS as one STAP-A before an IDR picture, and marks the last packet', () => {
    const format = h264Format();
    const packets = packetiserOf()
      .packetise(unitOf(format, [nalOf(6, 20), nalOf(5, 100)], { key: true, pts90k: 9_000 }))
      .map((packet) => RtpPacket.deSerialize(packet));
    expect(packets.map(({ header }) => [header.sequenceNumber, header.marker, header.timestamp])).toEqual([
      [65_534, false, 9_000],
      [65_535, false, 9_000],
      [0, true, 9_000],
    ]);
    const [sps, pps] = [format.sps[0] ?? Buffer.alloc(0), format.pps[0] ?? Buffer.alloc(0)];
    expect(packets[0]?.payload).toEqual(
      Buffer.concat([Buffer.from([0x78, 0, sps.length]), sps, Buffer.from([0, pps.length]), pps]),
    );
  });

  it('sends them one by one where asked, or where a STAP-A would not fit', () => {
    const big = { ...h264Format(), sps: [nalOf(7, 900)], pps: [nalOf(8, 400)] };
    const types = (packets: Buffer[]) => packets.map((packet) => (packet[12] ?? 0) & 0x1f);
    const unit = unitOf(h264Format(), [nalOf(5, 10)], { key: true });
    expect(types(packetiserOf({ parameterSets: 'single-before-idr' }).packetise(unit))).toEqual([7, 8, 5]);
    expect(types(packetiserOf().packetise(unitOf(big, [nalOf(5, 10)], { key: true })))).toEqual([7, 8, 5]);
  });

  it('gives back the same picture through a foreign depacketiser, within the size asked for (property)', () => {
    const nal = fc.tuple(fc.constantFrom(1, 5, 6), fc.integer({ min: 2, max: 6_000 }));
    fc.assert(
      fc.property(
        fc.array(nal, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 100, max: 1_500 }),
        (nals, max) => {
          const payloads = nals.map(([type, size]) => nalOf(type, size));
          const packets = packetiserOf({ maxPacketBytes: max }).packetise(unitOf(h264Format(), payloads));
          for (const packet of packets) expect(packet.length).toBeLessThanOrEqual(max);
          const frame = dePacketizeRtpPackets(
            'MPEG4/ISO/AVC',
            packets.map((packet) => RtpPacket.deSerialize(packet)),
          );
          const annexB = Buffer.concat(payloads.flatMap((payload) => [Buffer.from([0, 0, 0, 1]), payload]));
          expect(frame.data.equals(annexB)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('carries a header extension in each packet', () => {
    const extension = Buffer.from('bede000112000000', 'hex');
    const packets = packetiserOf({ headerExtension: extension, maxPacketBytes: 200 }).packetise(
      unitOf(h264Format(), [nalOf(1, 1_000)]),
    );
    expect(packets.length).toBeGreaterThan(5);
    for (const packet of packets) {
      expect(packet.length).toBeLessThanOrEqual(200);
      expect(RtpPacket.deSerialize(packet).header).toMatchObject({
        extension: true,
        extensionProfile: 0xbede,
      });
    }
  });

  it('packs AAC with AU headers, whole or in fragments that tell the whole size (RFC 3640)', () => {
    const aac: AudioFormat = { kind: 'audio', codec: 'aac', clockRate: 48_000, channels: 2 };
    const frame = Buffer.alloc(2_500, 7);
    const packets = packetiserOf({ clockRate: 48_000 }).packetise(unitOf(aac, [frame], { pts90k: 1_920 }));
    const parsed = packets.map((packet) => RtpPacket.deSerialize(packet));
    expect(parsed.map(({ header }) => [header.timestamp, header.marker])).toEqual([
      [1_024, false],
      [1_024, false],
      [1_024, true],
    ]);
    for (const { payload } of parsed)
      expect([payload.readUInt16BE(0), payload.readUInt16BE(2) >> 3]).toEqual([16, 2_500]);
    expect(Buffer.concat(parsed.map(({ payload }) => payload.subarray(4)))).toEqual(frame);
  });

  it('sends other sound as it is, one frame a packet', () => {
    const opus: AudioFormat = { kind: 'audio', codec: 'opus', clockRate: 48_000, channels: 2 };
    const packets = packetiserOf().packetise(unitOf(opus, [Buffer.from('frame')]));
    expect(packets.map((packet) => packet.subarray(12).toString())).toEqual(['frame']);
  });

  it('cuts G.711 that is too large for a packet between samples, each part with its time', () => {
    const pcmu: AudioFormat = { kind: 'audio', codec: 'pcmu', clockRate: 8_000, channels: 2 };
    const samples = Buffer.from(Array.from({ length: 250 }, (_, i) => i));
    const packets = packetiserOf({ clockRate: 8_000, maxPacketBytes: 113 })
      .packetise(unitOf(pcmu, [samples], { pts90k: 90_000 }))
      .map((packet) => RtpPacket.deSerialize(packet));
    expect(packets.map(({ header }) => header.timestamp)).toEqual([8_000, 8_050, 8_100]);
    expect(packets.map(({ payload }) => payload.length)).toEqual([100, 100, 50]);
    expect(Buffer.concat(packets.map(({ payload }) => payload)).equals(samples)).toBe(true);
  });

  it('counts what it sent, for sender reports', () => {
    const packetiser = packetiserOf();
    packetiser.packetise(unitOf(h264Format(), [nalOf(1, 1_000)]));
    packetiser.packetise(unitOf(h264Format(), [nalOf(1, 500)]));
    expect([packetiser.packetCount, packetiser.octetCount]).toEqual([2, 1_500]);
  });

  it('refuses a packet size that leaves no room', () => {
    expect(() => packetiserOf({ maxPacketBytes: 60 })).toThrow(RangeError);
  });
});

describe('H.265 packetiser', () => {
  const h265: H265Format = {
    kind: 'video',
    codec: 'h265',
    clockRate: 90_000,
    vps: [nal265(32, 24)],
    sps: [nal265(33, 40)],
    pps: [nal265(34, 8)],
    codecString: 'hvc1.1.6.L93.B0',
    profile: 'Main 3.1',
    width: 640,
    height: 360,
  };
  const bodies = (packets: Buffer[]) => packets.map((packet) => RtpPacket.deSerialize(packet).payload);

  it('puts VPS, SPS and PPS as one aggregation packet before a key frame (RFC 7798 section 4.4.2)', () => {
    const packets = packetiserOf().packetise(unitOf(h265, [nal265(19, 100)], { key: true }));
    const sets = [...h265.vps, ...h265.sps, ...h265.pps];
    const aggregate = Buffer.concat([
      Buffer.from([48 << 1, 1]),
      ...sets.flatMap((set) => [Buffer.from([0, set.length]), set]),
    ]);
    expect(bodies(packets)).toEqual([aggregate, nal265(19, 100)]);
    expect(packets.map((packet) => RtpPacket.deSerialize(packet).header.marker)).toEqual([false, true]);
  });

  it('sends them one by one where asked, or where they would not fit', () => {
    const types = (packets: Buffer[]) => bodies(packets).map((body) => ((body[0] ?? 0) >> 1) & 0x3f);
    const big = { ...h265, vps: [nal265(32, 600)], sps: [nal265(33, 700)] };
    const single = packetiserOf({ parameterSets: 'single-before-idr' });
    expect(types(single.packetise(unitOf(h265, [nal265(21, 10)], { key: true })))).toEqual([32, 33, 34, 21]);
    expect(types(packetiserOf().packetise(unitOf(big, [nal265(21, 10)], { key: true })))).toEqual([
      32, 33, 34, 21,
    ]);
  });

  it('cuts what is too big into fragments that hold all of it (RFC 7798 section 4.4.3, property)', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1, 19, 39),
        fc.integer({ min: 2, max: 8_000 }),
        fc.integer({ min: 100, max: 1_500 }),
        (type, size, max) => {
          const nal = nal265(type, size);
          const packets = packetiserOf({ maxPacketBytes: max }).packetise(unitOf(h265, [nal]));
          for (const packet of packets) expect(packet.length).toBeLessThanOrEqual(max);
          const parts = bodies(packets);
          if (size <= max - 12) {
            expect(parts).toEqual([nal]);
            return;
          }
          const last = parts.length - 1;
          parts.forEach((part, index) => {
            const edge = (index === 0 ? 0x80 : 0) | (index === last ? 0x40 : 0);
            expect([...part.subarray(0, 3)]).toEqual([49 << 1, nal[1], edge | type]);
          });
          const joined = Buffer.concat([nal.subarray(0, 2), ...parts.map((part) => part.subarray(3))]);
          expect(joined.equals(nal)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('timestamps and sender reports', () => {
  it('go from the timeline into the clock of the track and wrap at 32 bits', () => {
    expect(rtpTimestampOf(90_000, 8_000)).toBe(8_000);
    expect(rtpTimestampOf(2 ** 32 + 5, 90_000)).toBe(5);
    expect(rtpTimestampOf(-1, 90_000)).toBe(2 ** 32 - 1);
  });

  it('stay exact after years', () => {
    const threeYearsS = 3 * 365 * 86_400;
    for (const clockRate of [8_000, 44_100, 48_000, 90_000]) {
      const exact = BigInt.asUintN(32, BigInt(threeYearsS) * BigInt(clockRate) + BigInt(clockRate / 100));
      expect(rtpTimestampOf(threeYearsS * 90_000 + 900, clockRate)).toBe(Number(exact));
    }
  });

  it('come back the same for every clock up to 90 kHz (property)', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31), fc.constantFrom(8_000, 16_000, 44_100, 48_000), (ticks, clockRate) => {
        const pts90k = Math.round((ticks * 90_000) / clockRate);
        expect(rtpTimestampOf(pts90k, clockRate)).toBe(ticks);
      }),
    );
  });

  it('are read by a foreign parser', () => {
    const ntpMs = 1_700_000_000_500;
    const bytes = writeSenderReport({
      ssrc: 7,
      cname: 'sluice-live-door',
      ntpMs,
      rtpTimestamp: 123,
      packetCount: 4,
      octetCount: 5,
    });
    const packets = RtcpPacketConverter.deSerialize(bytes);
    const report = packets.find((packet) => packet instanceof RtcpSrPacket);
    expect(report?.ssrc).toBe(7);
    expect(report?.senderInfo).toMatchObject({ rtpTimestamp: 123, packetCount: 4, octetCount: 5 });
    const ntp = report?.senderInfo.ntpTimestamp ?? 0n;
    expect(Number(ntp >> 32n) - 2_208_988_800).toBe(1_700_000_000);
    expect(Number(ntp & 0xffffffffn) / 2 ** 32).toBeCloseTo(0.5);
    expect(JSON.stringify(packets)).toContain('sluice-live-door');
  });
});
