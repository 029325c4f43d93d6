import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { SimConnection } from './connection.ts';
import { CameraCues } from './cues.ts';
import { type NetworkConditions, PERFECT_NETWORK } from './network.ts';
import { type CameraMood, type CameraOptions, type CameraTraits, calm } from './options.ts';
import type { SimRequest } from './rtsp-io.ts';
import { integer, type Random, seeded } from './seeded.ts';
import type { SimSession } from './session.ts';

/**
 * A camera in this process that plays a film over RTSP and does what a test tells it.
 *
 * 1. `CameraSim.start(options)` listens; every client gets the film from its first picture on.
 * 2. `camera.cues` makes it misbehave.
 * 3. `stop()` ends it as a `kill -9` does; `start()` brings it back on the same port, `change()`d before if wanted.
 * 4. `close()` ends it for good.
 *
 * Everything random comes from the seed. Every connection has a row of its own, so what one client meets does not
 * depend on the others.
 */
export class CameraSim {
  readonly cues: CameraCues;
  /** All there ever were, in order. */
  readonly connections: SimConnection[] = [];
  readonly requests: SimRequest[] = [];
  readonly #options: CameraOptions;
  readonly #seeds: Random;
  readonly #network: NetworkConditions;
  readonly #mood: CameraMood = calm();
  #traits: CameraTraits;
  #server: Server | undefined;
  #port: number;

  static async start(options: CameraOptions = {}): Promise<CameraSim> {
    const camera = new CameraSim(options);
    await camera.start();
    return camera;
  }

  private constructor(options: CameraOptions) {
    this.#options = options;
    this.#traits = options;
    this.#port = options.port ?? 0;
    this.#seeds = seeded(options.seed ?? 1);
    this.#network = { ...PERFECT_NETWORK, ...options.network };
    this.cues = new CameraCues({
      mood: this.#mood,
      network: this.#network,
      random: this.#seeds,
      connections: () => this.open,
    });
  }

  get port(): number {
    return this.#port;
  }

  /** Connections that are open now. */
  get open(): SimConnection[] {
    return this.connections.filter(({ isOpen }) => isOpen);
  }

  /** The newest connection's. */
  get session(): SimSession | undefined {
    return this.connections.at(-1)?.session;
  }

  get isUp(): boolean {
    return this.#server !== undefined;
  }

  url(path = '/cam'): string {
    const { tls, host = '127.0.0.1' } = this.#options;
    return `${tls === undefined ? 'rtsp' : 'rtsps'}://${host}:${this.#port}${path}`;
  }

  /** Comes (back) up, on the port it had, in a calm mood. Idempotent. */
  async start(): Promise<void> {
    if (this.#server !== undefined) return;
    const { tls, host = '127.0.0.1' } = this.#options;
    Object.assign(this.#mood, calm());
    const onSocket = (socket: Socket): void => this.#accept(socket);
    const server =
      tls === undefined
        ? createServer({ allowHalfOpen: true, noDelay: true }, onSocket)
        : createTlsServer({ ...tls, allowHalfOpen: true }, onSocket);
    server.on('tlsClientError', () => {});
    await listening(server, this.#port, host);
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Dies at once: every connection is reset, and nobody answers at its port. Idempotent. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const { socket } of this.open) {
      if ('resetAndDestroy' in socket) socket.resetAndDestroy();
      socket.destroy();
    }
    if (server === undefined) return;
    server.close();
    await once(server, 'close');
  }

  /** What it is for connections to come: another film, codec, payload type, habits … */
  change(traits: Partial<CameraTraits>): void {
    this.#traits = { ...this.#traits, ...traits };
  }

  /** Dies, and comes back as another one. */
  async reboot(traits: Partial<CameraTraits> = {}): Promise<void> {
    await this.stop();
    this.change(traits);
    await this.start();
  }

  close(): Promise<void> {
    return this.stop();
  }

  #accept(socket: Socket): void {
    const connection = new SimConnection({
      socket,
      traits: this.#traits,
      mood: this.#mood,
      random: seeded(integer(this.#seeds, 2 ** 32)),
      network: this.#network,
      host: this.#options.host ?? '127.0.0.1',
      onRequest: (request) => this.requests.push(request),
    });
    // The client has ended its half: nothing more will be asked for.
    socket.on('end', () => socket.end());
    this.connections.push(connection);
  }
}

const PORT_TAKEN_TRIES = 50;

/** While the camera was away some client may have been given its port for a moment. */
async function listening(server: Server, port: number, host: string): Promise<void> {
  for (let left = PORT_TAKEN_TRIES; ; left -= 1) {
    try {
      server.listen(port, host);
      await once(server, 'listening');
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
