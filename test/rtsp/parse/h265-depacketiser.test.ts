import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  describeTracks,
  H265Depacketiser,
  type H265DepacketiserOptions,
  parseSdp,
  type RtpPacket,
} from '../../../server/rtsp/parse/index.ts';
import type { SourceUnit, Unit, VideoFormat } from '../../../server/stream/index.ts';
import { type H265ClipName, h265Clip, h265Units } from '../../support/h265-clip.ts';
import { hexOf, packetiser, received, unitOf } from '../../support/rtp-units.ts';

const FIRST_SEQUENCE = 65_530;
const clip = h265Clip('closed-gop');
const [VPS, SPS, PPS] = [...clip.sets.vps, ...clip.sets.sps, ...clip.sets.pps].map((nal) =>
  nal.toString('hex'),
) as [string, string, string];

/** A camera that sends payloads given as hex, and what comes of them. */
class Camera {
  readonly units: SourceUnit[] = [];
  readonly formats: VideoFormat[] = [];
  /** Formats and units in the order they were told. */
  readonly events: string[] = [];
  readonly depacketiser: H265Depacketiser;
  #sequence = 100;

  constructor(sets: Partial<H265DepacketiserOptions> = clip.sets) {
    this.depacketiser = new H265Depacketiser({
      ...sets,
      onUnit: (unit) => {
        this.units.push(unit);
        this.events.push(hexOf(unit).join(' '));
      },
      onFormat: (format) => {
        this.formats.push(format);
        this.events.push(`${format.width}x${format.height}`);
      },
    });
  }

  /** One packet for each payload; the last has the marker. */
  picture(timestamp: number, ...payloads: string[]): this {
    payloads.forEach((payload, i) => {
      this.packet(timestamp, payload, { marker: i === payloads.length - 1 });
    });
    return this;
  }

  packet(timestamp: number, payload: string, over: Partial<RtpPacket> = {}): this {
    const packet: RtpPacket = {
      payloadType: 96,
      marker: false,
      sequence: this.#sequence & 0xffff,
      timestamp,
      ssrc: 1,
      payload: Buffer.from(payload, 'hex'),
      ...over,
    };
    this.#sequence = packet.sequence + 1;
    this.depacketiser.push(packet, timestamp);
    return this;
  }

  lose(packets = 1): this {
    this.#sequence += packets;
    return this;
  }
}

// Two header bytes, then `first_slice_segment_in_pic_flag`.
const nal = (type: number, rest: string) => `${(type << 1).toString(16).padStart(2, '0')}01${rest}`;
const IDR = nal(19, 'af0101');
const IDR_MORE = nal(19, '2f0102');
const CRA = nal(21, 'af0103');
const BLA = nal(16, 'af0103');
const P = nal(1, 'd00204');
const P_MORE = nal(1, '500205');
const TRAIL_N = nal(0, 'd00206');
const RASL = nal(9, 'd00207');
const RASL_N = nal(8, 'd00208');
const RADL = nal(7, 'd00209');
const SEI = nal(39, '05ff80');
const SUFFIX_SEI = nal(40, '84ff80');
const aggregate = (...nals: string[]) =>
  `6001${nals.map((one) => (one.length / 2).toString(16).padStart(4, '0') + one).join('')}`;

