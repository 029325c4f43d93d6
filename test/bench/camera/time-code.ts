/**
 * A time code in a picture: 40 blocks of black and white across its top, 32 bits of a time in milliseconds and 8 of
 * a check sum. The page that reads it (test/bench/page/page.js) knows the same layout.
 */
export const TIME_CODE_BITS = 40;
export const TIME_CODE_HEIGHT = 64;

const BLACK = 16;
const WHITE = 235;

/** The bits from left to right, most significant first. */
export function timeCodeBits(timeMs: number): boolean[] {
  const value = timeCodeValue(timeMs);
  const check = checkSum(value);
  const bits = Array.from({ length: 32 }, (_, index) => ((value >>> (31 - index)) & 1) === 1);
  for (let index = 7; index >= 0; index -= 1) bits.push(((check >>> index) & 1) === 1);
  return bits;
}

/** What of a time the code holds: its lowest 32 bits, which come again after 49 days. */
export function timeCodeValue(timeMs: number): number {
  return Math.floor(timeMs % 2 ** 32) >>> 0;
}

function checkSum(value: number): number {
  return (0xa5 ^ (value >>> 24) ^ (value >>> 16) ^ (value >>> 8) ^ value) & 0xff;
}

/** Draws the code into the luma plane of a picture. */
export function drawTimeCode(luma: Buffer, width: number, timeMs: number): void {
  const blockWidth = Math.floor(width / TIME_CODE_BITS);
  timeCodeBits(timeMs).forEach((bit, index) => {
    luma.fill(bit ? WHITE : BLACK, index * blockWidth, (index + 1) * blockWidth);
  });
  for (let row = 1; row < TIME_CODE_HEIGHT; row += 1) luma.copyWithin(row * width, 0, width);
}
