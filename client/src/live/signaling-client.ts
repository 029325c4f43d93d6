import type { z } from 'zod';
import {
  EVENTS,
  type EventData,
  type EventName,
  METHODS,
  type Method,
  type MethodResult,
  type Params,
  type ServerMessage,
  serverMessageSchema,
} from '../../../shared/signaling.ts';
import { Listeners } from '../base/listeners.ts';
import { LiveError } from './live-error.ts';
import type { OpenWire, Target, Wire } from './wire.ts';

const REQUEST_TIMEOUT_MS = 10_000;
const HELLO_TIMEOUT_MS = 10_000;
/** The server queues no more than 64 requests of a session; a page of many players waits its turn here. */
const MAX_IN_FLIGHT = 32;

export type SignalingEvent = {
  [E in EventName]: { readonly event: E; readonly data: EventData<E> };
}[EventName];

interface Pending {
  readonly method: Method;
  readonly text: string;
  readonly timeoutMs: number;
  /** Runs from the moment the request is sent. */
  timer?: ReturnType<typeof setTimeout>;
  resolve(result: unknown): void;
  reject(error: LiveError): void;
}

/**
 * One signaling connection: requests with their answers, and events. Everything that comes in is checked against
 * the schemas of `shared`; what does not fit ends the connection, as its two ends no longer understand each other.
 */
export class SignalingClient {
  /** Resolves with the server's greeting; rejects where the connection ends before it. */
  readonly hello: Promise<EventData<'hello'>>;
  readonly #hello = Promise.withResolvers<EventData<'hello'>>();
  readonly #helloTimer: ReturnType<typeof setTimeout>;
  readonly #events = new Listeners<SignalingEvent>();
  readonly #closed = new Listeners<LiveError>();
  readonly #pending = new Map<number, Pending>();
  readonly #unsent: number[] = [];
  readonly #wire: Wire | undefined;
  #nextId = 1;
  #error: LiveError | undefined;
  #greeted = false;
  #lastHeardMs = performance.now();

  constructor(target: Target, openWire: OpenWire) {
    this.hello = this.#hello.promise;
    // Whoever opened this may have lost interest before the greeting.
    this.hello.catch(() => undefined);
    this.#helloTimer = setTimeout(() => {
      this.#end(new LiveError('TIMED_OUT', 'The server does not answer.'));
    }, HELLO_TIMEOUT_MS);
    this.onEvent((event) => {
      if (event.event !== 'hello') return;
      clearTimeout(this.#helloTimer);
      this.#greeted = true;
      this.#hello.resolve(event.data);
    });
    this.#wire = openWire(target, {
      onMessage: (text) => this.#receive(text),
      onClose: (code) => this.#end(this.#closeError(code)),
    });
  }

  /** What ended the connection; undefined while it lasts. */
  get error(): LiveError | undefined {
    return this.#error;
  }

  /** Milliseconds since anything was heard of the server. */
  get silentMs(): number {
    return performance.now() - this.#lastHeardMs;
  }

  onEvent(callback: (event: SignalingEvent) => void): () => void {
    return this.#events.add(callback);
  }

  /** Told once when the connection ends for any reason but `close()`. */
  onClosed(callback: (error: LiveError) => void): () => void {
    return this.#closed.add(callback);
  }

  /** Rejects with `LiveError`: the server's own error, TIMED_OUT, or what ended the connection. */
  request<M extends Method>(
    method: M,
    params: Params<M>,
    timeoutMs = REQUEST_TIMEOUT_MS,
  ): Promise<MethodResult<M>> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const text = JSON.stringify({ id, method, params });
    this.#pending.set(id, { method, text, timeoutMs, resolve, reject });
    this.#unsent.push(id);
    this.#sendMore();
    // The answer was parsed with this method's own schema before it was handed over.
    return promise as Promise<MethodResult<M>>;
  }

  /** Ends the connection without telling `onClosed`. Requests under way are rejected. */
  close(): void {
    this.#closed.clear();
    this.#end(new LiveError('CONNECTION_LOST', 'The connection was closed.'));
  }

  #sendMore(): void {
    while (this.#pending.size - this.#unsent.length < MAX_IN_FLIGHT) {
      const id = this.#unsent.shift();
      const pending = id === undefined ? undefined : this.#pending.get(id);
      if (id === undefined || pending === undefined) return;
      pending.timer = setTimeout(() => {
        this.#settle(id);
        pending.reject(new LiveError('TIMED_OUT', `The server did not answer (${pending.method}).`));
      }, pending.timeoutMs);
      this.#wire?.send(pending.text);
    }
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    if (pending === undefined) return undefined;
    this.#pending.delete(id);
    clearTimeout(pending.timer);
    this.#sendMore();
    return pending;
  }

  #receive(text: string): void {
    if (this.#error !== undefined) return;
    this.#lastHeardMs = performance.now();
    const message = parseMessage(text);
    if (message === undefined) this.#misunderstood();
    else if ('event' in message) this.#receiveEvent(message.event, message.data);
    else this.#receiveAnswer(message);
  }

  #receiveAnswer(message: Exclude<ServerMessage, { event: string }>): void {
    if (typeof message.id !== 'number') return;
    const pending = this.#settle(message.id);
    if (pending === undefined) return;
    if ('error' in message) {
      pending.reject(new LiveError(message.error.code, message.error.message));
      return;
    }
    const result = METHODS[pending.method].result.safeParse(message.result);
    if (result.success) pending.resolve(result.data);
    else pending.reject(badAnswer(pending.method, result.error));
  }

  #receiveEvent(name: string, data: unknown): void {
    // A newer server may tell of things that this player does not know.
    if (!Object.hasOwn(EVENTS, name)) return;
    const event = name as EventName;
    const parsed = EVENTS[event].safeParse(data);
    if (parsed.success) this.#events.emit({ event, data: parsed.data } as SignalingEvent);
    else this.#misunderstood();
  }

  #misunderstood(): void {
    this.#end(new LiveError('BAD_ANSWER', 'The server sent something that this player does not understand.'));
  }

  #closeError(code: number): LiveError {
    if (!this.#greeted) return new LiveError('SERVER_UNREACHABLE', 'The server cannot be reached.');
    if (code === 1008) return new LiveError('CONNECTION_LOST', 'The server ended the connection.');
    return new LiveError('CONNECTION_LOST', 'The connection to the server was lost.');
  }

  #end(error: LiveError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    clearTimeout(this.#helloTimer);
    this.#hello.reject(error);
    for (const pending of this.#pending.values()) {
      clearTimeout(pending.timer);
      pending.reject(error);
    }
    this.#pending.clear();
    this.#unsent.length = 0;
    this.#events.clear();
    // While the constructor runs the wire is not there yet; then it has closed by itself.
    this.#wire?.close();
    this.#closed.emit(error);
    this.#closed.clear();
  }
}

function parseMessage(text: string): ServerMessage | undefined {
  try {
    return serverMessageSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function badAnswer(method: Method, error: z.ZodError): LiveError {
  return new LiveError('BAD_ANSWER', `The server's answer to ${method} is not understood.`, error);
}
