import type { OnReadOpts, Socket } from 'node:net';

/** What is read at once at most: a camera is one of many. */
const MAX_READ_BYTES = 64 * 1024;
/** A read into less than this would cut too many packets in two. */
const MIN_READ_BYTES = 8 * 1024;
const SLAB_BYTES = 256 * 1024;

/**
 * Has a socket read into slabs, end to end. By itself Node makes a buffer of its own for each read, a few packets long: all of them
 * are outside the heap and have to be found and freed one by one, which took half of the gateway's time at many cameras. No byte
 * of a slab is written twice, so what is cut from it stays as it is; a slab is freed when nothing of it is in use.
 */
export class SlabReader {
  /** For the socket's constructor (`net.connect`). */
  readonly onread: OnReadOpts = {
    buffer: () => this.#space(),
    callback: (sizeBytes) => this.#read(sizeBytes),
  };
  #slab = Buffer.alloc(0);
  #begin = 0;
  /** What came before anybody took it; reading is stopped until then. */
  #early: Buffer | undefined;
  #take: ((chunk: Buffer) => void) | undefined;

  /** From now on each chunk that is read goes to `take`, what came before at once. */
  start(socket: Socket, take: (chunk: Buffer) => void): void {
    this.#take = take;
    const early = this.#early;
    if (early === undefined) return;
    this.#early = undefined;
    take(early);
    socket.resume();
  }

  #space(): Uint8Array {
    if (this.#slab.length - this.#begin < MIN_READ_BYTES) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#begin = 0;
    }
    return this.#slab.subarray(this.#begin, this.#begin + MAX_READ_BYTES);
  }

  #read(sizeBytes: number): boolean {
    const chunk = this.#slab.subarray(this.#begin, this.#begin + sizeBytes);
    this.#begin += sizeBytes;
    if (this.#take === undefined) {
      this.#early = chunk;
      return false;
    }
    this.#take(chunk);
    return true;
  }
}
