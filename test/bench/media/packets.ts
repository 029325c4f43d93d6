import type { CodedPicture, Footage } from './footage.ts';

export const RTP_HEADER_BYTES = 12;
const PAYLOAD_TYPE = 96;

/** One picture's RTP packets, to be copied and given sequence, time and SSRC when they are sent. */
export interface PictureTemplate {
  readonly packets: readonly Buffer[];
  readonly sizeBytes: number;
  readonly isKeyFrame: boolean;
  readonly tail: string;
}

/**
 * The packets of all pictures, as cameras make them (RFC 6184 packetisation mode 1: single NAL units and FU-A). This
 * is deliberately not the gateway's own packetiser.
 */
export function packetiseFootage(footage: Footage, maxPacketBytes = 1400): PictureTemplate[] {
  const templates = footage.pictures.map((picture) => packetisePicture(picture, maxPacketBytes));
  if (new Set(templates.map((template) => template.tail)).size !== templates.length) {
    throw new Error('two pictures of the footage end alike, so viewers could not tell them apart');
  }
  return templates;
}

export const TAIL_BYTES = 12;

/**
 * The last bytes of a picture's last NAL unit. They name the picture wherever its packets are cut anew, so nothing
 * has to be put into the media, and no clock has to be followed, to know it again at a viewer.
 */
export function tailOf(data: Buffer): string {
  return data.toString('latin1', Math.max(0, data.length - TAIL_BYTES));
}

function packetisePicture(picture: CodedPicture, maxPacketBytes: number): PictureTemplate {
  const packets: Buffer[] = [];
  for (const nal of picture.nals) packetiseNal(nal, maxPacketBytes, packets);
  const last = packets.at(-1);
  const lastNal = picture.nals.at(-1);
  if (last === undefined || lastNal === undefined) throw new Error('a picture without a NAL unit');
  last[1] = 0x80 | PAYLOAD_TYPE;
  return {
    packets,
    sizeBytes: packets.reduce((sum, packet) => sum + packet.length, 0),
    isKeyFrame: picture.isKeyFrame,
    tail: tailOf(lastNal),
  };
}

function packetiseNal(nal: Buffer, maxPacketBytes: number, packets: Buffer[]): void {
  if (nal.length + RTP_HEADER_BYTES <= maxPacketBytes) {
    packets.push(Buffer.concat([emptyHeader(), nal]));
    return;
  }
  const header = nal[0] ?? 0;
  const size = maxPacketBytes - RTP_HEADER_BYTES - 2;
  for (let offset = 1; offset < nal.length; offset += size) {
    const isFirst = offset === 1;
    const isLast = offset + size >= nal.length;
    const indicator = (header & 0xe0) | 28;
    const fragmentHeader = (isFirst ? 0x80 : 0) | (isLast ? 0x40 : 0) | (header & 0x1f);
    const head = Buffer.from([indicator, fragmentHeader]);
    packets.push(Buffer.concat([emptyHeader(), head, nal.subarray(offset, offset + size)]));
  }
}

function emptyHeader(): Buffer {
  const header = Buffer.alloc(RTP_HEADER_BYTES);
  header[0] = 0x80;
  header[1] = PAYLOAD_TYPE;
  return header;
}

export interface RtpFields {
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
}

/** Writes what changes from packet to packet into a copied template. */
export function stamp(packet: Buffer, offset: number, fields: RtpFields): void {
  packet.writeUInt16BE(fields.sequence & 0xffff, offset + 2);
  packet.writeUInt32BE(fields.timestamp >>> 0, offset + 4);
  packet.writeUInt32BE(fields.ssrc, offset + 8);
}
