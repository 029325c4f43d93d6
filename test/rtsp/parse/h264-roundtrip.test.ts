import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  H264Depacketiser,
  type H264DepacketiserOptions,
  h264Format,
  parseSps,
  ReorderBuffer,
  type RtpPacket,
} from '../../../server/rtsp/parse/index.ts';
import type { SourceUnit, Unit } from '../../../server/stream/index.ts';
import { H264, packetiser, received, unitOf } from '../../support/rtp-units.ts';

const FIRST_SEQUENCE = 65_530;

function depacketise(
  packets: readonly RtpPacket[],
  over: Partial<H264DepacketiserOptions> = {},
): { units: SourceUnit[]; depacketiser: H264Depacketiser } {
  const units: SourceUnit[] = [];
  const depacketiser = new H264Depacketiser({
    onUnit: (unit) => units.push(unit),
    onFormat: () => {},
    firstSequence: FIRST_SEQUENCE,
    ...over,
  });
  for (const packet of packets) depacketiser.push(packet, 0);
  return { units, depacketiser };
}

/**
 * A NAL unit of `size` bytes; emulation prevention keeps three-byte start codes out of real ones, so there is
 * no zero in it.
 */
function nal(type: number, size: number, seed: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let i = 1; i < size; i += 1) bytes[i] = 1 + ((i * 31 + seed * 17) % 255);
  bytes[0] = 0x60 | type;
  return bytes;
}

const nalSize = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 3000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 3000, max: 300_000 }) },
);
const picture = fc.record({
  isKeyFrame: fc.boolean(),
  withSei: fc.boolean(),
  sizes: fc.array(nalSize, { minLength: 1, maxLength: 4 }),
  seed: fc.nat(255),
});

function toUnit(
  shape: { isKeyFrame: boolean; withSei: boolean; sizes: number[]; seed: number },
  i: number,
): Unit {
  const slices = shape.sizes.map((size, n) => nal(shape.isKeyFrame ? 5 : 1, size, shape.seed + n));
  const payloads = shape.withSei ? [nal(6, 20, shape.seed), ...slices] : slices;
  return unitOf(H264, payloads, { isKeyFrame: shape.isKeyFrame, pts90k: 3600 * i });
}

/** A stream that begins with a key frame. */
const stream = fc
  .array(picture, { minLength: 1, maxLength: 12 })
  .map((shapes) =>
    shapes.map((shape, i) => toUnit({ ...shape, isKeyFrame: shape.isKeyFrame || i === 0 }, i)),
  );

const packetBytes = fc.integer({ min: 100, max: 1400 });

function expectSame(got: SourceUnit | undefined, sent: Unit | undefined): void {
  expect(got?.rtpTimestamp).toBe(sent?.pts90k);
  expect(got?.isKeyFrame).toBe(sent?.isKeyFrame);
  expect(got?.payloads.length).toBe(sent?.payloads.length);
  // Buffers of up to 300 KB are compared as bytes: `toEqual` would go through them one by one.
  const isSame = sent?.payloads.every((payload, i) => got?.payloads[i]?.equals(payload));
  expect(isSame).toBe(true);
}

describe('depacketise(packetise(unit)) = unit', () => {
  test('for any sizes of NAL units and packets', () => {
    fc.assert(
      fc.property(stream, packetBytes, fc.boolean(), (units, maxPacketBytes, single) => {
        const parameterSets = single ? 'single-before-idr' : 'stap-a-before-idr';
        const sender = packetiser({ maxPacketBytes, parameterSets, firstSequence: FIRST_SEQUENCE });
        const wire = units.flatMap((unit) => sender.packetise(unit));
        expect(wire.every((packet) => packet.length <= maxPacketBytes)).toBe(true);
        const { units: got, depacketiser } = depacketise(received(wire));
        expect(got.length).toBe(units.length);
        units.forEach((unit, i) => {
          expectSame(got[i], unit);
        });
        expect(depacketiser).toMatchObject({ droppedUnits: 0, lostPackets: 0, unsupportedPackets: 0 });
        expect(depacketiser.format).toEqual(H264);
      }),
      { numRuns: 60 },
    );
  });

  test.each(['SarVui', 'SVA_CL1_E', 'Cisco_Men_whisper_640x320_CABAC_Bframe_9', 'MPS_MW_A'])(
    'for %s',
    (name) => {
      const pictures = readPictures(name);
      const [first] = pictures;
      const format = h264Format(first?.sps ?? [], first?.pps ?? []);
      if (format === undefined) throw new Error('no parameter sets');
      const sender = packetiser({ maxPacketBytes: 500, firstSequence: FIRST_SEQUENCE });
      const sent = pictures.map((one, i) => {
        const isKeyFrame = one.slices.some((slice) => ((slice[0] ?? 0) & 0x1f) === 5);
        return unitOf(format, one.slices, { pts90k: i * 3600, isKeyFrame });
      });
      const { units } = depacketise(received(sent.flatMap((unit) => sender.packetise(unit))));
      expect(units.length).toBe(sent.length);
      sent.forEach((unit, i) => {
        expectSame(units[i], unit);
      });
    },
  );
});

