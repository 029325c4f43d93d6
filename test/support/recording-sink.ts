import type {
  SenderReport,
  SourceCounters,
  SourceSink,
  SourceUnit,
  TrackFormat,
} from '../../server/stream/index.ts';
import type { StreamDefinition } from '../../shared/stream.ts';
import { streamDefinitionSchema } from '../../shared/stream.ts';

export interface RecordedWait {
  readonly reason: string;
  readonly message: string;
  readonly retryInMs: number | undefined;
}

/** A sink that remembers everything a source says. */
export class RecordingSink implements SourceSink {
  connections = 0;
  readonly playings: Array<{ formats: readonly TrackFormat[]; transport: string }> = [];
  readonly formats: TrackFormat[] = [];
  readonly units: SourceUnit[] = [];
  readonly senderReports: SenderReport[] = [];
  readonly waits: RecordedWait[] = [];
  /** Why the media travels as it does, as told last. */
  lastTransportReason: string | undefined;
  damages = 0;
  lastCounters: SourceCounters | undefined;
  /** All calls in order, by name; units as `unit`. */
  readonly calls: string[] = [];

  connecting(): void {
    this.calls.push('connecting');
    this.connections += 1;
  }

  playing(formats: readonly TrackFormat[], transport: string): void {
    this.calls.push('playing');
    this.playings.push({ formats, transport });
  }

  transportReason(reason: string | undefined): void {
    this.lastTransportReason = reason;
  }

  damaged(): void {
    this.damages += 1;
  }

  format(format: TrackFormat): void {
    this.calls.push('format');
    this.formats.push(format);
  }

  unit(unit: SourceUnit): void {
    this.calls.push('unit');
    this.units.push(unit);
  }

  senderReport(report: SenderReport): void {
    this.calls.push('senderReport');
    this.senderReports.push(report);
  }

  waiting(reason: string, message: string, retryInMs?: number): void {
    this.calls.push('waiting');
    this.waits.push({ reason, message, retryInMs });
  }

  counters(counters: SourceCounters): void {
    this.lastCounters = counters;
  }

  get videoUnits(): SourceUnit[] {
    return this.units.filter((unit) => unit.kind === 'video');
  }

  get audioUnits(): SourceUnit[] {
    return this.units.filter((unit) => unit.kind === 'audio');
  }
}

/** A stream of a camera at `url`, with the defaults of the settings. */
export function cameraAt(
  url: string,
  source: Readonly<Record<string, unknown>> = {},
  name = 'cam',
): StreamDefinition {
  return streamDefinitionSchema.parse({ app: 'live', name, source: { url, ...source } });
}
