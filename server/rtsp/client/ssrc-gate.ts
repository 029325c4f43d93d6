import type { RtpPacket } from '../parse/index.ts';

export interface SsrcGateHandlers {
  packet(packet: RtpPacket, receivedAtMs: number): void;
  /** The camera began a new RTP stream: what is known of the old one holds no longer. */
  changed(): void;
  ignored(): void;
}

/**
 * Lets one sender's packets through. A camera that restarts its encoder goes on with another SSRC without a new
 * SETUP; that one is taken once two packets in a row have it, so that a single stray packet costs nothing.
 */
export class SsrcGate {
  readonly #handlers: SsrcGateHandlers;
  #ssrc: number | undefined;
  #candidate: { packet: RtpPacket; receivedAtMs: number } | undefined;

  constructor(handlers: SsrcGateHandlers) {
    this.#handlers = handlers;
  }

  get ssrc(): number | undefined {
    return this.#ssrc;
  }

  push(packet: RtpPacket, receivedAtMs: number): void {
    if (packet.ssrc === this.#ssrc) {
      if (this.#candidate !== undefined) this.#dropCandidate();
      this.#handlers.packet(packet, receivedAtMs);
      return;
    }
    if (this.#ssrc === undefined) {
      this.#ssrc = packet.ssrc;
      this.#handlers.packet(packet, receivedAtMs);
      return;
    }
    const first = this.#candidate;
    if (first === undefined || first.packet.ssrc !== packet.ssrc) {
      if (first !== undefined) this.#dropCandidate();
      this.#candidate = { packet, receivedAtMs };
      return;
    }
    this.#candidate = undefined;
    this.#ssrc = packet.ssrc;
    this.#handlers.changed();
    this.#handlers.packet(first.packet, first.receivedAtMs);
    this.#handlers.packet(packet, receivedAtMs);
  }

  #dropCandidate(): void {
    this.#candidate = undefined;
    this.#handlers.ignored();
  }
}
