import {
  h264Format,
  h265Format,
  parseAacConfig,
  parseSpropParameterSets,
  parseSps,
} from '../../../server/rtsp/parse/index.ts';
import { h265CodecString, parseH265Sps } from '../../../server/stream/h265/index.ts';
import { BitReader, splitAtStartCodes, withoutEmulationPrevention } from '../../../server/stream/index.ts';
import { mutatedBytes } from '../support/mutations.ts';
import { h264Nals, h265Nals } from '../support/seeds.ts';
import { type FuzzTarget, must, plainBytes, reviveBytes } from '../support/target.ts';

const typeOf = (nal: Buffer) => (nal[0] ?? 0) & 31;
const sps = h264Nals.filter((nal) => typeOf(nal) === 7);
const pps = h264Nals.filter((nal) => typeOf(nal) === 8);
const idr = h264Nals.filter((nal) => typeOf(nal) === 5).map((nal) => nal.subarray(0, 64));
const hevc = h265Nals.map((nal) => nal.subarray(0, 128)).slice(0, 8);
const seeds = [...sps, ...pps.slice(0, 6), ...idr.slice(0, 2), ...hevc, Buffer.from('1408', 'hex')];

/** The readers of bits: parameter sets of both codecs, AAC's configuration, Annex B. */
export const parameterSets: FuzzTarget<Buffer> = {
  name: 'sets',
  summary: 'SPS, PPS, VPS, AAC configuration, Annex B, bits',
  share: 3,
  maxCpuMs: 20,
  input: mutatedBytes(seeds),
  run(bytes) {
    const info = parseSps(bytes);
    if (info !== undefined) {
      const { width, height, fps, id, profileLevelId } = info;
      must(width > 0 && width <= 16_384 && height > 0 && height <= 16_384, 'a picture has a size');
      must(fps === undefined || (fps > 0 && fps <= 480), 'a frame rate is one');
      must(id >= 0 && id <= 31 && /^[0-9a-f]{6}$/.test(profileLevelId), 'profile and level are six digits');
    }
    const format = h264Format([bytes, ...sps.slice(0, 1)], [bytes, ...pps.slice(0, 1)]);
    must(format !== undefined, 'one good pair is enough');
    const hevcInfo = parseH265Sps(bytes);
    if (hevcInfo !== undefined) {
      const { width, height, fps, id, profile } = hevcInfo;
      must(width > 0 && width <= 16_384 && height > 0 && height <= 16_384, 'a picture has a size');
      must(fps === undefined || (fps > 0 && fps <= 480), 'a frame rate is one');
      must(id >= 0 && id <= 15, 'an id has its bounds');
      must(/^hvc1\.[ABC]?\d+\.[0-9A-F]+\.[LH]\d+/.test(h265CodecString(profile)), 'the codec has a name');
    }
    const sets = [bytes, ...hevc.slice(0, 4)];
    must(h265Format({ vps: sets, sps: sets, pps: sets }) !== undefined, 'one good set of each is enough');
    const nals = splitAtStartCodes(bytes);
    must(nals.reduce((sum, nal) => sum + nal.length, 0) <= bytes.length, 'cutting adds nothing');
    must(withoutEmulationPrevention(bytes).length <= bytes.length, 'taking out adds nothing');
    parseSpropParameterSets(`${bytes.toString('base64')},${bytes.toString('latin1')}`);
    const aac = parseAacConfig(bytes.subarray(0, 64));
    must(
      aac === undefined || (aac.sampleRate > 0 && aac.channels >= 1 && aac.channels <= 8),
      'sound is sound',
    );
    readBits(bytes);
  },
  plain: plainBytes,
  revive: reviveBytes,
};

/** The bytes say themselves what is read of them, in which widths. */
function readBits(bytes: Buffer): void {
  const reader = new BitReader(bytes);
  for (const byte of bytes.subarray(0, 64)) {
    const width = byte % 33;
    const value = byte >= 128 ? reader.ue() : reader.bits(width);
    must(Number.isSafeInteger(value) && value >= 0, 'bits are a number');
    must(byte >= 128 || value < 2 ** width, 'no more than its bits');
    must(Number.isSafeInteger(reader.se()), 'signed ones too');
  }
}
