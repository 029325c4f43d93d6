import type { Clock } from '../../base/clock.ts';
import type { Publication, SourceSink, Stream, TrackFormat } from '../../stream/index.ts';
import type { RtspTrack } from '../parse/index.ts';
import type { PacketOut } from './packet-out.ts';
import { PublisherTrack, type SupportedTrack } from './publisher-track.ts';

/** A publisher that asked for UDP may lose packets; holes are given up and reports sent at these paces. */
const TICK_MS = 50;
const TICKS_PER_SECOND = 1000 / TICK_MS;
const REPORT_EVERY_SECONDS = 5;

export interface PublisherSessionOptions {
  readonly id: string;
  readonly stream: Stream;
  readonly clock: Clock;
  /** What ANNOUNCE described. */
  readonly announced: readonly RtspTrack[];
  /** A newer publisher took over, the stream was removed, or nothing came for the source's `silenceTimeoutMs`. */
  onEnd(reason: string): void;
}

interface SetUpTrack {
  readonly media: PublisherTrack | undefined;
  readonly out: PacketOut;
  readonly lower: 'tcp' | 'udp';
}

type State =
  | { readonly kind: 'announced' }
  | { readonly kind: 'recording'; readonly publication: Publication }
  | { readonly kind: 'closed' };

/** A publisher's session: ANNOUNCE makes it, SETUP adds tracks, RECORD begins the publication in the hub. */
export class PublisherSession {
  readonly kind = 'publisher';
  readonly id: string;
  readonly stream: Stream;
  readonly #options: PublisherSessionOptions;
  readonly #tracks = new Map<number, SetUpTrack>();
  #state: State = { kind: 'announced' };
  #stopTicks: (() => void) | undefined;
  #ticks = 0;
  #heardAtMs: number;
  #told = 0;

  constructor(options: PublisherSessionOptions) {
    this.id = options.id;
    this.stream = options.stream;
    this.#options = options;
    this.#heardAtMs = options.clock.monotonicMs();
  }

  get state(): State['kind'] {
    return this.#state.kind;
  }

  /** The announced track that a SETUP for `url` means. */
  findTrack(url: string): RtspTrack | undefined {
    const path = pathOf(url);
    return this.#options.announced.find((track) => pathOf(track.controlUrl) === path);
  }

  hasTrack(track: RtspTrack): boolean {
    return this.#tracks.has(track.mediaIndex);
  }

  /** Takes packets of a track; a track that cannot be used is set up all the same and its packets are dropped. */
  receiverFor(track: RtspTrack, lower: 'tcp' | 'udp'): PublisherTrack | undefined {
    if (!track.supported || track !== this.#firstOf(track.kind)) return undefined;
    return new PublisherTrack({
      track,
      lower,
      onUnit: (unit) => this.#sink?.unit(unit),
      onFormat: (format) => this.#sink?.format(format),
      onSenderReport: (report) => this.#sink?.senderReport(report),
    });
  }

  addTrack(track: RtspTrack, setUp: SetUpTrack): void {
    this.#tracks.set(track.mediaIndex, setUp);
  }

  /** Begins the publication; an older publisher of the stream is told that it was replaced. */
  record(): void {
    const publication = this.stream.publish({
      replaced: () => this.#options.onEnd('a newer publisher took over'),
    });
    this.#state = { kind: 'recording', publication };
    this.#heardAtMs = this.#options.clock.monotonicMs();
    this.#stopTicks = this.#options.clock.every(TICK_MS, () => this.#tick());
    publication.sink.connecting();
    const used = [...this.#tracks.values()].filter(({ media }) => media !== undefined);
    const formats = used.map(({ media }) => media?.track.format).filter((format) => format !== undefined);
    publication.sink.playing(videoFirst(formats), used[0]?.lower ?? 'tcp');
  }

  /** A packet of media came. */
  heard(): void {
    this.#heardAtMs = this.#options.clock.monotonicMs();
  }

  /** Publishers stop by TEARDOWN; one that pauses falls silent and is let go. */
  pause(): void {}

  /** Idempotent. */
  close(): void {
    if (this.#state.kind === 'closed') return;
    const state = this.#state;
    this.#state = { kind: 'closed' };
    this.#stopTicks?.();
    for (const { out } of this.#tracks.values()) out.close();
    if (state.kind === 'recording') state.publication.close();
  }

  get #sink(): SourceSink | undefined {
    return this.#state.kind === 'recording' ? this.#state.publication.sink : undefined;
  }

  #firstOf(kind: SupportedTrack['kind']): RtspTrack | undefined {
    return this.#options.announced.find((track) => track.supported && track.kind === kind);
  }

  #tick(): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#ticks += 1;
    for (const { media } of this.#tracks.values()) media?.tick(nowMs);
    if (this.#ticks % TICKS_PER_SECOND === 0) this.#tellCounters();
    if (this.#ticks % (TICKS_PER_SECOND * REPORT_EVERY_SECONDS) === 0) {
      for (const { media, out } of this.#tracks.values()) media?.sendReceiverReport(out, nowMs);
    }
    const { silenceTimeoutMs } = this.stream.definition.source;
    if (nowMs - this.#heardAtMs > silenceTimeoutMs) this.#options.onEnd('the publisher fell silent');
  }

  #tellCounters(): void {
    const sum = { receivedPackets: 0, receivedBytes: 0, lostPackets: 0, droppedUnits: 0 };
    for (const { media } of this.#tracks.values()) {
      if (media === undefined) continue;
      const { receivedPackets, receivedBytes, lostPackets, droppedUnits } = media.counters;
      sum.receivedPackets += receivedPackets;
      sum.receivedBytes += receivedBytes;
      sum.lostPackets += lostPackets;
      sum.droppedUnits += droppedUnits;
    }
    if (sum.receivedPackets === this.#told) return;
    this.#told = sum.receivedPackets;
    this.#sink?.counters(sum);
  }
}

function videoFirst(formats: readonly TrackFormat[]): TrackFormat[] {
  return [...formats].sort((a, b) => Number(b.kind === 'video') - Number(a.kind === 'video'));
}

/** Clients spell host and credentials of the same track in several ways; its path says which it is. */
function pathOf(url: string): string {
  return url.replace(/^[a-z]+:\/\/[^/]*/i, '').replace(/\/+$/, '');
}
