import { tailOf } from '../media/packets.ts';
import { monotonicMs } from '../support/clock.ts';

/** When the pictures of one camera came in whole at one viewer. */
export interface ReceivedLog {
  readonly camera: number;
  readonly tails: string[];
  readonly receivedMs: number[];
  packets: number;
  bytes: number;
}

export function emptyReceivedLog(camera: number): ReceivedLog {
  return { camera, tails: [], receivedMs: [], packets: 0, bytes: 0 };
}

/** mediasoup's probes for bandwidth; no media. */
const PROBATOR_SSRC = 1234;

/** Takes one RTP or RTCP packet, decrypted. */
export function notePacket(log: ReceivedLog, packet: Buffer): void {
  const second = packet[1] ?? 0;
  const isRtcp = second >= 192 && second <= 223;
  if (packet.length < 24 || isRtcp || packet.readUInt32BE(8) === PROBATOR_SSRC) return;
  log.packets += 1;
  log.bytes += packet.length;
  // The marker bit is on the last packet of a picture.
  if (second < 0x80) return;
  log.receivedMs.push(monotonicMs());
  log.tails.push(tailOf(packet));
}
