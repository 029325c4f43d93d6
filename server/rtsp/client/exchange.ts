import type { Socket } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import {
  RtspHeaders,
  type RtspRequest,
  type RtspResponse,
  serializeRequest,
  serializeResponse,
} from '../parse/index.ts';
import type { Authenticator } from './authenticator.ts';
import type { RtspError } from './errors.ts';
import { PendingRequests } from './pending-requests.ts';
import { authFailure } from './refusals.ts';

export interface ExchangeOptions {
  readonly socket: Socket;
  readonly clock: Clock;
  readonly authenticator: Authenticator;
  readonly peer: string;
  readonly timeoutMs: number;
  /** Sent with every message, e.g. User-Agent. */
  readonly headers: Readonly<Record<string, string>>;
  /** Everything that goes out as text, for the log. */
  onSent(message: Buffer): void;
  /** What waits to be sent has grown past all reason: the camera no longer reads. */
  onStuck(): void;
}

export interface OutgoingRequest {
  readonly method: string;
  readonly uri: string;
  readonly headers: Iterable<readonly [name: string, value: string]>;
  readonly timeoutMs?: number;
}

/** One request, one more for the challenge, one more for a stale nonce. */
const MAX_SENDS = 3;
const MAX_UNSENT_BYTES = 256 * 1024;

/** Requests and responses over one socket: CSeq, time-outs and authentication; no knowledge of what they mean. */
export class RtspExchange {
  readonly #options: ExchangeOptions;
  readonly #pending: PendingRequests<RtspResponse>;
  #cseq = 0;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#pending = new PendingRequests(options.clock);
  }

  /** CSeq of the request sent last. */
  get cseq(): number {
    return this.#cseq;
  }

  /**
   * Sends a request and resolves with the camera's final response, whatever its status; a 401 is answered with
   * the credentials first. Rejects with an RtspError (`auth-failed`, `request-timeout`, or why the socket ended).
   */
  async request(request: OutgoingRequest): Promise<RtspResponse> {
    const { authenticator, peer } = this.#options;
    for (let sends = 1; ; sends++) {
      const authorization = authenticator.headerFor(request.method, request.uri);
      const response = await this.#sendOnce(request, authorization);
      if (response.statusCode !== 401) {
        if (response.statusCode < 300 && authorization !== undefined) authenticator.accepted();
        return response;
      }
      const challenges = response.headers.all('WWW-Authenticate');
      const verdict = authenticator.challenged(challenges, authorization !== undefined);
      if (verdict !== 'retry' || sends === MAX_SENDS) {
        const context = { peer, method: request.method, cseq: this.#cseq, status: 401 };
        throw authFailure(verdict === 'retry' ? 'refused' : verdict, context);
      }
    }
  }

  /** Whether the answer to such a request is still to come. */
  awaits(method: string): boolean {
    return this.#pending.awaits(method);
  }

  /** Answers a request of the camera's. */
  respond(request: RtspRequest, statusCode: number, headers: Readonly<Record<string, string>> = {}): void {
    const all = new RtspHeaders();
    const cseq = request.headers.get('CSeq');
    if (cseq !== undefined) all.set('CSeq', cseq);
    for (const [name, value] of Object.entries({ ...this.#options.headers, ...headers }))
      all.set(name, value);
    this.send(serializeResponse({ statusCode, headers: all }));
  }

  /** Hands over a response that came; false when nobody waits for it. */
  settle(response: RtspResponse): boolean {
    // 100 Continue: the answer is still to come.
    if (response.statusCode < 200) return false;
    const text = response.headers.get('CSeq');
    const cseq = text === undefined ? undefined : Number.parseInt(text, 10);
    return this.#pending.settle(cseq, response);
  }

  /** Rejects everything that waits. */
  fail(error: RtspError): void {
    this.#pending.failAll(error);
  }

  /** Writes text or interleaved data, unless the camera has stopped to read. */
  send(message: Buffer, isText = true): void {
    const { socket } = this.#options;
    if (socket.destroyed || !socket.writable) return;
    if (isText) this.#options.onSent(message);
    socket.write(message);
    if (socket.writableLength > MAX_UNSENT_BYTES) this.#options.onStuck();
  }

  #sendOnce(request: OutgoingRequest, authorization: string | undefined): Promise<RtspResponse> {
    const { method, uri } = request;
    this.#cseq += 1;
    const headers = new RtspHeaders([['CSeq', String(this.#cseq)]]);
    for (const [name, value] of Object.entries(this.#options.headers)) headers.set(name, value);
    for (const [name, value] of request.headers) headers.set(name, value);
    if (authorization !== undefined) headers.set('Authorization', authorization);
    const response = this.#pending.wait({
      cseq: this.#cseq,
      method,
      timeoutMs: request.timeoutMs ?? this.#options.timeoutMs,
      peer: this.#options.peer,
    });
    this.send(serializeRequest({ method, uri, headers }));
    return response;
  }
}
