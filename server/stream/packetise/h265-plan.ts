import type { Unit } from '../unit.ts';
import type { ParameterSetMode, PayloadPart } from './payload-plan.ts';

const NOTHING = Buffer.alloc(0);
const NO_PREFIX = new Uint8Array(0);

/** NAL unit header: F (1 bit), type (6), layer id (6), temporal id plus 1 (3); RFC 7798 section 1.1.4. */
const HEADER_BYTES = 2;
const FORBIDDEN_BIT = 0x80;
const TYPE_MASK = 0x7e;
const AGGREGATION_PACKET = 48;
const FRAGMENTATION_UNIT = 49;

/**
 * H.265 by RFC 7798 without decoding order numbers (sprop-max-don-diff 0): single NAL units, an aggregation
 * packet for the parameter sets before each key frame, fragmentation units for what is too big.
 */
export function planH265(unit: Unit, maxPayloadBytes: number, mode: ParameterSetMode): PayloadPart[] {
  const parts: PayloadPart[] = [];
  if (unit.isKeyFrame && unit.format.codec === 'h265') {
    const sets = [...unit.format.vps, ...unit.format.sps, ...unit.format.pps];
    const aggregate = mode === 'stap-a-before-idr' ? aggregationPacket(sets, maxPayloadBytes) : undefined;
    if (aggregate !== undefined) parts.push(aggregate);
    else for (const set of sets) addNal(parts, set, maxPayloadBytes);
  }
  for (const nal of unit.payloads) addNal(parts, nal, maxPayloadBytes);
  return parts;
}

/** Section 4.4.2. Undefined where it would not fit into one packet, or would hold less than two NAL units. */
function aggregationPacket(nals: readonly Buffer[], maxPayloadBytes: number): PayloadPart | undefined {
  if (nals.length < 2) return undefined;
  let sizeBytes = HEADER_BYTES;
  let forbidden = 0;
  let layerId = 63;
  let temporalIdPlus1 = 7;
  for (const nal of nals) {
    sizeBytes += 2 + nal.length;
    const [first = 0, second = 0] = nal;
    forbidden |= first & FORBIDDEN_BIT;
    layerId = Math.min(layerId, ((first & 1) << 5) | (second >> 3));
    temporalIdPlus1 = Math.min(temporalIdPlus1, second & 7);
  }
  if (sizeBytes > maxPayloadBytes) return undefined;
  const prefix = Buffer.allocUnsafe(sizeBytes);
  prefix[0] = forbidden | (AGGREGATION_PACKET << 1) | (layerId >> 5);
  prefix[1] = ((layerId & 0x1f) << 3) | temporalIdPlus1;
  let offset = HEADER_BYTES;
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
  // Section 4.4.3: the NAL unit's header becomes the packet's with another type, its own type goes into the FU header.
  const [first = 0, second = 0] = nal;
  const indicator = (first & ~TYPE_MASK) | (FRAGMENTATION_UNIT << 1);
  const type = (first & TYPE_MASK) >> 1;
  const stepBytes = maxPayloadBytes - HEADER_BYTES - 1;
  for (let start = HEADER_BYTES; start < nal.length; start += stepBytes) {
    const end = Math.min(nal.length, start + stepBytes);
    const flags = (start === HEADER_BYTES ? 0x80 : 0) | (end === nal.length ? 0x40 : 0);
    parts.push({ prefix: Uint8Array.of(indicator, second, flags | type), data: nal, start, end });
  }
}
