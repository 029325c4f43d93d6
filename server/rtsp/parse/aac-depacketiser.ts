import { BitReader } from '../../stream/index.ts';
import type { Depacketiser, DepacketiserHandlers } from './depacketiser.ts';
import { unpinned } from './depacketiser.ts';
import type { RtpPacket } from './rtp.ts';
import { SequenceCheck } from './sequence-check.ts';
import type { AacParameters } from './tracks.ts';

/** Senders put a few into a packet; tens of thousands would fit, each to be handed on by itself. */
const MAX_FRAMES = 64;

interface Fragments {
  readonly timestamp: number;
  /** As large as 16 bits can say at most. What comes is copied: a small part would hold its chunk of the socket. */
  readonly frame: Buffer;
  haveBytes: number;
}

/** AAC by RFC 3640 (AAC-hbr, AAC-lbr): several frames in a packet, or one frame in several packets. */
export class AacDepacketiser implements Depacketiser {
  readonly #handlers: Pick<DepacketiserHandlers, 'onUnit'>;
  readonly #parameters: AacParameters;
  readonly #sequence = new SequenceCheck();
  #fragments: Fragments | undefined;
  /** Of a frame whose beginning may be lost: its other fragments are passed over. */
  #skipTimestamp: number | undefined;
  #droppedUnits = 0;
  #unsupportedPackets = 0;

  constructor(parameters: AacParameters, handlers: Pick<DepacketiserHandlers, 'onUnit'>) {
    this.#parameters = parameters;
    this.#handlers = handlers;
  }

  get lostPackets(): number {
    return this.#sequence.lostPackets;
  }

  get droppedUnits(): number {
    return this.#droppedUnits;
  }

  get unsupportedPackets(): number {
    return this.#unsupportedPackets;
  }

  push(packet: RtpPacket, receivedAtMs: number): void {
    const verdict = this.#sequence.check(packet);
    if (verdict === 'old') return;
    if (verdict === 'gap' || this.#fragments?.timestamp !== packet.timestamp) this.#dropFragments();
    const sizes = readSizes(packet.payload, this.#parameters);
    if (sizes === undefined) {
      this.#unsupportedPackets += 1;
      this.#dropFragments();
      return;
    }
    const data = packet.payload.subarray(sizes.dataStart);
    const [first] = sizes.frames;
    if (sizes.frames.length === 1 && first !== undefined && first > data.length) {
      this.#takeFragment(packet, data, first, verdict === 'gap', receivedAtMs);
      return;
    }
    this.#dropFragments();
    this.#takeFrames(packet, data, sizes.frames, receivedAtMs);
  }

  #takeFrames(packet: RtpPacket, data: Buffer, frames: readonly number[], receivedAtMs: number): void {
    let at = 0;
    for (const [index, sizeBytes] of frames.entries()) {
      const frame = data.subarray(at, at + sizeBytes);
      at += sizeBytes;
      if (frame.length < sizeBytes) {
        // Cut short; frames after it would be too.
        this.#unsupportedPackets += 1;
        return;
      }
      if (sizeBytes === 0) continue;
      const rtpTimestamp = (packet.timestamp + index * this.#parameters.ticksPerFrame) >>> 0;
      this.#give(rtpTimestamp, frame, receivedAtMs);
    }
  }

  #takeFragment(
    packet: RtpPacket,
    data: Buffer,
    sizeBytes: number,
    afterGap: boolean,
    receivedAtMs: number,
  ): void {
    if (this.#fragments === undefined) {
      // After a gap this may be the middle of a frame: nothing tells, so it is not begun.
      if (afterGap) {
        this.#droppedUnits += 1;
        this.#skipTimestamp = packet.timestamp;
      }
      if (this.#skipTimestamp === packet.timestamp) return;
      this.#fragments = { timestamp: packet.timestamp, frame: Buffer.allocUnsafe(sizeBytes), haveBytes: 0 };
    }
    const fragments = this.#fragments;
    const { frame } = fragments;
    if (fragments.haveBytes + data.length > sizeBytes || frame.length !== sizeBytes) {
      this.#dropFragments();
      return;
    }
    fragments.haveBytes += data.copy(frame, fragments.haveBytes);
    if (fragments.haveBytes < sizeBytes) return;
    this.#fragments = undefined;
    this.#give(packet.timestamp, frame, receivedAtMs);
  }

  #give(rtpTimestamp: number, frame: Buffer, receivedAtMs: number): void {
    const payloads = unpinned([frame], frame.length);
    this.#handlers.onUnit({ kind: 'audio', rtpTimestamp, payloads, isKeyFrame: true, receivedAtMs });
  }

  #dropFragments(): void {
    if (this.#fragments === undefined) return;
    this.#fragments = undefined;
    this.#droppedUnits += 1;
  }
}

/** The AU header section (RFC 3640 section 3.2.1): sizes of the frames, and where the first begins. */
function readSizes(
  payload: Buffer,
  parameters: AacParameters,
): { frames: number[]; dataStart: number } | undefined {
  if (payload.length < 2) return undefined;
  const headerBits = payload.readUInt16BE(0);
  const dataStart = 2 + Math.ceil(headerBits / 8);
  if (headerBits === 0 || dataStart > payload.length) return undefined;
  const reader = new BitReader(payload.subarray(2, dataStart));
  const frames: number[] = [];
  let left = headerBits;
  while (left > 0) {
    const indexLength = frames.length === 0 ? parameters.indexLength : parameters.indexDeltaLength;
    left -= parameters.sizeLength + indexLength;
    if (left < 0) break;
    if (frames.length === MAX_FRAMES) return undefined;
    frames.push(reader.bits(parameters.sizeLength));
    // Interleaved frames would have an index of their own; the frames of cameras are in order.
    reader.skip(indexLength);
  }
  return frames.length === 0 ? undefined : { frames, dataStart };
}
