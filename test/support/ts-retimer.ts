import {
  beginsUnit,
  continuityOf,
  hasPayload,
  NULL_PID,
  pidOf,
  SYNC_BYTE,
  setContinuity,
  TS_PACKET_BYTES,
} from '../../server/recording/ts/packet.ts';
import { readPesHeader, shiftPcr, shiftPes } from '../../server/recording/ts/timestamps.ts';

const UNSEEN = 0xff;

/** Moves recorded segments to other times, so that short footage makes a long recording. */
export class TsRetimer {
  /** Of the last packet given out, by PID. */
  readonly #counters = new Uint8Array(NULL_PID + 1).fill(UNSEEN);
  /** What a track's counters are moved by within one call, by PID; its first packet decides. */
  readonly #moves = new Uint8Array(NULL_PID + 1).fill(UNSEEN);

  /**
   * Adds `shift90k` to every PTS, DTS and PCR of whole packets, in place, and makes the continuity counters go on from
   * the call before. Returns `data`. Packets without their sync byte are left as they are.
   */
  retime(data: Buffer, shift90k: number): Buffer {
    this.#moves.fill(UNSEEN);
    for (let at = 0; at + TS_PACKET_BYTES <= data.length; at += TS_PACKET_BYTES) {
      if (data[at] !== SYNC_BYTE) continue;
      const pid = pidOf(data, at);
      if (pid === NULL_PID) continue;
      this.#count(data, at, pid);
      if (shift90k === 0) continue;
      // Tables begin like units; they do not look like PES packets.
      if (beginsUnit(data, at)) {
        const pes = readPesHeader(data, at);
        if (pes !== undefined) shiftPes(data, pes, shift90k);
      }
      shiftPcr(data, at, shift90k);
    }
    return data;
  }

  #count(data: Buffer, at: number, pid: number): void {
    const counter = continuityOf(data, at);
    let move = this.#moves[pid] ?? UNSEEN;
    if (move === UNSEEN) {
      const last = this.#counters[pid] ?? UNSEEN;
      const due = hasPayload(data, at) ? last + 1 : last;
      move = last === UNSEEN ? 0 : (due - counter) & 0x0f;
      this.#moves[pid] = move;
    }
    const moved = (counter + move) & 0x0f;
    if (move !== 0) setContinuity(data, at, moved);
    this.#counters[pid] = moved;
  }
}
