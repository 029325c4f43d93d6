import type { Socket } from 'node:net';
import { VERSION } from '../../base/version.ts';
import { type FramerError, RtspFramer, type RtspRequest, serializeResponse } from '../parse/index.ts';
import { Authenticator } from './authentication.ts';
import { ChannelTable } from './channel-table.ts';
import { type ConnectionContext, type ServerDeps, type Session, sessionLog } from './context.ts';
import { Refusal, type Reply } from './exchange.ts';
import { handleRequest } from './requests.ts';

/** A client that connects and says nothing is let go after this. */
const FIRST_REQUEST_MS = 10_000;
/** And one without a session that stays quiet, after this. */
const IDLE_MS = 60_000;
/** A reader that takes nothing for so long while data waits for it. */
const STALLED_MS = 10_000;
const CHECK_EVERY_MS = 1_000;
const MAX_PENDING_REQUESTS = 32;
/** A client that does not read its answers is not read either while so much waits for it. */
const MAX_UNREAD_BYTES = 256 * 1024;
/** What is still unsent when a connection closes may take so long to go out. */
const CLOSE_GRACE_MS = 500;

/**
 * One client's connection: requests are answered one after the other in the order they came (pipelining),
 * interleaved packets go to the sessions. Whatever goes wrong on it ends this connection only.
 */
export class RtspConnection {
  readonly #deps: ServerDeps;
  readonly #socket: Socket;
  readonly #context: ConnectionContext;
  readonly #framer: RtspFramer;
  readonly #gone = new AbortController();
  readonly #pending: RtspRequest[] = [];
  readonly #closed: Promise<void>;
  readonly #stopChecks: () => void;
  #isHandling = false;
  #hasAsked = false;
  #heardAtMs: number;
  #flushedBytes = 0;
  #flushedAtMs: number;