interface Picture {
  sps: Buffer[];
  pps: Buffer[];
  slices: Buffer[];
}

/** Cuts an Annex B stream into pictures by `first_mb_in_slice`, apart from the code under test. */
function readPictures(name: string): Picture[] {
  const bytes = readFileSync(new URL(`../../fixtures/h264/${name}.264`, import.meta.url)).toString('latin1');
  const nals = bytes.split('\0\0\u0001').filter((text) => text !== '');
  const pictures: Picture[] = [];
  let pending: Picture = { sps: [], pps: [], slices: [] };
  for (const text of nals) {
    const bytes = Buffer.from(text.replace(/\0+$/, ''), 'latin1');
    const type = (bytes[0] ?? 0) & 0x1f;
    const isFirstSlice = (type === 1 || type === 5) && ((bytes[1] ?? 0) & 0x80) !== 0;
    if (pending.slices.length > 0 && (isFirstSlice || type >= 6)) {
      pictures.push(pending);
      pending = { sps: [], pps: [], slices: [] };
    }
    if (type === 7) pending.sps.push(bytes);
    else if (type === 8) pending.pps.push(bytes);
    else if (type === 1 || type === 5) pending.slices.push(bytes);
  }
  return [...pictures, pending];
}

describe('parseSps', () => {
  test.each([
    ['SarVui', 176, 144, '42'],
    ['SVA_CL1_E', 176, 144, '42'],
    ['Cisco_Men_whisper_640x320_CABAC_Bframe_9', 640, 320, '4d'],
    ['MPS_MW_A', 176, 144, '42'],
  ])('%s is %i x %i', (name, width, height, profile) => {
    const sps = readPictures(name)[0]?.sps[0] ?? Buffer.alloc(0);
    expect(parseSps(sps)).toMatchObject({ width, height });
    expect(parseSps(sps)?.profileLevelId.slice(0, 2)).toBe(profile);
  });

  test('nothing throws on any bytes, and what it says is sane', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const info = parseSps(Buffer.concat([Buffer.from([0x67]), bytes]));
        if (info === undefined) return;
        expect(info.width > 0 && info.width <= 16_384 && info.height > 0 && info.height <= 16_384).toBe(true);
        expect(info.profileLevelId).toMatch(/^[0-9a-f]{6}$/);
      }),
      { numRuns: 1000 },
    );
  });
});

/** Each unit is one of those sent; the first, and each behind a hole, is a key frame. */
function expectRuns(got: readonly SourceUnit[], sent: readonly Unit[]): void {
  let before = -2;
  for (const unit of got) {
    const at = unit.rtpTimestamp / 3600;
    expectSame(unit, sent[at]);
    expect(unit.isKeyFrame || at === before + 1).toBe(true);
    before = at;
  }
}

