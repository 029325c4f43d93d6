import { beginsUnit, hasPayload, SYNC_BYTE, setContinuity, TS_PACKET_BYTES } from '../ts/packet.ts';
import { AUDIO_PID, TABLES_BYTES, type TablesOptions, writeTables } from '../ts/tables.ts';
import { readPesHeader, shiftPcr, shiftPes, wrap33, writeTime33 } from '../ts/timestamps.ts';

/** The PES header of a sound frame: start code, stream id, length, flags, PTS. */
const AUDIO_HEADER_BYTES = 14;
const AUDIO_STREAM_ID = 0xc0;
const ROOM_BYTES = 256 * 1024;

/** Puts packets one behind the other, with continuity counters that are whole whatever was left out. */
export class TsWriter {
  #data = Buffer.alloc(0);
  #length = 0;
  #videoCounter = 0;
  #audioCounter = 0;

  tables(tracks: Pick<TablesOptions, 'videoCodec' | 'hasAudio'>): void {
    this.#need(TABLES_BYTES);
    writeTables(this.#data, this.#length, { ...tracks, continuity: 0 });
    this.#length += TABLES_BYTES;
  }

  /** Copies packets of the picture, which lie behind each other in `source`, and moves their times. */
  video(source: Buffer, from: number, to: number, shift90k: number): void {
    this.#need(to - from);
    const data = this.#data;
    let at = this.#length;
    source.copy(data, at, from, to);
    this.#length += to - from;
    let counter = this.#videoCounter;
    for (; at < this.#length; at += TS_PACKET_BYTES) {
      // The counter does not move with a packet that has no payload.
      if (hasPayload(data, at)) counter = (counter + 1) & 0x0f;
      setContinuity(data, at, counter);
      if (shift90k === 0) continue;
      if (beginsUnit(data, at)) {
        const pes = readPesHeader(data, at);
        if (pes !== undefined) shiftPes(data, pes, shift90k);
      }
      shiftPcr(data, at, shift90k);
    }
    this.#videoCounter = counter;
  }

  /** One sound frame as a PES packet of its own. */
  audio(pts90k: number, frame: Buffer): void {
    const pes = Buffer.alloc(AUDIO_HEADER_BYTES + frame.length);
    pes.writeUInt32BE(0x100 | AUDIO_STREAM_ID, 0);
    pes.writeUInt16BE(pes.length - 6, 4);
    pes[6] = 0x80;
    pes[7] = 0x80;
    pes[8] = 5;
    pes[9] = 0x21;
    writeTime33(pes, 9, wrap33(pts90k));
    frame.copy(pes, AUDIO_HEADER_BYTES);
    for (let from = 0; from < pes.length; from = this.#audioPacket(pes, from));
  }

  /** What was written since the last call. */
  take(): Buffer {
    const taken = this.#data.subarray(0, this.#length);
    this.#data = Buffer.alloc(0);
    this.#length = 0;
    return taken;
  }

  /** Makes room at once for what is known to come. */
  reserve(bytes: number): void {
    this.#need(bytes + ROOM_BYTES);
  }

  #audioPacket(pes: Buffer, from: number): number {
    this.#need(TS_PACKET_BYTES);
    const at = this.#length;
    const data = this.#data;
    const payload = Math.min(pes.length - from, TS_PACKET_BYTES - 4);
    const stuffing = TS_PACKET_BYTES - 4 - payload;
    this.#audioCounter = (this.#audioCounter + 1) & 0x0f;
    data[at] = SYNC_BYTE;
    data[at + 1] = (from === 0 ? 0x40 : 0) | (AUDIO_PID >> 8);
    data[at + 2] = AUDIO_PID & 0xff;
    data[at + 3] = (stuffing > 0 ? 0x30 : 0x10) | this.#audioCounter;
    if (stuffing > 0) {
      // An adaptation field of nothing: its length, flags if it has room for them, padding.
      data[at + 4] = stuffing - 1;
      if (stuffing > 1) data[at + 5] = 0;
      data.fill(0xff, at + 6, Math.max(at + 6, at + 4 + stuffing));
    }
    pes.copy(data, at + 4 + stuffing, from, from + payload);
    this.#length += TS_PACKET_BYTES;
    return from + payload;
  }

  #need(bytes: number): void {
    const wanted = this.#length + bytes;
    if (wanted <= this.#data.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(wanted + ROOM_BYTES, Math.ceil(this.#data.length * 1.5)));
    this.#data.copy(grown, 0, 0, this.#length);
    this.#data = grown;
  }
}
