import { beginsUnit, isRandomAccess, payloadAt, pidOf, TS_PACKET_BYTES } from '../ts/packet.ts';
import { AUDIO_PID, VIDEO_PID } from '../ts/tables.ts';
import { type PesHeader, readPesHeader, readTime33, unwrap33 } from '../ts/timestamps.ts';
import { adtsFrames } from './aac-frames.ts';

/** A picture in the bytes of a segment. */
export interface PictureTime {
  /** Of its first packet. */
  readonly offset: number;
  readonly pts90k: number;
  readonly dts90k: number;
  readonly isKeyFrame: boolean;
}

/** A sound frame with its ADTS header. */
export interface SoundFrame {
  readonly pts90k: number;
  readonly frame: Buffer;
}

/** The pictures in their order in the bytes. Times are unwrapped near `nearPts90k`. */
export function pictureTimes(data: Buffer, nearPts90k: number): PictureTime[] {
  const pictures: PictureTime[] = [];
  for (let at = 0; at + TS_PACKET_BYTES <= data.length; at += TS_PACKET_BYTES) {
    if (pidOf(data, at) !== VIDEO_PID || !beginsUnit(data, at)) continue;
    const pes = readPesHeader(data, at);
    if (pes === undefined || pes.ptsAt < 0) continue;
    const { pts90k, dts90k } = timesOf(data, pes, nearPts90k);
    pictures.push({ offset: at, pts90k, dts90k, isKeyFrame: isRandomAccess(data, at) });
  }
  return pictures;
}

/** PTS and DTS (which is the PTS where there is none) of a PES packet that has a PTS. */
export function timesOf(
  data: Buffer,
  pes: PesHeader,
  nearPts90k: number,
): { pts90k: number; dts90k: number } {
  const pts90k = unwrap33(readTime33(data, pes.ptsAt), nearPts90k);
  return { pts90k, dts90k: pes.dtsAt < 0 ? pts90k : unwrap33(readTime33(data, pes.dtsAt), pts90k) };
}

/** Takes the packets of the sound one by one and gives out whole frames with their times. */
export class SoundReader {
  readonly #frame90k: number;
  readonly #nearPts90k: number;
  readonly #parts: Buffer[] = [];
  #pts90k: number | undefined;

  constructor(frame90k: number, nearPts90k: number) {
    this.#frame90k = frame90k;
    this.#nearPts90k = nearPts90k;
  }

  /** Frames of the PES packet that ends where this packet begins the next. */
  push(data: Buffer, at: number): SoundFrame[] {
    const end = at + TS_PACKET_BYTES;
    if (!beginsUnit(data, at)) {
      if (this.#pts90k !== undefined) this.#parts.push(data.subarray(payloadAt(data, at), end));
      return [];
    }
    const frames = this.flush();
    const pes = readPesHeader(data, at);
    if (pes !== undefined && pes.ptsAt >= 0) {
      this.#pts90k = timesOf(data, pes, this.#nearPts90k).pts90k;
      this.#parts.push(data.subarray(Math.min(end, pes.payloadAt), end));
    }
    return frames;
  }

  /** Frames of what has come so far. */
  flush(): SoundFrame[] {
    const start90k = this.#pts90k;
    if (start90k === undefined) return [];
    const payload = this.#parts.length === 1 ? (this.#parts[0] as Buffer) : Buffer.concat(this.#parts);
    this.#parts.length = 0;
    this.#pts90k = undefined;
    const frames: SoundFrame[] = [];
    for (const frame of adtsFrames(payload)) {
      frames.push({ pts90k: start90k + frames.length * this.#frame90k, frame });
    }
    return frames;
  }
}

/** All sound in a segment. */
export function soundFrames(data: Buffer, frame90k: number, nearPts90k: number): SoundFrame[] {
  const reader = new SoundReader(frame90k, nearPts90k);
  const frames: SoundFrame[] = [];
  for (let at = 0; at + TS_PACKET_BYTES <= data.length; at += TS_PACKET_BYTES) {
    if (pidOf(data, at) === AUDIO_PID) frames.push(...reader.push(data, at));
  }
  frames.push(...reader.flush());
  return frames;
}
