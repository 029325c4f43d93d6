import type { RawData, WebSocket } from 'ws';
import { z } from 'zod';
import { ApiError } from '../../shared/errors.ts';
import {
  type EventData,
  type EventName,
  MAX_MESSAGE_BYTES,
  requestSchema,
  type ServerMessage,
} from '../../shared/signaling.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import { describeIssues, inputIssues } from '../base/schema-issues.ts';
import { TokenBucket } from '../base/token-bucket.ts';
import { CameraSession } from './camera-session.ts';
import { dispatch, handlersOf } from './dispatch.ts';
import type { CameraDesk, StreamList, ViewerEvent, ViewerGateway, ViewerSession } from './ports.ts';

/** What a session may send: far above what a page of a hundred players needs. */
const MESSAGES = { burst: 200, perSecond: 50 };
/** How many refused messages a session may send before it is closed. */
const OFFENCES = { burst: 20, perSecond: 0.5 };
const MAX_QUEUE_LENGTH = 64;
/** Requests that wait for a camera, beside those that run one after the other. */
const MAX_ASIDE = 16;
const MAX_HELD_EVENTS = 256;
const MAX_BUFFERED_BYTES = 1024 * 1024;
const MAX_MISSED_PONGS = 2;

/** Close codes of RFC 6455 section 7.4.1 and the IANA registry. */
export const CLOSE = { goingAway: 1001, policyViolation: 1008, tryAgainLater: 1013 } as const;

export interface SessionOptions {
  readonly socket: WebSocket;
  readonly gateway: ViewerGateway;
  readonly streams: StreamList;
  readonly cameras: CameraDesk;
  readonly clock: Clock;
  readonly log: Logger;
  /** What `hello` says besides the router's capabilities. */
  readonly hello: Pick<EventData<'hello'>, 'iceServers' | 'version'>;
}

type Request = z.output<typeof requestSchema>;
type RequestId = Request['id'];

const anyIdSchema = z.looseObject({ id: requestSchema.shape.id });

/**
 * One viewer's signaling connection. 1. `open` greets. 2. Messages are checked and queued. 3. The queue runs one
 * request at a time. 4. When the socket closes, for whatever reason, the viewer's media are closed too. The
 * rules are those of docs/signaling.md.
 */
export class SignalingSession {
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #viewer: ViewerSession;
  readonly #cameras: CameraSession;
  readonly #handlers: ReturnType<typeof handlersOf>;
  readonly #messages: TokenBucket;
  readonly #offences: TokenBucket;
  readonly #queue: Request[] = [];
  #isWorking = false;
  #running: Request | undefined;
  #heldEvents: ViewerEvent[] = [];
  #aside = 0;
  #missedPongs = 0;
  #ended = false;

