import type { types } from 'mediasoup';
import { unsentBytes } from './tcp-queues.ts';

/** What of a connection's queue is always there: packets of one key frame on their way. */
const SMALL_BYTES = 64 * 1024;
/** What a good link may have on its way beyond its round trips. */
const ALLOWED_MS = 100;
/** A key frame fills the queue for a moment; a link that is too slow never empties it. */
const LONG_MS = 3000;

/**
 * Sees whether what is sent to a viewer over TCP gets away. Nothing is lost there and reports come late, so it is the system's
 * own queue that tells: once it is full, the worker's memory takes the rest, without bound.
 */
export class TcpBacklog {
  readonly #transport: types.WebRtcTransport;
  readonly #unsentBytes: typeof unsentBytes;
  #fullSinceMs: number | undefined;

  constructor(transport: types.WebRtcTransport, ask: typeof unsentBytes = unsentBytes) {
    this.#transport = transport;
    this.#unsentBytes = ask;
  }

  get isTcp(): boolean {
    return this.#transport.iceSelectedTuple?.protocol === 'tcp';
  }

  /** Whether the queue is longer than a good link's; false where that cannot be known. */
  async isFull(nowMs: number, leastRoundTripMs: number): Promise<boolean> {
    const tuple = this.#transport.iceSelectedTuple;
    if (tuple?.protocol !== 'tcp') return false;
    const { localPort, remoteIp, remotePort } = tuple;
    if (remoteIp === undefined || remotePort === undefined) return false;
    const bytes = await this.#unsentBytes({ localPort, remoteIp, remotePort }, nowMs);
    if (bytes === undefined || bytes <= SMALL_BYTES) return false;
    const [stats] = await this.#transport.getStats();
    const bytesPerMs = (stats?.sendBitrate ?? 0) / 8000;
    return bytes > bytesPerMs * (ALLOWED_MS + 2 * leastRoundTripMs);
  }

  /** Whether it has been so for too long; to be asked each second. */
  async isLong(nowMs: number, leastRoundTripMs: number): Promise<boolean> {
    if (!(await this.isFull(nowMs, leastRoundTripMs))) {
      this.#fullSinceMs = undefined;
      return false;
    }
    this.#fullSinceMs ??= nowMs;
    return nowMs - this.#fullSinceMs >= LONG_MS;
  }

  /** Something else is sent from now on, whose own time begins. */
  restart(): void {
    this.#fullSinceMs = undefined;
  }
}
