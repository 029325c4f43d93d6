import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  H264Depacketiser,
  parseSpropParameterSets,
  type RtpPacket,
} from '../../../server/rtsp/parse/index.ts';
import type { SourceUnit, VideoFormat } from '../../../server/stream/index.ts';
import { PPS, SPS } from '../../support/rtp-units.ts';

/** A camera that sends payloads given as hex, and what comes of them. */
class Camera {
  readonly units: SourceUnit[] = [];
  readonly formats: VideoFormat[] = [];
  /** Formats and units in the order they were told. */
  readonly events: string[] = [];
  readonly depacketiser: H264Depacketiser;
  #sequence = 100;

  constructor(options: { withSets?: boolean } = {}) {
    this.depacketiser = new H264Depacketiser({
      ...(options.withSets === false ? {} : { sps: [SPS], pps: [PPS] }),
      onUnit: (unit) => {
        this.units.push(unit);
        this.events.push(unit.payloads.map((payload) => payload.toString('hex')).join(' '));
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

  packet(timestamp: number, payload: string | Buffer, over: Partial<RtpPacket> = {}): this {
    const packet: RtpPacket = {
      payloadType: 96,
      marker: false,
      sequence: this.#sequence & 0xffff,
      timestamp,
      ssrc: 1,
      payload: typeof payload === 'string' ? Buffer.from(payload, 'hex') : payload,
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

const SPS_HEX = SPS.toString('hex');
const PPS_HEX = PPS.toString('hex');
/** A 2560x1440 stream's, as another format than `SPS`. */
const other = parseSpropParameterSets('Z2QAM6zoAoALWQ==,aO48MA==');
const OTHER_SPS = other.sps[0]?.toString('hex') ?? '';
const OTHER_PPS = other.pps[0]?.toString('hex') ?? '';

// Slices with `first_mb_in_slice` 0 (a one in the first bit after the header), and such that go on with the
// picture.
const IDR = '65888401';
const IDR_MORE = '65408401';
const P = '419a0203';
const P_MORE = '415a0204';
const SEI = '0605ff';

describe('H264Depacketiser', () => {
  test('gives out pictures of single NAL units, with their time and kind', () => {
    const { units } = new Camera().picture(1000, SEI, IDR, IDR_MORE).picture(4600, P, P_MORE);
    expect(units).toMatchObject([
      { kind: 'video', rtpTimestamp: 1000, isKeyFrame: true, receivedAtMs: 1000 },
      { rtpTimestamp: 4600, isKeyFrame: false, receivedAtMs: 4600 },
    ]);
    expect(units.map((unit) => unit.payloads.map((payload) => payload.toString('hex')))).toEqual([
      [SEI, IDR, IDR_MORE],
      [P, P_MORE],
    ]);
  });

  test('a picture of one single NAL unit is the part of the packet that it was', () => {
    const payload = Buffer.alloc(4);
    payload.write(IDR, 'hex');
    const { units } = new Camera().packet(0, payload, { marker: true });
    expect(units[0]?.payloads[0]?.buffer).toBe(payload.buffer);
    expect(units[0]?.payloads[0]?.byteOffset).toBe(payload.byteOffset);
  });

  test('a small picture does not keep a large chunk of the socket in memory', () => {
    const chunk = Buffer.alloc(65_536);
    chunk.write(IDR, 'hex');
    const { units } = new Camera().packet(0, chunk.subarray(0, 4), { marker: true });
    expect(units[0]?.payloads[0]?.toString('hex')).toBe(IDR);
    expect(units[0]?.payloads[0]?.buffer.byteLength).toBeLessThan(65_537);
    expect(units[0]?.payloads[0]?.buffer).not.toBe(chunk.buffer);
  });

  test('takes STAP-A apart, tolerates an empty one in it', () => {
    const stap = `78${[SPS_HEX, PPS_HEX, '', SEI, IDR].map((nal) => (nal.length / 2).toString(16).padStart(4, '0') + nal).join('')}`;
    const { events } = new Camera({ withSets: false }).picture(0, stap);
    expect(events).toEqual(['240x160', `${SEI} ${IDR}`]);
  });

  test('puts FU-A together, with an empty fragment, a reserved bit, a type that changes on the way', () => {
    const { events } = new Camera().picture(0, '7c85aabb', '7c05', '7c25cc', '7c47dd');
    expect(events).toEqual(['65aabbccdd']);
  });

  test('puts fragments of any sizes together', () => {
    const bytes = fc.uint8Array({ maxLength: 4 }).map((some) => Buffer.from(some).toString('hex'));
    fc.assert(
      fc.property(bytes, fc.array(bytes, { maxLength: 6 }), bytes, (first, middle, last) => {
        const packets = [`7c8588${first}`, ...middle.map((some) => `7c05${some}`), `7c45${last}`];
        expect(new Camera().picture(0, ...packets).events).toEqual([
          `6588${[first, ...middle, last].join('')}`,
        ]);
      }),
    );
  });

  test('takes an FU-A that is start and end at once', () => {
    expect(new Camera().picture(0, '7cc5aabb').events).toEqual(['65aabb']);
  });

  test('AUD, filler and parameter sets are taken out, sets only told when they change', () => {
    const { events } = new Camera()
      .picture(0, '0910', SPS_HEX, PPS_HEX, IDR, '0cffff80')
      .picture(1, '0930', P)
      .picture(2, OTHER_SPS, OTHER_PPS, IDR)
      .picture(3, OTHER_SPS, OTHER_PPS, IDR);
    expect(events).toEqual([IDR, P, '2560x1440', IDR, IDR]);
  });

  test('without parameter sets nothing comes out; in band they start the stream', () => {
    const camera = new Camera({ withSets: false }).picture(0, IDR).picture(1, P);
    expect(camera.depacketiser.format).toBeUndefined();
    expect(camera.picture(2, SPS_HEX, PPS_HEX, IDR).events).toEqual(['240x160', IDR]);
    expect(camera.depacketiser).toMatchObject({ droppedUnits: 0, format: { width: 240 } });
  });

  test('of several SPS that is first which the IDR picture refers to', () => {
    // The second set has the ids 1: `ue(1)` is 010.
    const second = { sps: '6742c01e4b20f15a10', pps: '684a32' };
    const camera = new Camera().picture(0, second.sps, second.pps, IDR);
    const before = camera.depacketiser.format;
    // first_mb 0, slice_type 7, pps_id 1: 1 0001000 010.
    camera.picture(1, '65884f');
    expect(before?.sps.length).toBe(2);
    expect(camera.depacketiser.format?.sps[0]?.toString('hex')).toBe(second.sps);
  });

  test('a marker on a lone SEI or parameter set ends nothing, whatever its time', () => {
    const { units } = new Camera({ withSets: false })
      .picture(0, SPS_HEX)
      .picture(0, PPS_HEX)
      .picture(5, SEI)
      .picture(9, IDR)
      .picture(10, P);
    expect(units.map((unit) => [unit.rtpTimestamp, unit.payloads.length])).toEqual([
      [9, 2],
      [10, 1],
    ]);
  });

  test('a camera without markers: the next time ends a picture', () => {
    const camera = new Camera().packet(0, SEI).packet(0, IDR).packet(0, IDR_MORE).packet(1, P);
    expect(camera.events).toEqual([`${SEI} ${IDR} ${IDR_MORE}`]);
    expect(camera.packet(2, P).events).toHaveLength(2);
  });

  test('a camera that marks every packet: times are believed, and nothing cut comes out from then on', () => {
    const marked = { marker: true };
    const camera = new Camera().packet(0, IDR, marked).packet(0, IDR_MORE, marked);
    camera.packet(1, P, marked).packet(1, P_MORE, marked);
    camera.packet(2, IDR, marked).packet(2, IDR_MORE, marked).packet(3, P, marked).packet(3, P_MORE, marked);
    camera.packet(4, P);
    expect(camera.events.slice(1)).toEqual([`${IDR} ${IDR_MORE}`, `${P} ${P_MORE}`]);
  });

  test('two fields with one time are two pictures', () => {
    expect(new Camera().picture(0, IDR).picture(0, P).picture(1, P).events).toEqual([IDR, P, P]);
  });

  test('start codes in packets are taken out (V380)', () => {
    const inFragments = `${SPS_HEX}00000001${PPS_HEX}000001${IDR}`;
    const fu = [`7c87${inFragments.slice(2, 30)}`, `7c47${inFragments.slice(30)}`];
    const { events } = new Camera({ withSets: false })
      .picture(0, ...fu)
      .picture(1, `00000001${P}`)
      .picture(2, `${P}000001${P_MORE}`);
    expect(events).toEqual(['240x160', IDR, P, `${P} ${P_MORE}`]);
  });

  test('packets without payload are counted for nothing and may end a picture', () => {
    expect(new Camera().packet(0, IDR).packet(0, '', { marker: true }).events).toEqual([IDR]);
  });
});

describe('damage', () => {
  test('a lost packet drops its picture and all up to the next IDR, counted', () => {
    const camera = new Camera()
      .picture(0, IDR)
      .packet(1, '7c819a')
      .lose()
      .packet(1, '7c41ff', { marker: true })
      .picture(2, P)
      .picture(3, P)
      .picture(4, IDR)
      .picture(5, P);
    expect(camera.units.map((unit) => unit.rtpTimestamp)).toEqual([0, 4, 5]);
    expect(camera.depacketiser).toMatchObject({ droppedUnits: 3, lostPackets: 1, unsupportedPackets: 0 });
  });

  test('an IDR picture whose beginning may be lost is dropped, one that begins with SPS or AUD is not', () => {
    const camera = new Camera().picture(0, IDR).lose().picture(1, IDR_MORE).picture(2, P);
    camera.lose().picture(3, SEI, IDR).picture(4, P);
    camera.lose().picture(5, PPS_HEX, IDR).picture(6, P);
    camera.lose().picture(7, SPS_HEX, PPS_HEX, IDR).picture(8, P);
    camera.lose().picture(9, '0910', IDR).picture(10, P);
    expect(camera.units.map((unit) => unit.rtpTimestamp)).toEqual([0, 7, 8, 9, 10]);
  });

  test('a lost parameter set takes its picture with it, also when it had a time of its own', () => {
    const camera = new Camera({ withSets: false })
      .picture(0, SPS_HEX, PPS_HEX, IDR)
      .lose()
      .picture(1, OTHER_PPS)
      .picture(2, IDR)
      .picture(3, P)
      .picture(4, OTHER_SPS, OTHER_PPS, IDR);
    expect(camera.events).toEqual(['240x160', IDR, '2560x1440', IDR]);
  });

  test('doubled and late packets are ignored', () => {
    const camera = new Camera().picture(0, IDR).packet(1, P);
    camera.packet(1, P, { sequence: 101 }).packet(0, IDR, { sequence: 100, marker: true });
    camera.packet(1, P_MORE, { sequence: 102, marker: true });
    expect(camera.events).toEqual([IDR, `${P} ${P_MORE}`]);
    expect(camera.depacketiser.droppedUnits).toBe(0);
  });

  test('a sender that begins again is followed from its next IDR on', () => {
    const camera = new Camera().picture(0, IDR);
    camera.packet(1, SPS_HEX, { sequence: 40_000 }).picture(1, IDR).picture(2, P);
    camera.packet(3, P, { sequence: 40_003, ssrc: 2, marker: true });
    expect(camera.units.map((unit) => unit.rtpTimestamp)).toEqual([0, 1, 2]);
  });

  test('the middle of a picture at the start is skipped and not counted', () => {
    const camera = new Camera().packet(0, '7c05aa').packet(0, '7c45aa', { marker: true });
    camera.picture(1, P).picture(2, IDR);
    expect(camera.events).toEqual([IDR]);
    expect(camera.depacketiser.droppedUnits).toBe(0);
  });

  test.each([
    ['STAP-B', '79000000'],
    ['MTAP16', '7a000000'],
    ['FU-B', '7d850000aa'],
    ['a STAP-A cut short', '780010aa'],
    ['a STAP-A in a STAP-A', '78000278aa'],
    ['an FU-A of one byte', '7c'],
    ['an FU-A of a STAP-A', '7c9800'],
  ])('%s is refused, counted, and damages its picture', (_name, payload) => {
    const camera = new Camera().picture(0, IDR).picture(1, P, payload).picture(2, P).picture(3, IDR);
    expect(camera.units.map((unit) => unit.rtpTimestamp)).toEqual([0, 3]);
    expect(camera.depacketiser).toMatchObject({ unsupportedPackets: 1, droppedUnits: 2 });
  });

  test.each([
    ['a fragment without a start', ['7c01aa']],
    ['a start before the end', ['7c81aa', '7c81aa', '7c41aa']],
    ['another NAL unit between fragments', ['7c81aa', P, '7c41aa']],
    ['no end', ['7c81aa']],
  ])('%s damages the picture', (_name, payloads) => {
    const camera = new Camera()
      .picture(0, IDR)
      .picture(1, ...payloads)
      .picture(2, P)
      .picture(3, IDR);
    expect(camera.units.map((unit) => unit.rtpTimestamp)).toEqual([0, 3]);
    expect(camera.depacketiser.droppedUnits).toBe(2);
  });

  test('packet types that nobody has defined are counted and passed over', () => {
    const camera = new Camera().picture(0, IDR).picture(1, '1f00', '1e00', '00aa', P);
    expect(camera.events).toEqual([IDR, P]);
    expect(camera.depacketiser.unsupportedPackets).toBe(3);
  });

  test('a picture over 8 MiB is dropped, however it comes', () => {
    const megabyte = Buffer.alloc(1024 * 1024, 0x01);
    const camera = new Camera().packet(0, IDR);
    for (let i = 0; i < 9; i += 1) camera.packet(0, megabyte, { marker: i === 8 });
    expect(camera.units).toEqual([]);
    camera.picture(1, IDR).packet(2, '7c819a');
    const fragment = Buffer.concat([Buffer.from('7c01', 'hex'), megabyte]);
    for (let i = 0; i < 9; i += 1) camera.packet(2, fragment);
    camera.packet(2, '7c41', { marker: true }).picture(3, P).picture(4, IDR);
    expect(camera.units.map((unit) => unit.rtpTimestamp)).toEqual([1, 4]);
  });

  test('endless tiny parts are bounded too', () => {
    const camera = new Camera().picture(0, IDR);
    for (let i = 0; i < 5000; i += 1) camera.packet(1, '01');
    camera.packet(1, P, { marker: true }).packet(2, '7c819a');
    for (let i = 0; i < 17_000; i += 1) camera.packet(2, '7c01aa');
    camera.packet(2, '7c41aa', { marker: true }).picture(3, IDR);
    expect(camera.units.map((unit) => unit.rtpTimestamp)).toEqual([0, 3]);
  });

  test('a parameter set over 4 KiB is none', () => {
    const camera = new Camera().picture(0, SPS_HEX + '00'.repeat(5000), PPS_HEX + 'ff'.repeat(5000), IDR);
    expect(camera.events).toEqual([IDR]);
  });
});
