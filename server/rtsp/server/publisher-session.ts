import type { Clock } from '../../base/clock.ts';
import type { Publication, SourceSink, Stream, TrackFormat } from '../../stream/index.ts';
import { startRtcpReports } from '../client/rtcp-reporter.ts';
import { SourceTally } from '../client/tally.ts';
import { TrackReceiver } from '../client/track-receiver.ts';
import type { SupportedTrack } from '../client/track-selection.ts';
import type { RtspTrack } from '../parse/index.ts';
import type { PacketOut } from './packet-out.ts';

/** A publisher that asked for UDP may lose packets; holes are given up at this pace. */
const TICK_MS = 50;
const COUNTERS_EVERY_MS = 1_000;
/** From ANNOUNCE to RECORD. */
const RECORD_WITHIN_MS = 60_000;

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
  readonly announced: RtspTrack;
  readonly receiver: TrackReceiver | undefined;
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
  readonly #tally = new SourceTally();
  #stopTimers: Array<() => void> = [];
  #heardAtMs: number;

  constructor(options: PublisherSessionOptions) {
    this.id = options.id;
    this.stream = options.stream;
    this.#options = options;
    this.#heardAtMs = options.clock.monotonicMs();
    this.#stopTimers = [options.clock.after(RECORD_WITHIN_MS, () => options.onEnd('no RECORD came'))];
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
  receiverFor(track: RtspTrack, lower: 'tcp' | 'udp'): TrackReceiver | undefined {
    if (!track.supported || track !== this.#firstOf(track.kind)) return undefined;
    return new TrackReceiver({
      track,
      transport: lower,
      tally: this.#tally,
      onUnit: (unit) => this.#sink?.unit(unit),
      onFormat: (format) => this.#sink?.format(format),
      onSenderReport: (report) => this.#sink?.senderReport(report),
      // The end of the session follows by itself.
      onBye: () => {},
    });
  }

  addTrack(setUp: SetUpTrack): void {
    this.#tracks.set(setUp.announced.mediaIndex, setUp);
  }

  /** Begins the publication; an older publisher of the stream is told that it was replaced. */
  record(): void {
    const { clock, onEnd } = this.#options;
    const publication = this.stream.publish({ replaced: () => onEnd('a newer publisher took over') });
    this.#state = { kind: 'recording', publication };
    this.heard();
    this.#clearTimers();
    const used = [...this.#tracks.values()].filter(({ receiver }) => receiver !== undefined);
    this.#stopTimers = [
      clock.every(TICK_MS, () => this.#tick()),
      clock.every(COUNTERS_EVERY_MS, () => this.#tellCounters()),
      startRtcpReports({
        clock,
        trackCount: used.length,
        reportBlock: (index, nowMs) => used[index]?.receiver?.reportBlock(nowMs),
        send: (index, packet) => used[index]?.out.sendRtcp(packet),
      }).stop,
    ];
    publication.sink.connecting();
    publication.sink.playing(videoFirst(used.map(({ announced }) => announced)), used[0]?.lower ?? 'tcp');
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
    this.#clearTimers();
    for (const { out } of this.#tracks.values()) out.close();
    if (state.kind === 'recording') state.publication.close();
  }

  get #sink(): SourceSink | undefined {
    return this.#state.kind === 'recording' ? this.#state.publication.sink : undefined;
  }

  #clearTimers(): void {
    for (const stop of this.#stopTimers.splice(0)) stop();
  }

  #firstOf(kind: SupportedTrack['kind']): RtspTrack | undefined {
    return this.#options.announced.find((track) => track.supported && track.kind === kind);
  }

  #tick(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const { receiver } of this.#tracks.values()) receiver?.tick(nowMs);
    const { silenceTimeoutMs } = this.stream.definition.source;
    if (nowMs - this.#heardAtMs > silenceTimeoutMs) this.#options.onEnd('the publisher fell silent');
  }

  #tellCounters(): void {
    for (const { receiver } of this.#tracks.values()) receiver?.count();
    if (this.#tally.takeChanged()) this.#sink?.counters(this.#tally.counters);
  }
}

/** What is known of the formats; a picture whose parameter sets come in band is told of later. */
function videoFirst(tracks: readonly RtspTrack[]): TrackFormat[] {
  const formats = tracks.map((track) => (track.supported ? track.format : undefined));
  const known = formats.filter((format) => format !== undefined);
  return known.sort((a, b) => Number(b.kind === 'video') - Number(a.kind === 'video'));
}

/** Clients spell host and credentials of the same track in several ways; its path says which it is. */
function pathOf(url: string): string {
  return url.replace(/^[a-z]+:\/\/[^/]*/i, '').replace(/\/+$/, '');
}