  /** Throws what `gateway.openSession` throws; the socket is the caller's to close then. */
  constructor(options: SessionOptions) {
    const { socket, gateway, clock } = options;
    this.#socket = socket;
    this.#clock = clock;
    this.#messages = new TokenBucket(clock, MESSAGES);
    this.#offences = new TokenBucket(clock, OFFENCES);
    this.#viewer = gateway.openSession({ onEvent: (event) => this.#onViewerEvent(event) });
    this.#log = options.log.child({ session: this.#viewer.id });
    this.#cameras = new CameraSession({
      id: this.#viewer.id,
      desk: options.cameras,
      onEvent: (data) => this.#sendEvent('camera.event', data),
    });
    this.#handlers = handlersOf(this.#viewer, options.streams, this.#cameras);
    socket.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    socket.on('pong', () => {
      this.#missedPongs = 0;
    });
    socket.on('close', (code) => this.#onClose(code));
    const { routerRtpCapabilities } = gateway;
    this.#sendEvent('hello', { routerRtpCapabilities, ...options.hello });
  }

  /** Asks for a sign of life; a session that owes two of them is dead. */
  ping(): void {
    if (this.#missedPongs >= MAX_MISSED_PONGS) {
      this.#socket.terminate();
      return;
    }
    this.#missedPongs += 1;
    this.#socket.ping();
  }

  /** Says goodbye; the viewer comes back after that time. */
  farewell(retryAfterMs: number): void {
    this.#sendEvent('server.closing', { retryAfterMs });
    this.#close(CLOSE.goingAway, 'The gateway is shutting down.');
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    if (this.#ended) return;
    const read = this.#read(data, isBinary);
    if ('refused' in read) {
      this.#refuse(read.id, read.refused);
      return;
    }
    // A camera that is slow to move must not hold up what is watched.
    if (read.request.method === 'ptz.command') {
      void this.#runAside(read.request);
      return;
    }
    this.#queue.push(read.request);
    void this.#runQueue();
  }

  /** Takes a message apart, in the order of cost: its rate, its size, its JSON, its shape. */
  #read(
    data: RawData,
    isBinary: boolean,
  ): { request: Request } | { id: RequestId | null; refused: ApiError } {
    const refuse = (refused: ApiError, id: RequestId | null = null) => ({ id, refused });
    if (!this.#messages.take()) return refuse(new ApiError('RATE_LIMITED', 'Too many messages; slow down.'));
    if (isBinary) return refuse(new ApiError('BAD_REQUEST', 'Messages have to be JSON text.'));
    const bytes = asBuffer(data);
    if (bytes.length > MAX_MESSAGE_BYTES) {
      return refuse(new ApiError('PAYLOAD_TOO_LARGE', `A message holds at most ${MAX_MESSAGE_BYTES} bytes.`));
    }
    const value = parseJson(bytes.toString('utf8'));
    if (value === undefined) return refuse(new ApiError('BAD_REQUEST', 'The message is no JSON.'));
    const id = anyIdSchema.safeParse(value).data?.id ?? null;
    const parsed = requestSchema.safeParse(value);
    if (!parsed.success) {
      const text = describeIssues(inputIssues(parsed.error), 'the message');
      return refuse(new ApiError('BAD_REQUEST', `${text}.`), id);
    }
    if (this.#queue.length >= MAX_QUEUE_LENGTH) {
      return refuse(new ApiError('RATE_LIMITED', 'Too many requests are waiting for their answers.'), id);
    }
    return { request: parsed.data };
  }

  async #runAside(request: Request): Promise<void> {
    if (this.#aside >= MAX_ASIDE) {
      this.#refuse(request.id, new ApiError('RATE_LIMITED', 'Too many commands are waiting for a camera.'));
      return;
    }
    this.#aside += 1;
    await this.#answer(request);
    this.#aside -= 1;
  }

  async #answer(request: Request): Promise<void> {
    try {
      const result = await dispatch(this.#handlers, request.method, request.params);
      this.#send({ id: request.id, result });
    } catch (failure) {
      this.#onFailure(request, failure);
    }
  }

  async #runQueue(): Promise<void> {
    if (this.#isWorking) return;
    this.#isWorking = true;
    for (let request = this.#queue.shift(); request !== undefined; request = this.#queue.shift()) {
      this.#running = request;
      await this.#answer(request);
      this.#running = undefined;
      this.#releaseEvents();
      if (this.#ended) break;
      // Media of others come in between, however many requests were sent at once.
      if (this.#queue.length > 0) await new Promise((resolve) => setImmediate(resolve));
    }
    this.#isWorking = false;
  }

  #onFailure(request: Request, failure: unknown): void {
    if (failure instanceof ApiError) {
      // Only what no well-behaved client sends counts as an offence; a stream that is gone, say, does not.
      if (failure.code === 'BAD_REQUEST' || failure.code === 'METHOD_NOT_FOUND') {
        this.#refuse(request.id, failure);
      } else {
        this.#sendError(request.id, failure);
      }
      return;
    }
    const told = failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
    this.#log.error(
      { method: request.method, failure: told },
      'A signaling request failed by a fault of ours.',
    );
    this.#sendError(
      request.id,
      new ApiError('INTERNAL', 'The gateway failed to do this; its log tells more.'),
    );
  }

  /** An event of a watch must not overtake the answer that gives the watch its id. */
  #onViewerEvent(event: ViewerEvent): void {
    if (this.#running?.method === 'watch.start' && event.event !== 'stream.state') {
      this.#heldEvents.push(event);
      if (this.#heldEvents.length > MAX_HELD_EVENTS) this.#close(CLOSE.tryAgainLater, 'Too many events.');
      return;
    }
    this.#sendEvent(event.event, event.data);
  }

  #releaseEvents(): void {
    const held = this.#heldEvents;
    this.#heldEvents = [];
    for (const { event, data } of held) this.#sendEvent(event, data);
  }

  #refuse(id: RequestId | null, error: ApiError): void {
    this.#sendError(id, error);
    if (!this.#offences.take()) this.#close(CLOSE.policyViolation, 'Too many refused messages.');
  }

  #sendError(id: RequestId | null, { code, message, details }: ApiError): void {
    this.#send({ id, error: details === undefined ? { code, message } : { code, message, details } });
  }

  #sendEvent<E extends EventName>(event: E, data: EventData<E>): void {
    this.#send({ event, data });
  }

  #send(message: ServerMessage): void {
    if (this.#ended) return;
    this.#socket.send(JSON.stringify(message));
    if (this.#socket.bufferedAmount > MAX_BUFFERED_BYTES) {
      this.#close(CLOSE.tryAgainLater, 'The client reads too slowly.');
      // Its closing handshake would wait behind what it does not read.
      this.#clock.after(1000, () => this.#socket.terminate());
    }
  }

  #close(code: number, reason: string): void {
    if (this.#ended) return;
    this.#end();
    this.#log.debug({ code, reason }, 'Closing a signaling session.');
    this.#socket.close(code, reason);
  }

  #onClose(code: number): void {
    this.#log.debug({ code }, 'A signaling session is closed.');
    this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#queue.length = 0;
    this.#heldEvents = [];
    this.#cameras.close();
    this.#viewer.close();
  }
}

function asBuffer(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
