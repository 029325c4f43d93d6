/** A JPEG with the time that FFmpeg wrote beside it. */
export interface TimedJpeg {
  readonly timeMs: number;
  readonly jpeg: Buffer;
}

const MAGIC = Buffer.from('\0\nSMJPEG', 'latin1');
/** Magic, version, duration. */
const FILE_HEADER_BYTES = 16;
const HEADER_END = 'HEND';
const VIDEO_CHUNK = 'vidD';
const VIDEO_HEADER_BYTES = 12;
/** No JPEG of a camera's picture is as large. */
const MAX_CHUNK_BYTES = 64 * 1024 * 1024;

/**
 * Takes an SMJPEG stream apart (Loki's motion JPEG: each picture with its time and length, which a bare row of JPEGs lacks).
 * Throws `RangeError` where it is none; all is lost then.
 */
export class SmjpegReader {
  readonly #onJpeg: (picture: TimedJpeg) => void;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #neededBytes = FILE_HEADER_BYTES;
  #state: 'file' | 'header' | 'body' = 'file';

  constructor(onJpeg: (picture: TimedJpeg) => void) {
    this.#onJpeg = onJpeg;
  }

  push(chunk: Buffer): void {
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    if (this.#pendingBytes < this.#neededBytes) return;
    let rest = Buffer.concat(this.#pending);
    for (;;) {
      const used = this.#take(rest);
      if (used === 0) break;
      rest = rest.subarray(used);
    }
    this.#pending = rest.length === 0 ? [] : [rest];
    this.#pendingBytes = rest.length;
  }

  /** Takes one piece from the front; 0 when it is not whole yet. */
  #take(data: Buffer): number {
    switch (this.#state) {
      case 'file':
        return this.#takeFileHeader(data);
      case 'header':
        return this.#takeHeaderChunk(data);
      case 'body':
        return this.#takePicture(data);
    }
  }

  #takeFileHeader(data: Buffer): number {
    if (!this.#has(data, FILE_HEADER_BYTES)) return 0;
    if (!data.subarray(0, MAGIC.length).equals(MAGIC)) throw new RangeError('this is no SMJPEG');
    this.#state = 'header';
    return FILE_HEADER_BYTES;
  }

  #takeHeaderChunk(data: Buffer): number {
    if (!this.#has(data, 4)) return 0;
    if (data.toString('latin1', 0, 4) === HEADER_END) {
      this.#state = 'body';
      return 4;
    }
    if (!this.#has(data, 8)) return 0;
    const bytes = 8 + lengthAt(data, 4);
    return this.#has(data, bytes) ? bytes : 0;
  }

  #takePicture(data: Buffer): number {
    if (!this.#has(data, VIDEO_HEADER_BYTES)) return 0;
    if (data.toString('latin1', 0, 4) !== VIDEO_CHUNK) throw new RangeError('this chunk is no picture');
    const end = VIDEO_HEADER_BYTES + lengthAt(data, 8);
    if (!this.#has(data, end)) return 0;
    // A copy, so that no picture keeps what came with it.
    this.#onJpeg({ timeMs: data.readUInt32BE(4), jpeg: Buffer.from(data.subarray(VIDEO_HEADER_BYTES, end)) });
    return end;
  }

  #has(data: Buffer, bytes: number): boolean {
    this.#neededBytes = bytes;
    return data.length >= bytes;
  }
}

function lengthAt(data: Buffer, offset: number): number {
  const bytes = data.readUInt32BE(offset);
  if (bytes > MAX_CHUNK_BYTES) throw new RangeError('this chunk is too long');
  return bytes;
}
