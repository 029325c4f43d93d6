import { SYNC_BYTE, TS_PACKET_BYTES } from './packet.ts';

/** `data` holds a whole packet at `at`; it is only good during the call. */
export type OnPacket = (data: Buffer, at: number) => void;

/**
 * Finds the packets in a byte stream that comes in pieces of any size. Where the sync byte is not in its place it looks
 * for two of them a packet apart. Holds at most one packet between calls.
 */
export class PacketReader {
  readonly #onPacket: OnPacket;
  readonly #onSkipped: (bytes: number) => void;
  readonly #rest = Buffer.allocUnsafeSlow(TS_PACKET_BYTES);
  #restBytes = 0;
  /** The packet before was where it had to be, so one sync byte is enough. */
  #isInSync = false;

  constructor(onPacket: OnPacket, onSkipped: (bytes: number) => void) {
    this.#onPacket = onPacket;
    this.#onSkipped = onSkipped;
  }

  push(chunk: Buffer): void {
    let at = 0;
    if (this.#restBytes > 0) {
      const missing = TS_PACKET_BYTES - this.#restBytes;
      // Out of sync the byte behind the packet decides too.
      if (chunk.length < (this.#isInSync ? missing : missing + 1)) {
        this.#keep(chunk, 0);
        return;
      }
      if (this.#isInSync) {
        chunk.copy(this.#rest, this.#restBytes, 0, missing);
        this.#restBytes = 0;
        at = missing;
        this.#onPacket(this.#rest, 0);
      } else {
        const joined = Buffer.concat([this.#rest.subarray(0, this.#restBytes), chunk]);
        this.#restBytes = 0;
        this.#read(joined, 0);
        return;
      }
    }
    this.#read(chunk, at);
  }

  /** The stream is over, or a new one begins: half a packet is worth nothing. */
  reset(): void {
    this.#restBytes = 0;
    this.#isInSync = false;
  }

  #read(data: Buffer, start: number): void {
    let at = start;
    for (;;) {
      if (at < data.length && data[at] !== SYNC_BYTE) this.#isInSync = false;
      if (!this.#isInSync) {
        at = this.#findSync(data, at);
        if (!this.#isInSync) break;
      }
      if (at + TS_PACKET_BYTES > data.length) break;
      this.#onPacket(data, at);
      at += TS_PACKET_BYTES;
    }
    this.#keep(data, at);
  }

  /** The place of a packet that another follows; where that cannot be told yet, the first place that may be one. */
  #findSync(data: Buffer, from: number): number {
    let at = from;
    for (;;) {
      const found = data.indexOf(SYNC_BYTE, at);
      const candidate = found === -1 ? data.length : found;
      const next = candidate + TS_PACKET_BYTES;
      if (next >= data.length || data[next] === SYNC_BYTE) {
        if (candidate > from) this.#onSkipped(candidate - from);
        this.#isInSync = next < data.length;
        return candidate;
      }
      at = candidate + 1;
    }
  }

  #keep(data: Buffer, at: number): void {
    data.copy(this.#rest, this.#restBytes, at);
    this.#restBytes += data.length - at;
  }
}
