import type { SenderReport, SourceSink, SourceUnit, TrackFormat } from '../../stream/index.ts';

/**
 * What comes before the camera's reply to PLAY is kept (Reolink cameras send their first sender report there), but
 * never more than this.
 */
const MAX_EARLY = 512;
const MAX_EARLY_BYTES = 8 * 1024 * 1024;

type Early =
  | { readonly unit: SourceUnit }
  | { readonly format: TrackFormat }
  | { readonly report: SenderReport };

/** Stands before a sink that has to be told of the tracks first: keeps what comes until then. */
export class EarlyMedia {
  readonly #sink: Pick<SourceSink, 'unit' | 'format' | 'senderReport'>;
  #kept: Early[] | undefined = [];
  #keptBytes = 0;

  constructor(sink: Pick<SourceSink, 'unit' | 'format' | 'senderReport'>) {
    this.#sink = sink;
  }

  unit(unit: SourceUnit): void {
    if (this.#kept === undefined) this.#sink.unit(unit);
    else this.#keep({ unit }, unit.payloads);
  }

  format(format: TrackFormat): void {
    if (this.#kept === undefined) this.#sink.format(format);
    else this.#keep({ format });
  }

  senderReport(report: SenderReport): void {
    if (this.#kept === undefined) this.#sink.senderReport(report);
    else this.#keep({ report });
  }

  /** The sink knows of the tracks: hands over what was kept, and from now on all as it comes. */
  release(): void {
    const kept = this.#kept ?? [];
    this.#kept = undefined;
    for (const item of kept) {
      if ('unit' in item) this.#sink.unit(item.unit);
      else if ('format' in item) this.#sink.format(item.format);
      else this.#sink.senderReport(item.report);
    }
  }

  #keep(item: Early, payloads: readonly Buffer[] = []): void {
    const kept = this.#kept;
    if (kept === undefined || kept.length >= MAX_EARLY) return;
    for (const { length } of payloads) this.#keptBytes += length;
    if (this.#keptBytes <= MAX_EARLY_BYTES) kept.push(item);
  }
}
