/** Where things are in an MPEG-TS packet (ISO/IEC 13818-1 section 2.4.3.2). All take the offset of the packet's sync byte. */

export const TS_PACKET_BYTES = 188;
export const SYNC_BYTE = 0x47;
export const PAT_PID = 0;
/** Padding, to be thrown away. */
export const NULL_PID = 0x1fff;

const ADAPTATION = 0x20;
const PAYLOAD = 0x10;

export function pidOf(data: Buffer, at: number): number {
  return (((data[at + 1] ?? 0) & 0x1f) << 8) | (data[at + 2] ?? 0);
}

/** The sender itself says that the packet is damaged. */
export function isMarkedDamaged(data: Buffer, at: number): boolean {
  return ((data[at + 1] ?? 0) & 0x80) !== 0;
}

/** A PES packet or a table begins in this packet (payload_unit_start_indicator). */
export function beginsUnit(data: Buffer, at: number): boolean {
  return ((data[at + 1] ?? 0) & 0x40) !== 0;
}

export function isScrambled(data: Buffer, at: number): boolean {
  return ((data[at + 3] ?? 0) & 0xc0) !== 0;
}

export function continuityOf(data: Buffer, at: number): number {
  return (data[at + 3] ?? 0) & 0x0f;
}

export function setContinuity(data: Buffer, at: number, counter: number): void {
  data[at + 3] = ((data[at + 3] ?? 0) & 0xf0) | (counter & 0x0f);
}

export function setPid(data: Buffer, at: number, pid: number): void {
  data[at + 1] = ((data[at + 1] ?? 0) & 0xe0) | (pid >> 8);
  data[at + 2] = pid & 0xff;
}

export function hasPayload(data: Buffer, at: number): boolean {
  return ((data[at + 3] ?? 0) & PAYLOAD) !== 0;
}

/** Where the payload begins; the packet's end where there is none, or where the adaptation field's length is nonsense. */
export function payloadAt(data: Buffer, at: number): number {
  const control = data[at + 3] ?? 0;
  const end = at + TS_PACKET_BYTES;
  if ((control & PAYLOAD) === 0) return end;
  if ((control & ADAPTATION) === 0) return at + 4;
  return Math.min(end, at + 5 + (data[at + 4] ?? 0));
}

/** The flags of the adaptation field; 0 where there is none. */
function adaptationFlags(data: Buffer, at: number): number {
  if (((data[at + 3] ?? 0) & ADAPTATION) === 0 || (data[at + 4] ?? 0) === 0) return 0;
  return data[at + 5] ?? 0;
}

/** The continuity counter may begin anew here. */
export function isDiscontinuity(data: Buffer, at: number): boolean {
  return (adaptationFlags(data, at) & 0x80) !== 0;
}

/** The sender says that decoding can begin here. */
export function isRandomAccess(data: Buffer, at: number): boolean {
  return (adaptationFlags(data, at) & 0x40) !== 0;
}

/** Where the program clock reference lies; -1 where the packet has none. */
export function pcrAt(data: Buffer, at: number): number {
  return (adaptationFlags(data, at) & 0x10) !== 0 && (data[at + 4] ?? 0) >= 7 ? at + 6 : -1;
}
