import type { SourceUnit, VideoFormat } from '../../stream/index.ts';
import { AccessUnit } from './access-unit.ts';
import type { DepacketiserHandlers } from './depacketiser.ts';
import type { RtpPacket } from './rtp.ts';
import { SequenceCheck } from './sequence-check.ts';

/**
 * How a packet's payload begins: with a NAL unit that only comes `first` in an access unit, with the first slice of a
 * `picture`, with another `slice`, with any `other` NAL unit, or with the `rest` of one.
 */
export type PayloadStart = 'first' | 'picture' | 'slice' | 'other' | 'rest';

/** Whether pictures are held back until one comes that needs no other: as at the start, or after a loss. */
export type HeldBack = 'start' | 'loss' | 'no';

/** What goes out with a picture beside its time and its payloads. */
export type PictureTraits = Required<Pick<SourceUnit, 'isKeyFrame' | 'isDisposable' | 'isReordered'>> &
  Pick<SourceUnit, 'orderCount'>;

/** What H.264 and H.265 have each for itself. */
export interface PictureCodec<Format extends VideoFormat, Picture extends { readonly isKeyFrame: boolean }> {
  /** Of what was taken so far; the same object until a parameter set changes. */
  format(): Format | undefined;
  startOf(payload: Buffer): PayloadStart;
  /** Whether a packet of RTP begins there, and no NAL unit. */
  isPacket(payload: Buffer, at: number): boolean;
  /** Takes a packet's payload apart, into the assembler's unit. */
  take(payload: Buffer): void;
  takeNal(nal: Buffer): void;
  /** The unit in work is over: what is known of its picture. What is taken from now on is another one's. */
  endPicture(): Picture;
  /** What goes out with a whole picture; `skipped` and `lost`: nobody can decode it, at the start or after a loss. */
  traitsOf(
    picture: Picture,
    payloads: readonly Buffer[],
    heldBack: HeldBack,
  ): PictureTraits | 'skipped' | 'lost';
}

/**
 * Puts packets in order together to access units, for both codecs.
 *
 * A unit is given out when its marker comes, or the next timestamp for cameras that set no markers. After any break of
 * the sequence the unit in work and all that follow are dropped up to the next key frame of which nothing can be missing.
 */
export class PictureAssembler<Format extends VideoFormat, Picture extends { readonly isKeyFrame: boolean }> {
  readonly unit = new AccessUnit();
  readonly #codec: PictureCodec<Format, Picture>;
  readonly #handlers: DepacketiserHandlers;
  readonly #sequence: SequenceCheck;
  #toldFormat: Format | undefined;
  #heldBack: HeldBack = 'start';
  #isFirstPacket: boolean;
  /** The camera marks packets within a picture too, so only timestamps tell where one ends. */
  #markersLie = false;
  #closedTimestamp: number | undefined;
  #receivedAtMs = 0;
  #droppedUnits = 0;
  #unsupportedPackets = 0;

  /** `codec` knows the parameter sets of the session description already. */
  constructor(
    codec: PictureCodec<Format, Picture>,
    handlers: DepacketiserHandlers,
    firstSequence: number | undefined,
  ) {
    this.#codec = codec;
    this.#handlers = handlers;
    this.#sequence = new SequenceCheck(firstSequence);
    this.#isFirstPacket = firstSequence === undefined;
    this.#toldFormat = codec.format();
  }