  constructor(socket: Socket, deps: ServerDeps) {
    this.#deps = deps;
    this.#socket = socket;
    this.#heardAtMs = deps.clock.monotonicMs();
    this.#flushedAtMs = this.#heardAtMs;
    this.#context = {
      deps,
      log: deps.log.child({ peer: socket.remoteAddress }),
      socket,
      authenticator: new Authenticator(deps.clock),
      sessions: new Map(),
      channels: new ChannelTable(),
      readable: new Set(),
      admitted: undefined,
      close: () => void this.close(),
      endSession: (session, reason) => this.#endSession(session, reason),
    };
    this.#framer = new RtspFramer({
      request: (request) => this.#onRequest(request),
      response: () => {},
      interleaved: (channel, payload) =>
        this.#context.channels.deliver(channel, payload, deps.clock.monotonicMs()),
      error: (error) => this.#onGarbage(error),
    });
    this.#stopChecks = deps.clock.every(CHECK_EVERY_MS, () => this.#check());
    this.#closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#onClosed();
        resolve();
      });
    });
    socket.on('data', (chunk) => this.#onData(chunk));
    socket.on('drain', () => this.#onDrain());
    // 'close' follows, and nothing but the end of this client is to be learned from it.
    socket.on('error', () => {});
  }

  /** Resolves when the socket is closed, for whatever reason. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  /** Ends all sessions and the connection. Idempotent. */
  close(): Promise<void> {
    this.#gone.abort();
    for (const session of this.#context.sessions.values()) session.close();
    this.#context.sessions.clear();
    this.#hangUp();
    return this.#closed;
  }

  #onData(chunk: Buffer): void {
    try {
      this.#framer.push(chunk);
    } catch (failure) {
      // Only a bug gets here, most likely on a publisher's packets. It costs this connection and no other.
      this.#context.log.error({ err: failure }, 'reading an RTSP connection failed');
      this.#socket.destroy();
    }
  }

  #onRequest(request: RtspRequest): void {
    this.#hasAsked = true;
    this.#heardAtMs = this.#deps.clock.monotonicMs();
    this.#pending.push(request);
    if (this.#pending.length > MAX_PENDING_REQUESTS) this.#socket.destroy();
    else if (!this.#isHandling) void this.#handlePending();
  }

  async #handlePending(): Promise<void> {
    this.#isHandling = true;
    for (;;) {
      const request = this.#pending.shift();
      if (request === undefined || this.#gone.signal.aborted) break;
      await this.#handle(request);
    }
    this.#isHandling = false;
  }

  async #handle(request: RtspRequest): Promise<void> {
    let isAnswered = false;
    const reply = (answer: Reply) => {
      if (isAnswered) return;
      isAnswered = true;
      try {
        this.#reply(request, answer);
      } catch (failure) {
        // A client that never gets its answer would wait for ever; and PLAY answers from inside the hub's loop.
        this.#context.log.error({ err: failure, method: request.method }, 'an RTSP answer failed');
        this.#socket.destroy();
      }
    };
    try {
      await handleRequest(this.#context, { request, signal: this.#gone.signal, reply });
    } catch (failure) {
      if (failure instanceof Refusal) {
        reply(failure.reply);
      } else {
        this.#context.log.error({ err: failure, method: request.method }, 'an RTSP request failed');
        reply({ statusCode: 500 });
      }
    }
  }

  #reply(request: RtspRequest, reply: Reply): void {
    if (!this.#socket.writable) return;
    const headers: Array<readonly [string, string]> = [
      ['CSeq', request.headers.get('CSeq') ?? '0'],
      ['Server', `Sluice/${VERSION}`],
      ...(reply.headers ?? []),
    ];
    const { statusCode, reason, body } = reply;
    this.#socket.write(
      serializeResponse({
        statusCode,
        headers,
        ...(reason === undefined ? {} : { reason }),
        ...(body === undefined ? {} : { body }),
      }),
    );
    if (this.#socket.writableLength > MAX_UNREAD_BYTES) this.#socket.pause();
    if (headers.some(([name, value]) => name === 'Connection' && value === 'close')) void this.close();
  }

  #onGarbage(error: FramerError): void {
    this.#context.log.debug({ code: error.code }, 'not RTSP; closing the connection');
    if (this.#socket.writable) {
      const statusCode = error.code === 'TOO_LARGE' ? 413 : 400;
      this.#socket.write(serializeResponse({ statusCode, headers: [['Connection', 'close']] }));
    }
    void this.close();
  }

  #endSession(session: Session, reason: string): void {
    if (!this.#context.sessions.delete(session.id)) return;
    sessionLog(this.#context, session).info({ reason }, 'session ended');
    session.close();
    if (this.#context.sessions.size === 0) void this.close();
  }

  #onDrain(): void {
    this.#socket.resume();
    for (const session of this.#context.sessions.values()) {
      if (session.kind === 'reader') session.drained();
    }
  }

  #check(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const isQuiet = this.#context.sessions.size === 0 && !this.#isHandling;
    const quietMs = nowMs - this.#heardAtMs;
    const flushedBytes = this.#socket.bytesWritten - this.#socket.writableLength;
    if (flushedBytes !== this.#flushedBytes || this.#socket.writableLength === 0) {
      this.#flushedBytes = flushedBytes;
      this.#flushedAtMs = nowMs;
    }
    if (nowMs - this.#flushedAtMs > STALLED_MS) {
      this.#context.log.info({}, 'a reader took nothing for 10 s; closing its connection');
      this.#socket.destroy();
    } else if (isQuiet && quietMs > (this.#hasAsked ? IDLE_MS : FIRST_REQUEST_MS)) {
      void this.close();
    }
  }

  #hangUp(): void {
    if (this.#socket.destroyed) return;
    this.#socket.end();
    const cancel = this.#deps.clock.after(CLOSE_GRACE_MS, () => this.#socket.destroy());
    void this.#closed.then(cancel);
  }

  #onClosed(): void {
    this.#stopChecks();
    this.#framer.stop();
    this.#pending.length = 0;
    void this.close();
  }
}
