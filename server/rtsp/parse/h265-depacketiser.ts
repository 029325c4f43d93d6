import {
  beginsH265Picture,
  H265_NAL,
  H265_NAL_HEADER_BYTES,
  h265LayerId,
  h265NalType,
  isH265Irap,
  isH265Rasl,
  isH265Slice,
  isH265SubLayerNonReference,
} from '../../stream/h265/index.ts';
import type { H265Format } from '../../stream/index.ts';
import { beginsWithStartCode, containsStartCode, splitAtStartCodes } from '../../stream/index.ts';
import { AccessUnit } from './access-unit.ts';
import type { Depacketiser, DepacketiserHandlers } from './depacketiser.ts';
import { H265ParameterSets, type H265Sets } from './h265-parameter-sets.ts';
import type { RtpPacket } from './rtp.ts';
import { SequenceCheck } from './sequence-check.ts';

/** What is known of an H.265 track before its first packet: parameter sets from the session description. */
export interface H265DepacketiserOptions extends DepacketiserHandlers, Partial<H265Sets> {
  /** As for H.264: only where the server is known to say it right. */
  readonly firstSequence?: number;
}

/** Packet types that RFC 7798 section 4.4 puts behind those of NAL units. */
const AGGREGATION = 48;
const FRAGMENT = 49;
const TYPE_BITS = 0x7e;
/** Of an aggregation packet's units and of fragments: no DONL field, as `sprop-max-don-diff` is 0. */
const FRAGMENT_HEADER_BYTES = H265_NAL_HEADER_BYTES + 1;

/** What the slices of the unit in work are. */
interface PictureKind {
  /** NAL unit type of the random access point; undefined for other pictures. */
  irap: number | undefined;
  isRasl: boolean;
  isDisposable: boolean;
}

/**
 * H.265 packets (RFC 7798: single NAL units, aggregation packets, fragmentation units, no decoding order numbers), in
 * order, to access units. PACI packets and NAL units of other layers than the first are left out.
 *
 * A unit is given out when its marker comes, or the next timestamp for cameras that set no markers. After any break of
 * the sequence all is dropped up to the next random access point (IDR, CRA, BLA) of which nothing can be missing, and
 * with it the leading pictures that refer to what came before (RASL), since nobody can decode those.
 */
export class H265Depacketiser implements Depacketiser {
  readonly #handlers: DepacketiserHandlers;
  readonly #sequence: SequenceCheck;
  readonly #sets = new H265ParameterSets();
  readonly #unit = new AccessUnit();
  #picture: PictureKind = newPicture();
  #toldFormat: H265Format | undefined;
  /** Units are held back until a random access point comes: at the start, or after a loss. */
  #waitsForIrap: 'start' | 'loss' | 'no' = 'start';
  /** Decoding began at the last random access point, so its RASL pictures are of no use. */
  #skipsRasl: 'start' | 'loss' | 'no' = 'no';
  #isFirstPacket: boolean;
  /** The camera marks packets within a picture too, so only timestamps tell where one ends. */
  #markersLie = false;
  #closedTimestamp: number | undefined;
  /** The camera puts Annex B start codes into its packets, so slices may hold several NAL units. */
  #hasStartCodes = false;
  #receivedAtMs = 0;
  #droppedUnits = 0;
  #unsupportedPackets = 0;

  constructor(options: H265DepacketiserOptions) {
    this.#handlers = options;
    this.#sequence = new SequenceCheck(options.firstSequence);
    this.#isFirstPacket = options.firstSequence === undefined;
    const { vps = [], sps = [], pps = [] } = options;
    for (const nal of [...vps, ...sps, ...pps]) this.#sets.add(nal);
    this.#toldFormat = this.#sets.format;
  }

  /** Known from the start where the session description gave all parameter sets; `onFormat` tells later changes. */
  get format(): H265Format | undefined {
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
    const unit = this.#unit;
    if (verdict === 'gap') this.#onGap();
    if (unit.isOpen && packet.timestamp !== unit.timestamp) this.#onNewTime(packet, verdict === 'gap');
    if (!unit.isOpen) this.#open(packet, verdict === 'gap');
    this.#receivedAtMs = receivedAtMs;
    this.#take(packet.payload);
    // Cameras that mark every packet do so in the middle of a fragmented slice too, where no picture ends.
    if (packet.marker && unit.hasSlice && !unit.isFragmented && !this.#markersLie) this.#close();
  }

  #onGap(): void {
    this.#waitsForIrap = 'loss';
    if (this.#unit.isOpen) this.#unit.damage();
  }

  /** The unit in work has another time than `packet`. */
  #onNewTime(packet: RtpPacket, isGap: boolean): void {
    const unit = this.#unit;
    // Parameter sets and SEI ahead of a picture may have a time (and a marker) of their own: they belong to what follows.
    if (unit.hasSlice || isGap || (unit.isDamaged && beginsUnit(packet.payload))) this.#close();
    else unit.timestamp = packet.timestamp;
  }

