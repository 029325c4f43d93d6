export { profileName } from './format.ts';
export { Hub, type HubOptions, type HubStateChange } from './hub.ts';
export { rtpTimestampOf } from './packetise/rtp-header.ts';
export { RtpPacketiser, type RtpPacketiserOptions } from './packetise/rtp-packetiser.ts';
export { writeSenderReport } from './packetise/sender-report.ts';
export type { Reader, ReaderOptions, StateChange, StateReason } from './reader.ts';
export type { SenderReport, Source, SourceCounters, SourceSink, StartSource } from './source.ts';
export { type Publication, Stream } from './stream.ts';
export type { StreamFigures } from './stream-stats.ts';
export type {
  AudioCodec,
  AudioFormat,
  H264Format,
  SourceUnit,
  TrackFormat,
  TrackKind,
  Unit,
} from './unit.ts';
export { WallClockEstimate } from './wall-clock.ts';
