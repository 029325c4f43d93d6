/**
 * Gives the memory of `bytes` back at once instead of at some garbage collection: what passes through in megabytes a second
 * would else bring a collection of the whole heap every second. Neither they nor any other view of that memory can be used
 * afterwards. `last`: where several views lie in one piece of memory, the last of them. Memory that others may hold, which is
 * shared memory and Node's pool of small Buffers, is left alone.
 */
export function giveBack(bytes: Uint8Array, last: Uint8Array = bytes): void {
  const { buffer } = bytes;
  if (!(buffer instanceof ArrayBuffer) || last.buffer !== buffer) return;
  const isAll = bytes.byteOffset === 0 && last.byteOffset + last.byteLength === buffer.byteLength;
  if (isAll && buffer.byteLength > 0) buffer.transfer(0);
}
