/** AAC frames in ADTS (ISO/IEC 14496-3 section 1.A.3.2): 1024 samples each, with a header of 7 or 9 bytes. */

export const AAC_FRAME_SAMPLES = 1024;
const HEADER_BYTES = 7;
const RATES = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
];

/**
 * What an encoder makes of digital silence: one channel element with no spectrum, and its end. Four section bits of 0
 * (no codebook) say that nothing follows.
 */
const SILENCE: ReadonlyMap<number, readonly number[]> = new Map([
  [1, [0x00, 0xc8, 0x00, 0x80, 0x23, 0x80]],
  [2, [0x21, 0x00, 0x49, 0x90, 0x02, 0x19, 0x00, 0x23, 0x80]],
]);

/** The frames in `data`, headers included, as parts of it; what is no whole frame is left out. */
export function* adtsFrames(data: Buffer): Generator<Buffer> {
  let at = 0;
  while (at + HEADER_BYTES <= data.length) {
    const isSync = data[at] === 0xff && ((data[at + 1] ?? 0) & 0xf6) === 0xf0;
    const length =
      (((data[at + 3] ?? 0) & 0x03) << 11) | ((data[at + 4] ?? 0) << 3) | ((data[at + 5] ?? 0) >> 5);
    if (!isSync || length < HEADER_BYTES) {
      at += 1;
      continue;
    }
    if (at + length > data.length) return;
    yield data.subarray(at, at + length);
    at += length;
  }
}

/** One frame of silence; undefined for sound that is neither mono nor stereo, or of a rate that ADTS does not know. */
export function silentFrame(audio: { clockRate: number; channels: number }): Buffer | undefined {
  const payload = SILENCE.get(audio.channels);
  const rate = RATES.indexOf(audio.clockRate);
  if (payload === undefined || rate === -1) return undefined;
  const length = HEADER_BYTES + payload.length;
  // MPEG-4, no CRC, AAC-LC, buffer fullness unknown, one block.
  const header = [
    0xff,
    0xf1,
    0x40 | (rate << 2) | (audio.channels >> 2),
    ((audio.channels & 3) << 6) | (length >> 11),
    (length >> 3) & 0xff,
    ((length & 7) << 5) | 0x1f,
    0xfc,
  ];
  return Buffer.from([...header, ...payload]);
}
