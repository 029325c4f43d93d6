import type { ReceivedTrack } from '../../../shared/report.ts';
import type { SenderReport, SourceUnit, VideoFormat } from '../../stream/index.ts';
import {
  createDepacketiser,
  type Depacketiser,
  parseRtcp,
  parseRtp,
  ReceptionStats,
  ReorderBuffer,
  type ReportBlock,
  type RtcpPacket,
  type RtpPacket,
} from '../parse/index.ts';
import type { Arrivals } from './loss-watch.ts';
import { SsrcGate } from './ssrc-gate.ts';
import type { SourceTally } from './tally.ts';
import { TrackHabits } from './track-habits.ts';
import type { SupportedTrack } from './track-selection.ts';
import type { LowerTransport } from './transport-choice.ts';

export interface TrackReceiverOptions {
  readonly track: SupportedTrack;
  readonly transport: LowerTransport;
  readonly tally: SourceTally;
  onUnit(unit: SourceUnit): void;
  onFormat(format: VideoFormat): void;
  onSenderReport(report: SenderReport): void;
  /** A unit was thrown away: it is damaged, or builds upon one that is. */
  onDamage?(): void;
  /** The camera says that this track ends (RTCP BYE). */
  onBye(): void;
}

/** One track's packets to units: RTP of the one sender, in order, through its depacketiser; RTCP beside it. */
export class TrackReceiver {
  readonly #options: TrackReceiverOptions;
  readonly #gate: SsrcGate;
  readonly #reorder: ReorderBuffer | undefined;
  readonly #habits: TrackHabits;
  #stats: ReceptionStats;
  #depacketiser: Depacketiser;
  #latestFormat: VideoFormat | undefined;
  #lastPacketAtMs: number | undefined;
  #acceptedPackets = 0;
  #lostBefore = 0;
  #droppedBefore = 0;
  #toldLost = 0;
  #toldDropped = 0;

