import type { Depacketiser, DepacketiserHandlers } from './depacketiser.ts';
import { unpinned } from './depacketiser.ts';
import type { RtpPacket } from './rtp.ts';
import { SequenceCheck } from './sequence-check.ts';

/** G.711, G.722 and Opus (RFC 3551, RFC 7587): what is in a packet is the unit. */
export class WholeFrameDepacketiser implements Depacketiser {
  readonly #handlers: Pick<DepacketiserHandlers, 'onUnit'>;
  readonly #isWhole: (payload: Buffer) => boolean;
  readonly #sequence = new SequenceCheck();
  readonly droppedUnits = 0;
  #unsupportedPackets = 0;

  /** `isWhole`: what it says no to is counted and left out. */
  constructor(
    handlers: Pick<DepacketiserHandlers, 'onUnit'>,
    isWhole: (payload: Buffer) => boolean = () => true,
  ) {
    this.#handlers = handlers;
    this.#isWhole = isWhole;
  }

  get lostPackets(): number {
    return this.#sequence.lostPackets;
  }

  get unsupportedPackets(): number {
    return this.#unsupportedPackets;
  }

  push(packet: RtpPacket, receivedAtMs: number): void {
    if (this.#sequence.check(packet) === 'old') return;
    const { payload } = packet;
    if (payload.length === 0 || !this.#isWhole(payload)) {
      this.#unsupportedPackets += 1;
      return;
    }
    this.#handlers.onUnit({
      kind: 'audio',
      rtpTimestamp: packet.timestamp,
      payloads: unpinned([payload], payload.length),
      isKeyFrame: true,
      receivedAtMs,
    });
  }
}
