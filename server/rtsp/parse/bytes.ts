/** Bytes that tell where in an RTSP connection something begins or ends. */
export const DOLLAR = 0x24;
export const LF = 0x0a;
export const CR = 0x0d;
export const EQUALS = 0x3d;

export function isLetter(byte: number): boolean {
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}
