import { closeSync, fdatasyncSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';

/** What a movie box may take; a day of pictures at 60 per second needs a tenth of it. */
const MAX_MOOV_BYTES = 1024 ** 3;
const CONTAINERS = new Set(['moov', 'trak', 'edts']);
const NO_MEDIA = -1;

/** A box in `data`: where its payload begins and ends. */
interface Box {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Makes the movie in a `moov` box end exactly at `durationMs`, in place (ISO/IEC 14496-12 sections 8.2.2, 8.3.2 and 8.6.6):
 * pictures that had to be in the file since others lean on them are cut off by the tracks' edit lists. Nothing is made longer.
 * Gives the duration that came out, in milliseconds.
 */
export function trimMoov(moov: Buffer, durationMs: number): number {
  const header = [...boxes(moov, 0, moov.length)].find(({ type }) => type === 'mvhd');
  if (header === undefined) throw new Error('the movie box has no header');
  const timescale = moov.readUInt32BE(header.start + (moov[header.start] === 1 ? 20 : 12));
  const wanted = Math.round((durationMs * timescale) / 1000);
  let longest = 0;
  for (const box of boxes(moov, 0, moov.length)) {
    if (box.type === 'trak') longest = Math.max(longest, trimTrack(moov, box, wanted));
  }
  writeDuration(moov, header.start, 16, 24, longest);
  return (longest * 1000) / timescale;
}

/** In units of the movie's timescale. Gives the track's duration. */
function trimTrack(moov: Buffer, track: Box, wanted: number): number {
  let duration = 0;
  let headerAt: number | undefined;
  for (const { type, start } of boxes(moov, track.start, track.end)) {
    if (type === 'tkhd') headerAt = start;
    if (type === 'elst') duration = trimEdits(moov, start, wanted);
  }
  if (headerAt === undefined) return 0;
  const isLong = moov[headerAt] === 1;
  const told = isLong ? Number(moov.readBigUInt64BE(headerAt + 28)) : moov.readUInt32BE(headerAt + 20);
  const result = duration === 0 ? Math.min(told, wanted) : duration;
  writeDuration(moov, headerAt, 20, 28, result);
  return result;
}

/** The edits of a track: empty ones first (the track begins later), then what is seen of it. */
function trimEdits(moov: Buffer, at: number, wanted: number): number {
  const isLong = moov[at] === 1;
  const entryBytes = isLong ? 20 : 12;
  const count = moov.readUInt32BE(at + 4);
  let used = 0;
  for (let index = 0; index < count; index += 1) {
    const entry = at + 8 + index * entryBytes;
    const duration = isLong ? Number(moov.readBigUInt64BE(entry)) : moov.readUInt32BE(entry);
    const mediaTime = isLong ? Number(moov.readBigInt64BE(entry + 8)) : moov.readInt32BE(entry + 4);
    const kept = mediaTime === NO_MEDIA ? duration : Math.max(0, Math.min(duration, wanted - used));
    if (isLong) moov.writeBigUInt64BE(BigInt(kept), entry);
    else moov.writeUInt32BE(kept, entry);
    used += kept;
  }
  return used;
}

function writeDuration(
  moov: Buffer,
  at: number,
  shortOffset: number,
  longOffset: number,
  value: number,
): void {
  if (moov[at] === 1) moov.writeBigUInt64BE(BigInt(value), at + longOffset);
  else moov.writeUInt32BE(value, at + shortOffset);
}

/** The boxes in a range, those inside containers too, in order. Ends quietly where the sizes are nonsense. */
function* boxes(data: Buffer, from: number, to: number): Generator<Box> {
  let at = from;
  while (at + 8 <= to) {
    const size = data.readUInt32BE(at);
    const type = data.toString('latin1', at + 4, at + 8);
    const end = at + size;
    if (size < 8 || end > to) return;
    yield { type, start: at + 8, end };
    if (CONTAINERS.has(type) && type !== 'trak') yield* boxes(data, at + 8, end);
    at = end;
  }
}

/**
 * Does `trimMoov` to a file whose `moov` lies before its media, and makes the file durable. Throws where there is no such
 * box, or something is missing. Synchronous: for a thread that may wait for a disk.
 */
export function finishMp4(path: string, durationMs: number): { durationMs: number } {
  const file = openSync(path, 'r+');
  try {
    const { at, size } = findMoov(file, path);
    const moov = Buffer.alloc(size - 8);
    readExactly(file, moov, at + 8);
    const result = trimMoov(moov, durationMs);
    writeSync(file, moov, 0, moov.length, at + 8);
    fdatasyncSync(file);
    return { durationMs: result };
  } finally {
    closeSync(file);
  }
}

/** Looks at all of the file's boxes: what was cut short is no film, though it may begin like one. */
function findMoov(file: number, path: string): { at: number; size: number } {
  const fileBytes = fstatSync(file).size;
  const head = Buffer.alloc(16);
  let moov: { at: number; size: number } | undefined;
  let hasMedia = false;
  for (let at = 0; at < fileBytes; ) {
    const read = readSync(file, head, 0, 16, at);
    const short = head.readUInt32BE(0);
    const size = short === 1 ? Number(head.readBigUInt64BE(8)) : short;
    if (read < 8 || size < 8 || at + size > fileBytes) throw new Error(`${path} is not whole`);
    const type = head.toString('latin1', 4, 8);
    if (type === 'moov' && !hasMedia && size <= MAX_MOOV_BYTES) moov = { at, size };
    if (type === 'mdat') hasMedia = true;
    at += size;
  }
  if (moov === undefined || !hasMedia) throw new Error(`${path} is not whole`);
  return moov;
}

function readExactly(file: number, target: Buffer, at: number): void {
  let filled = 0;
  while (filled < target.length) {
    const read = readSync(file, target, filled, target.length - filled, at + filled);
    if (read === 0) throw new Error('the file ended within its movie box');
    filled += read;
  }
}
