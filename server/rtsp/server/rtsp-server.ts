import { createServer, type Server, type Socket } from 'node:net';
import type { StreamId } from '../../../shared/names.ts';
import { clientGroup } from '../../base/addresses.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import { type Admission, type AdmissionOptions, Admissions } from './admissions.ts';
import type { RtspCredentials } from './authentication.ts';
import { RtspConnection } from './connection.ts';
import type { ServerDeps, StreamLookup } from './context.ts';

/** Where the RTSP server listens, what it serves and to whom. */
export interface RtspServerOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly host: string;
  /** 0: any free port, told by `listen()`. */
  readonly port: number;
  /** Where media over UDP goes out and comes in; default 20000-29999. */
  readonly udpPorts?: { readonly min: number; readonly max: number };
  readonly streams: StreamLookup;
  /** Whether these credentials may read; absent: everybody who reaches the server may. */
  authorize?(credentials: RtspCredentials): boolean;
  /** Default 1000; one client may have half of them, so that it cannot lock out the others. */
  readonly maxConnections?: number;
}

const DEFAULT_MAX_CONNECTIONS = 1000;
const DEFAULT_UDP_PORTS = { min: 20_000, max: 29_999 };

/**
 * RTSP 1.0 (RFC 2326) for players, recorders and FFmpeg: every stream of the hub can be read at
 * `rtsp://host:port/app/name`, and those whose source is `publish:` can be published there.
 */
export class RtspServer {
  readonly #options: RtspServerOptions;
  readonly #deps: ServerDeps;
  readonly #admissions = new Admissions();
  readonly #connections = new Set<RtspConnection>();
  readonly #connectionsByClient = new Map<string, number>();
  readonly #server: Server;

  constructor(options: RtspServerOptions) {
    this.#options = options;
    const { authorize } = options;
    this.#deps = {
      clock: options.clock,
      log: options.log.child({ part: 'rtsp-server' }),
      streams: options.streams,
      udpPorts: options.udpPorts ?? DEFAULT_UDP_PORTS,
      admissions: this.#admissions,
      ...(authorize === undefined ? {} : { authorize: (credentials) => authorize(credentials) }),
    };
    this.#server = createServer({ noDelay: true }, (socket) => this.#onConnection(socket));
    this.#server.maxConnections = options.maxConnections ?? DEFAULT_MAX_CONNECTIONS;
  }

  /** Rejects when the address cannot be listened on. */
  listen(): Promise<{ port: number }> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host: this.#options.host, port: this.#options.port }, () => {
        this.#server.off('error', reject);
        this.#server.on('error', (error) => this.#deps.log.warn({ err: error }, 'RTSP server trouble'));
        const address = this.#server.address();
        const port = typeof address === 'object' && address !== null ? address.port : this.#options.port;
        this.#deps.log.info({ host: this.#options.host, port }, 'RTSP server listens');
        resolve({ port });
      });
    });
  }

  /** Ends every session and connection; resolves when all sockets are closed. Idempotent. */
  async close(): Promise<void> {
    const listening = this.#server.listening
      ? new Promise<void>((resolve) => this.#server.close(() => resolve()))
      : Promise.resolve();
    await Promise.all([listening, ...[...this.#connections].map((connection) => connection.close())]);
  }

  /**
   * Lets one connection read `stream`, whatever everybody else needs to prove. It does not count as a viewer, its times
   * are exact (no sender reports, from which FFmpeg would compute others), and it sees the end at once when the camera is
   * gone.
   */
  admit(stream: StreamId, options: AdmissionOptions): Admission {
    return this.#admissions.admit(stream, options);
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  #onConnection(socket: Socket): void {
    const client = clientGroup(socket.remoteAddress ?? '');
    if ((this.#connectionsByClient.get(client) ?? 0) >= this.#server.maxConnections / 2) {
      socket.destroy();
      return;
    }
    const connection = new RtspConnection(socket, this.#deps);
    this.#connections.add(connection);
    this.#count(client, 1);
    void connection.closed.then(() => {
      this.#connections.delete(connection);
      this.#count(client, -1);
    });
  }

  #count(client: string, change: 1 | -1): void {
    const left = (this.#connectionsByClient.get(client) ?? 0) + change;
    if (left > 0) this.#connectionsByClient.set(client, left);
    else this.#connectionsByClient.delete(client);
  }
}
