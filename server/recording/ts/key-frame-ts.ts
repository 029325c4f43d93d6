import type { VideoCodec } from '../segment.ts';
import { SYNC_BYTE, TS_PACKET_BYTES } from './packet.ts';
import { TABLES_BYTES, VIDEO_PID, writeTables } from './tables.ts';
import { wrap33, writePcr33, writeTime33 } from './timestamps.ts';
import { keyFrameUnits, type TsUnit } from './units.ts';

const HEADER_BYTES = 4;
const VIDEO_STREAM_ID = 0xe0;
/** Start code, stream id, length, flags, PTS and DTS (ISO/IEC 13818-1 section 2.4.3.6). */
const PES_HEADER_BYTES = 19;
/** Length, flags, PCR (section 2.4.3.4). */
const CLOCK_FIELD_BYTES = 8;
const RANDOM_ACCESS = 0x40;
const HAS_PCR = 0x10;
/** Counters begin anew here: what comes before it in a playlist was written apart from it. */
const DISCONTINUITY = 0x80;

/** A segment in which key frames are looked for. */
export interface KeyFrameSource {
  readonly data: Buffer;
  readonly startPts90k: number;
}

/**
 * Collects key frames, at most one in `minDistance90k`, and writes them as MPEG-TS that plays alone: PAT and PMT, then one PES
 * packet for each of them, with the times they were recorded with. Sound is left out. Pure.
 */
export class KeyFrameTs {
  readonly #minDistance90k: number;
  readonly #maxBytes: number;
  readonly #units: TsUnit[] = [];
  #sizeBytes = 0;

  /** `maxBytes`: of pictures; those that come when it is reached are left out. */
  constructor(options: { readonly minDistance90k: number; readonly maxBytes: number }) {
    this.#minDistance90k = options.minDistance90k;
    this.#maxBytes = options.maxBytes;
  }

  /** How many have been taken. */
  get count(): number {
    return this.#units.length;
  }

  /** Whether a key frame of that time would be taken. */
  wants(pts90k: number): boolean {
    const last = this.#units.at(-1);
    if (this.#sizeBytes >= this.#maxBytes) return false;
    return last === undefined || pts90k - last.pts90k >= this.#minDistance90k;
  }

  /** Takes what it wants of a segment. Segments come in the order of their times; damaged pictures are left out. */
  add({ data, startPts90k }: KeyFrameSource): void {
    for (const unit of keyFrameUnits(data, { nearPts90k: startPts90k })) {
      const last = this.#units.at(-1);
      const isLater = last === undefined || (unit.dts90k > last.dts90k && unit.codec === last.codec);
      if (!isLater || !this.wants(unit.pts90k)) continue;
      this.#units.push(unit);
      this.#sizeBytes += unit.data.length;
    }
  }

  /**
   * The bytes, in an ArrayBuffer of their own; undefined where there was no key frame. The last picture is to be shown up to
   * `endPts90k`, but nothing in MPEG-TS says for how long: players take the distance of the last two. So the last one
   * comes twice, the second time half-way to the end.
   */
  finish(endPts90k: number): Uint8Array<ArrayBuffer> | undefined {
    const last = this.#units.at(-1);
    if (last === undefined) return undefined;
    const half90k = Math.floor((endPts90k - last.pts90k) / 2);
    const again = { ...last, pts90k: last.pts90k + half90k, dts90k: last.dts90k + half90k };
    return writeUnits(last.codec, half90k > 0 ? [...this.#units, again] : this.#units);
  }
}

function writeUnits(codec: VideoCodec, units: readonly TsUnit[]): Uint8Array<ArrayBuffer> {
  const packets = units.reduce((sum, unit) => sum + packetsOf(unit), 0);
  const [first] = units;
  const bytes = new Uint8Array(TABLES_BYTES + packets * TS_PACKET_BYTES);
  const target = Buffer.from(bytes.buffer);
  writeTables(target, 0, { videoCodec: codec, hasAudio: false, continuity: 0 });
  let at = TABLES_BYTES;
  let counter = 0;
  for (const unit of units) {
    const pes = Buffer.concat([pesHeader(unit), unit.data]);
    for (let from = 0; from < pes.length; at += TS_PACKET_BYTES) {
      counter = (counter + 1) & 0x0f;
      from = writePacket(target, at, { pes, from, counter, dts90k: unit.dts90k, isFirst: unit === first });
    }
  }
  return bytes;
}

function packetsOf({ data }: TsUnit): number {
  return Math.ceil((CLOCK_FIELD_BYTES + PES_HEADER_BYTES + data.length) / (TS_PACKET_BYTES - HEADER_BYTES));
}

/** Writes one packet of the PES packet from `from` on; gives where the next one goes on. */
function writePacket(
  target: Buffer,
  at: number,
  packet: { pes: Buffer; from: number; counter: number; dts90k: number; isFirst: boolean },
): number {
  const { pes, from, counter, dts90k } = packet;
  const begins = from === 0;
  const fieldBytes = begins ? CLOCK_FIELD_BYTES : 0;
  const taken = Math.min(pes.length - from, TS_PACKET_BYTES - HEADER_BYTES - fieldBytes);
  const adaptationBytes = TS_PACKET_BYTES - HEADER_BYTES - taken;
  target[at] = SYNC_BYTE;
  target[at + 1] = (begins ? 0x40 : 0) | (VIDEO_PID >> 8);
  target[at + 2] = VIDEO_PID & 0xff;
  target[at + 3] = (adaptationBytes > 0 ? 0x30 : 0x10) | counter;
  if (adaptationBytes > 0) {
    const fieldAt = at + HEADER_BYTES;
    target.fill(0xff, fieldAt, fieldAt + adaptationBytes);
    target[fieldAt] = adaptationBytes - 1;
    if (adaptationBytes > 1) target[fieldAt + 1] = 0;
    if (begins) {
      target[fieldAt + 1] = RANDOM_ACCESS | HAS_PCR | (packet.isFirst ? DISCONTINUITY : 0);
      target.fill(0, fieldAt + 2, fieldAt + CLOCK_FIELD_BYTES);
      target[fieldAt + 6] = 0x7e;
      writePcr33(target, fieldAt + 2, wrap33(dts90k));
    }
  }
  pes.copy(target, at + TS_PACKET_BYTES - taken, from, from + taken);
  return from + taken;
}

/** Without a length, as is allowed for pictures. */
function pesHeader({ pts90k, dts90k }: TsUnit): Buffer {
  const header = Buffer.alloc(PES_HEADER_BYTES);
  header.set([0, 0, 1, VIDEO_STREAM_ID, 0, 0, 0x84, 0xc0, PES_HEADER_BYTES - 9]);
  header[9] = 0x31;
  header[14] = 0x11;
  writeTime33(header, 9, wrap33(pts90k));
  writeTime33(header, 14, wrap33(dts90k));
  return header;
}
