import type { AudioParameters, VideoFormat } from './media-format.ts';
import { continuityOf, hasPayload, pidOf, setContinuity, setPid, TS_PACKET_BYTES } from './packet.ts';
import { TRACK_PIDS } from './program-reader.ts';
import { TABLES_BYTES } from './tables.ts';

/** A place between two packets of a part, and all that was known there: a part can be rolled back to it. */
export interface Mark {
  /** Of the next packet in the part. */
  readonly offset: number;
  /** Of the unit that begins here. */
  readonly pts90k: number;
  readonly counters: number;
  readonly pictures: number;
  readonly lastDts90k: number;
  readonly maxPts90k: number;
  readonly lastAudioPts90k: number;
}

/** Room is added in steps of this. */
const STEP_BYTES = 256 * 1024;
/** Larger segments are handed over as they are: a copy would hold the media loop up. */
const COPY_AT_MOST_BYTES = 2 * 1024 * 1024;
const USUAL_FRAME_90K = 3600;
const LONGEST_FRAME_90K = 10 * 90_000;

/**
 * Grows where it lies, in microseconds: only addresses are reserved for the rest. Growing by copies would hold the media
 * loop for tens of milliseconds where segments are large.
 */
function growableBytes(maxBytes: number): Buffer {
  return Buffer.from(new SharedArrayBuffer(STEP_BYTES, { maxByteLength: Math.max(STEP_BYTES, maxBytes) }));
}

/** A segment in the making. Its first `TABLES_BYTES` are left free for the tables. */
export class OpenPart {
  readonly #maxBytes: number;
  #bytes: Buffer;
  #size = TABLES_BYTES;
  /** The continuity counter of the last packet of each track, four bits each. */
  #counters: number;
  readonly #firstCounters: number;
  #isGiven = false;
  #keys: Mark[] = [];
  #pictures = 0;
  #firstDts90k = 0;
  #lastDts90k = Number.NEGATIVE_INFINITY;
  #maxPts90k = Number.NEGATIVE_INFINITY;
  #lastAudioPts90k = Number.NEGATIVE_INFINITY;
  /** Set with the first key frame. */
  video: VideoFormat | undefined;
  audio: AudioParameters | undefined;
  /** Whether the map at its head is to name an audio track. */
  hasAudio = false;
  clockTrack = 0;

  /** Appending more than `maxBytes` is a mistake of the caller. */
  constructor(options: { readonly maxBytes: number; readonly counters: number; readonly bytes?: Buffer }) {
    this.#maxBytes = options.maxBytes;
    this.#bytes = options.bytes ?? growableBytes(options.maxBytes);
    this.#counters = options.counters;
    this.#firstCounters = options.counters;
  }

  get size(): number {
    return this.#size;
  }

  get heldBytes(): number {
    return this.#bytes.length;
  }

  get counters(): number {
    return this.#counters;
  }

  get keys(): readonly Mark[] {
    return this.#keys;
  }

  get pictures(): number {
    return this.#pictures;
  }

  get startPts90k(): number | undefined {
    return this.#keys[0]?.pts90k;
  }

  get lastDts90k(): number {
    return this.#lastDts90k;
  }

  get maxPts90k(): number {
    return this.#maxPts90k;
  }

  /** End of the last picture in order of presentation. */
  get endPts90k(): number {
    return this.#maxPts90k + this.frame90k;
  }

  get lastAudioPts90k(): number {
    return this.#lastAudioPts90k;
  }

  set lastAudioPts90k(pts90k: number) {
    this.#lastAudioPts90k = pts90k;
  }

