const PACKET_BYTES = 188;
const SYNC_BYTE = 0x47;
/** FFmpeg's muxer gives this to the first of its tracks; ours has no other. */
const TRACK_PID = 0x100;
const WRAP_33 = 2 ** 33;

/** One coded picture (Annex B) or frame of sound. */
export interface CodedUnit {
  /** Unwrapped: never 33 bits only. */
  readonly pts90k: number;
  readonly data: Buffer;
}

interface UnitInWork {
  readonly pts90k: number;
  readonly parts: Buffer[];
  sizeBytes: number;
  /** As the PES header tells it; undefined where a picture is too large for its 16 bits. */
  readonly dueBytes: number | undefined;
}

/**
 * Takes units out of the MPEG-TS (ISO/IEC 13818-1) with one track that our own FFmpeg writes. A unit is given out with its
 * last packet, not with the first one of the next unit: its length tells the end, or else the stuffing that fills the
 * last packet up.
 */
export class TsOutput {
  readonly #onUnit: (unit: CodedUnit) => void;
  #rest: Buffer = Buffer.alloc(0);
  #unit: UnitInWork | undefined;
  #near90k = 0;

  constructor(onUnit: (unit: CodedUnit) => void) {
    this.#onUnit = onUnit;
  }

  /** The chunk's memory may be used again afterwards. Throws where it is no MPEG-TS. */
  push(chunk: Buffer): void {
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (; at + PACKET_BYTES <= data.length; at += PACKET_BYTES)
      this.#packet(data.subarray(at, at + PACKET_BYTES));
    this.#rest = Buffer.from(data.subarray(at));
  }

  #packet(packet: Buffer): void {
    if (packet[0] !== SYNC_BYTE) throw new Error('FFmpeg wrote something that is no MPEG-TS');
    if ((packet.readUInt16BE(1) & 0x1fff) !== TRACK_PID) return;
    const flags = packet.readUInt8(3);
    if ((flags & 0x10) === 0) return;
    const hasStuffing = (flags & 0x20) !== 0;
    const payload = packet.subarray(hasStuffing ? 5 + packet.readUInt8(4) : 4);
    if ((packet.readUInt8(1) & 0x40) !== 0) {
      this.#end();
      this.#begin(payload);
    } else if (this.#unit !== undefined) {
      this.#add(this.#unit, payload);
      // Only the last packet of a unit is not full.
      if (hasStuffing && this.#unit?.dueBytes === undefined) this.#end();
    }
  }

  /** A PES header (section 2.4.3.6). */
  #begin(payload: Buffer): void {
    const headerBytes = 9 + (payload[8] ?? 0);
    const hasPts = payload.length >= 14 && payload.readUIntBE(0, 3) === 1 && ((payload[7] ?? 0) & 0x80) !== 0;
    if (!hasPts || headerBytes > payload.length) return;
    const length = payload.readUInt16BE(4);
    const pts90k = this.#unwrap(readTime33(payload, 9));
    const dueBytes = length === 0 ? undefined : length - (headerBytes - 6);
    const unit: UnitInWork = { pts90k, parts: [], sizeBytes: 0, dueBytes };
    this.#unit = unit;
    this.#add(unit, payload.subarray(headerBytes));
  }

  #add(unit: UnitInWork, payload: Buffer): void {
    unit.parts.push(Buffer.from(payload));
    unit.sizeBytes += payload.length;
    if (unit.dueBytes !== undefined && unit.sizeBytes >= unit.dueBytes) this.#end();
  }

  #end(): void {
    const unit = this.#unit;
    this.#unit = undefined;
    if (unit === undefined || unit.sizeBytes === 0 || unit.sizeBytes < (unit.dueBytes ?? 0)) return;
    this.#onUnit({ pts90k: unit.pts90k, data: Buffer.concat(unit.parts, unit.dueBytes ?? unit.sizeBytes) });
  }

  #unwrap(time33: number): number {
    const ahead = (((time33 - this.#near90k) % WRAP_33) + WRAP_33) % WRAP_33;
    this.#near90k += ahead >= WRAP_33 / 2 ? ahead - WRAP_33 : ahead;
    return this.#near90k;
  }
}

function readTime33(data: Buffer, at: number): number {
  const high = (data.readUInt8(at) >> 1) & 0x07;
  return high * 2 ** 30 + (data.readUInt16BE(at + 1) >> 1) * 2 ** 15 + (data.readUInt16BE(at + 3) >> 1);
}

/**
 * The Opus packet in a unit of MPEG-TS, without its control header (Opus in MPEG-TS,
 * `opus_control_header`). Undefined where it is none.
 */
export function opusPacket(data: Buffer): Buffer | undefined {
  if (data.length < 3 || (data.readUInt16BE(0) & 0xffe0) !== 0x7fe0) return undefined;
  const flags = data.readUInt8(1);
  let at = 2;
  let sizeBytes = 0;
  for (let byte = 255; byte === 255; at += 1) {
    byte = data[at] ?? 0;
    sizeBytes += byte;
  }
  if ((flags & 0x10) !== 0) at += 2;
  if ((flags & 0x08) !== 0) at += 2;
  if ((flags & 0x04) !== 0) at += 1 + (data[at] ?? 0);
  const packet = data.subarray(at, at + sizeBytes);
  return sizeBytes > 0 && packet.length === sizeBytes ? packet : undefined;
}
