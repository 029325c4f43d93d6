import type { RtpPacket } from './rtp.ts';

/** Packets up to this far behind are late or doubled ones; further behind, the sender began again. */
const MAX_BEHIND = 512;

/** What a packet's sequence number means: `gap` for any break, also a restart of the sender. */
export type SequenceVerdict = 'next' | 'gap' | 'old';

/** Watches that nothing is missing from a sequence of packets that are in order. */
export class SequenceCheck {
  readonly #expectedFirst: number | undefined;
  #ssrc: number | undefined;
  #next = 0;
  #behindInARow = 0;
  #lostPackets = 0;

  /** `firstSequence`: what the first packet must have, so that its loss is seen. */
  constructor(firstSequence?: number) {
    this.#expectedFirst = firstSequence;
  }

  get lostPackets(): number {
    return this.#lostPackets;
  }

  check(packet: RtpPacket): SequenceVerdict {
    const { sequence, ssrc } = packet;
    const isFirst = this.#ssrc === undefined;
    if (isFirst) this.#next = this.#expectedFirst ?? sequence;
    const step = (sequence - this.#next) & 0xffff;
    if (ssrc !== this.#ssrc && !isFirst) return this.#follow(packet, 'gap');
    if (step === 0) return this.#follow(packet, 'next');
    if (step >= 0x10000 - MAX_BEHIND && !isFirst) {
      this.#behindInARow += 1;
      // So many old ones in a row are no doubled ones.
      if (this.#behindInARow <= MAX_BEHIND) return 'old';
    } else if (step < 0x8000) {
      this.#lostPackets += step;
    }
    return this.#follow(packet, 'gap');
  }

  #follow(packet: RtpPacket, verdict: SequenceVerdict): SequenceVerdict {
    this.#ssrc = packet.ssrc;
    this.#next = (packet.sequence + 1) & 0xffff;
    this.#behindInARow = 0;
    return verdict;
  }
}
