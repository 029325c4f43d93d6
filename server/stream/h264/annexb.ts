const START_CODE = Buffer.from([0, 0, 1]);

/** Whether the bytes begin with `00 00 01` or `00 00 00 01`. */
export function beginsWithStartCode(bytes: Buffer): boolean {
  if (bytes[0] !== 0 || bytes[1] !== 0) return false;
  return bytes[2] === 1 || (bytes[2] === 0 && bytes[3] === 1);
}

export function containsStartCode(bytes: Buffer): boolean {
  return bytes.includes(START_CODE);
}

/**
 * Cuts at Annex B start codes (H.264 annex B) and takes them out; bytes without any are one NAL unit.
 * Trailing zeros go too: a NAL unit never ends in one. Parts of the input are given out, nothing is copied.
 */
export function splitAtStartCodes(bytes: Buffer): Buffer[] {
  const nals: Buffer[] = [];
  let start = 0;
  while (start < bytes.length) {
    const at = bytes.indexOf(START_CODE, start);
    const end = at === -1 ? bytes.length : at;
    const nal = withoutTrailingZeros(bytes.subarray(start, end));
    if (nal.length > 0) nals.push(nal);
    if (at === -1) break;
    start = at + START_CODE.length;
  }
  return nals;
}

function withoutTrailingZeros(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return bytes.subarray(0, end);
}
