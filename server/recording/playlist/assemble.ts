import { type Block, isBreak, TextPart } from './block.ts';
import { joinCrc32, joinGzip } from './gzip-join.ts';
import { DISCONTINUITY, type Edge, ENDLIST, roundedSeconds } from './m3u8.ts';

/** A block in its place in a playlist. */
export interface Piece {
  readonly block: Block;
  /** Where the time ends that it stands for. */
  readonly toMs: number;
}

/** Sums over all pieces, breaks between them included. */
export function measure(pieces: readonly Piece[], breaks: ReadonlySet<number>) {
  let count = 0;
  let tags = 0;
  let longest90k = 0;
  let newest: Edge | undefined;
  for (const { block } of pieces) {
    if (newest !== undefined && block.first !== undefined && isBreak(newest, block.first, breaks)) tags += 1;
    count += block.count;
    tags += block.tags;
    longest90k = Math.max(longest90k, block.longest90k);
    newest = block.last ?? newest;
  }
  return { count, tags, longestS: roundedSeconds(longest90k), newest };
}

/** The pieces that reach beyond `cutMs`, and what was in those before. */
export function dropUntil(pieces: readonly Piece[], breaks: ReadonlySet<number>, cutMs: number) {
  const at = pieces.findIndex(({ toMs }) => toMs > cutMs);
  const dropped = measure(pieces.slice(0, at), breaks);
  const shown = pieces.slice(at);
  const first = shown.find(({ block }) => block.first !== undefined)?.block.first;
  const isBroken =
    dropped.newest !== undefined && first !== undefined && isBreak(dropped.newest, first, breaks);
  return { pieces: shown, dropped: { count: dropped.count, tags: dropped.tags + (isBroken ? 1 : 0) } };
}

/** Players begin a growing playlist near its end unless told otherwise, and a complete one at its first segment. */
export function playFrom(pieces: readonly Piece[], startMs: number, grows: boolean): { playFromMs?: number } {
  const first = pieces.find(({ block }) => block.first !== undefined)?.block.first;
  const playFromMs = Math.max(0, startMs - (first?.startMs ?? startMs));
  return grows || playFromMs > 0 ? { playFromMs } : {};
}

/** The whole playlist, in an ArrayBuffer of its own. */
export function assemble(
  list: { header: string; pieces: readonly Piece[]; isComplete: boolean },
  breaks: ReadonlySet<number>,
  gzip: boolean,
): { body: Uint8Array<ArrayBuffer>; etag: string } {
  const { header, pieces, isComplete } = list;
  const parts = [TextPart.of(header)];
  const discontinuity = TextPart.of(DISCONTINUITY);
  let before: Edge | undefined;
  for (const { block } of pieces) {
    if (block.first === undefined) continue;
    if (before !== undefined && isBreak(before, block.first, breaks)) parts.push(discontinuity);
    parts.push(block.part);
    before = block.last;
  }
  if (isComplete) parts.push(TextPart.of(ENDLIST));
  const etag = `W/"${checksum(parts)}"`;
  return { etag, body: gzip ? joinGzip(parts.map(({ deflated }) => deflated)) : joinText(parts) };
}

function checksum(parts: readonly TextPart[]): string {
  let crc32 = 0;
  let length = 0;
  for (const part of parts) {
    crc32 = joinCrc32(crc32, part.crc32, part.text.length);
    length += part.text.length;
  }
  return `${crc32.toString(36)}-${length.toString(36)}`;
}

/** In an ArrayBuffer of its own, which can move to another thread. */
function joinText(parts: readonly TextPart[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((sum, { text }) => sum + text.length, 0));
  let position = 0;
  for (const { text } of parts) {
    joined.set(text, position);
    position += text.length;
  }
  return joined;
}
