/** Reception of one source (RFC 3550 section 6.4.1). */
export interface ReportBlock {
  readonly ssrc: number;
  /** 0 to 255, in 1/256. */
  readonly fractionLost: number;
  readonly cumulativeLost: number;
  /** Extended by the count of wraps. */
  readonly highestSequence: number;
  /** In ticks of the track's clock. */
  readonly jitter: number;
  readonly lastSenderReport: number;
  /** In 1/65536 s. */
  readonly delaySinceLastSenderReport: number;
}

/** What a sender says about its clock. */
export interface SenderInfo {
  readonly ssrc: number;
  /** Unix time by the sender's clock. */
  readonly ntpMs: number;
  /** The middle 32 bits of the NTP time, as a report block sends them back. */
  readonly ntpMiddle: number;
  readonly rtpTimestamp: number;
  readonly packetCount: number;
  readonly octetCount: number;
}

export type RtcpPacket =
  | ({ readonly kind: 'sr'; readonly reports: readonly ReportBlock[] } & SenderInfo)
  | { readonly kind: 'rr'; readonly ssrc: number; readonly reports: readonly ReportBlock[] }
  | { readonly kind: 'sdes'; readonly ssrc: number; readonly cname?: string }
  | { readonly kind: 'bye'; readonly ssrcs: readonly number[] }
  /** A wish for a key frame (RFC 4585 section 6.3.1, RFC 5104 section 4.3.1). */
  | { readonly kind: 'pli' | 'fir'; readonly ssrc: number; readonly mediaSsrc: number }
  | { readonly kind: 'other'; readonly packetType: number };

/** Seconds from 1900, where NTP begins, to 1970. */
const NTP_EPOCH_OFFSET_S = 2_208_988_800;
const REPORT_BLOCK_BYTES = 24;

/**
 * Reads a compound packet. Tolerant: a part that cannot be read ends the reading, those before it stand; a
 * compound that begins with something else than a report is fine.
 */
export function parseRtcp(buffer: Buffer): RtcpPacket[] {
  const packets: RtcpPacket[] = [];
  let at = 0;
  while (at + 4 <= buffer.length) {
    const first = buffer[at] ?? 0;
    if (first >>> 6 !== 2) break;
    const end = at + 4 + buffer.readUInt16BE(at + 2) * 4;
    if (end > buffer.length) break;
    const packet = parsePart(buffer.subarray(at, end), first & 0x1f, buffer[at + 1] ?? 0);
    if (packet === undefined) break;
    packets.push(packet);
    at = end;
  }
  return packets;
}

function parsePart(part: Buffer, count: number, type: number): RtcpPacket | undefined {
  switch (type) {
    case 200:
      return parseSenderReport(part, count);
    case 201:
      if (part.length < 8) return undefined;
      return { kind: 'rr', ssrc: part.readUInt32BE(4), reports: parseReports(part, 8, count) };
    case 202:
      return parseSdes(part);
    case 203: {
      const ssrcs: number[] = [];
      for (let i = 0; i < count && 8 + i * 4 <= part.length; i += 1) ssrcs.push(part.readUInt32BE(4 + i * 4));
      return { kind: 'bye', ssrcs };
    }
    case 206:
      if (part.length >= 12 && (count === 1 || count === 4)) {
        const kind = count === 1 ? 'pli' : 'fir';
        return { kind, ssrc: part.readUInt32BE(4), mediaSsrc: part.readUInt32BE(8) };
      }
      return { kind: 'other', packetType: type };
    default:
      return { kind: 'other', packetType: type };
  }
}

function parseSenderReport(part: Buffer, count: number): RtcpPacket | undefined {
  if (part.length < 28) return undefined;
  const seconds = part.readUInt32BE(8);
  const fraction = part.readUInt32BE(12);
  return {
    kind: 'sr',
    ssrc: part.readUInt32BE(4),
    ntpMs: ntpToUnixMs(seconds, fraction),
    ntpMiddle: (((seconds & 0xffff) << 16) | (fraction >>> 16)) >>> 0,
    rtpTimestamp: part.readUInt32BE(16),
    packetCount: part.readUInt32BE(20),
    octetCount: part.readUInt32BE(24),
    reports: parseReports(part, 28, count),
  };
}

/**
 * NTP time to Unix milliseconds. Its 32 bits of seconds wrap in 2036: without the top bit it is after that.
 */
function ntpToUnixMs(seconds: number, fraction: number): number {
  const era = seconds < 0x8000_0000 ? 2 ** 32 : 0;
  return (seconds + era - NTP_EPOCH_OFFSET_S) * 1000 + (fraction * 1000) / 2 ** 32;
}

