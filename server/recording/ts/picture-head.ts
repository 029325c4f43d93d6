/** More than this in front of a picture's first slice is not read. */
const MAX_HEAD_BYTES = 16_384;
const SLICE = 1;
const IDR = 5;
const SPS = 7;
const PPS = 8;

/** `more`: not known yet. `other`: a picture that needs others, or one whose head is too long to read. */
export type HeadVerdict = 'more' | 'idr' | 'other';

/** Reads the beginning of a picture up to its first slice: is it an IDR picture, and which parameter sets come with it? */
export class PictureHead {
  readonly #bytes = Buffer.allocUnsafeSlow(MAX_HEAD_BYTES);
  #size = 0;
  #scanAt = 0;
  /** Where the NAL unit in work begins; -1 before the first. */
  #nalAt = -1;
  #sps: Buffer[] = [];
  #pps: Buffer[] = [];

  /** Parts of an inner buffer: good until the next `begin`. */
  get sps(): readonly Buffer[] {
    return this.#sps;
  }

  get pps(): readonly Buffer[] {
    return this.#pps;
  }

  begin(): void {
    this.#size = 0;
    this.#scanAt = 0;
    this.#nalAt = -1;
    if (this.#sps.length > 0) this.#sps = [];
    if (this.#pps.length > 0) this.#pps = [];
  }

  /** Takes the next bytes of the picture. After a verdict other than `more` nothing is to be pushed before `begin`. */
  push(data: Buffer, start: number, end: number): HeadVerdict {
    if (start >= end) return 'more';
    const fits = Math.min(end - start, MAX_HEAD_BYTES - this.#size);
    data.copy(this.#bytes, this.#size, start, start + fits);
    this.#size += fits;
    const verdict = this.#scan();
    return verdict === 'more' && this.#size === MAX_HEAD_BYTES ? 'other' : verdict;
  }

  #scan(): HeadVerdict {
    const bytes = this.#bytes;
    const last = this.#size - 3;
    let at = this.#scanAt;
    for (; at < last; at += 1) {
      if (bytes[at + 2] !== 1 || bytes[at] !== 0 || bytes[at + 1] !== 0) continue;
      this.#endNal(at);
      const type = (bytes[at + 3] ?? 0) & 0x1f;
      if (type >= SLICE && type <= IDR) return type === IDR ? 'idr' : 'other';
      this.#nalAt = at + 3;
      at += 2;
    }
    this.#scanAt = at;
    return 'more';
  }

  #endNal(end: number): void {
    if (this.#nalAt < 0) return;
    let nalEnd = end;
    // The zero of a four-byte start code belongs to no NAL unit.
    while (nalEnd > this.#nalAt && this.#bytes[nalEnd - 1] === 0) nalEnd -= 1;
    const nal = this.#bytes.subarray(this.#nalAt, nalEnd);
    const type = (nal[0] ?? 0) & 0x1f;
    if (type === SPS) this.#sps.push(nal);
    else if (type === PPS) this.#pps.push(nal);
  }
}
