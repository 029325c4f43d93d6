const ADTS_RATES = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000,
];

/** AAC frames out of ADTS (ISO 13818-7 section 6.2), and the AudioSpecificConfig that SDP carries instead. */
export function adtsFrames(adts: Buffer): {
  frames: Buffer[];
  config: Buffer;
  clockRate: number;
  channels: number;
} {
  const frames: Buffer[] = [];
  const profile = (adts.readUInt8(2) >> 6) & 3;
  const rateIndex = (adts.readUInt8(2) >> 2) & 15;
  const channels = ((adts.readUInt8(2) & 1) << 2) | (adts.readUInt8(3) >> 6);
  for (let at = 0; at + 7 <= adts.length; ) {
    const headerBytes = (adts.readUInt8(at + 1) & 1) === 1 ? 7 : 9;
    const frameBytes =
      ((adts.readUInt8(at + 3) & 3) << 11) | (adts.readUInt8(at + 4) << 3) | (adts.readUInt8(at + 5) >> 5);
    if (frameBytes < headerBytes) throw new Error(`an ADTS frame of ${frameBytes} bytes`);
    frames.push(adts.subarray(at + headerBytes, at + frameBytes));
    at += frameBytes;
  }
  const config = Buffer.alloc(2);
  config.writeUInt16BE(((profile + 1) << 11) | (rateIndex << 7) | (channels << 3));
  return { frames, config, clockRate: ADTS_RATES[rateIndex] ?? 48_000, channels };
}

/** Packets out of Ogg (RFC 3533), without the two that head an Opus stream (RFC 7845). */
export function opusFrames(ogg: Buffer): Buffer[] {
  const packets: Buffer[] = [];
  let begun: Buffer[] = [];
  for (let at = 0; at + 27 <= ogg.length; ) {
    const segments = ogg.readUInt8(at + 26);
    let body = at + 27 + segments;
    for (let index = 0; index < segments; index += 1) {
      const sizeBytes = ogg.readUInt8(at + 27 + index);
      begun.push(ogg.subarray(body, body + sizeBytes));
      body += sizeBytes;
      if (sizeBytes === 255) continue;
      packets.push(Buffer.concat(begun));
      begun = [];
    }
    at = body;
  }
  return packets.slice(2);
}
