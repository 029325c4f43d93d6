import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { seeded } from './camera-sim/seeded.ts';

/** What the way to the viewers is like; the way back is always good. */
export interface LinkConditions {
  /** The share of packets that is lost, 0 to 1, each by chance. */
  readonly lossFraction: number;
  /** What goes through in a second; undefined is all. */
  readonly bitsPerSecond: number | undefined;
  /** What waits for its turn on a thin link; what is more is lost. */
  readonly queueBytes: number;
  /** Nothing goes through in either direction. */
  readonly isCut: boolean;
}

const GOOD_LINK: LinkConditions = {
  lossFraction: 0,
  bitsPerSecond: undefined,
  queueBytes: 32_768,
  isCut: false,
};

const BUFFER_BYTES = 4 * 1024 * 1024;

/**
 * A stretch of network between a gateway's WebRTC port on loopback and its viewers, who send to `port` instead. What it
 * loses is decided by a seed.
 */
export class UdpRelay {
  readonly port: number;
  readonly #front: Socket;
  readonly #targetPort: number;
  readonly #random: () => number;
  /** One socket for each viewer, so that the gateway tells them apart. */
  readonly #viewers = new Map<string, Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #link: LinkConditions = GOOD_LINK;
  #busyUntilMs = 0;
  #passed = 0;
  #lost = 0;

  static async open(targetPort: number, seed = 1): Promise<UdpRelay> {
    const front = createSocket({ type: 'udp4', recvBufferSize: BUFFER_BYTES, sendBufferSize: BUFFER_BYTES });
    front.bind(0, '127.0.0.1');
    await once(front, 'listening');
    return new UdpRelay(front, targetPort, seed);
  }

  private constructor(front: Socket, targetPort: number, seed: number) {
    this.port = front.address().port;
    this.#front = front;
    this.#targetPort = targetPort;
    this.#random = seeded(seed);
    front.on('message', (packet, from) => this.#fromViewer(packet, from));
  }

  set(link: Partial<LinkConditions>): void {
    this.#link = { ...this.#link, ...link };
  }

  /** Packets on their way to viewers, those lost among them. */
  get counts(): { readonly passed: number; readonly lost: number } {
    return { passed: this.#passed, lost: this.#lost };
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const viewer of this.#viewers.values()) viewer.close();
    this.#front.close();
  }

  #fromViewer(packet: Buffer, from: RemoteInfo): void {
    if (this.#link.isCut) return;
    const key = `${from.address}:${from.port}`;
    let socket = this.#viewers.get(key);
    if (socket === undefined) {
      socket = createSocket({ type: 'udp4', recvBufferSize: BUFFER_BYTES });
      socket.on('message', (answer) => this.#toViewer(answer, from));
      this.#viewers.set(key, socket);
    }
    socket.send(packet, this.#targetPort, '127.0.0.1');
  }

  #toViewer(packet: Buffer, to: RemoteInfo): void {
    const waitMs = this.#waitMs(packet.length);
    if (waitMs === undefined) {
      this.#lost += 1;
      return;
    }
    this.#passed += 1;
    if (waitMs === 0) {
      this.#front.send(packet, to.port, to.address);
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#front.send(packet, to.port, to.address);
    }, waitMs);
    this.#timers.add(timer);
  }

  /** Undefined: it is lost. */
  #waitMs(sizeBytes: number): number | undefined {
    const { lossFraction, bitsPerSecond, queueBytes, isCut } = this.#link;
    if (isCut || (lossFraction > 0 && this.#random() < lossFraction)) return undefined;
    if (bitsPerSecond === undefined) return 0;
    const bytesPerMs = bitsPerSecond / 8000;
    const now = performance.now();
    const startMs = Math.max(now, this.#busyUntilMs);
    if ((startMs - now) * bytesPerMs + sizeBytes > queueBytes) return undefined;
    this.#busyUntilMs = startMs + sizeBytes / bytesPerMs;
    return this.#busyUntilMs - now;
  }
}
