import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { types } from 'mediasoup';
import type { Clock } from '../base/clock.ts';
import { asksForKeyFrame } from './rtcp-feedback.ts';

const SOCKET_BUFFER_BYTES = 2 * 1024 * 1024;
/**
 * Packets sent in one go. A large key frame is a thousand packets, more than the worker's socket holds on a
 * machine with default limits; the rest follows a millisecond later.
 */
const BURST_PACKETS = 128;
const BURST_PAUSE_MS = 1;

export interface RtpSenderOptions {
  readonly clock: Clock;
  /** A PLI or FIR came back. */
  onKeyFrameRequest(): void;
  /** After `send` said false: there is room again. */
  onDrained(): void;
}

/** The way into mediasoup: a connected UDP socket on loopback and the PlainTransport at its other end. */
export class RtpSender {
  readonly transport: types.PlainTransport;
  readonly #socket: Socket;
  readonly #options: RtpSenderOptions;
  #queue: Buffer[] = [];
  #queueHead = 0;
  #cancelBurst: (() => void) | undefined;
  #sentInBurst = 0;
  #failedSends = 0;
  #isClosed = false;

  private constructor(transport: types.PlainTransport, socket: Socket, options: RtpSenderOptions) {
    this.transport = transport;
    this.#socket = socket;
    this.#options = options;
    socket.on('message', (message) => {
      if (asksForKeyFrame(message)) options.onKeyFrameRequest();
    });
    // A worker that died refuses packets; whoever owns this hears of the death by another way.
    socket.on('error', () => {
      this.#failedSends += 1;
    });
  }

  static async open(router: types.Router, options: RtpSenderOptions): Promise<RtpSender> {
    const transport = await router.createPlainTransport({
      listenInfo: {
        protocol: 'udp',
        ip: '127.0.0.1',
        sendBufferSize: SOCKET_BUFFER_BYTES,
        recvBufferSize: SOCKET_BUFFER_BYTES,
      },
      rtcpMux: true,
      comedia: false,
    });
    const socket = createSocket({
      type: 'udp4',
      sendBufferSize: SOCKET_BUFFER_BYTES,
      recvBufferSize: SOCKET_BUFFER_BYTES,
    });
    try {
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
      socket.connect(transport.tuple.localPort, '127.0.0.1');
      await once(socket, 'connect');
      await transport.connect({ ip: '127.0.0.1', port: socket.address().port });
      return new RtpSender(transport, socket, options);
    } catch (failure) {
      socket.close();
      transport.close();
      throw failure;
    }
  }

  get failedSends(): number {
    return this.#failedSends;
  }

  /** Sends packets in order. False: some wait for the next burst, `onDrained` follows. */
  send(packets: readonly Buffer[]): boolean {
    if (this.#isClosed) return true;
    for (const packet of packets) {
      if (this.#sentInBurst < BURST_PACKETS && this.#queueHead === this.#queue.length) this.#sendNow(packet);
      else this.#queue.push(packet);
    }
    return this.#queueHead === this.#queue.length;
  }

  /** Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelBurst?.();
    this.#queue = [];
    this.#queueHead = 0;
    this.#socket.close();
    this.transport.close();
  }

  #sendNow(packet: Buffer): void {
    this.#sentInBurst += 1;
    this.#cancelBurst ??= this.#options.clock.after(BURST_PAUSE_MS, () => this.#nextBurst());
    this.#socket.send(packet);
  }

  #nextBurst(): void {
    this.#cancelBurst = undefined;
    this.#sentInBurst = 0;
    if (this.#queue.length === 0) return;
    while (this.#sentInBurst < BURST_PACKETS) {
      const packet = this.#queue[this.#queueHead];
      if (packet === undefined) break;
      this.#queueHead += 1;
      this.#sendNow(packet);
    }
    if (this.#queueHead < this.#queue.length) return;
    this.#queue = [];
    this.#queueHead = 0;
    this.#options.onDrained();
  }
}
