import type { ReportBlock, SenderInfo } from './rtcp.ts';
import type { RtpPacket } from './rtp.ts';

/** A step of the sequence over this is a restart of the sender, not loss (RFC 3550 appendix A.1). */
const MAX_DROPOUT = 3000;

/** Counts what one track received and lost, for receiver reports and the status (RFC 3550 appendix A). */
export class ReceptionStats {
  readonly #clockRate: number;
  #ssrc: number | undefined;
  #baseSequence = 0;
  #maxSequence = 0;
  #cycles = 0;
  /** Since the last restart of the sender. */
  #received = 0;
  #lostBefore = 0;
  #receivedPackets = 0;
  #receivedBytes = 0;
  #expectedPrior = 0;
  #receivedPrior = 0;
  #jitter = 0;
  #lastTransit: number | undefined;
  #report: { readonly ntpMiddle: number; readonly receivedAtMs: number } | undefined;

  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  get receivedPackets(): number {
    return this.#receivedPackets;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  get lostPackets(): number {
    return this.#lostBefore + Math.max(0, this.#expected() - this.#received);
  }

  get jitterMs(): number {
    return (this.#jitter * 1000) / this.#clockRate;
  }

  packet(packet: RtpPacket, receivedAtMs: number): void {
    this.#receivedPackets += 1;
    this.#receivedBytes += packet.payload.length;
    const step = (packet.sequence - this.#maxSequence) & 0xffff;
    const isBehind = step >= 0x10000 - MAX_DROPOUT;
    if (packet.ssrc !== this.#ssrc || (step > MAX_DROPOUT && !isBehind)) {
      this.#restart(packet);
    } else if (!isBehind) {
      if (packet.sequence < this.#maxSequence) this.#cycles += 0x10000;
      this.#maxSequence = packet.sequence;
    }
    this.#received += 1;
    this.#measureJitter(packet.timestamp, receivedAtMs);
  }

  senderReport(report: SenderInfo, receivedAtMs: number): void {
    this.#report = { ntpMiddle: report.ntpMiddle, receivedAtMs };
  }

  /** The block for the next receiver report; undefined before the first packet. */
  reportBlock(nowMs: number): ReportBlock | undefined {
    if (this.#ssrc === undefined) return undefined;
    const expected = this.#expected();
    const expectedSince = expected - this.#expectedPrior;
    const lostSince = expectedSince - (this.#received - this.#receivedPrior);
    this.#expectedPrior = expected;
    this.#receivedPrior = this.#received;
    const fraction = expectedSince > 0 && lostSince > 0 ? Math.floor((lostSince * 256) / expectedSince) : 0;
    const sinceReportMs = this.#report === undefined ? 0 : Math.max(0, nowMs - this.#report.receivedAtMs);
    return {
      ssrc: this.#ssrc,
      fractionLost: Math.min(255, fraction),
      cumulativeLost: expected - this.#received,
      highestSequence: (this.#cycles + this.#maxSequence) >>> 0,
      jitter: Math.min(0xffff_ffff, Math.round(this.#jitter)),
      lastSenderReport: this.#report?.ntpMiddle ?? 0,
      delaySinceLastSenderReport: Math.min(0xffff_ffff, Math.round((sinceReportMs * 65_536) / 1000)),
    };
  }

  #expected(): number {
    return this.#ssrc === undefined ? 0 : this.#cycles + this.#maxSequence - this.#baseSequence + 1;
  }

  #restart(packet: RtpPacket): void {
    this.#lostBefore = this.lostPackets;
    this.#ssrc = packet.ssrc;
    this.#baseSequence = packet.sequence;
    this.#maxSequence = packet.sequence;
    this.#cycles = 0;
    this.#received = 0;
    this.#expectedPrior = 0;
    this.#receivedPrior = 0;
    this.#jitter = 0;
    this.#lastTransit = undefined;
    this.#report = undefined;
  }

  #measureJitter(timestamp: number, receivedAtMs: number): void {
    const transit = Math.round((receivedAtMs * this.#clockRate) / 1000) - timestamp;
    if (this.#lastTransit !== undefined) {
      const change = Math.abs((transit - this.#lastTransit) | 0);
      this.#jitter += (change - this.#jitter) / 16;
    }
    this.#lastTransit = transit;
  }
}
