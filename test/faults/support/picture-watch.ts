import { openWhepViewer } from '../../bench/viewers/whep-viewer.ts';

const PROBATOR_SSRC = 1234;
const H264_PAYLOAD_TYPE = 102;

/** A picture that came in whole. */
export interface Picture {
  /** `performance.now()` of its last packet. */
  readonly atMs: number;
  readonly isKeyFrame: boolean;
}

/** A WebRTC viewer that notes when pictures come and whether its stream of packets is one without seams. */
export class PictureWatch {
  readonly pictures: Picture[] = [];
  /** Sequence numbers that never came, on the viewer's own link. */
  lostPackets = 0;
  /** Steps of the timestamp backwards or by over 60 s: a player would stand still. */
  timestampJumps = 0;
  readonly ssrcs = new Set<number>();
  /** `performance.now()` of the last packet of media. */
  lastPacketAtMs = 0;
  /** UDP port of the media worker that serves it. */
  workerPort = 0;
  #sequence: number | undefined;
  #timestamp: number | undefined;
  #isKeyFrame = false;
  #close: () => Promise<void> = async () => {};

  /** Watches `http://host/whep/app/name`. */
  static async open(url: string, alterAnswer?: (sdp: string) => Promise<string>): Promise<PictureWatch> {
    const watch = new PictureWatch();
    const viewer = await openWhepViewer({
      url,
      onPacket: (packet) => watch.note(packet),
      alterAnswer: async (sdp) => {
        watch.workerPort = Number(/^a=candidate:.* udp .* (\d+) typ host/im.exec(sdp)?.[1]);
        return (await alterAnswer?.(sdp)) ?? sdp;
      },
    });
    watch.#close = () => viewer.close();
    return watch;
  }

  close(): Promise<void> {
    return this.#close();
  }

  /** Takes one RTP or RTCP packet, decrypted. */
  note(packet: Buffer): void {
    const second = packet[1] ?? 0;
    if (packet.length <= 12 || (second & 0x7f) !== H264_PAYLOAD_TYPE) return;
    const ssrc = packet.readUInt32BE(8);
    if (ssrc === PROBATOR_SSRC) return;
    this.ssrcs.add(ssrc);
    this.lastPacketAtMs = performance.now();
    const sequence = packet.readUInt16BE(2);
    const timestamp = packet.readUInt32BE(4);
    if (this.#sequence !== undefined) {
      const step = (sequence - this.#sequence) & 0xffff;
      // One that comes late was counted as lost before.
      if (step === 0 || step > 0x8000) {
        if (step !== 0) this.lostPackets -= 1;
        return;
      }
      this.lostPackets += step - 1;
    }
    this.#sequence = sequence;
    if (this.#timestamp !== undefined && timestamp !== this.#timestamp) {
      const ticks = (timestamp - this.#timestamp) | 0;
      if (ticks < 0 || ticks > 60 * 90_000) this.timestampJumps += 1;
    }
    this.#timestamp = timestamp;
    if (beginsKeyFrame(packet)) this.#isKeyFrame = true;
    // The marker bit is on the last packet of a picture.
    if (second < 0x80) return;
    this.pictures.push({ atMs: performance.now(), isKeyFrame: this.#isKeyFrame });
    this.#isKeyFrame = false;
  }

  /** The first picture from `fromMs` on (of key frames only, if wanted); undefined while there is none. */
  pictureAfter(fromMs: number, onlyKeyFrames = false): Picture | undefined {
    return this.pictures.find(({ atMs, isKeyFrame }) => atMs >= fromMs && (isKeyFrame || !onlyKeyFrames));
  }

  countSince(fromMs: number): number {
    return this.pictures.filter(({ atMs }) => atMs >= fromMs).length;
  }

  /** The longest time without a picture in [fromMs, now]. */
  longestPauseMs(fromMs: number): number {
    let longest = 0;
    let last: number | undefined;
    for (const { atMs } of this.pictures) {
      if (last !== undefined && atMs >= fromMs) longest = Math.max(longest, atMs - Math.max(last, fromMs));
      last = atMs;
    }
    return Math.max(longest, performance.now() - Math.max(last ?? fromMs, fromMs));
  }
}

/** The gateway sends parameter sets in front of every key frame, in one packet (STAP-A) or alone. */
function beginsKeyFrame(packet: Buffer): boolean {
  const first = packet[0] ?? 0;
  let start = 12 + 4 * (first & 0x0f);
  if ((first & 0x10) !== 0 && packet.length >= start + 4) start += 4 + 4 * packet.readUInt16BE(start + 2);
  const type = (packet[start] ?? 0) & 0x1f;
  return type === 5 || type === 7 || (type === 24 && ((packet[start + 3] ?? 0) & 0x1f) === 7);
}
