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
import {
  beginsWithStartCode,
  containsStartCode,
  type H265Format,
  splitAtStartCodes,
} from '../../stream/index.ts';
import type { Depacketiser, DepacketiserHandlers } from './depacketiser.ts';
import { H265ParameterSets, type H265Sets } from './h265-parameter-sets.ts';
import {
  type HeldBack,
  isFirstFragment,
  type PayloadStart,
  PictureAssembler,
  type PictureTraits,
} from './picture-assembler.ts';
import type { RtpPacket } from './rtp.ts';

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

/** What the slices of a picture say. */
interface H265Picture {
  isKeyFrame: boolean;
  /** Decoding can begin with a BLA picture wherever it comes from. */
  isBla: boolean;
  isRasl: boolean;
  isDisposable: boolean;
}

/**
 * H.265 packets (RFC 7798: single NAL units, aggregation packets, fragmentation units, no decoding order numbers), in
 * order, to access units. PACI packets and NAL units of other layers than the first are left out.
 *
 * Key frames are random access points (IDR, CRA, BLA). With what is held back before one go the leading pictures behind
 * it that refer to what came before (RASL), since nobody can decode those.
 */
export class H265Depacketiser implements Depacketiser {
  readonly #assembler: PictureAssembler<H265Format, H265Picture>;
  readonly #sets = new H265ParameterSets();
  #picture: H265Picture = newPicture();
  /** Decoding began at the last random access point, so its RASL pictures are of no use. */
  #skipsRasl: HeldBack = 'no';
  /** The camera puts Annex B start codes into its packets, so slices may hold several NAL units. */
  #hasStartCodes = false;

