import type { Socket } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import { TokenBucket } from '../../base/token-bucket.ts';
import type { RtspError, RtspErrorContext } from './errors.ts';
import { flood } from './faults.ts';
import { IngestLimit, ITEM_COST } from './ingest-limit.ts';

export interface CameraShareOptions {
  readonly clock: Clock;
  context(): RtspErrorContext;
  /** The camera is over its share for good: the connection is to end. */
  onFlood(error: RtspError): void;
}

/** What a camera may ask us, or answer unasked; one that does so without end would cost the other streams their time. */
const STRAY_MESSAGES = { burst: 100, perSecond: 10 };

/** Holds one connection to its camera's share of the media loop: reads it more slowly, drops, and ends it in the end. */
export class CameraShare {
  readonly #options: CameraShareOptions;
  readonly #ingest: IngestLimit;
  readonly #strayMessages: TokenBucket;
  #cancelHold: (() => void) | undefined;
  #closed = false;

  constructor(options: CameraShareOptions) {
    this.#options = options;
    this.#ingest = new IngestLimit(options.clock);
    this.#strayMessages = new TokenBucket(options.clock, STRAY_MESSAGES);
  }

  /** A message was taken apart. */
  countMessage(): void {
    this.#ingest.charge(ITEM_COST.message);
  }

  /** A picture or a frame of sound was made of the packets. */
  countUnit(): void {
    this.#ingest.charge(ITEM_COST.unit);
  }

  /** Counts an interleaved packet; false: so much is owed that it is to be dropped. */
  takesPacket(): boolean {
    this.#ingest.charge(ITEM_COST.packet);
    return !this.#ingest.isDeep;
  }

  /** One packet of a UDP socket; false: it is over the share, and dropped. */
  takesDatagram(sizeBytes: number): boolean {
    if (this.#ingest.admits(sizeBytes)) return true;
    this.#endFlood();
    return false;
  }

  /** Whether one more message may come that nobody waits for. */
  takesStrayMessage(): boolean {
    return this.#strayMessages.take();
  }

  /** Counts a chunk that was taken apart. A camera that sends more than its share is not read for a while, and has to wait. */
  countChunk(sizeBytes: number, socket: Socket): void {
    const holdMs = this.#ingest.spend(sizeBytes);
    if (holdMs === 0 || this.#closed || this.#endFlood()) return;
    socket.pause();
    this.#cancelHold?.();
    this.#cancelHold = this.#options.clock.after(holdMs, () => socket.resume());
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#cancelHold?.();
  }

  #endFlood(): boolean {
    const { isFlood } = this.#ingest;
    if (isFlood) this.#options.onFlood(flood(this.#options.context()));
    return isFlood;
  }
}
