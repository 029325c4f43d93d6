/** MPEG-TS, pure: cut, probed, taken apart and given other times. Nothing here throws on garbage. */

export type {
  CutSegment,
  KeyFrame,
  SegmenterOptions,
  SegmenterRun,
  SegmenterTrouble,
} from './cut-segment.ts';
export { KeyFrameTs } from './key-frame-ts.ts';
export { TS_PACKET_BYTES } from './packet.ts';
export { PacketReader } from './packet-reader.ts';
export { probeTs, type TsProbe } from './probe.ts';
export { Segmenter } from './segmenter.ts';
export { TABLES_BYTES } from './tables.ts';
export { unwrap33, wrap33 } from './timestamps.ts';
export { accessUnits, keyFrameUnits, type TsUnit, unitsTo } from './units.ts';
