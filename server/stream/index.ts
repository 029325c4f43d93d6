export { type BrowserWay, browserWay } from './browser-way.ts';
export { profileOf, sameFormat } from './format.ts';
export { GopBudget } from './gop-cache.ts';
export {
  BitReader,
  beginsWithStartCode,
  containsStartCode,
  MAX_PARAMETER_SET_BYTES,
  PictureOrder,
  parseSps,
  readSliceHead,
  reorderFree,
  type SliceHead,
  type SpsInfo,
  splitAtStartCodes,
  withoutEmulationPrevention,
} from './h264/index.ts';
export { Hub, type HubChange, type HubOptions, type HubStateChange } from './hub.ts';
export { HubReader } from './hub-reader.ts';
export { rtpTimestampOf } from './packetise/rtp-header.ts';
export { RtpPacketiser, type RtpPacketiserOptions } from './packetise/rtp-packetiser.ts';
export { writeSenderReport } from './packetise/sender-report.ts';
export { PictureHabits } from './picture-habits.ts';
export type { Reader, ReaderOptions, StateChange, StateReason } from './reader.ts';
export { NEEDS_REORDERING, type ReorderingKind } from './reordering.ts';
export type {
  LegRequest,
  SenderReport,
  Source,
  SourceCounters,
  SourceSink,
  StartLeg,
  StartSource,
} from './source.ts';
export { type Publication, Stream } from './stream.ts';
export type { StreamFigures } from './stream-stats.ts';
export {
  type AudioCodec,
  type AudioFormat,
  type H264Format,
  type H265Format,
  heldBytes,
  type SourceUnit,
  type TrackFormat,
  type TrackKind,
  type Unit,
  type UnitPlace,
  type VideoFormat,
} from './unit.ts';
export { WallClockEstimate } from './wall-clock.ts';
