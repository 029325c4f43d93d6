import { AAC_FRAME_SAMPLES, silentFrame } from './aac-frames.ts';

/** A hole of less is the unrest of a camera's clock, and no lost frame. */
const WHOLE_FRAME = 0.9;

/** Where sound frames go: their time in the file, and the frame with its ADTS header. */
export type WriteFrame = (out90k: number, frame: Buffer) => void;

/**
 * The sound of a file as one line without holes: where nothing was recorded (no sound at that time, a gap that is
 * kept) it is silent, and where recordings meet no two frames lie on the same time. Players keep sound and picture together
 * only over a sound track that never stops.
 */
export class AudioTrack {
  readonly #silence: Buffer | undefined;
  readonly #frame90k: number;
  #end90k: number;

  constructor(audio: { clockRate: number; channels: number }, start90k: number) {
    this.#silence = silentFrame(audio);
    this.#frame90k = frameDuration90k(audio);
    this.#end90k = start90k;
  }

  get frame90k(): number {
    return this.#frame90k;
  }

  /** A recorded frame. One that begins before the last has half ended is left out. */
  push(out90k: number, frame: Buffer, write: WriteFrame): void {
    if (out90k < this.#end90k - this.#frame90k / 2) return;
    this.fillTo(out90k, write);
    write(Math.round(out90k), frame);
    this.#end90k = out90k + this.#frame90k;
  }

  /** Silence up to `out90k`, as far as whole frames fit. */
  fillTo(out90k: number, write: WriteFrame): void {
    if (this.#silence === undefined) return;
    while (this.#end90k + this.#frame90k * WHOLE_FRAME <= out90k) {
      write(Math.round(this.#end90k), this.#silence);
      this.#end90k += this.#frame90k;
    }
  }
}

/** How long one frame sounds; it need not be a whole number. */
export function frameDuration90k({ clockRate }: { clockRate: number }): number {
  return (AAC_FRAME_SAMPLES * 90_000) / clockRate;
}