  /** As told: known from the start where the session description gave it. */
  get format(): Format | undefined {
    return this.#toldFormat;
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
    const { unit } = this;
    if (verdict === 'gap') this.#onGap();
    if (unit.isOpen && packet.timestamp !== unit.timestamp) this.#onNewTime(packet, verdict === 'gap');
    if (!unit.isOpen) this.#open(packet, verdict === 'gap');
    this.#receivedAtMs = receivedAtMs;
    if (packet.payload.length > 0) this.#codec.take(packet.payload);
    // Cameras that mark every packet do so in the middle of a fragmented slice too, where no picture ends.
    if (packet.marker && unit.hasSlice && !unit.isFragmented && !this.#markersLie) this.#close();
  }

  /** A packet that holds one NAL unit as it is. */
  takeSingle(payload: Buffer): void {
    if (this.unit.isFragmented) this.damage();
    this.#codec.takeNal(payload);
  }

  /** NAL units with their sizes in front, from `at` on (RFC 6184 section 5.7.1, RFC 7798 section 4.4.2). */
  takeAggregate(payload: Buffer, at: number): void {
    if (this.unit.isFragmented) this.damage();
    let next = at;
    while (next + 2 <= payload.length) {
      const sizeBytes = payload.readUInt16BE(next);
      next += 2;
      if (next + sizeBytes > payload.length || (sizeBytes > 0 && this.#codec.isPacket(payload, next))) {
        this.refuse();
        return;
      }
      if (sizeBytes > 0) this.#codec.takeNal(payload.subarray(next, next + sizeBytes));
      next += sizeBytes;
    }
  }

  /**
   * A fragment: `header` begins with the bits S and E (RFC 6184 section 5.8, RFC 7798 section 4.4.3). `nalHeader` is that of
   * the whole NAL unit, in `nalHeaderBytes` bytes.
   */
  takeFragment(header: number, bytes: Buffer, nalHeader: number, nalHeaderBytes: 1 | 2): void {
    const { unit } = this;
    if (unit.isDamaged) return;
    const isStart = isFirstFragment(header);
    if (unit.isFragmented === isStart) {
      this.damage();
      return;
    }
    if (isStart) unit.beginFragments(nalHeader, nalHeaderBytes);
    unit.addFragment(bytes);
    if ((header & 0x40) !== 0 && unit.isFragmented) this.#codec.takeNal(unit.endFragments());
  }

  /** A packet or NAL unit that is of no use, and that nothing depends upon. */
  passOver(): void {
    this.#unsupportedPackets += 1;
  }

  /** A packet that cannot be taken: what it held is missing. */
  refuse(): void {
    this.#unsupportedPackets += 1;
    this.damage();
  }

  damage(): void {
    this.unit.damage();
    this.#heldBack = 'loss';
  }

  #onGap(): void {
    this.#heldBack = 'loss';
    if (this.unit.isOpen) this.unit.damage();
  }

  /** The unit in work has another time than `packet`. */
  #onNewTime(packet: RtpPacket, isGap: boolean): void {
    const { unit } = this;
    // Parameter sets and SEI ahead of a picture may have a time (and a marker) of their own: they belong to what follows.
    if (unit.hasSlice || isGap || (unit.isDamaged && this.#codec.startOf(packet.payload) === 'first')) {
      this.#close();
    } else unit.timestamp = packet.timestamp;
  }

  #open({ payload, timestamp }: RtpPacket, isGap: boolean): void {
    const { unit } = this;
    unit.isOpen = true;
    unit.timestamp = timestamp;
    if (isGap) {
      // What was lost may be the beginning of this unit.
      if (this.#codec.startOf(payload) !== 'first') unit.damage();
    } else if (this.#isFirstPacket) {
      // Nothing says what came before: everything goes but the rest of a picture.
      const start = this.#codec.startOf(payload);
      if (start === 'slice' || start === 'rest') unit.damage();
    } else if (timestamp === this.#closedTimestamp && !this.#markersLie) {
      if (this.#codec.startOf(payload) === 'slice') {
        this.#markersLie = true;
        this.damage();
      }
    }
    this.#isFirstPacket = false;
  }

  /** The unit in work is over: gives it out, or drops it. */
  #close(): void {
    const { unit } = this;
    this.#closedTimestamp = unit.timestamp;
    // An end is missing although no packet is, or a bound was passed.
    if (unit.isFragmented) unit.damage();
    const isBroken = unit.isDamaged;
    const { payloads, timestamp: rtpTimestamp } = unit.take();
    const picture = this.#codec.endPicture();
    const isHeldBack = this.#heldBack !== 'no' && !picture.isKeyFrame;
    const format = this.#codec.format();
    if (isBroken || isHeldBack || format === undefined) {
      // What comes before the first key frame is not damaged, only not of use.
      if (this.#heldBack !== 'start') this.#droppedUnits += 1;
      if (isBroken && this.#heldBack === 'no') this.#heldBack = 'loss';
      return;
    }
    if (payloads.length === 0) return;
    const traits = this.#codec.traitsOf(picture, payloads, this.#heldBack);
    if (traits === 'lost') this.#droppedUnits += 1;
    if (traits === 'lost' || traits === 'skipped') return;
    this.#heldBack = 'no';
    if (format !== this.#toldFormat) {
      this.#toldFormat = format;
      this.#handlers.onFormat(format);
    }
    const { isKeyFrame, isDisposable, isReordered, orderCount } = traits;
    const receivedAtMs = this.#receivedAtMs;
    this.#handlers.onUnit({
      kind: 'video',
      rtpTimestamp,
      payloads,
      isKeyFrame,
      isDisposable,
      isReordered,
      orderCount,
      receivedAtMs,
    });
  }
}

/** The bit S of a fragment's header. */
export function isFirstFragment(header: number): boolean {
  return (header & 0x80) !== 0;
}
