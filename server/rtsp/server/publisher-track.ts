import { randomBytes } from 'node:crypto';
import type { H264Format, SourceSink, SourceUnit } from '../../stream/index.ts';
import {
  buildReceiverReport,
  createDepacketiser,
  type Depacketiser,
  parseRtcp,
  parseRtp,
  ReceptionStats,
  ReorderBuffer,
  type RtspTrack,
} from '../parse/index.ts';
import type { PacketOut } from './packet-out.ts';

export type SupportedTrack = Extract<RtspTrack, { supported: true }>;

export interface PublisherTrackOptions {
  readonly track: SupportedTrack;
  readonly lower: 'tcp' | 'udp';
  onUnit(unit: SourceUnit): void;
  onFormat(format: H264Format): void;
  onSenderReport(report: Parameters<SourceSink['senderReport']>[0]): void;
}

/** One track that a publisher sends: packets in, units out. */
export class PublisherTrack {
  readonly track: SupportedTrack;
  readonly #options: PublisherTrackOptions;
  readonly #depacketiser: Depacketiser;
  readonly #stats: ReceptionStats;
  /** Packets of a TCP connection are in order. */
  readonly #reorder: ReorderBuffer | undefined;
  readonly #ssrc = randomBytes(4).readUInt32BE();
  #senderSsrc: number | undefined;

  constructor(options: PublisherTrackOptions) {
    this.track = options.track;
    this.#options = options;
    this.#stats = new ReceptionStats(options.track.clockRate);
    this.#depacketiser = createDepacketiser(options.track, {
      onUnit: (unit) => options.onUnit(unit),
      onFormat: (format) => options.onFormat(format),
    });
    if (options.lower === 'udp') {
      this.#reorder = new ReorderBuffer({
        deliver: (packet, receivedAtMs) => this.#depacketiser.push(packet, receivedAtMs),
      });
    }
  }

  get counters(): {
    receivedPackets: number;
    receivedBytes: number;
    lostPackets: number;
    droppedUnits: number;
  } {
    const { receivedPackets, receivedBytes, lostPackets } = this.#stats;
    return { receivedPackets, receivedBytes, lostPackets, droppedUnits: this.#depacketiser.droppedUnits };
  }

  rtp(payload: Buffer, receivedAtMs: number): void {
    const packet = parseRtp(payload);
    if (packet === undefined || packet.payloadType !== this.track.payloadType) return;
    this.#senderSsrc ??= packet.ssrc;
    // A second sender on the same track would be taken for loss; only the first one counts.
    if (packet.ssrc !== this.#senderSsrc) return;
    this.#stats.packet(packet, receivedAtMs);
    if (this.#reorder === undefined) this.#depacketiser.push(packet, receivedAtMs);
    else this.#reorder.push(packet, receivedAtMs);
  }

  rtcp(payload: Buffer, receivedAtMs: number): void {
    for (const packet of parseRtcp(payload)) {
      if (packet.kind !== 'sr' || packet.ssrc !== this.#senderSsrc) continue;
      this.#stats.senderReport(packet, receivedAtMs);
      const { ntpMs, rtpTimestamp } = packet;
      this.#options.onSenderReport({ kind: this.track.kind, ntpMs, rtpTimestamp, receivedAtMs });
    }
  }

  /** Gives up on packets that are overdue. Called once in a while. */
  tick(nowMs: number): void {
    this.#reorder?.tick(nowMs);
  }

  sendReceiverReport(out: PacketOut, nowMs: number): void {
    const report = this.#stats.reportBlock(nowMs);
    if (report === undefined) return;
    out.sendRtcp(buildReceiverReport({ ssrc: this.#ssrc, cname: 'sluice', reports: [report] }));
  }
}
