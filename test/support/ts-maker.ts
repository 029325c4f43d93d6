import { wrap33 } from '../../server/recording/ts/index.ts';
import { PPS, SPS } from './rtp-units.ts';

/** MPEG-TS as FFmpeg writes it, byte by byte under a test's control. */

export interface MadeUnit {
  readonly kind: 'video' | 'audio';
  readonly pts90k: number;
  readonly dts90k?: number;
  readonly isKeyFrame?: boolean;
  /** Bytes of the slice, or of the AAC frame. */
  readonly sizeBytes?: number;
  /** Told apart in tests; written into the payload. */
  readonly id?: number;
  readonly sps?: Buffer;
  readonly pps?: Buffer;
  /** A key frame that is no IDR picture. */
  readonly isRecoveryPoint?: boolean;
  readonly sei?: Buffer;
}

export interface TsMakerOptions {
  readonly hasAudio?: boolean;
  readonly videoPid?: number;
  readonly audioPid?: number;
  readonly pcrPid?: number;
  readonly sampleRate?: 48_000 | 8000 | 16_000;
}

const PACKET = 188;
const PMT = 0x1000;
const RATE_INDEX = { 48000: 3, 16000: 8, 8000: 11 } as const;

/** One run of a muxer: counters begin at 0, tables come first. */
export class TsMaker {
  readonly #options: TsMakerOptions;
  readonly #counters = new Map<number, number>();

  constructor(options: TsMakerOptions = {}) {
    this.#options = options;
  }

