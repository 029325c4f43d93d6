import { TAIL_BYTES, tailOf } from '../media/packets.ts';
import { monotonicMs } from '../support/clock.ts';

/** When the pictures of one camera came in whole at one viewer. Parallel arrays, for they go between processes. */
export interface ReceivedLog {
  readonly camera: number;
  readonly tails: string[];
  readonly receivedMs: number[];
}

/** mediasoup's probes for bandwidth; no media. */
const PROBATOR_SSRC = 1234;
const NOTHING = Buffer.alloc(0);

/** One viewer's side of a camera. */
export class Reception {
  #log: ReceivedLog;
  #previous: Buffer = NOTHING;

  constructor(camera: number) {
    this.#log = { camera, tails: [], receivedMs: [] };
  }

  /** Takes one RTP or RTCP packet, decrypted. */
  note(packet: Buffer): void {
    const second = packet[1] ?? 0;
    const isRtcp = second >= 192 && second <= 223;
    if (packet.length <= 12 || isRtcp || packet.readUInt32BE(8) === PROBATOR_SSRC) return;
    // The marker bit is on the last packet of a picture.
    if (second >= 0x80) {
      this.#log.receivedMs.push(monotonicMs());
      this.#log.tails.push(this.#tail(packet));
    }
    this.#previous = packet;
  }

  /** What came since the last call. */
  take(): ReceivedLog {
    const log = this.#log;
    this.#log = { camera: log.camera, tails: [], receivedMs: [] };
    return log;
  }

  /** The last fragment of a picture may be shorter than what names it. */
  #tail(last: Buffer): string {
    const data = dataOf(last);
    if (data.length >= TAIL_BYTES) return tailOf(data);
    return tailOf(Buffer.concat([dataOf(this.#previous), data]));
  }
}

/** The bytes of NAL units in a packet; of a fragment (FU-A, RFC 6184 section 5.8) without its two header bytes. */
function dataOf(packet: Buffer): Buffer {
  const first = packet[0] ?? 0;
  let start = 12 + 4 * (first & 0x0f);
  if ((first & 0x10) !== 0 && packet.length >= start + 4) start += 4 + 4 * packet.readUInt16BE(start + 2);
  const isFragment = ((packet[start] ?? 0) & 0x1f) === 28;
  return packet.subarray(isFragment ? start + 2 : start);
}
