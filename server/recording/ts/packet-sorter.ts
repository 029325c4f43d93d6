import type { VideoCodec } from '../segment.ts';
import { ContinuityCheck, DUPLICATE } from './continuity.ts';
import { beginsUnit, hasPayload, isMarkedDamaged, isScrambled } from './packet.ts';
import { PacketReader } from './packet-reader.ts';
import { ProgramReader, TRACK, TRACKS } from './program-reader.ts';
import { type PesHeader, readPesHeader } from './timestamps.ts';

/** `data` is only good during the call. `lost`: so many packets of the track are missing before this one. */
export interface PacketHandlers {
  /** A picture or sound begins; what it consists of follows as packets. */
  onUnit(track: number, data: Buffer, at: number, pes: PesHeader): void;
  /** A packet of a unit that is wanted, or of the clock. With the PES header where it is the unit's first. */
  onPacket(track: number, data: Buffer, at: number, lost: number, pes: PesHeader | undefined): void;
  onSkipped(bytes: number): void;
}

/** Sorts the packets of a byte stream by track, and leaves out what is damaged, doubled, scrambled or not wanted. */
export class PacketSorter {
  readonly #handlers: PacketHandlers;
  readonly #reader = new PacketReader(
    (data, at) => this.#onPacket(data, at),
    (bytes) => this.#onSkipped(bytes),
  );
  readonly #program = new ProgramReader();
  readonly #continuity = new ContinuityCheck();
  /** The unit in work is not wanted, by track. */
  readonly #skips: boolean[] = new Array<boolean>(TRACKS).fill(false);
  readonly counters = { packets: 0, skippedBytes: 0, lostPackets: 0, droppedUnits: 0 };

  constructor(handlers: PacketHandlers) {
    this.#handlers = handlers;
  }

  get hasAudio(): boolean {
    return this.#program.hasAudio;
  }

  get videoCodec(): VideoCodec {
    return this.#program.videoCodec;
  }

  get clockTrack(): number {
    return this.#program.clockTrack;
  }

  push(chunk: Buffer): void {
    this.#reader.push(chunk);
  }

  /** Another muxer begins: nothing of what was known holds. */
  reset(): void {
    this.#reader.reset();
    this.#program.reset();
    this.#continuity.reset();
    this.#skips.fill(false);
  }

  /** The rest of the track's unit in work is not wanted, or is after all. */
  setSkipped(track: number, isSkipped: boolean): void {
    this.#skips[track] = isSkipped;
  }

  #onSkipped(bytes: number): void {
    this.counters.skippedBytes += bytes;
    this.#handlers.onSkipped(bytes);
  }

  #onPacket(data: Buffer, at: number): void {
    this.counters.packets += 1;
    if (isMarkedDamaged(data, at) || isScrambled(data, at)) {
      this.counters.lostPackets += 1;
      return;
    }
    const track = this.#program.take(data, at);
    if (track === TRACK.none) return;
    const lost = this.#continuity.check(data, at, track);
    if (lost === DUPLICATE) return;
    this.counters.lostPackets += lost;
    let pes: PesHeader | undefined;
    if (track !== TRACK.clock && hasPayload(data, at) && beginsUnit(data, at)) {
      pes = readPesHeader(data, at);
      this.#skips[track] = pes === undefined;
      if (pes === undefined) this.counters.droppedUnits += 1;
      else this.#handlers.onUnit(track, data, at, pes);
    }
    if (this.#skips[track] !== true) this.#handlers.onPacket(track, data, at, lost, pes);
  }
}