describe('what the network does', () => {
  const smallPicture = fc.record({
    isKeyFrame: fc.boolean(),
    withSei: fc.boolean(),
    sizes: fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 3 }),
    seed: fc.nat(255),
  });
  const smallStream = fc
    .array(smallPicture, { minLength: 1, maxLength: 30 })
    .map((shapes) =>
      shapes.map((shape, i) => toUnit({ ...shape, isKeyFrame: shape.isKeyFrame || i === 0 }, i)),
    );

  function onTheWire(units: readonly Unit[], single: boolean): RtpPacket[] {
    const parameterSets = single ? 'single-before-idr' : 'stap-a-before-idr';
    const sender = packetiser({ maxPacketBytes: 120, parameterSets, firstSequence: FIRST_SEQUENCE });
    return received(units.flatMap((unit) => sender.packetise(unit)));
  }

  test('lost, doubled and reordered packets never yield a damaged unit', () => {
    const faults = fc.array(
      fc.tuple(fc.constantFrom('lose', 'double', 'delay'), fc.nat(), fc.integer({ min: 1, max: 20 })),
      {
        maxLength: 8,
      },
    );
    fc.assert(
      fc.property(smallStream, faults, fc.boolean(), (units, list, single) => {
        const packets = onTheWire(units, single);
        for (const [kind, where, far] of list) {
          const at = where % Math.max(1, packets.length);
          const [packet] = packets.splice(at, 1);
          if (packet === undefined) continue;
          if (kind === 'double') packets.splice(at, 0, packet, packet);
          if (kind === 'delay') packets.splice(at + far, 0, packet);
        }
        expectRuns(depacketise(packets).units, units);
      }),
      { numRuns: 400 },
    );
  });

  test('any subset of packets in any order never yields a damaged unit', () => {
    fc.assert(
      fc.property(
        smallStream.chain((units) => {
          const packets = onTheWire(units, false);
          return fc.tuple(fc.constant(units), fc.shuffledSubarray(packets));
        }),
        ([units, packets]) => {
          expectRuns(depacketise(packets).units, units);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('with a single packet lost, all is well again from the next key frame on', () => {
    fc.assert(
      fc.property(smallStream, fc.nat(), (units, where) => {
        const packets = onTheWire(units, false);
        const at = where % packets.length;
        const [lost] = packets.splice(at, 1);
        // The loss of the last packets is seen only when another comes.
        if (at === packets.length) return;
        const { units: got, depacketiser } = depacketise(packets);
        expectRuns(got, units);
        const damaged = (lost?.timestamp ?? 0) / 3600;
        const resumed = units.findIndex((unit, i) => i > damaged && unit.isKeyFrame);
        const end = resumed === -1 ? units.length : resumed;
        expect(got.map((unit) => unit.rtpTimestamp / 3600)).toEqual(
          units.map((_, i) => i).filter((i) => i < damaged || i >= end),
        );
        expect(depacketiser.lostPackets).toBe(1);
      }),
      { numRuns: 300 },
    );
  });

  test('a reorder buffer mends what is only out of order or doubled', () => {
    fc.assert(
      fc.property(
        smallStream,
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 10 }))),
        (units, moves) => {
          const packets = onTheWire(units, false);
          for (const [where, far] of moves) {
            // The first one stays: nothing tells the buffer that another came before it.
            const at = 1 + (where % packets.length);
            const [packet] = packets.splice(at, 1);
            if (packet !== undefined) packets.splice(at + far, 0, packet, packet);
          }
          const inOrder: RtpPacket[] = [];
          const buffer = new ReorderBuffer({ deliver: (packet) => inOrder.push(packet), maxPackets: 1000 });
          for (const packet of packets) buffer.push(packet, 0);
          const { units: got } = depacketise(inOrder);
          expect(got.length).toBe(units.length);
          units.forEach((unit, i) => {
            expectSame(got[i], unit);
          });
        },
      ),
      { numRuns: 200 },
    );
  });

  test('no payloads, times or sequences make it throw', () => {
    const head = fc.constantFrom(0x65, 0x41, 0x67, 0x68, 0x06, 0x78, 0x7c, 0x79, 0x00, 0x1f, 0x09);
    const packet = fc.record({
      payloadType: fc.constant(96),
      marker: fc.boolean(),
      sequence: fc.oneof(fc.integer({ min: 0, max: 30 }), fc.nat(65_535)),
      timestamp: fc.integer({ min: 0, max: 3 }),
      ssrc: fc.integer({ min: 0, max: 1 }),
      payload: fc
        .tuple(head, fc.uint8Array({ maxLength: 40 }))
        .map(([first, rest]) => Buffer.from([first, ...rest])),
    });
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 60 }), fc.boolean(), (packets, inSequence) => {
        const list = inSequence ? packets.map((one, i) => ({ ...one, sequence: i, ssrc: 0 })) : packets;
        const { units } = depacketise(list, { sps: H264.sps, pps: H264.pps, firstSequence: 0 });
        for (const unit of units) expect(unit.payloads.length).toBeGreaterThan(0);
      }),
      { numRuns: 1000 },
    );
  });
});
