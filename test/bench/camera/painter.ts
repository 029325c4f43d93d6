import { drawTimeCode, TIME_CODE_HEIGHT } from './time-code.ts';

const BUFFERS = 4;

/** Paints raw yuv420p pictures with a time code on top and something that moves below. */
export class Painter {
  readonly #width: number;
  readonly #height: number;
  readonly #background: Buffer;
  readonly #free: Buffer[];
  #count = 0;

  constructor(width: number, height: number) {
    this.#width = width;
    this.#height = height;
    this.#background = paintBackground(width, height);
    this.#free = Array.from({ length: BUFFERS }, () => Buffer.from(this.#background));
  }

  /** The next picture, or undefined while all buffers are on their way. Give it back with `release`. */
  paint(timeMs: number): Buffer | undefined {
    const picture = this.#free.pop();
    if (picture === undefined) return undefined;
    this.#background.copy(picture);
    this.#drawBar(picture);
    drawTimeCode(picture, this.#width, timeMs);
    return picture;
  }

  release(picture: Buffer): void {
    this.#free.push(picture);
  }

  #drawBar(luma: Buffer): void {
    this.#count += 1;
    const barWidth = 80;
    const left = (this.#count * 16) % (this.#width - barWidth);
    for (let row = TIME_CODE_HEIGHT + 32; row < this.#height; row += 1) {
      luma.fill(200, row * this.#width + left, row * this.#width + left + barWidth);
    }
  }
}

function paintBackground(width: number, height: number): Buffer {
  const lumaBytes = width * height;
  const picture = Buffer.alloc((lumaBytes * 3) / 2, 128);
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      // A texture, so that the encoder has something to do.
      picture[row * width + column] = 64 + (((column * 7 + row * 13) ^ (column * row)) % 64);
    }
  }
  return picture;
}
