import type { SourceUnit, VideoFormat } from '../../stream/index.ts';
import type { RtpPacket } from './rtp.ts';

/**
 * RTP packets of one track, in order, to units. Payloads of units are parts of what was parsed where that can
 * be: nobody may write to it. A unit that misses a packet is never given out.
 */
export interface Depacketiser {
  push(packet: RtpPacket, receivedAtMs: number): void;
  /** Packets that were missing from the sequence. */
  readonly lostPackets: number;
  /** Units thrown away because they, or the picture they build upon, were damaged. */
  readonly droppedUnits: number;
  /** Packets of a kind that is not supported, or broken in themselves. */
  readonly unsupportedPackets: number;
}

/** Where a depacketiser hands over what it has put together; all calls are synchronous. */
export interface DepacketiserHandlers {
  onUnit(unit: SourceUnit): void;
  /** Video: the format became known or changed. It holds from the unit on that follows. */
  onFormat(format: VideoFormat): void;
}

/**
 * A chunk of the socket may hold much that is no media; a unit that is this much smaller is copied out of it.
 */
const PINNED_FACTOR = 8;

/**
 * Keeps small units from holding large chunks in memory: those would be counted as small wherever units are
 * kept. Large units stay as they are.
 */
export function unpinned(payloads: Buffer[], sizeBytes: number): Buffer[] {
  let pinnedBytes = 0;
  let last: ArrayBufferLike | undefined;
  for (const { buffer } of payloads) {
    if (buffer !== last) pinnedBytes += buffer.byteLength;
    last = buffer;
  }
  if (pinnedBytes <= sizeBytes * PINNED_FACTOR + 4096) return payloads;
  return payloads.map((payload) => Buffer.from(payload));
}
