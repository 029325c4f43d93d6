/** NAL unit types (H.264 table 7-1) and the packet types that RFC 6184 puts behind them. */
export const NAL = {
  slice: 1,
  idr: 5,
  sei: 6,
  sps: 7,
  pps: 8,
  accessUnitDelimiter: 9,
  filler: 12,
  stapA: 24,
  stapB: 25,
  mtap16: 26,
  mtap24: 27,
  fuA: 28,
  fuB: 29,
} as const;

const TYPE_MASK = 0x1f;

export function nalType(nal: Buffer): number {
  return (nal[0] ?? 0) & TYPE_MASK;
}

/** Slices, whole or as data partitions. */
export function isSlice(type: number): boolean {
  return type >= NAL.slice && type <= NAL.idr;
}

/** How a packet's payload begins. */
export interface PayloadStart {
  /** Of the first NAL unit in it; -1 where it is the rest of one. */
  readonly type: number;
  /**
   * A slice that is the first of its picture: `first_mb_in_slice` is 0, which is written as a single 1 bit.
   */
  readonly beginsPicture: boolean;
}

const CONTINUATION: PayloadStart = { type: -1, beginsPicture: false };

export function payloadStart(payload: Buffer): PayloadStart {
  const type = nalType(payload);
  if (type === NAL.stapA) return nalStart(payload, 3, (payload[3] ?? 0) & TYPE_MASK);
  if (type !== NAL.fuA) return nalStart(payload, 0, type);
  const header = payload[1] ?? 0;
  return (header & 0x80) === 0 ? CONTINUATION : nalStart(payload, 1, header & TYPE_MASK);
}

function nalStart(payload: Buffer, at: number, type: number): PayloadStart {
  return { type, beginsPicture: isSlice(type) && ((payload[at + 1] ?? 0) & 0x80) !== 0 };
}
