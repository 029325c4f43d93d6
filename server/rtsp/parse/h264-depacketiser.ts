import type { H264Format } from '../../stream/index.ts';
import { beginsWithStartCode, containsStartCode, splitAtStartCodes } from '../../stream/index.ts';
import { AccessUnit } from './access-unit.ts';
import type { Depacketiser, DepacketiserHandlers } from './depacketiser.ts';
import { isSlice, NAL, nalType, payloadStart } from './nal.ts';
import { ParameterSets } from './parameter-sets.ts';
import { PictureFactsReader } from './picture-facts.ts';
import type { RtpPacket } from './rtp.ts';
import { SequenceCheck } from './sequence-check.ts';

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
 * need packetization mode 2, which nobody asks for; they count as damage.
 *
 * A unit is given out when its marker comes, or the next timestamp for cameras that set no markers. After any
 * break of the sequence the unit in work and all that follow are dropped up to the next IDR picture of which
 * nothing can be missing.
 */
export class H264Depacketiser implements Depacketiser {
  readonly #handlers: DepacketiserHandlers;
  readonly #sequence: SequenceCheck;
  readonly #sets = new ParameterSets();
  readonly #facts = new PictureFactsReader(this.#sets);
  readonly #unit = new AccessUnit();
  #toldFormat: H264Format | undefined;
  /** Units are held back until an IDR picture comes: at the start, or after a loss. */
  #waitsForIdr: 'start' | 'loss' | 'no' = 'start';
  #isFirstPacket: boolean;
  /** The camera marks packets within a picture too, so only timestamps tell where one ends. */
  #markersLie = false;
  #closedTimestamp: number | undefined;
  /** The camera puts Annex B start codes into its packets (V380), so slices may hold several NAL units. */
  #hasStartCodes = false;
  #receivedAtMs = 0;
  #droppedUnits = 0;
  #unsupportedPackets = 0;

  constructor(options: H264DepacketiserOptions) {
    this.#handlers = options;
    this.#sequence = new SequenceCheck(options.firstSequence);
    this.#isFirstPacket = options.firstSequence === undefined;
    for (const nal of [...(options.sps ?? []), ...(options.pps ?? [])]) this.#sets.add(nal);
    this.#toldFormat = this.#sets.format;
  }

