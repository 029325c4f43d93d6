import { constants, crc32, deflateRawSync } from 'node:zlib';

/** A piece of a body, deflated so that it can stand anywhere in a gzip stream. */
export interface DeflatedPart {
  /** Whole blocks that refer to nothing before them, ending at a byte (a full flush), none of them the last. */
  readonly deflated: Uint8Array;
  /** Of the text. */
  readonly crc32: number;
  /** Of the text, in bytes. */
  readonly length: number;
}

/** RFC 1952 section 2.3.1: deflate, no flags, no time, unknown system. */
const HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);
/** An empty last block with fixed codes (RFC 1951 section 3.2.6). */
const LAST_BLOCK = Uint8Array.of(0x03, 0x00);
const TRAILER_BYTES = 8;

/** `level` as zlib has it, 1 (fast) to 9 (small). */
export function deflatePart(text: Uint8Array, level: number = constants.Z_DEFAULT_COMPRESSION): DeflatedPart {
  return {
    deflated: deflateRawSync(text, { finishFlush: constants.Z_FULL_FLUSH, level }),
    crc32: crc32(text),
    length: text.length,
  };
}

/**
 * One gzip stream of the parts in their order, in an ArrayBuffer of its own. Nothing is deflated again, so this takes
 * as long as the copying does.
 */
export function joinGzip(parts: readonly DeflatedPart[]): Uint8Array<ArrayBuffer> {
  const size = parts.reduce((sum, { deflated }) => sum + deflated.length, 0);
  const joined = new Uint8Array(HEADER.length + size + LAST_BLOCK.length + TRAILER_BYTES);
  joined.set(HEADER, 0);
  let position = HEADER.length;
  let checksum = 0;
  let length = 0;
  for (const part of parts) {
    joined.set(part.deflated, position);
    position += part.deflated.length;
    checksum = joinCrc32(checksum, part.crc32, part.length);
    length += part.length;
  }
  joined.set(LAST_BLOCK, position);
  const trailer = new DataView(joined.buffer, position + LAST_BLOCK.length);
  trailer.setUint32(0, checksum, true);
  trailer.setUint32(4, length % 2 ** 32, true);
  return joined;
}

/** The CRC-32 of two texts one after the other, from those of each and the length of the second in bytes. */
export function joinCrc32(first: number, second: number, secondLength: number): number {
  // A CRC is a remainder of polynomials over GF(2): to append n bits is to multiply by x^n.
  return (multiply(powerOfX(secondLength * 8), first) ^ second) >>> 0;
}

/** The polynomial of CRC-32 without its highest term; bit 31 is x^0 (RFC 1952 section 8). */
const POLYNOMIAL = 0xedb88320;
const ONE = 0x80000000;
const X = 0x40000000;

/** x^(2^k) for k = 0, 1, ... */
const squares = [X];

function powerOfX(exponent: number): number {
  let product = ONE;
  for (let k = 0, rest = exponent; rest > 0; k += 1, rest = Math.floor(rest / 2)) {
    const square = squares[k] ?? multiply(squares[k - 1] ?? X, squares[k - 1] ?? X);
    squares[k] = square;
    if (rest % 2 === 1) product = multiply(square, product);
  }
  return product;
}

/** The product of two polynomials, modulo that of CRC-32. */
function multiply(a: number, b: number): number {
  let product = 0;
  let shifted = b;
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= shifted;
    shifted = (shifted & 1) === 0 ? shifted >>> 1 : (shifted >>> 1) ^ POLYNOMIAL;
  }
  return product >>> 0;
}
