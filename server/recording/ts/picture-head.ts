import type { VideoCodec } from '../segment.ts';
import { nalKind } from './nal-kind.ts';

/** More than this in front of a picture's first slice is not read. */
const MAX_HEAD_BYTES = 16_384;

/**
 * `more`: not known yet. `key`: an IDR picture, or any random access point of H.265. `other`: a picture that needs others, or
 * one whose head is too long to read.
 */
export type HeadVerdict = 'more' | 'key' | 'other';

/** NAL units without start codes; `vps` is empty with H.264. */
export interface ParameterSetNals {
  readonly codec: VideoCodec;
  readonly vps: readonly Buffer[];
  readonly sps: readonly Buffer[];
  readonly pps: readonly Buffer[];
}

/** Reads the beginning of a picture up to its first slice: is it a key frame, and which parameter sets come with it? */
export class PictureHead {
  readonly #bytes = Buffer.allocUnsafeSlow(MAX_HEAD_BYTES);
  #size = 0;
  #scanAt = 0;
  /** Where the NAL unit in work begins; -1 before the first. */
  #nalAt = -1;
  #codec: VideoCodec = 'h264';
  #vps: Buffer[] = [];
  #sps: Buffer[] = [];
  #pps: Buffer[] = [];

  /** Parts of an inner buffer: good until the next `begin`. */
  get sets(): ParameterSetNals {
    return { codec: this.#codec, vps: this.#vps, sps: this.#sps, pps: this.#pps };
  }

  get hasSps(): boolean {
    return this.#sps.length > 0;
  }

  begin(codec: VideoCodec): void {
    this.#codec = codec;
    this.#size = 0;
    this.#scanAt = 0;
    this.#nalAt = -1;
    if (this.#vps.length > 0) this.#vps = [];
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
      const kind = nalKind(this.#codec, bytes[at + 3] ?? 0);
      if (kind === 'key-slice') return 'key';
      if (kind === 'slice') return 'other';
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
    const kind = nalKind(this.#codec, nal[0] ?? 0);
    if (kind === 'vps') this.#vps.push(nal);
    else if (kind === 'sps') this.#sps.push(nal);
    else if (kind === 'pps') this.#pps.push(nal);
  }
}
