import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { ApiError } from '../../shared/errors.ts';
import { SIGNALING_PROTOCOL } from '../../shared/signaling.ts';
import { clientGroup, isLoopback } from '../base/addresses.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import { VERSION } from '../base/version.ts';
import type { CameraDesk, StreamList, UpgradeGuard, ViewerGateway } from './ports.ts';
import { refuseUpgrade } from './refuse-upgrade.ts';
import { CLOSE, SignalingSession } from './session.ts';

const PATH = '/api/v1/signaling';
/**
 * Above the 64 KB of a message, so that one a little too long gets an error and the session lives; beyond this
 * the WebSocket closes with 1009 before it has read the message.
 */
const MAX_PAYLOAD_BYTES = 256 * 1024;
const MAX_CONNECTIONS = 2000;
const MAX_CONNECTIONS_PER_CLIENT = 100;
const PING_INTERVAL_MS = 15_000;
const FAREWELL_TIMEOUT_MS = 2000;

/** What the signaling edge is made of. */
export interface SignalingOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly gateway: ViewerGateway;
  readonly streams: StreamList;
  readonly cameras: CameraDesk;
  readonly guard: UpgradeGuard;
  /** STUN and TURN servers told to viewers; none are needed where they reach the gateway directly. */
  readonly iceServers?: ReadonlyArray<Record<string, unknown>>;
}

/** The WebSocket edge at `/api/v1/signaling`. It has no server of its own: `handleUpgrade` goes on HTTP's. */
export class SignalingServer {
  readonly #options: SignalingOptions;
  readonly #log: Logger;
  readonly #webSockets: WebSocketServer;
  readonly #sessions = new Set<SignalingSession>();
  /** Also those that were turned away and have not closed yet. */
  readonly #openSockets = new Set<WebSocket>();
  readonly #connectionsByClient = new Map<string, number>();
  readonly #stopPinging: () => void;
  #connections = 0;
  #closing: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;

  constructor(options: SignalingOptions) {
    this.#options = options;
    this.#log = options.log.child({ part: 'signaling' });
    this.#webSockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: MAX_PAYLOAD_BYTES,
      // Compression would let a small message grow huge, and costs memory for each connection.
      perMessageDeflate: false,
      handleProtocols: (offered) => (offered.has(SIGNALING_PROTOCOL) ? SIGNALING_PROTOCOL : false),
    });
    this.#stopPinging = options.clock.every(PING_INTERVAL_MS, () => {
      for (const session of this.#sessions) session.ping();
    });
  }

  /** For the `upgrade` event of the HTTP server. Whatever is wrong is answered before anything is opened. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refusal = this.#refusalOf(request);
    if (refusal !== undefined) {
      refuseUpgrade(socket, refusal);
      return;
    }
    const client = clientGroup(request.socket.remoteAddress ?? '');
    this.#count(client, 1);
    // Counted until the socket is gone: that of a failed handshake as well as that of a WebSocket.
    socket.once('close', () => this.#count(client, -1));
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => this.#open(webSocket));
  }

  get connections(): number {
    return this.#connections;
  }

  /** Tells all viewers when to come back, closes them and takes no new ones. Idempotent. */
  closeAll(retryAfterMs: number): Promise<void> {
    this.#closing ??= this.#closeAll(retryAfterMs);
    return this.#closing;
  }

  #refusalOf(request: IncomingMessage): ApiError | undefined {
    if (request.url?.split('?')[0] !== PATH) {
      return new ApiError('NOT_FOUND', `There is no WebSocket here; signaling is at ${PATH}.`);
    }
    const refusal = this.#options.guard.refuseUpgrade(request);
    if (refusal !== undefined) return refusal;
    const offered = request.headers['sec-websocket-protocol']?.split(',').map((name) => name.trim());
    if (offered !== undefined && !offered.includes(SIGNALING_PROTOCOL)) {
      return new ApiError('BAD_REQUEST', `Offer the subprotocol ${SIGNALING_PROTOCOL}.`);
    }
    if (this.#closing !== undefined) {
      return new ApiError('SHUTTING_DOWN', 'The gateway is shutting down. Try again in a moment.');
    }
    if (this.#connections >= MAX_CONNECTIONS) {
      return new ApiError('TOO_MANY_VIEWERS', 'The gateway has as many viewers as it takes.');
    }
    const address = request.socket.remoteAddress ?? '';
    const ofClient = this.#connectionsByClient.get(clientGroup(address)) ?? 0;
    // A proxy on this machine speaks for all of its clients, so loopback has no limit of its own.
    if (ofClient >= MAX_CONNECTIONS_PER_CLIENT && !isLoopback(address)) {
      return new ApiError('RATE_LIMITED', 'There are too many connections from this address.');
    }
    return undefined;
  }

  #open(socket: WebSocket): void {
    this.#openSockets.add(socket);
    socket.once('close', () => this.#openSockets.delete(socket));
    socket.on('error', (failure) => this.#log.debug({ failure: failure.message }, 'A WebSocket failed.'));
    const { gateway, streams, cameras, clock, iceServers } = this.#options;
    const hello = { iceServers: [...(iceServers ?? [])], version: VERSION };
    try {
      const session = new SignalingSession({
        socket,
        gateway,
        streams,
        cameras,
        clock,
        hello,
        log: this.#log,
      });
      this.#sessions.add(session);
      socket.once('close', () => this.#sessions.delete(session));
    } catch (failure) {
      this.#turnAway(socket, failure);
    }
  }

  #turnAway(socket: WebSocket, failure: unknown): void {
    const known = failure instanceof ApiError ? failure : undefined;
    if (known === undefined) this.#log.error({ failure: String(failure) }, 'A session could not be opened.');
    const { code, message } = known ?? new ApiError('INTERNAL', 'The gateway failed to open a session.');
    socket.send(JSON.stringify({ id: null, error: { code, message } }));
    socket.close(CLOSE.tryAgainLater, code);
  }

  #count(client: string, change: 1 | -1): void {
    this.#connections += change;
    const left = (this.#connectionsByClient.get(client) ?? 0) + change;
    if (left > 0) this.#connectionsByClient.set(client, left);
    else this.#connectionsByClient.delete(client);
    if (this.#connections === 0) this.#onIdle?.();
  }

  async #closeAll(retryAfterMs: number): Promise<void> {
    this.#stopPinging();
    for (const session of this.#sessions) session.farewell(retryAfterMs);
    if (this.#connections > 0) {
      const cancel = this.#options.clock.after(FAREWELL_TIMEOUT_MS, () => {
        for (const socket of this.#openSockets) socket.terminate();
      });
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
      cancel();
    }
    this.#webSockets.close();
  }
}
