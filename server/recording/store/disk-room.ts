import { statfsSync } from 'node:fs';
import type { IndexReader } from './index-reader.ts';

/** For the reader thread: how much there is and how much is left on the disk of this folder. */
export function diskRoom(index: IndexReader): { totalBytes: number; freeBytes: number } {
  const { bsize, blocks, bavail } = statfsSync(index.recordingsDir);
  return { totalBytes: blocks * bsize, freeBytes: bavail * bsize };
}
