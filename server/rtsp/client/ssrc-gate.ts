import type { RtpPacket } from '../parse/index.ts';

export interface SsrcGateHandlers {
  packet(packet: RtpPacket, receivedAtMs: number): void;
  /** The camera began a new RTP stream: what is known of the old one holds no longer. */
  changed(): void;
  ignored(): void;
}

/** One that is back within so long after it was left for another did not end: two senders are mixed. */
const MIXED_WITHIN_MS = 2_000;
/** The one that was left is taken again only when the other has been silent for so long. */
const SILENT_MS = 1_000;

/**
 * Lets one sender's packets through. A camera that restarts its encoder goes on with another SSRC without a new
 * SETUP; that one is taken once two packets in a row have it, so that a single stray packet costs nothing.
 *
 * Servers on a live555 from before June 2017 go on sending a dead session into whatever connection got its socket's
 * number: then two senders are mixed. Once the old one is back, neither pushes the other out: the present one is kept
 * for as long as it sends.
 */
export class SsrcGate {
  readonly #handlers: SsrcGateHandlers;
  #ssrc: number | undefined;
  /** The one that was left for the present one, and when. */
  #left: { readonly ssrc: number; readonly atMs: number } | undefined;
  #isMixed = false;
  #lastAtMs = 0;
  #candidate: { packet: RtpPacket; receivedAtMs: number } | undefined;

  constructor(handlers: SsrcGateHandlers) {
    this.#handlers = handlers;
  }

  get ssrc(): number | undefined {
    return this.#ssrc;
  }

  push(packet: RtpPacket, receivedAtMs: number): void {
    if (packet.ssrc === this.#ssrc) {
      this.#lastAtMs = receivedAtMs;
      if (this.#candidate !== undefined) this.#dropCandidate();
      this.#handlers.packet(packet, receivedAtMs);
      return;
    }
    if (this.#ssrc === undefined) {
      this.#ssrc = packet.ssrc;
      this.#lastAtMs = receivedAtMs;
      this.#handlers.packet(packet, receivedAtMs);
      return;
    }
    if (this.#isOther(packet.ssrc, receivedAtMs)) {
      this.#handlers.ignored();
      return;
    }
    const first = this.#candidate;
    if (first === undefined || first.packet.ssrc !== packet.ssrc) {
      if (first !== undefined) this.#dropCandidate();
      this.#candidate = { packet, receivedAtMs };
      return;
    }
    this.#candidate = undefined;
    this.#left = { ssrc: this.#ssrc, atMs: receivedAtMs };
    this.#ssrc = packet.ssrc;
    this.#lastAtMs = receivedAtMs;
    this.#handlers.changed();
    this.#handlers.packet(first.packet, first.receivedAtMs);
    this.#handlers.packet(packet, receivedAtMs);
  }

  /** Whether it is one of two mixed senders while the other one still sends. */
  #isOther(ssrc: number, nowMs: number): boolean {
    const left = this.#left;
    if (left === undefined || left.ssrc !== ssrc) return false;
    if (!this.#isMixed) this.#isMixed = nowMs - left.atMs < MIXED_WITHIN_MS;
    return this.#isMixed && nowMs - this.#lastAtMs < SILENT_MS;
  }

  #dropCandidate(): void {
    this.#candidate = undefined;
    this.#handlers.ignored();
  }
}
