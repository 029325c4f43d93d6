import { BitReader } from '../../stream/index.ts';

const SAMPLE_RATES: readonly number[] = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350,
];

/** What an AudioSpecificConfig says (ISO 14496-3 section 1.6.2.1). */
export interface AacConfig {
  readonly objectType: number;
  /** Of the core coder, and of the output where SBR is declared. */
  readonly sampleRate: number;
  readonly outputSampleRate: number;
  readonly channels: number;
  /** Samples of the core coder in one frame. */
  readonly samplesPerFrame: number;
}

/** Undefined where the bytes make no sense. */
export function parseAacConfig(config: Buffer): AacConfig | undefined {
  if (config.length < 2 || config.length > 64) return undefined;
  const reader = new BitReader(config);
  let objectType = readObjectType(reader);
  const sampleRate = readSampleRate(reader);
  const channelConfiguration = reader.bits(4);
  let outputSampleRate = sampleRate;
  if (objectType === 5 || objectType === 29) {
    outputSampleRate = readSampleRate(reader);
    objectType = readObjectType(reader);
  }
  const isShortFrame = reader.bit() === 1;
  if (reader.overrun || sampleRate === undefined || outputSampleRate === undefined) return undefined;
  // Configuration 7 is 7.1; 0 means that the stream itself says it, which no camera does.
  const channels = channelConfiguration === 7 ? 8 : channelConfiguration;
  if (channels < 1 || channels > 8) return undefined;
  return { objectType, sampleRate, outputSampleRate, channels, samplesPerFrame: isShortFrame ? 960 : 1024 };
}

function readObjectType(reader: BitReader): number {
  const type = reader.bits(5);
  return type === 31 ? 32 + reader.bits(6) : type;
}

function readSampleRate(reader: BitReader): number | undefined {
  const index = reader.bits(4);
  const rate = index === 15 ? reader.bits(24) : SAMPLE_RATES[index];
  return rate !== undefined && rate > 0 ? rate : undefined;
}

/** AAC-LC, for a camera that sends no config; undefined where the rate is none that two bytes can say. */
export function buildAacConfig(sampleRate: number, channels: number): Buffer | undefined {
  const index = SAMPLE_RATES.indexOf(sampleRate);
  if (index === -1 || channels < 1 || channels > 6) return undefined;
  return Buffer.from([(2 << 3) | (index >>> 1), ((index & 1) << 7) | (channels << 3)]);
}