describe('H265Depacketiser', () => {
  test('gives out pictures of single NAL units, with their time and kind', () => {
    const { units } = new Camera()
      .picture(1000, SEI, IDR, IDR_MORE, SUFFIX_SEI)
      .picture(4600, P, P_MORE)
      .picture(8200, TRAIL_N);
    expect(units).toMatchObject([
      { kind: 'video', rtpTimestamp: 1000, isKeyFrame: true, isDisposable: false, receivedAtMs: 1000 },
      { rtpTimestamp: 4600, isKeyFrame: false, isDisposable: false, receivedAtMs: 4600 },
      { rtpTimestamp: 8200, isKeyFrame: false, isDisposable: true },
    ]);
    expect(units.map(hexOf)).toEqual([[SEI, IDR, IDR_MORE, SUFFIX_SEI], [P, P_MORE], [TRAIL_N]]);
  });

  test('takes aggregation packets apart, with an empty unit in one', () => {
    const { events } = new Camera({}).picture(0, aggregate(VPS, SPS, PPS, '', SEI, IDR));
    expect(events).toEqual(['192x108', `${SEI} ${IDR}`]);
  });

  test('puts fragments together, with an empty one, and a type that changes on the way', () => {
    const { events } = new Camera().picture(0, '620193af', '620113', '62010101', '62015302');
    expect(events).toEqual([nal(19, 'af0102')]);
  });

  test('takes a fragment that is start and end at once', () => {
    expect(new Camera().picture(0, '6201d3af01').events).toEqual([nal(19, 'af01')]);
  });

  test('delimiters, fillers and parameter sets are taken out, sets only told when they change', () => {
    const other = h265Clip('open-gop-b').sets;
    const [vps, sps, pps] = [...other.vps, ...other.sps, ...other.pps].map((one) => one.toString('hex'));
    const camera = new Camera()
      .picture(0, nal(35, '50'), VPS, SPS, PPS, IDR, nal(38, 'ff80'))
      .picture(1, nal(35, '30'), P)
      .picture(2, vps ?? '', sps ?? '', pps ?? '', IDR)
      .picture(3, vps ?? '', sps ?? '', pps ?? '', IDR);
    expect(camera.events).toEqual([IDR, P, '192x108', IDR, IDR]);
    expect(camera.formats[0]?.sps[0]?.toString('hex')).toBe(sps);
  });

  test('without parameter sets nothing comes out; in band they start the stream', () => {
    const camera = new Camera({}).picture(0, IDR).picture(1, P).picture(2, SPS, PPS, IDR);
    expect(camera.depacketiser.format).toBeUndefined();
    expect(camera.picture(3, VPS, SPS, PPS, IDR).events).toEqual(['192x108', IDR]);
    expect(camera.depacketiser).toMatchObject({ droppedUnits: 0, format: { width: 192, codec: 'h265' } });
  });

  test('parameter sets with a time and a marker of their own belong to the picture that follows', () => {
    const { events } = new Camera({}).picture(0, VPS).picture(1, SPS).picture(2, PPS, SEI).picture(3, IDR);
    expect(events).toEqual(['192x108', `${SEI} ${IDR}`]);
  });

  test('without markers the next time ends a picture', () => {
    const camera = new Camera();
    for (const [time, payload] of [
      [0, IDR],
      [0, IDR_MORE],
      [1, P],
      [2, P],
    ] as const)
      camera.packet(time, payload);
    expect(camera.events).toEqual([`${IDR} ${IDR_MORE}`, P]);
  });

  test('a camera that marks each packet is found out, and read by its times', () => {
    const camera = new Camera();
    const mark = { marker: true };
    for (const time of [0, 1]) camera.packet(time, IDR, mark).packet(time, IDR_MORE, mark);
    camera.packet(2, P, mark).packet(3, P, mark);
    expect(camera.events).toEqual([IDR, `${IDR} ${IDR_MORE}`, P]);
    expect(camera.depacketiser.droppedUnits).toBe(1);
  });

  test('Annex B inside packets is taken apart, with TRAIL_N (type 0) as a picture of its own', () => {
    const annexB = `00000001${VPS}000001${SPS}000001${PPS}000001${IDR}00`;
    const camera = new Camera({}).picture(0, annexB).picture(1, `000001${TRAIL_N}`).picture(2, TRAIL_N);
    expect(camera.events).toEqual(['192x108', IDR, TRAIL_N, TRAIL_N]);
  });

  test('a VPS with the rest of the access unit behind it in Annex B is taken apart', () => {
    const camera = new Camera({}).picture(0, `${VPS}00000001${SPS}00000001${PPS}00000001${IDR}`);
    expect(camera.events).toEqual(['192x108', IDR]);
  });

  test('a loss drops all up to the next random access point that is whole, and counts it', () => {
    const camera = new Camera().picture(0, IDR).lose().picture(1, P).picture(2, P);
    camera.picture(3, VPS, SPS, PPS, IDR).picture(4, P);
    expect(camera.events).toEqual([IDR, IDR, P]);
    expect(camera.depacketiser).toMatchObject({ lostPackets: 1, droppedUnits: 2 });
  });

  test('RASL pictures are dropped where decoding begins at their CRA, RADL pictures are not', () => {
    const camera = new Camera().picture(3, CRA).picture(1, RASL).picture(2, RADL).picture(4, P);
    expect(camera.events).toEqual([CRA, RADL, P]);
    // In the middle of the stream they can be decoded.
    camera.picture(8, CRA).picture(6, RASL).picture(7, RASL_N).picture(9, P);
    expect(camera.events.slice(3)).toEqual([CRA, RASL, RASL_N, P]);
    expect(camera.depacketiser.droppedUnits).toBe(0);
    // After a loss they cannot, and count.
    camera.lose().picture(10, P).picture(12, VPS, CRA).picture(11, RASL).picture(13, P);
    expect(camera.events.slice(7)).toEqual([CRA, P]);
    expect(camera.depacketiser.droppedUnits).toBe(2);
  });

  test('a BLA picture never has RASL pictures that can be decoded', () => {
    const camera = new Camera().picture(0, IDR).picture(1, P).picture(3, BLA).picture(2, RASL).picture(4, P);
    expect(camera.events).toEqual([IDR, P, BLA, P]);
  });

  test('other layers, PACI packets and reserved types are left out', () => {
    const layer1 = '0209d00204';
    const camera = new Camera().picture(0, IDR, layer1).picture(1, P, nal(41, 'aa')).picture(2, '6401aabb');
    camera.picture(3, P);
    expect(camera.events).toEqual([IDR, P, P]);
    expect(camera.depacketiser.unsupportedPackets).toBe(1);
  });

  test.each([
    ['a unit in an aggregation packet that is longer than it', '600100ff4001'],
    ['an aggregation packet within one', aggregate('6001aabb')],
    ['fragments of fragments', '6201b1aabb'],
    ['a fragment without a header', '6201'],
  ])('%s is damage', (_name, payload) => {
    const camera = new Camera()
      .picture(0, IDR)
      .picture(1, P_MORE, payload)
      .picture(2, P)
      .picture(3, VPS, IDR);
    expect(camera.events).toEqual([IDR, IDR]);
    expect(camera.depacketiser).toMatchObject({ droppedUnits: 2, unsupportedPackets: 1 });
  });
});