  constructor(options: TrackReceiverOptions) {
    this.#options = options;
    const { track, tally } = options;
    this.#stats = new ReceptionStats(track.clockRate);
    this.#habits = new TrackHabits({
      kind: track.kind,
      codec: track.codec,
      clockRate: track.clockRate,
      setsInSdp: track.kind === 'video' && track.format !== undefined,
    });
    this.#depacketiser = this.#newDepacketiser(track);
    if (options.transport === 'udp') {
      this.#reorder = new ReorderBuffer({
        deliver: (packet, receivedAtMs) => this.#depacketise(packet, receivedAtMs),
      });
    }
    this.#gate = new SsrcGate({
      packet: (packet, receivedAtMs) => this.#accept(packet, receivedAtMs),
      changed: () => this.#restart(),
      ignored: () => {
        tally.ignoredPackets += 1;
      },
    });
  }

  get kind(): SupportedTrack['kind'] {
    return this.#options.track.kind;
  }

  /** Of the sender that is listened to; undefined before its first packet. */
  get ssrc(): number | undefined {
    return this.#gate.ssrc;
  }

  /** Monotonic time of the last RTP packet of this track; undefined before the first. */
  get lastPacketAtMs(): number | undefined {
    return this.#lastPacketAtMs;
  }

  rtp(buffer: Buffer, receivedAtMs: number): void {
    const { tally, track } = this.#options;
    tally.receivedPackets += 1;
    tally.receivedBytes += buffer.length;
    const packet = parseRtp(buffer);
    if (packet === undefined || packet.payloadType !== track.payloadType) {
      tally.ignoredPackets += 1;
      return;
    }
    this.#gate.push(packet, receivedAtMs);
  }

  rtcp(buffer: Buffer, receivedAtMs: number): void {
    for (const packet of parseRtcp(buffer)) {
      if (packet.kind === 'sr') this.#senderReport(packet, receivedAtMs);
      else if (packet.kind === 'bye' && packet.ssrcs.some((ssrc) => ssrc === this.#gate.ssrc))
        this.#options.onBye();
    }
  }

  /** Gives up on packets that are too late; call it now and then. */
  tick(nowMs: number): void {
    this.#reorder?.tick(nowMs);
  }

  /** Over all senders so far. */
  get arrivals(): Arrivals {
    return { received: this.#acceptedPackets, lost: this.#lostBefore + this.#stats.lostPackets };
  }

  reportBlock(nowMs: number): ReportBlock | undefined {
    return this.#stats.reportBlock(nowMs);
  }

  /** What came of this track, for the camera report. */
  get report(): ReceivedTrack {
    const measured = this.#habits.report;
    const lostPackets = this.#lostBefore + this.#stats.lostPackets;
    const all = measured.packets.count + lostPackets;
    const { latePackets = 0, duplicatePackets = 0 } = this.#reorder ?? {};
    return {
      ...measured,
      kind: this.kind,
      lostPackets,
      lossPercent: all === 0 ? 0 : Math.round((lostPackets * 10_000) / all) / 100,
      ...(this.#reorder === undefined ? {} : { latePackets: latePackets + duplicatePackets }),
      jitterMs: Math.round(this.#stats.jitterMs * 10) / 10,
      droppedUnits: this.#droppedBefore + this.#depacketiser.droppedUnits,
    };
  }

  /** Adds what was lost and dropped since the last call to the source's counters. */
  count(): void {
    const { tally } = this.#options;
    const lost = this.#stats.lostPackets;
    const dropped = this.#depacketiser.droppedUnits;
    tally.lostPackets += lost - this.#toldLost;
    tally.droppedUnits += dropped - this.#toldDropped;
    this.#toldLost = lost;
    this.#toldDropped = dropped;
  }

  #accept(packet: RtpPacket, receivedAtMs: number): void {
    this.#lastPacketAtMs = receivedAtMs;
    this.#acceptedPackets += 1;
    this.#stats.packet(packet, receivedAtMs);
    this.#habits.packet(packet, receivedAtMs);
    if (this.#reorder === undefined) this.#depacketise(packet, receivedAtMs);
    else this.#reorder.push(packet, receivedAtMs);
  }

  #depacketise(packet: RtpPacket, receivedAtMs: number): void {
    const depacketiser = this.#depacketiser;
    const droppedBefore = depacketiser.droppedUnits;
    depacketiser.push(packet, receivedAtMs);
    if (depacketiser.droppedUnits !== droppedBefore) this.#options.onDamage?.();
  }

  #senderReport(report: Extract<RtcpPacket, { kind: 'sr' }>, receivedAtMs: number): void {
    // Reolink cameras report about a sender that sends nothing; other cameras send a clock of zero.
    const isForeign = this.#gate.ssrc !== undefined && report.ssrc !== this.#gate.ssrc;
    if (isForeign || report.ntpMs <= 0) return;
    this.#stats.senderReport(report, receivedAtMs);
    this.#habits.senderReport(receivedAtMs);
    const { ntpMs, rtpTimestamp } = report;
    this.#options.onSenderReport({ kind: this.kind, ntpMs, rtpTimestamp, receivedAtMs });
  }

  /** A new SSRC counts its packets anew; parameter sets seen in band stay good until others come. */
  #restart(): void {
    this.#reorder?.flush();
    this.count();
    this.#lostBefore += this.#stats.lostPackets;
    this.#droppedBefore += this.#depacketiser.droppedUnits;
    this.#habits.restarted();
    const { track } = this.#options;
    this.#stats = new ReceptionStats(track.clockRate);
    this.#depacketiser = this.#newDepacketiser(withSets(track, this.#latestFormat));
    this.#toldLost = 0;
    this.#toldDropped = 0;
  }

  #newDepacketiser(track: SupportedTrack): Depacketiser {
    return createDepacketiser(track, {
      onUnit: (unit) => this.#options.onUnit(unit),
      onFormat: (format) => {
        this.#latestFormat = format;
        this.#options.onFormat(format);
      },
    });
  }
}

/** The track, with the parameter sets that came in band since. */
function withSets(track: SupportedTrack, latest: VideoFormat | undefined): SupportedTrack {
  if (track.kind !== 'video' || latest === undefined) return track;
  const { sps, pps } = latest;
  if (track.codec === 'h265' && latest.codec === 'h265') {
    return { ...track, vps: latest.vps, sps, pps, format: latest };
  }
  return track.codec === 'h264' && latest.codec === 'h264' ? { ...track, sps, pps, format: latest } : track;
}
