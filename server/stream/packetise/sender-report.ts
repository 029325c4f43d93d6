/** Seconds from 1900 (NTP) to 1970 (Unix). */
const NTP_EPOCH_OFFSET_S = 2_208_988_800;
const SR_BYTES = 28;
const PACKET_TYPE_SR = 200;
const PACKET_TYPE_SDES = 202;
const SDES_CNAME = 1;

export interface SenderReportFields {
  readonly ssrc: number;
  readonly cname: string;
  /** Unix time in milliseconds at which the media clock stands at `rtpTimestamp`. */
  readonly ntpMs: number;
  readonly rtpTimestamp: number;
  readonly packetCount: number;
  readonly octetCount: number;
}

/** A compound RTCP packet: sender report and SDES with the CNAME (RFC 3550 sections 6.4.1 and 6.5). */
export function writeSenderReport(fields: SenderReportFields): Buffer {
  const cname = Buffer.from(fields.cname).subarray(0, 255);
  // Chunk: SSRC, item header, text, at least one zero, up to the next 32-bit boundary.
  const chunkBytes = Math.ceil((4 + 2 + cname.length + 1) / 4) * 4;
  const packet = Buffer.alloc(SR_BYTES + 4 + chunkBytes);
  packet[0] = 0x80;
  packet[1] = PACKET_TYPE_SR;
  packet.writeUInt16BE(SR_BYTES / 4 - 1, 2);
  packet.writeUInt32BE(fields.ssrc, 4);
  const seconds = Math.floor(fields.ntpMs / 1000);
  packet.writeUInt32BE((seconds + NTP_EPOCH_OFFSET_S) >>> 0, 8);
  packet.writeUInt32BE(Math.floor(((fields.ntpMs - seconds * 1000) / 1000) * 2 ** 32) >>> 0, 12);
  packet.writeUInt32BE(fields.rtpTimestamp, 16);
  packet.writeUInt32BE(fields.packetCount, 20);
  packet.writeUInt32BE(fields.octetCount, 24);
  packet[SR_BYTES] = 0x81;
  packet[SR_BYTES + 1] = PACKET_TYPE_SDES;
  packet.writeUInt16BE(chunkBytes / 4, SR_BYTES + 2);
  packet.writeUInt32BE(fields.ssrc, SR_BYTES + 4);
  packet[SR_BYTES + 8] = SDES_CNAME;
  packet[SR_BYTES + 9] = cname.length;
  cname.copy(packet, SR_BYTES + 10);
  return packet;
}
