import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ClientOptions, WebSocket } from 'ws';
import { Gate } from '../../server/http/index.ts';
import { SignalingServer } from '../../server/signaling/index.ts';
import { serverMessageSchema } from '../../shared/signaling.ts';
import { capturedLog, FakeCameras, FakeGateway, FakeStreams } from '../support/edge-fakes.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { waitFor } from '../support/wait.ts';

export type Received = { id?: number | string | null; result?: unknown; event?: string; data?: unknown } & {
  error?: { code: string; message: string; details?: unknown };
};

export const PATH = '/api/v1/signaling';
export const PARTNER = 'https://shop.example';

/** A viewer's end of a signaling connection, noting down all that comes. */
export class Viewer {
  readonly socket: WebSocket;
  readonly received: Received[] = [];
  closed: { code: number; reason: string } | undefined;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data) => {
      const value: unknown = JSON.parse(String(data));
      serverMessageSchema.parse(value);
      this.received.push(value as Received);
    });
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) };
    });
    // The server cutting the connection is what some tests are about.
    socket.on('error', () => {});
  }

  send(value: unknown): void {
    this.socket.send(typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value));
  }

  /** Sends a request and waits for its answer. */
  async ask(id: number | string, method: string, params?: unknown): Promise<Received> {
    this.send(params === undefined ? { id, method } : { id, method, params });
    return waitFor(`the answer to ${id}`, () => this.answer(id));
  }

  answer(id: number | string | null): Received | undefined {
    return this.received.find((message) => 'id' in message && message.id === id);
  }

  async next(matches: (message: Received) => boolean, what = 'a message'): Promise<Received> {
    return waitFor(what, () => this.received.find(matches));
  }

  async event(name: string): Promise<Received> {
    return this.next((message) => message.event === name, `the event ${name}`);
  }

  async end(): Promise<{ code: number; reason: string }> {
    return waitFor('the end of the connection', () => this.closed);
  }
}

export interface Refusal {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: { error: { code: string; message: string } };
}

export interface ConnectOptions {
  readonly path?: string;
  readonly protocols?: string[];
  readonly headers?: Record<string, string>;
  readonly client?: ClientOptions;
}

/** A real HTTP server with the signaling edge on it, media faked below. */
export async function startSignaling(options: { apiToken?: string; remoteAddress?: string } = {}) {
  const clock = new FakeClock();
  const captured = capturedLog();
  const gateway = new FakeGateway();
  const streams = new FakeStreams();
  const cameras = new FakeCameras();
  const guard = new Gate({
    clock,
    boundHost: '127.0.0.1',
    announcedAddresses: [],
    allowedOrigins: [PARTNER],
    apiToken: options.apiToken,
  });
  const iceServers = [{ urls: 'stun:stun.example' }];
  const signaling = new SignalingServer({
    clock,
    log: captured.log,
    gateway,
    streams,
    cameras,
    guard,
    iceServers,
  });
  const server = createServer();
  server.on('upgrade', (request, socket, head) => {
    // As if the client were elsewhere; the bytes still go over loopback.
    const value = options.remoteAddress;
    if (value !== undefined) Object.defineProperty(request.socket, 'remoteAddress', { value });
    signaling.handleUpgrade(request, socket, head);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const sockets: WebSocket[] = [];

  function open({
    path = PATH,
    protocols = ['sluice.v1'],
    headers = {},
    client = {},
  }: ConnectOptions): WebSocket {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, { ...client, headers });
    sockets.push(socket);
    return socket;
  }

  return {
    clock,
    gateway,
    streams,
    cameras,
    signaling,
    guard,
    port,
    logText: captured.text,

    /** Opens a WebSocket and waits for `hello` (or for its end). */
    async connect(connectOptions: ConnectOptions = {}): Promise<Viewer> {
      const socket = open(connectOptions);
      const viewer = new Viewer(socket);
      await waitFor('hello', () => viewer.received.length > 0 || viewer.closed !== undefined);
      return viewer;
    },

    /** Opens a WebSocket that has to be refused. */
    async refused(connectOptions: ConnectOptions = {}): Promise<Refusal> {
      const socket = open(connectOptions);
      return new Promise((resolve, reject) => {
        socket.on('error', () => {});
        socket.on('open', () => reject(new Error('the WebSocket was opened')));
        socket.on('unexpected-response', (_request, response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => {
            const { statusCode = 0, headers } = response;
            resolve({ status: statusCode, headers, body: JSON.parse(Buffer.concat(chunks).toString()) });
          });
        });
      });
    },

    async close(): Promise<void> {
      for (const socket of sockets) socket.terminate();
      const closed = signaling.closeAll(1000);
      clock.advance(5000);
      await closed;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export type Signaling = Awaited<ReturnType<typeof startSignaling>>;
