import type { PictureReport } from '../../shared/report.ts';
import type { Clock } from '../base/clock.ts';
import { DisplayTimes } from './display-times.ts';
import { sameFormat } from './format.ts';
import type { GopCache } from './gop-cache.ts';
import { PictureHabits } from './picture-habits.ts';
import { Reordering, type ReorderingKind } from './reordering.ts';
import type { SenderReport } from './source.ts';
import { type StreamFigures, StreamStats } from './stream-stats.ts';
import { Timeline } from './timeline.ts';
import type { SourceUnit, TrackFormat, TrackKind, Unit, VideoFormat } from './unit.ts';

export interface StreamMediaOptions {
  readonly clock: Clock;
  readonly gop: GopCache;
  readonly trustCameraClock: boolean;
  onTracks(tracks: readonly TrackFormat[]): void;
  onUnit(unit: Unit): void;
}

/** The media side of a stream: tracks, timeline, kept group of pictures and figures; no connections, no readers. */
export class StreamMedia {
  readonly #options: StreamMediaOptions;
  readonly #gop: GopCache;
  readonly #stats = new StreamStats();
  #habits = new PictureHabits();
  readonly #formats = new Map<TrackKind, TrackFormat>();
  readonly #timeline: Timeline;
  readonly #reordering = new Reordering();
  readonly #displayTimes = new DisplayTimes();
  #tracks: readonly TrackFormat[] = [];

  constructor(options: StreamMediaOptions) {
    this.#options = options;
    this.#gop = options.gop;
    this.#timeline = new Timeline(options.clock, { trustCameraClock: options.trustCameraClock });
  }

  set trustCameraClock(trusted: boolean) {
    this.#timeline.trustCameraClock = trusted;
  }

  get tracks(): readonly TrackFormat[] {
    return this.#tracks;
  }

  /** How the pictures are ordered on the present or the last connection. */
  get reordering(): ReorderingKind {
    return this.#reordering.kind;
  }

  get gop(): readonly Unit[] {
    return this.#gop.units;
  }

  get figures(): StreamFigures {
    return this.#stats.figures;
  }

  /** Also while the source is away: what was learnt of it last. */
  get pictures(): PictureReport | undefined {
    return this.#habits.report;
  }

  forgetPictures(): void {
    this.#habits = new PictureHabits();
  }

  get cameraClockOffsetMs(): number | undefined {
    return this.#timeline.cameraClockOffsetMs;
  }

  /** A connection plays; formats that say the same as before keep their object, so readers see no change. */
  connected(formats: readonly TrackFormat[]): void {
    this.#timeline.reconnected();
    this.#reordering.restart();
    this.#displayTimes.restart();
    const kinds = new Set(formats.map((format) => format.kind));
    let changed = false;
    // A video track whose parameter sets come in band keeps its last format until then.
    if (!kinds.has('audio')) changed = this.#formats.delete('audio');
    for (const format of formats) changed = this.#keep(format) || changed;
    if (changed) this.#tell();
  }

  format(format: TrackFormat): void {
    if (this.#keep(format)) this.#tell();
  }

  unit(unit: SourceUnit): void {
    const format = this.#formats.get(unit.kind);
    if (format === undefined) return;
    const { kind, receivedAtMs } = unit;
    const rtpTimestamp = kind === 'video' ? this.#displayTimes.of(unit) : unit.rtpTimestamp;
    const place =
      unit.place ??
      this.#timeline.place(kind, format.clockRate, rtpTimestamp, receivedAtMs, unit.isReordered);
    if (place === undefined) return;
    let sizeBytes = 0;
    for (const payload of unit.payloads) sizeBytes += payload.length;
    const placed: Unit = {
      format,
      payloads: unit.payloads,
      isKeyFrame: unit.isKeyFrame,
      isDisposable: unit.isDisposable ?? false,
      isReordered: kind === 'video' && this.#reordering.isReordered(unit, place.pts90k),
      pts90k: place.pts90k,
      wallMs: place.wallMs,
      receivedAtMs,
      sizeBytes,
    };
    if (kind === 'video') this.#reordering.add(placed);
    this.#stats.add(placed);
    this.#habits.add(placed);
    this.#options.onUnit(placed);
    // After the readers, so that nothing on the live path waits for the bookkeeping.
    this.#gop.add(placed);
  }

  senderReport(report: SenderReport): void {
    this.#timeline.senderReport(report);
  }

  /** The source went away: what was kept is old from now on. */
  disconnected(): void {
    this.#gop.clear();
    this.#stats.reset();
    this.#habits.interrupted();
  }

  #keep(format: TrackFormat): boolean {
    const known = this.#formats.get(format.kind);
    if (known !== undefined && sameFormat(known, format)) return false;
    this.#formats.set(format.kind, format);
    // Other pictures: what was learnt of the old ones no longer holds.
    if (known?.kind === 'video' && format.kind === 'video' && !isAlike(known, format)) this.forgetPictures();
    return true;
  }

  #tell(): void {
    const video = this.#formats.get('video');
    const audio = this.#formats.get('audio');
    this.#tracks = [video, audio].filter((format) => format !== undefined);
    this.#options.onTracks(this.#tracks);
  }
}

function isAlike(a: VideoFormat, b: VideoFormat): boolean {
  return a.codec === b.codec && a.width === b.width && a.height === b.height;
}
