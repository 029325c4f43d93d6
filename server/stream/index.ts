export type { Reader, ReaderOptions, StateChange, StateReason } from './reader.ts';
export type { SenderReport, Source, SourceCounters, SourceSink, StartSource } from './source.ts';
export type {
  AudioCodec,
  AudioFormat,
  H264Format,
  SourceUnit,
  TrackFormat,
  TrackKind,
  Unit,
} from './unit.ts';
