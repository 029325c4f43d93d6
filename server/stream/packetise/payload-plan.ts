import type { Unit } from '../unit.ts';

/**
 * One RTP payload: a few bytes of prefix (made here) and a run of a shared buffer (not copied until the
 * packet is written). STAP-A is all prefix.
 */
export interface PayloadPart {
  readonly prefix: Uint8Array;
  readonly data: Buffer;
  readonly start: number;
  readonly end: number;
  /** Ticks of the track's clock after the unit's own time; 0 where it is left out. */
  readonly laterTicks?: number;
}

const NOTHING = Buffer.alloc(0);
const NO_PREFIX = new Uint8Array(0);

const NAL_TYPE_MASK = 0x1f;
const NAL_REF_MASK = 0x60;
const NAL_FORBIDDEN_BIT = 0x80;
const STAP_A = 24;
const FU_A = 28;

export type ParameterSetMode = 'stap-a-before-idr' | 'single-before-idr';

/**
 * H.264 by RFC 6184 in packetization mode 1: single NAL units, STAP-A for parameter sets, FU-A for what is
 * too big.
 */
export function planH264(unit: Unit, maxPayloadBytes: number, mode: ParameterSetMode): PayloadPart[] {
  const parts: PayloadPart[] = [];
  if (unit.isKeyFrame && unit.format.kind === 'video') {
    const sets = [...unit.format.sps, ...unit.format.pps];
    const aggregate = mode === 'stap-a-before-idr' ? stapA(sets, maxPayloadBytes) : undefined;
    if (aggregate !== undefined) parts.push(aggregate);
    else for (const set of sets) addNal(parts, set, maxPayloadBytes);
  }
  for (const nal of unit.payloads) addNal(parts, nal, maxPayloadBytes);
  return parts;
}

/** Section 5.7.1. Undefined where it would not fit into one packet. */
function stapA(nals: readonly Buffer[], maxPayloadBytes: number): PayloadPart | undefined {
  if (nals.length === 0) return undefined;
  let sizeBytes = 1;
  let importance = 0;
  let forbidden = 0;
  for (const nal of nals) {
    sizeBytes += 2 + nal.length;
    importance = Math.max(importance, (nal[0] ?? 0) & NAL_REF_MASK);
    forbidden |= (nal[0] ?? 0) & NAL_FORBIDDEN_BIT;
  }
  if (sizeBytes > maxPayloadBytes) return undefined;
  const prefix = Buffer.allocUnsafe(sizeBytes);
  prefix[0] = forbidden | importance | STAP_A;
  let offset = 1;
  for (const nal of nals) {
    offset = prefix.writeUInt16BE(nal.length, offset);
    offset += nal.copy(prefix, offset);
  }
  return { prefix, data: NOTHING, start: 0, end: 0 };
}

function addNal(parts: PayloadPart[], nal: Buffer, maxPayloadBytes: number): void {
  if (nal.length <= maxPayloadBytes) {
    parts.push({ prefix: NO_PREFIX, data: nal, start: 0, end: nal.length });
    return;
  }
  // Section 5.8: the NAL header's bits go into indicator and FU header, the rest is cut.
  const header = nal[0] ?? 0;
  const indicator = (header & 0xe0) | FU_A;
  const type = header & NAL_TYPE_MASK;
  const stepBytes = maxPayloadBytes - 2;
  for (let start = 1; start < nal.length; start += stepBytes) {
    const end = Math.min(nal.length, start + stepBytes);
    const flags = (start === 1 ? 0x80 : 0) | (end === nal.length ? 0x40 : 0);
    parts.push({ prefix: Uint8Array.of(indicator, flags | type), data: nal, start, end });
  }
}

/** AAC by RFC 3640, mode AAC-hbr (13 bits of size, 3 of index), one frame a packet or in fragments. */
export function planAac(frame: Buffer, maxPayloadBytes: number): PayloadPart[] {
  // AU-headers-length is in bits; each fragment tells the size of the whole frame (section 3.2.1).
  const prefix = Uint8Array.of(0, 16, (frame.length >> 5) & 0xff, (frame.length << 3) & 0xff);
  const stepBytes = maxPayloadBytes - prefix.length;
  const parts: PayloadPart[] = [];
  for (let start = 0; start < frame.length || start === 0; start += stepBytes) {
    parts.push({ prefix, data: frame, start, end: Math.min(frame.length, start + stepBytes) });
  }
  return parts;
}

/**
 * G.711 and G.722 have one byte a tick and channel (RFC 3551 section 4.5), so what a camera sent in one large
 * packet is cut between samples, each part with its own time.
 */
export function planSamples(samples: Buffer, maxPayloadBytes: number, channels: number): PayloadPart[] {
  if (samples.length <= maxPayloadBytes) return planWhole(samples);
  const stepBytes = maxPayloadBytes - (maxPayloadBytes % channels);
  const parts: PayloadPart[] = [];
  for (let start = 0; start < samples.length; start += stepBytes) {
    const end = Math.min(samples.length, start + stepBytes);
    parts.push({ prefix: NO_PREFIX, data: samples, start, end, laterTicks: start / channels });
  }
  return parts;
}

/**
 * The frame is the payload. Opus (RFC 7587) cannot be cut, so a frame that is too large goes out as it is.
 */
export function planWhole(frame: Buffer): PayloadPart[] {
  return [{ prefix: NO_PREFIX, data: frame, start: 0, end: frame.length }];
}
