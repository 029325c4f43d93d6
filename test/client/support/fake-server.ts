import type {
  LoadMedia,
  MediaConsumer,
  MediaTransport,
  TransportEvents,
} from '../../../client/src/live/media.ts';
import type { OpenWire, Target, WireEvents } from '../../../client/src/live/wire.ts';
import type { WireConsumer, WireTransport } from '../../../shared/signaling.ts';

interface FakeRequest {
  readonly id: number;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

const FINGERPRINT = { algorithm: 'sha-256', value: Array.from({ length: 32 }, () => 'AB').join(':') };

export function fakeTransport(id: string): WireTransport {
  return {
    id,
    iceParameters: { usernameFragment: 'u', password: 'p', iceLite: true },
    iceCandidates: [
      { foundation: 'f', priority: 1, address: '192.0.2.5', protocol: 'udp', port: 8189, type: 'host' },
    ],
    dtlsParameters: { fingerprints: [FINGERPRINT] },
  };
}

export function fakeConsumer(id: string, kind: 'audio' | 'video' = 'video'): WireConsumer {
  return { id, producerId: `producer-${id}`, kind, rtpParameters: {} };
}

/** One signaling connection as the server sees it. */
export class FakeConnection {
  readonly target: Target;
  readonly requests: FakeRequest[] = [];
  closedByClient = false;
  readonly #events: WireEvents;
  readonly #server: FakeServer;

  constructor(server: FakeServer, target: Target, events: WireEvents) {
    this.#server = server;
    this.target = target;
    this.#events = events;
  }

  get methods(): string[] {
    return this.requests.map(({ method }) => method);
  }

  greet(): void {
    this.send({ event: 'hello', data: { routerRtpCapabilities: {}, iceServers: [], version: '1' } });
  }

  send(message: object): void {
    this.sendText(JSON.stringify(message));
  }

  sendText(text: string): void {
    if (!this.closedByClient) this.#events.onMessage(text);
  }

  /** The server, or the network, ends it. */
  drop(code = 1006): void {
    if (!this.closedByClient) this.#events.onClose(code);
  }

  receive(text: string): void {
    const request = JSON.parse(text) as FakeRequest;
    this.requests.push(request);
    this.#server.answer(this, request);
  }
}

/** Answers signaling as a server would, without a network. What tests want otherwise they replace. */
export class FakeServer {
  readonly connections: FakeConnection[] = [];
  /** Gives the result of a request, or an `{error}`; undefined leaves it without an answer. */
  handle: (request: FakeRequest, connection: FakeConnection) => unknown = (request, connection) =>
    this.handleAsUsual(request, connection);
  /** What becomes of a new connection. */
  onConnection: (connection: FakeConnection) => void = (connection) => connection.greet();
  #watches = 0;

  readonly openWire: OpenWire = (target, events) => {
    const connection = new FakeConnection(this, target, events);
    this.connections.push(connection);
    queueMicrotask(() => this.onConnection(connection));
    return {
      send: (text) => connection.receive(text),
      close: () => {
        connection.closedByClient = true;
      },
    };
  };

  get last(): FakeConnection {
    const last = this.connections.at(-1);
    if (last === undefined) throw new Error('nobody has connected');
    return last;
  }

  answer(connection: FakeConnection, request: FakeRequest): void {
    queueMicrotask(() => {
      const answer = this.handle(request, connection);
      if (answer === undefined) return;
      const isError = typeof answer === 'object' && answer !== null && 'error' in answer;
      connection.send(isError ? { id: request.id, ...answer } : { id: request.id, result: answer });
    });
  }

  handleAsUsual(request: FakeRequest, connection: FakeConnection): unknown {
    switch (request.method) {
      case 'watch.start': {
        this.#watches += 1;
        const first = connection.requests.find(({ method }) => method === 'watch.start')?.id === request.id;
        return {
          watchId: `watch-${this.#watches}`,
          state: 'live',
          ...(first ? { transport: fakeTransport(`transport-${this.connections.length}`) } : {}),
          consumers: [fakeConsumer(`video-${this.#watches}`)],
        };
      }
      case 'transport.restartIce':
        return { iceParameters: { usernameFragment: 'u2', password: 'p2' } };
      case 'streams.list':
        return { streams: [] };
      default:
        return {};
    }
  }
}

/** Stands in for mediasoup-client: what was opened and closed can be looked at. */
export class FakeMedia {
  readonly transports: Array<{ id: string; events: TransportEvents; closed: boolean; restarts: number }> = [];
  readonly consumers: Array<{ id: string; closed: boolean }> = [];

  readonly load: LoadMedia = async () => ({
    rtpCapabilities: {},
    openTransport: (wire, events): MediaTransport => {
      const transport = { id: wire.id, events, closed: false, restarts: 0 };
      this.transports.push(transport);
      return {
        id: wire.id,
        consume: async ({ id, kind }) => this.#consumer(id, kind),
        restartIce: async () => {
          transport.restarts += 1;
        },
        close: () => {
          transport.closed = true;
        },
      };
    },
  });

  get open(): string[] {
    return this.consumers.filter(({ closed }) => !closed).map(({ id }) => id);
  }

  #consumer(id: string, kind: 'audio' | 'video'): MediaConsumer {
    const held = { id, closed: false };
    this.consumers.push(held);
    return {
      id,
      kind,
      // Nobody looks inside a track here.
      track: { kind } as MediaStreamTrack,
      getStats: async () => new Map() as unknown as RTCStatsReport,
      close: () => {
        held.closed = true;
      },
    };
  }
}