function parseReports(part: Buffer, start: number, count: number): ReportBlock[] {
  const reports: ReportBlock[] = [];
  for (let i = 0; i < count; i += 1) {
    const at = start + i * REPORT_BLOCK_BYTES;
    if (at + REPORT_BLOCK_BYTES > part.length) break;
    reports.push({
      ssrc: part.readUInt32BE(at),
      fractionLost: part.readUInt8(at + 4),
      cumulativeLost: part.readIntBE(at + 5, 3),
      highestSequence: part.readUInt32BE(at + 8),
      jitter: part.readUInt32BE(at + 12),
      lastSenderReport: part.readUInt32BE(at + 16),
      delaySinceLastSenderReport: part.readUInt32BE(at + 20),
    });
  }
  return reports;
}

/** Only the first chunk's CNAME: a camera describes nobody but itself. */
function parseSdes(part: Buffer): RtcpPacket | undefined {
  if (part.length < 8) return { kind: 'other', packetType: 202 };
  const ssrc = part.readUInt32BE(4);
  let at = 8;
  while (at + 2 <= part.length) {
    const type = part[at] ?? 0;
    const size = part[at + 1] ?? 0;
    if (type === 0 || at + 2 + size > part.length) break;
    if (type === 1) return { kind: 'sdes', ssrc, cname: part.toString('utf8', at + 2, at + 2 + size) };
    at += 2 + size;
  }
  return { kind: 'sdes', ssrc };
}

/** RR and SDES in one packet (RFC 3550 section 6.1), at most 31 reports. */
export function buildReceiverReport(options: {
  readonly ssrc: number;
  readonly cname: string;
  readonly reports: readonly ReportBlock[];
}): Buffer {
  const reports = options.reports.slice(0, 31);
  const report = Buffer.alloc(8 + reports.length * REPORT_BLOCK_BYTES);
  writeHeader(report, reports.length, 201, options.ssrc);
  reports.forEach((block, i) => {
    const at = 8 + i * REPORT_BLOCK_BYTES;
    report.writeUInt32BE(block.ssrc >>> 0, at);
    report.writeUInt8(block.fractionLost & 0xff, at + 4);
    report.writeIntBE(Math.max(-0x80_0000, Math.min(0x7f_ffff, block.cumulativeLost)), at + 5, 3);
    report.writeUInt32BE(block.highestSequence >>> 0, at + 8);
    report.writeUInt32BE(block.jitter >>> 0, at + 12);
    report.writeUInt32BE(block.lastSenderReport >>> 0, at + 16);
    report.writeUInt32BE(block.delaySinceLastSenderReport >>> 0, at + 20);
  });
  return Buffer.concat([report, buildSdes(options.ssrc, options.cname)]);
}

/** RR, SDES and a picture loss indication (RFC 4585 section 6.3.1): the sender of `mediaSsrc` is asked for a key frame. */
export function buildPictureLoss(options: {
  readonly ssrc: number;
  readonly cname: string;
  readonly mediaSsrc: number;
}): Buffer {
  const pli = Buffer.alloc(12);
  writeHeader(pli, 1, 206, options.ssrc);
  pli.writeUInt32BE(options.mediaSsrc >>> 0, 8);
  return Buffer.concat([buildReceiverReport({ ...options, reports: [] }), pli]);
}

/** RR, SDES and BYE: the end of our reception. */
export function buildBye(options: { readonly ssrc: number; readonly cname: string }): Buffer {
  const bye = Buffer.alloc(8);
  writeHeader(bye, 1, 203, options.ssrc);
  return Buffer.concat([buildReceiverReport({ ...options, reports: [] }), bye]);
}

function buildSdes(ssrc: number, cname: string): Buffer {
  const name = Buffer.from(cname).subarray(0, 255);
  // The items end with at least one zero byte, up to a multiple of four.
  const sdes = Buffer.alloc(8 + Math.ceil((2 + name.length + 1) / 4) * 4);
  writeHeader(sdes, 1, 202, ssrc);
  sdes[8] = 1;
  sdes[9] = name.length;
  name.copy(sdes, 10);
  return sdes;
}

function writeHeader(target: Buffer, count: number, type: number, ssrc: number): void {
  target[0] = 0x80 | count;
  target[1] = type;
  target.writeUInt16BE(target.length / 4 - 1, 2);
  target.writeUInt32BE(ssrc >>> 0, 4);
}