function depacketise(packets: readonly RtpPacket[], sets: Partial<H265DepacketiserOptions> = {}) {
  const units: SourceUnit[] = [];
  const depacketiser = new H265Depacketiser({
    onUnit: (unit) => units.push(unit),
    onFormat: () => {},
    firstSequence: FIRST_SEQUENCE,
    ...sets,
  });
  for (const packet of packets) depacketiser.push(packet, 0);
  return { units, depacketiser };
}

function onTheWire(units: readonly Unit[], maxPacketBytes: number, single = false): RtpPacket[] {
  const parameterSets = single ? 'single-before-idr' : 'stap-a-before-idr';
  const sender = packetiser({ maxPacketBytes, parameterSets, firstSequence: FIRST_SEQUENCE });
  return received(units.flatMap((unit) => sender.packetise(unit)));
}

function expectSame(got: SourceUnit | undefined, sent: Unit | undefined): void {
  expect(got?.rtpTimestamp).toBe(sent?.pts90k);
  expect(got?.isKeyFrame).toBe(sent?.isKeyFrame);
  expect(got && hexOf(got)).toEqual(sent && hexOf(sent));
}

describe('depacketise(packetise(unit)) = unit', () => {
  test.each(['closed-gop', 'open-gop-b', 'slices'] as const satisfies H265ClipName[])('for %s', (name) => {
    const sent = h265Units(h265Clip(name));
    expect(sent.length).toBeGreaterThan(9);
    for (const single of [false, true]) {
      const { units, depacketiser } = depacketise(onTheWire(sent, 300, single));
      expect(units.length).toBe(sent.length);
      sent.forEach((unit, i) => {
        expectSame(units[i], unit);
      });
      expect(depacketiser.format).toEqual(h265Clip(name).format);
    }
  });

  /** No zeros, as emulation prevention keeps start codes out of real ones. */
  const slice = (type: number, size: number, seed: number) => {
    const bytes = Buffer.alloc(size);
    for (let i = 2; i < size; i += 1) bytes[i] = 1 + ((i * 31 + seed * 17) % 255);
    bytes[0] = type << 1;
    bytes[1] = 1;
    bytes[2] = (bytes[2] ?? 0) | 0x80;
    return bytes;
  };
  const picture = fc.record({
    isKeyFrame: fc.boolean(),
    sizes: fc.array(fc.integer({ min: 3, max: 800 }), { minLength: 1, maxLength: 3 }),
    seed: fc.nat(255),
  });
  const stream = fc.array(picture, { minLength: 1, maxLength: 20 }).map((shapes) =>
    shapes.map(({ isKeyFrame, sizes, seed }, i) => {
      const isKey = isKeyFrame || i === 0;
      const payloads = sizes.map((size, n) => slice(isKey ? 19 : 1, size, seed + n));
      return unitOf(clip.format, payloads, { isKeyFrame: isKey, pts90k: 3600 * i });
    }),
  );

  test('for any sizes of NAL units and packets', () => {
    fc.assert(
      fc.property(stream, fc.integer({ min: 100, max: 1400 }), fc.boolean(), (sent, max, single) => {
        const { units } = depacketise(onTheWire(sent, max, single));
        expect(units.length).toBe(sent.length);
        sent.forEach((unit, i) => {
          expectSame(units[i], unit);
        });
      }),
      { numRuns: 100 },
    );
  });

  test('any subset of packets in any order never yields a damaged unit', () => {
    const packets = stream.chain((sent) =>
      fc.tuple(fc.constant(sent), fc.shuffledSubarray(onTheWire(sent, 120))),
    );
    fc.assert(
      fc.property(packets, ([sent, list]) => {
        let before = -2;
        for (const unit of depacketise(list).units) {
          const at = unit.rtpTimestamp / 3600;
          expectSame(unit, sent[at]);
          expect(unit.isKeyFrame || at === before + 1).toBe(true);
          before = at;
        }
      }),
      { numRuns: 200 },
    );
  });

  test('no payloads, times or sequences make it throw', () => {
    const head = fc.constantFrom(0x26, 0x02, 0x2a, 0x40, 0x42, 0x44, 0x60, 0x62, 0x64, 0x00, 0x4e, 0x12);
    const packet = fc.record({
      payloadType: fc.constant(96),
      marker: fc.boolean(),
      sequence: fc.oneof(fc.integer({ min: 0, max: 30 }), fc.nat(65_535)),
      timestamp: fc.integer({ min: 0, max: 3 }),
      ssrc: fc.integer({ min: 0, max: 1 }),
      payload: fc
        .tuple(head, fc.constantFrom(1, 0, 9), fc.uint8Array({ maxLength: 40 }))
        .map(([first, second, rest]) => Buffer.from([first, second, ...rest])),
    });
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 60 }), fc.boolean(), (packets, inSequence) => {
        const list = inSequence ? packets.map((one, i) => ({ ...one, sequence: i, ssrc: 0 })) : packets;
        const { units } = depacketise(list, { ...clip.sets, firstSequence: 0 });
        for (const unit of units) expect(unit.payloads.length).toBeGreaterThan(0);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('H.265 in a session description', () => {
  const track = (fmtp: string, rtpmap = 'H265/90000') => {
    const sdp = `v=0\r\ns=x\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 ${rtpmap}\r\n${fmtp && `a=fmtp:96 ${fmtp}\r\n`}`;
    const session = parseSdp(sdp);
    if (!session.ok) throw new Error(session.error);
    return describeTracks(session.value, 'rtsp://camera/')[0];
  };
  const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64');
  const [vps, sps, pps] = [VPS, SPS, PPS].map(base64);

  test('parameter sets of the fmtp line make the format', () => {
    const found = track(`profile-id=1;sprop-sps=${sps}; sprop-pps=${pps};sprop-vps=${vps}`);
    expect(found).toMatchObject({ supported: true, codec: 'h265', clockRate: 90_000, format: clip.format });
  });

  test('with start codes left in, or under the wrong names, they do too', () => {
    const all = base64(`00000001${VPS}00000001${SPS}00000001${PPS}`);
    expect(track(`sprop-vps=${all}`)).toMatchObject({ format: clip.format });
    expect(track(`sprop-vps=${pps};sprop-sps=${vps};sprop-pps=${sps}`)).toMatchObject({
      format: clip.format,
    });
  });

  test('without them they come in band; HEVC is another name', () => {
    expect(track('')).toMatchObject({ supported: true, codec: 'h265', format: undefined });
    expect(track('', 'HEVC')).toMatchObject({ supported: true, codec: 'h265', clockRate: 90_000 });
  });

  test('pictures out of their decoding order are not supported', () => {
    expect(track('sprop-max-don-diff=3')).toMatchObject({ supported: false });
    expect(track('sprop-max-don-diff=0')).toMatchObject({ supported: true });
  });
});