  #open(packet: RtpPacket, isGap: boolean): void {
    const unit = this.#unit;
    unit.isOpen = true;
    unit.timestamp = packet.timestamp;
    if (isGap) {
      // What was lost may be the beginning of this unit.
      if (!beginsUnit(packet.payload)) unit.damage();
    } else if (this.#isFirstPacket) {
      if (!mayBeginUnit(packet.payload)) unit.damage();
    } else if (packet.timestamp === this.#closedTimestamp && !this.#markersLie) {
      const start = payloadStart(packet.payload);
      if (isH265Slice(start.type) && !start.beginsPicture) {
        this.#markersLie = true;
        this.#damage();
      }
    }
    this.#isFirstPacket = false;
  }

  #take(payload: Buffer): void {
    if (payload.length === 0) return;
    const type = h265NalType(payload);
    if (type === FRAGMENT) this.#takeFragment(payload);
    else if (type === AGGREGATION) this.#takeAggregate(payload);
    else if (type > AGGREGATION) this.#unsupportedPackets += 1;
    else {
      if (this.#unit.isFragmented) this.#damage();
      this.#takeNal(payload);
    }
  }

  /** RFC 7798 section 4.4.2. */
  #takeAggregate(payload: Buffer): void {
    if (this.#unit.isFragmented) this.#damage();
    let at = H265_NAL_HEADER_BYTES;
    while (at + 2 <= payload.length) {
      const size = payload.readUInt16BE(at);
      at += 2;
      if (at + size > payload.length || (size > 0 && h265NalType(payload, at) >= AGGREGATION)) {
        this.#refuse();
        return;
      }
      if (size > 0) this.#takeNal(payload.subarray(at, at + size));
      at += size;
    }
  }

  /** RFC 7798 section 4.4.3. The type is that of the first fragment. */
  #takeFragment(payload: Buffer): void {
    const unit = this.#unit;
    const header = payload[H265_NAL_HEADER_BYTES] ?? 0;
    const type = header & 0x3f;
    if (payload.length < FRAGMENT_HEADER_BYTES || type >= AGGREGATION) {
      this.#refuse();
      return;
    }
    const isStart = (header & 0x80) !== 0;
    // A type that changes on the way would make a picture of what is none.
    const isNew = isStart || !unit.isFragmented;
    if (isNew && isH265Slice(type) && h265LayerId(payload) === 0) unit.hasSlice = true;
    if (unit.isDamaged) return;
    if (unit.isFragmented === isStart) {
      this.#damage();
      return;
    }
    if (isStart) unit.beginFragments(((payload[0] ?? 0) & ~TYPE_BITS) | (type << 1), payload[1] ?? 0);
    unit.addFragment(payload.subarray(FRAGMENT_HEADER_BYTES));
    if ((header & 0x40) !== 0 && unit.isFragmented) this.#takeNal(unit.endFragments());
  }

  #takeNal(nal: Buffer): void {
    // `00 00` would be a header with a temporal id that is not allowed.
    if (beginsWithStartCode(nal)) {
      this.#takeAnnexB(nal);
      return;
    }
    const type = h265NalType(nal);
    if (nal.length <= H265_NAL_HEADER_BYTES && !isH265EmptyNal(type)) {
      this.#unsupportedPackets += 1;
      return;
    }
    // Reserved types too: decoders have to ignore them.
    if (h265LayerId(nal) !== 0 || type > H265_NAL.suffixSei) return;
    switch (type) {
      case H265_NAL.vps:
      case H265_NAL.sps:
      case H265_NAL.pps:
        if (containsStartCode(nal)) this.#takeAnnexB(nal);
        else this.#sets.add(nal);
        break;
      case H265_NAL.accessUnitDelimiter:
        if (containsStartCode(nal)) this.#takeAnnexB(nal);
        break;
      case H265_NAL.filler:
      case H265_NAL.endOfBitstream:
        break;
      case H265_NAL.endOfSequence:
        // Leading pictures of what follows refer to nothing before it.
        this.#unit.add(nal);
        break;
      case H265_NAL.prefixSei:
      case H265_NAL.suffixSei:
        if (containsStartCode(nal)) this.#takeAnnexB(nal);
        else this.#unit.add(nal);
        break;
      default:
        if (this.#hasStartCodes && containsStartCode(nal)) this.#takeAnnexB(nal);
        else this.#addSlice(nal, type);
    }
  }

  #takeAnnexB(bytes: Buffer): void {
    this.#hasStartCodes = true;
    // Without start codes inside, so this goes no deeper.
    for (const nal of splitAtStartCodes(bytes)) this.#takeNal(nal);
  }

  #addSlice(nal: Buffer, type: number): void {
    const picture = this.#picture;
    this.#unit.hasSlice = true;
    if (isH265Irap(type)) picture.irap = type;
    if (isH265Rasl(type)) picture.isRasl = true;
    const temporalId = ((nal[1] ?? 0) & 7) - 1;
    // Pictures of higher sub-layers may refer to it, so only the highest layer's are free.
    if (!isH265SubLayerNonReference(type) || temporalId < this.#sets.subLayers - 1) {
      picture.isDisposable = false;
    }
    if (isH265Irap(type) && !this.#unit.isDamaged) this.#sets.activate(nal);
    this.#unit.add(nal);
  }

  #refuse(): void {
    this.#unsupportedPackets += 1;
    this.#damage();
  }

  #damage(): void {
    this.#unit.damage();
    this.#waitsForIrap = 'loss';
  }

  /** The unit in work is over: gives it out, or drops it. */
  #close(): void {
    const unit = this.#unit;
    this.#closedTimestamp = unit.timestamp;
    // An end is missing although no packet is, or a bound was passed.
    if (unit.isFragmented) unit.damage();
    const isBroken = unit.isDamaged;
    const { payloads, timestamp } = unit.take();
    const { irap, isRasl, isDisposable } = this.#picture;
    this.#picture = newPicture();
    const isHeldBack = this.#waitsForIrap !== 'no' && irap === undefined;
    const format = this.#sets.format;
    if (isBroken || isHeldBack || format === undefined) {
      // What comes before the first random access point is not damaged, only not of use.
      if (this.#waitsForIrap !== 'start') this.#droppedUnits += 1;
      if (isBroken && this.#waitsForIrap === 'no') this.#waitsForIrap = 'loss';
      return;
    }
    if (payloads.length === 0) return;
    if (isRasl && this.#skipsRasl !== 'no') {
      if (this.#skipsRasl === 'loss') this.#droppedUnits += 1;
      return;
    }
    if (irap !== undefined) this.#skipsRasl = this.#raslVerdict(irap);
    this.#waitsForIrap = 'no';
    if (format !== this.#toldFormat) {
      this.#toldFormat = format;
      this.#handlers.onFormat(format);
    }
    this.#handlers.onUnit({
      kind: 'video',
      rtpTimestamp: timestamp,
      payloads,
      isKeyFrame: irap !== undefined,
      isDisposable,
      ...(format.reorderFrames === 0 ? { isReordered: false } : {}),
      receivedAtMs: this.#receivedAtMs,
    });
  }

  /** Whether the RASL pictures that come with this random access point are to be skipped (section 8.1.3 of H.265). */
  #raslVerdict(irap: number): 'start' | 'loss' | 'no' {
    if (this.#waitsForIrap !== 'no') return this.#waitsForIrap;
    return irap <= H265_NAL.lastBla ? 'start' : 'no';
  }
}