  /**
   * Known from the start where the session description gave both parameter sets; `onFormat` tells later
   * changes.
   */
  get format(): H264Format | undefined {
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
    this.#waitsForIdr = 'loss';
    if (this.#unit.isOpen) this.#unit.damage();
  }

  /** The unit in work has another time than `packet`. */
  #onNewTime(packet: RtpPacket, isGap: boolean): void {
    const unit = this.#unit;
    // Parameter sets and SEI ahead of a picture may have a time (and a marker) of their own: they belong to
    // what follows.
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
      if (isSlice(start.type) && !start.beginsPicture) {
        this.#markersLie = true;
        this.#damage();
      }
    }
    this.#isFirstPacket = false;
  }

  #take(payload: Buffer): void {
    if (payload.length === 0) return;
    const type = nalType(payload);
    switch (type) {
      case NAL.fuA:
        this.#takeFragment(payload);
        break;
      case NAL.stapA:
        this.#takeAggregate(payload);
        break;
      case NAL.stapB:
      case NAL.mtap16:
      case NAL.mtap24:
      case NAL.fuB:
        this.#refuse();
        break;
      case 30:
      case 31:
        this.#unsupportedPackets += 1;
        break;
      default:
        if (this.#unit.isFragmented) this.#damage();
        this.#takeNal(payload);
    }
  }

  /** RFC 6184 section 5.7.1. */
  #takeAggregate(payload: Buffer): void {
    if (this.#unit.isFragmented) this.#damage();
    let at = 1;
    while (at + 2 <= payload.length) {
      const size = ((payload[at] ?? 0) << 8) | (payload[at + 1] ?? 0);
      at += 2;
      if (at + size > payload.length || ((payload[at] ?? 0) & 0x1f) >= NAL.stapA) {
        this.#refuse();
        return;
      }
      if (size > 0) this.#takeNal(payload.subarray(at, at + size));
      at += size;
    }
  }

  /** RFC 6184 section 5.8. The type is that of the first fragment: Tiandy cameras change it on the way. */
  #takeFragment(payload: Buffer): void {
    const unit = this.#unit;
    const header = payload[1] ?? 0;
    const type = header & 0x1f;
    if (payload.length < 2 || type >= NAL.stapA) {
      this.#refuse();
      return;
    }
    const isStart = (header & 0x80) !== 0;
    if (isStart || !unit.isFragmented) this.#noteSlice(type);
    if (unit.isDamaged) return;
    if (unit.isFragmented === isStart) {
      this.#damage();
      return;
    }
    if (isStart) unit.beginFragments(((payload[0] ?? 0) & 0xe0) | type);
    unit.addFragment(payload.subarray(2));
    if ((header & 0x40) !== 0 && unit.isFragmented) this.#takeNal(unit.endFragments());
  }

  #takeNal(nal: Buffer): void {
    const type = nalType(nal);
    switch (type) {
      case 0:
        if (beginsWithStartCode(nal)) this.#takeAnnexB(nal);
        else this.#unsupportedPackets += 1;
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
        else this.#unit.add(nal);
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
      else this.#unsupportedPackets += 1;
    }
  }

  #addPart(nal: Buffer, type: number): void {
    this.#noteSlice(type);
    if (type === NAL.idr && !this.#unit.isDamaged) this.#sets.activate(nal);
    this.#unit.add(nal);
  }

  #noteSlice(type: number): void {
    if (!isSlice(type)) return;
    this.#unit.hasSlice = true;
    if (type === NAL.idr) this.#unit.isIdr = true;
  }

  #refuse(): void {
    this.#unsupportedPackets += 1;
    this.#damage();
  }

  #damage(): void {
    this.#unit.damage();
    this.#waitsForIdr = 'loss';
  }

  /** The unit in work is over: gives it out, or drops it. */
  #close(): void {
    const unit = this.#unit;
    this.#closedTimestamp = unit.timestamp;
    // An end is missing although no packet is, or a bound was passed.
    if (unit.isFragmented) unit.damage();
    const isBroken = unit.isDamaged;
    const taken = unit.take();
    const isHeldBack = this.#waitsForIdr !== 'no' && !taken.isIdr;
    const format = this.#sets.format;
    if (isBroken || isHeldBack || format === undefined) {
      // What comes before the first IDR picture is not damaged, only not of use.
      if (this.#waitsForIdr !== 'start') this.#droppedUnits += 1;
      if (isBroken && this.#waitsForIdr === 'no') this.#waitsForIdr = 'loss';
      return;
    }
    if (taken.payloads.length === 0) return;
    this.#waitsForIdr = 'no';
    if (format !== this.#toldFormat) {
      this.#toldFormat = format;
      this.#handlers.onFormat(format);
    }
    this.#handlers.onUnit({
      kind: 'video',
      rtpTimestamp: taken.timestamp,
      payloads: taken.payloads,
      isKeyFrame: taken.isIdr,
      ...this.#facts.read(taken.payloads),
      receivedAtMs: this.#receivedAtMs,
    });
  }
}

/**
 * Only these come first in an access unit (H.264 section 7.4.1.2.3), so nothing of use can be missing before
 * them.
 */
function beginsUnit(payload: Buffer): boolean {
  const { type } = payloadStart(payload);
  return type === NAL.accessUnitDelimiter || type === NAL.sps;
}

/** At the start nothing says what came before: everything goes but the rest of a picture. */
function mayBeginUnit(payload: Buffer): boolean {
  const start = payloadStart(payload);
  return start.type !== -1 && (start.beginsPicture || !isSlice(start.type));
}
