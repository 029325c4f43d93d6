/** Takes a packet that came in on a channel of the connection. The payload may be kept, not written to. */
export type ChannelListener = (payload: Buffer, receivedAtMs: number) => void;

const MAX_CHANNEL = 255;

/** The interleaved channels of one connection (RFC 2326 section 10.12), in pairs for RTP and RTCP. */
export class ChannelTable {
  readonly #listeners = new Map<number, ChannelListener>();

  /**
   * Takes the wished pair where it is free, else the next free even one; undefined when all are taken. The
   * result's `release` gives it back.
   */
  take(
    wished: readonly [number, number] | undefined,
    listeners: { rtp: ChannelListener; rtcp: ChannelListener },
  ): { rtp: number; rtcp: number; release: () => void } | undefined {
    const pair = this.#isFree(wished) ? wished : this.#nextFree();
    if (pair === undefined) return undefined;
    const [rtp, rtcp] = pair;
    this.#listeners.set(rtp, listeners.rtp);
    this.#listeners.set(rtcp, listeners.rtcp);
    const release = () => {
      this.#listeners.delete(rtp);
      this.#listeners.delete(rtcp);
    };
    return { rtp, rtcp, release };
  }

  /** Packets on a channel that nobody set up are ignored. */
  deliver(channel: number, payload: Buffer, receivedAtMs: number): void {
    this.#listeners.get(channel)?.(payload, receivedAtMs);
  }

  #isFree(pair: readonly [number, number] | undefined): pair is readonly [number, number] {
    if (pair === undefined || pair[0] === pair[1]) return false;
    return pair.every((channel) => channel >= 0 && channel <= MAX_CHANNEL && !this.#listeners.has(channel));
  }

  #nextFree(): readonly [number, number] | undefined {
    for (let channel = 0; channel < MAX_CHANNEL; channel += 2) {
      const pair = [channel, channel + 1] as const;
      if (this.#isFree(pair)) return pair;
    }
    return undefined;
  }
}
