import { unpinned } from './depacketiser.ts';

const MAX_UNIT_BYTES = 8 * 1024 * 1024;
const MAX_NALS = 4096;
const MAX_FRAGMENTS = 16_384;
/**
 * A small part may keep a large chunk of the socket alive. Where all of them keep this much more than they are, and more than their
 * double, they are copied out; what cameras send hardly ever is.
 */
const MAX_PINNED_SPARE_BYTES = 4 * 1024 * 1024;
/**
 * Sockets read no more at once; what is larger is memory that somebody else has for a reason of their own.
 */
const SOCKET_CHUNK_BYTES = 64 * 1024;

/** One access unit being put together: its NAL units, and the fragments of the one that is on its way. */
export class AccessUnit {
  #nals: Buffer[] = [];
  #sizeBytes = 0;
  #fragments: Buffer[] = [];
  #fragmentBytes = 0;
  #isFragmented = false;
  #fragmentCount = 0;
  #pinnedBytes = 0;
  #lastBuffer: ArrayBufferLike | undefined;

  /** Of the first slice; before that of the last packet. */
  timestamp = 0;
  /** Something came: the unit is on its way. */
  isOpen = false;
  /** A slice came, whole or in part. */
  hasSlice = false;
  /** Something is missing or broken: the unit will be thrown away. */
  isDamaged = false;

  get isFragmented(): boolean {
    return this.#isFragmented;
  }

  /** Marks the unit as unusable and lets go of what it holds. */
  damage(): void {
    this.isDamaged = true;
    this.#nals = [];
    this.#dropFragments();
  }

  add(nal: Buffer): void {
    if (this.isDamaged) return;
    this.#nals.push(nal);
    this.#sizeBytes += nal.length;
    this.#pin(nal);
    if (this.#sizeBytes > MAX_UNIT_BYTES || this.#nals.length > MAX_NALS) this.damage();
  }

  /** The first fragment of a NAL unit with this header: one byte for H.264, two for H.265. */
  beginFragments(header: number, headerBytes: 1 | 2): void {
    this.#dropFragments();
    if (this.isDamaged) return;
    const head = Buffer.allocUnsafe(headerBytes);
    head.writeUIntBE(header, 0, headerBytes);
    this.#isFragmented = true;
    this.#fragments.push(head);
    this.#fragmentBytes = headerBytes;
  }

  addFragment(bytes: Buffer): void {
    if (this.isDamaged || bytes.length === 0) return;
    this.#fragments.push(bytes);
    this.#fragmentBytes += bytes.length;
    this.#fragmentCount += 1;
    this.#pin(bytes);
    const tooLarge = this.#sizeBytes + this.#fragmentBytes > MAX_UNIT_BYTES;
    if (tooLarge || this.#fragmentCount > MAX_FRAGMENTS) this.damage();
  }

  /** The last fragment is there: the NAL unit, joined with the one copy it takes. */
  endFragments(): Buffer {
    const nal = Buffer.concat(this.#fragments, this.#fragmentBytes);
    this.#dropFragments();
    return nal;
  }

  /** The NAL units; the unit is empty then. */
  take(): { payloads: Buffer[]; timestamp: number } {
    const payloads = unpinned(this.#nals, this.#sizeBytes);
    const { timestamp } = this;
    this.clear();
    return { payloads, timestamp };
  }

  clear(): void {
    this.#nals = [];
    this.#sizeBytes = 0;
    this.#fragmentCount = 0;
    this.#pinnedBytes = 0;
    this.#lastBuffer = undefined;
    this.#dropFragments();
    this.isOpen = false;
    this.hasSlice = false;
    this.isDamaged = false;
  }

  #pin({ buffer }: Buffer): void {
    if (buffer === this.#lastBuffer) return;
    this.#lastBuffer = buffer;
    this.#pinnedBytes += Math.min(buffer.byteLength, SOCKET_CHUNK_BYTES);
    const ownBytes = this.#sizeBytes + this.#fragmentBytes;
    if (this.#pinnedBytes > 2 * ownBytes + MAX_PINNED_SPARE_BYTES) this.#copyOut(ownBytes);
  }

  #copyOut(ownBytes: number): void {
    this.#nals = this.#nals.map((nal) => Buffer.from(nal));
    this.#fragments = this.#fragments.map((fragment) => Buffer.from(fragment));
    this.#pinnedBytes = ownBytes;
    this.#lastBuffer = undefined;
  }

  #dropFragments(): void {
    this.#fragments = [];
    this.#fragmentBytes = 0;
    this.#isFragmented = false;
  }
}