  /** The usual distance of two pictures. */
  get frame90k(): number {
    if (this.#pictures < 2) return USUAL_FRAME_90K;
    const mean = Math.round((this.#lastDts90k - this.#firstDts90k) / (this.#pictures - 1));
    return Math.min(LONGEST_FRAME_90K, Math.max(1, mean));
  }

  /** Copies a packet in, under our PID and counter; returns where it lies. `lost` packets are missing before it. */
  append(data: Buffer, at: number, track: number, lost: number): number {
    const offset = this.#size;
    if (offset + TS_PACKET_BYTES > this.#bytes.length) this.#grow();
    const bytes = this.#bytes;
    data.copy(bytes, offset, at, at + TS_PACKET_BYTES);
    // Most packets are as they have to be already, and each access to memory that can grow takes ten times as long.
    const pid = TRACK_PIDS[track] ?? 0;
    if (pidOf(data, at) !== pid) setPid(bytes, offset, pid);
    const shift = 4 * track;
    const last = (this.#counters >> shift) & 0x0f;
    const counter = hasPayload(data, at) ? (last + 1 + lost) & 0x0f : last;
    if (continuityOf(data, at) !== counter) setContinuity(bytes, offset, counter);
    this.#counters = (this.#counters & ~(0x0f << shift)) | (counter << shift);
    this.#size = offset + TS_PACKET_BYTES;
    return offset;
  }

  /** For changes of a packet that was just appended. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  mark(pts90k: number): Mark {
    return {
      offset: this.#size,
      pts90k,
      counters: this.#counters,
      pictures: this.#pictures,
      lastDts90k: this.#lastDts90k,
      maxPts90k: this.#maxPts90k,
      lastAudioPts90k: this.#lastAudioPts90k,
    };
  }

  addKey(mark: Mark): void {
    this.#keys.push(mark);
  }

  addPicture(pts90k: number, dts90k: number): void {
    if (this.#pictures === 0) this.#firstDts90k = dts90k;
    this.#pictures += 1;
    this.#lastDts90k = dts90k;
    if (pts90k > this.#maxPts90k) this.#maxPts90k = pts90k;
  }

  /** Forgets everything behind the mark. */
  rollTo(mark: Mark): void {
    this.#size = mark.offset;
    this.#counters = mark.counters;
    this.#pictures = mark.pictures;
    this.#lastDts90k = mark.lastDts90k;
    this.#maxPts90k = mark.maxPts90k;
    this.#lastAudioPts90k = mark.lastAudioPts90k;
    while ((this.#keys.at(-1)?.offset ?? -1) >= mark.offset) this.#keys.pop();
  }

  /** Forgets all. */
  clear(): void {
    if (this.#bytes.length > COPY_AT_MOST_BYTES) this.#bytes = growableBytes(this.#maxBytes);
    this.#size = TABLES_BYTES;
    this.#counters = this.#firstCounters;
    this.#keys = [];
    this.#pictures = 0;
    this.#lastDts90k = Number.NEGATIVE_INFINITY;
    this.#maxPts90k = Number.NEGATIVE_INFINITY;
    this.#lastAudioPts90k = Number.NEGATIVE_INFINITY;
    this.audio = undefined;
  }

  /** Appends the packets of another part from `offset` on, counting on. */
  absorb(other: OpenPart, offset: number): void {
    for (let at = offset; at < other.#size; at += TS_PACKET_BYTES) {
      this.append(other.#bytes, at, TRACK_PIDS.indexOf(pidOf(other.#bytes, at)), 0);
    }
  }

  /** The bytes up to `end`. Nothing but `follower` may be called afterwards. */
  takeData(end: number): Buffer {
    if (end > COPY_AT_MOST_BYTES) {
      this.#isGiven = true;
      return this.#bytes.subarray(0, end);
    }
    const data = Buffer.from(new SharedArrayBuffer(end));
    this.#bytes.copy(data, 0, 0, end);
    return data;
  }

  /** The part that begins with the packets behind the mark, after everything up to it was taken. */
  follower(mark: Mark): OpenPart {
    const bytes = this.#isGiven ? growableBytes(this.#maxBytes) : this.#bytes;
    const next = new OpenPart({ maxBytes: this.#maxBytes, counters: mark.counters, bytes });
    const tailBytes = this.#size - mark.offset;
    while (next.#bytes.length < TABLES_BYTES + tailBytes) next.#grow();
    this.#bytes.copy(next.#bytes, TABLES_BYTES, mark.offset, this.#size);
    next.#size = TABLES_BYTES + tailBytes;
    next.#counters = this.#counters;
    return next;
  }

  #grow(): void {
    const buffer = this.#bytes.buffer as SharedArrayBuffer;
    buffer.grow(Math.min(buffer.maxByteLength, buffer.byteLength + STEP_BYTES));
    this.#bytes = Buffer.from(buffer);
  }
}

/** The mark in a part whose first packet lay at `first` in the part before. */
export function rebase(mark: Mark, first: Mark): Mark {
  return {
    ...mark,
    offset: mark.offset - first.offset + TABLES_BYTES,
    pictures: 0,
    lastDts90k: Number.NEGATIVE_INFINITY,
    maxPts90k: Number.NEGATIVE_INFINITY,
  };
}