  get #videoPid(): number {
    return this.#options.videoPid ?? 0x100;
  }

  get #audioPid(): number {
    return this.#options.audioPid ?? 0x101;
  }

  tables(): Buffer {
    const { hasAudio = false, pcrPid = this.#videoPid } = this.#options;
    const pat = [0, 0xb0, 0, 0, 1, 0xc1, 0, 0, 0, 1, 0xe0 | (PMT >> 8), PMT & 0xff];
    const pmt = [2, 0xb0, 0, 0, 1, 0xc1, 0, 0, 0xe0 | (pcrPid >> 8), pcrPid & 0xff, 0xf0, 0];
    pmt.push(0x1b, 0xe0 | (this.#videoPid >> 8), this.#videoPid & 0xff, 0xf0, 0);
    if (hasAudio) pmt.push(0x0f, 0xe0 | (this.#audioPid >> 8), this.#audioPid & 0xff, 0xf0, 0);
    return Buffer.concat([this.#section(0, pat), this.#section(PMT, pmt)]);
  }

  unit(unit: MadeUnit): Buffer {
    return unit.kind === 'video' ? this.#video(unit) : this.#audio(unit);
  }

  units(units: readonly MadeUnit[]): Buffer {
    return Buffer.concat(units.map((unit) => this.unit(unit)));
  }

  #video(unit: MadeUnit): Buffer {
    const { pts90k, dts90k = pts90k, isKeyFrame = false } = unit;
    const startCode = Buffer.from([0, 0, 0, 1]);
    const nals: Buffer[] = [Buffer.from([9, 0xf0])];
    if (unit.sei !== undefined) nals.push(unit.sei);
    if (isKeyFrame) nals.push(unit.sps ?? SPS, unit.pps ?? PPS);
    const slice = Buffer.alloc(8 + (unit.sizeBytes ?? 100), 0xab);
    slice[0] = isKeyFrame && !unit.isRecoveryPoint ? 0x65 : 0x41;
    slice[1] = 0x88;
    slice.write((unit.id ?? 0).toString(16).padStart(6, '0'), 2, 'latin1');
    nals.push(slice);
    const data = Buffer.concat(nals.flatMap((nal) => [startCode, nal]));
    const hasDts = dts90k !== pts90k;
    const header = Buffer.from([0, 0, 1, 0xe0, 0, 0, 0x80, hasDts ? 0xc0 : 0x80, hasDts ? 10 : 5]);
    const times = hasDts ? [time33(3, pts90k), time33(1, dts90k)] : [time33(2, pts90k)];
    return this.#packets(this.#videoPid, Buffer.concat([header, ...times, data]), {
      isRandomAccess: isKeyFrame,
      ...(isKeyFrame ? { pcr90k: dts90k } : {}),
    });
  }

  #audio({ pts90k, sizeBytes = 60, id = 0 }: MadeUnit): Buffer {
    const frame = Buffer.alloc(7 + 6 + sizeBytes, 0xcd);
    const index = RATE_INDEX[this.#options.sampleRate ?? 48_000];
    // AAC LC, one channel.
    frame.set([0xff, 0xf1, 0x40 | (index << 2), 0x40 | (frame.length >> 11), (frame.length >> 3) & 0xff]);
    frame.set([((frame.length & 7) << 5) | 0x1f, 0xfc], 5);
    frame.write(id.toString(16).padStart(6, '0'), 7, 'latin1');
    const length = 3 + 5 + frame.length;
    const header = Buffer.from([0, 0, 1, 0xc0, length >> 8, length & 0xff, 0x80, 0x80, 5]);
    return this.#packets(this.#audioPid, Buffer.concat([header, time33(2, pts90k), frame]), {
      isRandomAccess: true,
    });
  }

  #packets(
    pid: number,
    payload: Buffer,
    first: { readonly isRandomAccess: boolean; readonly pcr90k?: number },
  ): Buffer {
    const packets: Buffer[] = [];
    let at = 0;
    while (at < payload.length || at === 0) {
      const packet = Buffer.alloc(PACKET, 0xff);
      const fields: number[] = [];
      if (at === 0 && (first.isRandomAccess || first.pcr90k !== undefined)) {
        fields.push((first.isRandomAccess ? 0x40 : 0) | (first.pcr90k === undefined ? 0 : 0x10));
        if (first.pcr90k !== undefined) fields.push(...pcr(first.pcr90k));
      }
      const room = PACKET - 4;
      let fieldBytes = fields.length > 0 ? fields.length + 1 : 0;
      const taken = Math.min(payload.length - at, room - fieldBytes);
      fieldBytes = room - taken;
      packet[0] = 0x47;
      packet[1] = (at === 0 ? 0x40 : 0) | (pid >> 8);
      packet[2] = pid & 0xff;
      packet[3] = (fieldBytes > 0 ? 0x30 : 0x10) | this.#next(pid);
      if (fieldBytes > 0) {
        packet[4] = fieldBytes - 1;
        if (fieldBytes > 1) packet[5] = 0;
        packet.set(fields, 5);
      }
      payload.copy(packet, 4 + fieldBytes, at, at + taken);
      at += taken;
      packets.push(packet);
    }
    return Buffer.concat(packets);
  }

  #section(pid: number, bytes: number[]): Buffer {
    const packet = Buffer.alloc(PACKET, 0xff);
    packet.set([0x47, 0x40 | (pid >> 8), pid & 0xff, 0x10 | this.#next(pid), 0]);
    const section = Buffer.from(bytes);
    section.writeUInt16BE(0xb000 | (bytes.length + 1), 1);
    packet.set(section, 5);
    packet.writeUInt32BE(crc(section), 5 + section.length);
    return packet;
  }

  #next(pid: number): number {
    const counter = ((this.#counters.get(pid) ?? -1) + 1) & 0x0f;
    this.#counters.set(pid, counter);
    return counter;
  }
}

function time33(prefix: number, time90k: number): Buffer {
  const time = BigInt(wrap33(time90k));
  const bits = (from: bigint, mask: bigint) => Number((time >> from) & mask);
  return Buffer.from([
    (prefix << 4) | (bits(30n, 7n) << 1) | 1,
    bits(22n, 0xffn),
    (bits(15n, 0x7fn) << 1) | 1,
    bits(7n, 0xffn),
    (bits(0n, 0x7fn) << 1) | 1,
  ]);
}

function pcr(time90k: number): number[] {
  const value = (BigInt(wrap33(time90k)) << 15n) | 0x7e00n;
  return [40n, 32n, 24n, 16n, 8n, 0n].map((shift) => Number((value >> shift) & 0xffn));
}

/** Bit by bit, as the standard says it (ISO/IEC 13818-1 annex A). */
function crc(bytes: Buffer): number {
  let register = 0xffffffff;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      const high = (register >>> 31) ^ ((byte >> bit) & 1);
      register = ((register << 1) ^ (high === 1 ? 0x04c11db7 : 0)) >>> 0;
    }
  }
  return register;
}