  constructor(options: H265DepacketiserOptions) {
    const { vps = [], sps = [], pps = [] } = options;
    for (const nal of [...vps, ...sps, ...pps]) this.#sets.add(nal);
    this.#assembler = new PictureAssembler(
      {
        format: () => this.#sets.format,
        startOf,
        isPacket: (payload, at) => h265NalType(payload, at) >= AGGREGATION,
        take: (payload) => this.#take(payload),
        takeNal: (nal) => this.#takeNal(nal),
        endPicture: () => this.#endPicture(),
        traitsOf: (picture, _payloads, heldBack) => this.#traitsOf(picture, heldBack),
      },
      options,
      options.firstSequence,
    );
  }

  /** Known from the start where the session description gave all parameter sets; `onFormat` tells later changes. */
  get format(): H265Format | undefined {
    return this.#assembler.format;
  }

  get lostPackets(): number {
    return this.#assembler.lostPackets;
  }

  get droppedUnits(): number {
    return this.#assembler.droppedUnits;
  }

  get unsupportedPackets(): number {
    return this.#assembler.unsupportedPackets;
  }

  push(packet: RtpPacket, receivedAtMs: number): void {
    this.#assembler.push(packet, receivedAtMs);
  }

  #take(payload: Buffer): void {
    const type = h265NalType(payload);
    if (type === FRAGMENT) this.#takeFragment(payload);
    else if (type === AGGREGATION) this.#assembler.takeAggregate(payload, H265_NAL_HEADER_BYTES);
    else if (type > AGGREGATION) this.#assembler.passOver();
    else this.#assembler.takeSingle(payload);
  }

  /** RFC 7798 section 4.4.3. The type is that of the first fragment. */
  #takeFragment(payload: Buffer): void {
    const { unit } = this.#assembler;
    const header = payload[H265_NAL_HEADER_BYTES] ?? 0;
    const type = header & 0x3f;
    if (payload.length < FRAGMENT_HEADER_BYTES || type >= AGGREGATION) {
      this.#assembler.refuse();
      return;
    }
    // A type that changes on the way would make a picture of what is none.
    const isNew = isFirstFragment(header) || !unit.isFragmented;
    if (isNew && isH265Slice(type) && h265LayerId(payload) === 0) unit.hasSlice = true;
    const nalHeader = (payload.readUInt16BE(0) & ~(TYPE_BITS << 8)) | (type << 9);
    const bytes = payload.subarray(FRAGMENT_HEADER_BYTES);
    this.#assembler.takeFragment(header, bytes, nalHeader, H265_NAL_HEADER_BYTES);
  }

  #takeNal(nal: Buffer): void {
    // `00 00` would be a header with a temporal id that is not allowed.
    if (beginsWithStartCode(nal)) {
      this.#takeAnnexB(nal);
      return;
    }
    const type = h265NalType(nal);
    if (nal.length <= H265_NAL_HEADER_BYTES && !isH265EmptyNal(type)) {
      this.#assembler.passOver();
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
        this.#assembler.unit.add(nal);
        break;
      case H265_NAL.prefixSei:
      case H265_NAL.suffixSei:
        if (containsStartCode(nal)) this.#takeAnnexB(nal);
        else this.#assembler.unit.add(nal);
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
    const { unit } = this.#assembler;
    unit.hasSlice = true;
    if (isH265Irap(type)) {
      picture.isKeyFrame = true;
      picture.isBla = type <= H265_NAL.lastBla;
      if (!unit.isDamaged) this.#sets.activate(nal);
    }
    if (isH265Rasl(type)) picture.isRasl = true;
    const temporalId = ((nal[1] ?? 0) & 7) - 1;
    // Pictures of higher sub-layers may refer to it, so only the highest layer's are free.
    if (!isH265SubLayerNonReference(type) || temporalId < this.#sets.subLayers - 1) {
      picture.isDisposable = false;
    }
    unit.add(nal);
  }

  #endPicture(): H265Picture {
    const picture = this.#picture;
    this.#picture = newPicture();
    return picture;
  }

  /** Which RASL pictures are skipped: section 8.1.3 of ITU-T H.265. */
  #traitsOf(picture: H265Picture, heldBack: HeldBack): PictureTraits | 'skipped' | 'lost' {
    const { isKeyFrame, isBla, isRasl, isDisposable } = picture;
    if (isRasl && this.#skipsRasl !== 'no') return this.#skipsRasl === 'loss' ? 'lost' : 'skipped';
    if (isKeyFrame) this.#skipsRasl = heldBack === 'no' && isBla ? 'start' : heldBack;
    const isInOrder = this.#sets.format?.reorderFrames === 0;
    return { isKeyFrame, isDisposable, isReordered: isInOrder ? false : undefined };
  }
}

function isH265EmptyNal(type: number): boolean {
  return type === H265_NAL.endOfSequence || type === H265_NAL.endOfBitstream;
}

function newPicture(): H265Picture {
  return { isKeyFrame: false, isBla: false, isRasl: false, isDisposable: true };
}

function startOf(payload: Buffer): PayloadStart {
  if (beginsWithStartCode(payload)) return startAt(payload, payload[2] === 1 ? 3 : 4);
  const type = h265NalType(payload);
  if (type === AGGREGATION) return startAt(payload, H265_NAL_HEADER_BYTES + 2);
  if (type !== FRAGMENT) return startAt(payload, 0);
  const header = payload[H265_NAL_HEADER_BYTES] ?? 0;
  return isFirstFragment(header) ? startOfNal(payload, 1, header & 0x3f) : 'rest';
}

function startAt(payload: Buffer, at: number): PayloadStart {
  return startOfNal(payload, at, h265NalType(payload, at));
}

/** `at + H265_NAL_HEADER_BYTES` is where the NAL unit's own bytes begin. */
function startOfNal(payload: Buffer, at: number, type: number): PayloadStart {
  if (isH265Slice(type)) return beginsH265Picture(payload, at) ? 'picture' : 'slice';
  // Only these come first in an access unit (ITU-T H.265 section 7.4.2.4.4).
  return type === H265_NAL.accessUnitDelimiter || type === H265_NAL.vps ? 'first' : 'other';
}
