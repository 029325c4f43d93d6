import type { RtpPacket } from './rtp.ts';

/** A step of the sequence over this, in either direction, is a restart of the sender. */
const MAX_STEP = 3000;

/** How long, and how much, a reorder buffer waits for what is missing. */
export interface ReorderBufferOptions {
  /** Takes the packets in order; after a hole that was given up, the sequence jumps. */
  deliver(packet: RtpPacket, receivedAtMs: number): void;
  /** Packets held at most while one is missing; default 256. */
  readonly maxPackets?: number;
  /** How long a missing packet is waited for; default 100 ms. */
  readonly maxWaitMs?: number;
}

interface Held {
  readonly packet: RtpPacket;
  readonly receivedAtMs: number;
}

/** Puts the packets of one UDP track in order. Late ones and duplicates are dropped and counted. */
export class ReorderBuffer {
  readonly #deliver: (packet: RtpPacket, receivedAtMs: number) => void;
  readonly #maxPackets: number;
  readonly #maxWaitMs: number;
  readonly #held = new Map<number, Held>();
  #ssrc: number | undefined;
  #next = 0;
  #oldestHeldMs = 0;
  #behindInARow = 0;
  #latePackets = 0;
  #duplicatePackets = 0;

  constructor(options: ReorderBufferOptions) {
    this.#deliver = options.deliver.bind(options);
    this.#maxPackets = options.maxPackets ?? 256;
    this.#maxWaitMs = options.maxWaitMs ?? 100;
  }

  /** Packets that came after their place was given up (or twice, after the first was delivered). */
  get latePackets(): number {
    return this.#latePackets;
  }

  get duplicatePackets(): number {
    return this.#duplicatePackets;
  }

  /** When `tick` is due; undefined while nothing is held. */
  get deadlineMs(): number | undefined {
    return this.#held.size === 0 ? undefined : this.#oldestHeldMs + this.#maxWaitMs;
  }

  push(packet: RtpPacket, nowMs: number): void {
    const step = (packet.sequence - this.#next) & 0xffff;
    if (packet.ssrc !== this.#ssrc || (step > MAX_STEP && step < 0x10000 - MAX_STEP)) {
      this.#restart(packet, nowMs);
    } else if (step === 0) {
      this.#behindInARow = 0;
      this.#pass(packet, nowMs);
      this.#drain();
    } else if (step <= MAX_STEP) {
      this.#behindInARow = 0;
      this.#hold(packet, nowMs);
    } else {
      this.#latePackets += 1;
      this.#behindInARow += 1;
      // So many old ones in a row are no late ones: the sender began again a little further back.
      if (this.#behindInARow > this.#maxPackets) this.#restart(packet, nowMs);
    }
    this.tick(nowMs);
  }

  /** Gives up the holes that are older than `maxWaitMs`. Each packet does it too. */
  tick(nowMs: number): void {
    while (this.#held.size > 0 && nowMs - this.#oldestHeldMs >= this.#maxWaitMs) this.#giveUpHole();
  }

  /** Delivers all that is held, holes or not. */
  flush(): void {
    while (this.#held.size > 0) this.#giveUpHole();
  }

  #restart(packet: RtpPacket, nowMs: number): void {
    this.flush();
    this.#ssrc = packet.ssrc;
    this.#behindInARow = 0;
    this.#next = packet.sequence;
    this.#pass(packet, nowMs);
  }

  #pass(packet: RtpPacket, receivedAtMs: number): void {
    this.#next = (packet.sequence + 1) & 0xffff;
    this.#deliver(packet, receivedAtMs);
  }

  #hold(packet: RtpPacket, nowMs: number): void {
    if (this.#held.has(packet.sequence)) {
      this.#duplicatePackets += 1;
      return;
    }
    if (this.#held.size === 0) this.#oldestHeldMs = nowMs;
    this.#held.set(packet.sequence, { packet, receivedAtMs: nowMs });
    while (this.#held.size > this.#maxPackets) this.#giveUpHole();
  }

  /** Delivers the run of held packets that `next` begins. */
  #drain(): void {
    if (this.#held.size === 0) return;
    for (;;) {
      const held = this.#held.get(this.#next);
      if (held === undefined) break;
      this.#held.delete(this.#next);
      this.#pass(held.packet, held.receivedAtMs);
    }
    // The order of a map is that of arrival, so its first entry is the oldest.
    const [oldest] = this.#held.values();
    if (oldest !== undefined) this.#oldestHeldMs = oldest.receivedAtMs;
  }

  #giveUpHole(): void {
    let nearest = 0x10000;
    for (const sequence of this.#held.keys()) {
      nearest = Math.min(nearest, (sequence - this.#next) & 0xffff);
    }
    this.#next = (this.#next + nearest) & 0xffff;
    this.#drain();
  }
}
