/** Of one host; of all; and in bytes: who sends more is no camera. A thousand of them answer six probes with some 2.5 kB each. */
const MAX_OF_HOST = 16;
const MAX_OF_ALL = 8_192;
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * How much of what comes a search reads. Anybody on the network may send anything while one runs, under any address, and reading it holds up media:
 * some milliseconds for the largest datagrams there are.
 */
export class Attention {
  readonly #ofHost = new Map<string, number>();
  #count = 0;
  #bytes = 0;

  /** Whether one more datagram of that host is to be read; it counts if so. */
  take(host: string, sizeBytes: number): boolean {
    const ofHost = (this.#ofHost.get(host) ?? 0) + 1;
    if (ofHost > MAX_OF_HOST || this.#count >= MAX_OF_ALL || this.#bytes + sizeBytes > MAX_BYTES)
      return false;
    this.#ofHost.set(host, ofHost);
    this.#count += 1;
    this.#bytes += sizeBytes;
    return true;
  }
}
