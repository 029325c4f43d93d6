export { profileName } from './format.ts';
export { beginsWithStartCode, containsStartCode, splitAtStartCodes } from './h264/annexb.ts';
export { BitReader } from './h264/bit-reader.ts';
export {
  MAX_PARAMETER_SET_BYTES,
  parseSps,
  type SpsInfo,
  withoutEmulationPrevention,
} from './h264/sps.ts';
export { Hub, type HubChange, type HubOptions, type HubStateChange } from './hub.ts';
export { HubReader } from './hub-reader.ts';
export { rtpTimestampOf } from './packetise/rtp-header.ts';
export { RtpPacketiser, type RtpPacketiserOptions } from './packetise/rtp-packetiser.ts';
export { writeSenderReport } from './packetise/sender-report.ts';
export type { Reader, ReaderOptions, StateChange, StateReason } from './reader.ts';
export type { SenderReport, Source, SourceCounters, SourceSink, StartSource } from './source.ts';
export { type Publication, Stream } from './stream.ts';
export type { StreamFigures } from './stream-stats.ts';
export {
  type AudioCodec,
  type AudioFormat,
  type H264Format,
  heldBytes,
  type SourceUnit,
  type TrackFormat,
  type TrackKind,
  type Unit,
} from './unit.ts';
export { WallClockEstimate } from './wall-clock.ts';
