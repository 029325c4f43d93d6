import {
  beginsWithStartCode,
  containsStartCode,
  type H264Format,
  splitAtStartCodes,
} from '../../stream/index.ts';
import type { Depacketiser, DepacketiserHandlers } from './depacketiser.ts';
import { isSlice, NAL, nalType, payloadStart } from './nal.ts';
import { ParameterSets } from './parameter-sets.ts';
import { isFirstFragment, type PayloadStart, PictureAssembler } from './picture-assembler.ts';
import { PictureFactsReader } from './picture-facts.ts';
import type { RtpPacket } from './rtp.ts';

/** What is known of an H.264 track before its first packet. */
export interface H264DepacketiserOptions extends DepacketiserHandlers {
  /** From the session description. */
  readonly sps?: readonly Buffer[];
  readonly pps?: readonly Buffer[];
  /**
   * Sequence number that the first packet must have, from RTP-Info: only where the server is known to say it
   * right, as the first pictures are thrown away otherwise.
   */
  readonly firstSequence?: number;
}

/**
 * H.264 packets (RFC 6184: single NAL units, STAP-A, FU-A), in order, to access units. STAP-B, MTAP and FU-B
 * need packetization mode 2, which nobody asks for; they count as damage. Key frames are IDR pictures.
 */
export class H264Depacketiser implements Depacketiser {
  readonly #assembler: PictureAssembler<H264Format, H264Picture>;
  readonly #sets = new ParameterSets();
  readonly #facts = new PictureFactsReader(this.#sets);
  #hasIdr = false;
  /** The camera puts Annex B start codes into its packets (V380), so slices may hold several NAL units. */
  #hasStartCodes = false;

  constructor(options: H264DepacketiserOptions) {
    for (const nal of [...(options.sps ?? []), ...(options.pps ?? [])]) this.#sets.add(nal);
    this.#assembler = new PictureAssembler(
      {
        format: () => this.#sets.format,
        startOf,
        isPacket: (payload, at) => ((payload[at] ?? 0) & 0x1f) >= NAL.stapA,
        take: (payload) => this.#take(payload),
        takeNal: (nal) => this.#takeNal(nal),
        endPicture: () => this.#endPicture(),
        traitsOf: ({ isKeyFrame }, payloads) => this.#facts.read(isKeyFrame, payloads),
      },
      options,
      options.firstSequence,
    );
  }

  /**
   * Known from the start where the session description gave both parameter sets; `onFormat` tells later
   * changes.
   */
  get format(): H264Format | undefined {
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
    switch (nalType(payload)) {
      case NAL.fuA:
        this.#takeFragment(payload);
        break;
      case NAL.stapA:
        this.#assembler.takeAggregate(payload, 1);
        break;
      case NAL.stapB:
      case NAL.mtap16:
      case NAL.mtap24:
      case NAL.fuB:
        this.#assembler.refuse();
        break;
      case 30:
      case 31:
        this.#assembler.passOver();
        break;
      default:
        this.#assembler.takeSingle(payload);
    }
  }

  /** RFC 6184 section 5.8. The type is that of the first fragment: Tiandy cameras change it on the way. */
  #takeFragment(payload: Buffer): void {
    const header = payload[1] ?? 0;
    const type = header & 0x1f;
    if (payload.length < 2 || type >= NAL.stapA) {
      this.#assembler.refuse();
      return;
    }
    if (isFirstFragment(header) || !this.#assembler.unit.isFragmented) this.#noteSlice(type);
    this.#assembler.takeFragment(header, payload.subarray(2), ((payload[0] ?? 0) & 0xe0) | type, 1);
  }

  #takeNal(nal: Buffer): void {
    const type = nalType(nal);
    switch (type) {
      case 0:
        if (beginsWithStartCode(nal)) this.#takeAnnexB(nal);
        else this.#assembler.passOver();
        break;
      case NAL.sps:
      case NAL.pps:
        if (containsStartCode(nal)) this.#takeAnnexB(nal);
        else this.#sets.add(nal);
        break;
      case NAL.accessUnitDelimiter:
        if (containsStartCode(nal)) this.#takeAnnexB(nal);
        break;
      case NAL.filler:
        break;
      case NAL.sei:
        if (containsStartCode(nal)) this.#takeAnnexB(nal);
        else this.#assembler.unit.add(nal);
        break;
      default:
        if (this.#hasStartCodes && containsStartCode(nal)) this.#takeAnnexB(nal);
        else this.#addPart(nal, type);
    }
  }

  #takeAnnexB(bytes: Buffer): void {
    this.#hasStartCodes = true;
    for (const nal of splitAtStartCodes(bytes)) {
      const type = nalType(nal);
      // Without start codes inside, so this goes no deeper. The packet types of RTP mean something only there.
      if (type > 0 && type < NAL.stapA) this.#takeNal(nal);
      else this.#assembler.passOver();
    }
  }

  #addPart(nal: Buffer, type: number): void {
    const { unit } = this.#assembler;
    this.#noteSlice(type);
    if (type === NAL.idr && !unit.isDamaged) this.#sets.activate(nal);
    unit.add(nal);
  }

  #noteSlice(type: number): void {
    if (!isSlice(type)) return;
    this.#assembler.unit.hasSlice = true;
    if (type === NAL.idr) this.#hasIdr = true;
  }

  #endPicture(): H264Picture {
    const isKeyFrame = this.#hasIdr;
    this.#hasIdr = false;
    return { isKeyFrame };
  }
}

interface H264Picture {
  readonly isKeyFrame: boolean;
}

function startOf(payload: Buffer): PayloadStart {
  const { type, beginsPicture } = payloadStart(payload);
  if (type === -1) return 'rest';
  if (isSlice(type)) return beginsPicture ? 'picture' : 'slice';
  // H.264 section 7.4.1.2.3.
  return type === NAL.accessUnitDelimiter || type === NAL.sps ? 'first' : 'other';
}