function isH265EmptyNal(type: number): boolean {
  return type === H265_NAL.endOfSequence || type === H265_NAL.endOfBitstream;
}

function newPicture(): PictureKind {
  return { irap: undefined, isRasl: false, isDisposable: true };
}

/** How a packet's payload begins; type -1 where it is the rest of a NAL unit. */
function payloadStart(payload: Buffer): { readonly type: number; readonly beginsPicture: boolean } {
  if (beginsWithStartCode(payload)) {
    const at = payload[2] === 1 ? 3 : 4;
    return nalStart(payload, at, h265NalType(payload, at));
  }
  const type = h265NalType(payload);
  if (type === AGGREGATION) return nalStart(payload, 4, h265NalType(payload, 4));
  if (type !== FRAGMENT) return nalStart(payload, 0, type);
  const header = payload[H265_NAL_HEADER_BYTES] ?? 0;
  return (header & 0x80) === 0 ? { type: -1, beginsPicture: false } : nalStart(payload, 1, header & 0x3f);
}

/** `at + H265_NAL_HEADER_BYTES` is where the NAL unit's own bytes begin. */
function nalStart(payload: Buffer, at: number, type: number) {
  return { type, beginsPicture: isH265Slice(type) && beginsH265Picture(payload, at) };
}

/** Only these come first in an access unit (H.265 section 7.4.2.4.4), so nothing of use can be missing before them. */
function beginsUnit(payload: Buffer): boolean {
  const { type } = payloadStart(payload);
  return type === H265_NAL.accessUnitDelimiter || type === H265_NAL.vps;
}

/** At the start nothing says what came before: everything goes but the rest of a picture. */
function mayBeginUnit(payload: Buffer): boolean {
  const start = payloadStart(payload);
  return start.type !== -1 && (start.beginsPicture || !isH265Slice(start.type));
}
