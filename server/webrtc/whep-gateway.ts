import { ApiError } from '../../shared/errors.ts';
import { isInternalStream, type StreamId } from '../../shared/names.ts';
import type { Logger } from '../base/log.ts';
import { noSuchStream } from '../base/no-such-stream.ts';
import { shuttingDown, toApiError } from './failures.ts';
import type { Feeds } from './feeds.ts';
import { waitUntilLive } from './live-wait.ts';
import type { WatchableStream, WatchableStreams } from './ports.ts';
import { parseSdpFragment } from './sdp-fragment.ts';
import { MAX_SDP_BYTES, parseSdpOffer, type SdpOffer } from './sdp-offer.ts';
import type { Watching } from './viewer-session.ts';
import { WhepSession, type WhepSessionDeps } from './whep-session.ts';

export interface WhepGatewayDeps extends WhepSessionDeps {
  readonly streams: WatchableStreams;
  readonly feeds: Feeds;
  readonly log: Logger;
  /** How long an offer waits for a stream that is not live yet. */
  readonly liveTimeoutMs: number;
}

const MAX_SESSIONS = 2000;

/** The players that come by WHEP (RFC 9725): an SDP offer in, an answer out. */
export class WhepGateway {
  readonly #deps: WhepGatewayDeps;
  readonly #sessions = new Map<string, WhepSession>();
  #opening = 0;
  #isClosed = false;

  constructor(deps: WhepGatewayDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#sessions.size;
  }

  get watching(): Watching[] {
    return [...this.#sessions.values()].map((session) => session.watching);
  }

  /**
   * Answers an offer. Throws `BAD_REQUEST`, `PAYLOAD_TOO_LARGE`, `STREAM_NOT_FOUND`, `STREAM_NOT_LIVE`,
   * `NO_COMMON_CODEC`, `WEBRTC_UNSUITABLE`, `TOO_MANY_VIEWERS`.
   */
  async create(
    streamId: StreamId,
    offerSdp: string,
  ): Promise<{ sessionId: string; answerSdp: string; etag: string }> {
    if (this.#isClosed) throw shuttingDown();
    const offer = parseOffer(offerSdp);
    const stream = isInternalStream(streamId) ? undefined : this.#deps.streams.get(streamId);
    if (stream === undefined) throw noSuchStream(streamId);
    if (this.#sessions.size + this.#opening >= MAX_SESSIONS) {
      throw new ApiError('TOO_MANY_VIEWERS', 'This gateway has all the viewers it takes; try again later.');
    }
    this.#opening += 1;
    try {
      return await this.#open(stream, offer);
    } finally {
      this.#opening -= 1;
    }
  }

  /**
   * Takes a trickle fragment (RFC 8840). With `answer`, ICE was restarted and that is the answer; without, there
   * is nothing to say. Throws `SESSION_NOT_FOUND`, `BAD_REQUEST`, and `CONFLICT` where If-Match does not match.
   */
  async trickle(
    sessionId: string,
    sdpFragment: string,
    ifMatch?: string,
  ): Promise<{ answer?: string; etag: string }> {
    const session = this.#session(sessionId);
    const fragment = parseSdpFragment(sdpFragment);
    if (!fragment.ok) throw new ApiError('BAD_REQUEST', fragment.error);
    try {
      const answer = await session.trickle(fragment.value, ifMatch);
      return { etag: session.etag, ...(answer === undefined ? {} : { answer }) };
    } catch (failure) {
      throw toApiError(failure);
    }
  }

  /** Throws `SESSION_NOT_FOUND`. */
  async remove(sessionId: string): Promise<void> {
    this.#session(sessionId).end();
  }

  close(): void {
    this.#isClosed = true;
    for (const session of [...this.#sessions.values()]) session.end();
  }

  async #open(
    stream: WatchableStream,
    offer: SdpOffer,
  ): Promise<{ sessionId: string; answerSdp: string; etag: string }> {
    const lease = this.#deps.feeds.acquire(stream);
    const session: WhepSession = new WhepSession({
      ...this.#deps,
      lease,
      offer,
      onEnded: () => this.#sessions.delete(session.id),
    });
    try {
      await waitUntilLive(lease.feed, this.#deps.clock, this.#deps.liveTimeoutMs);
      if (this.#isClosed) throw shuttingDown();
      this.#sessions.set(session.id, session);
      const answerSdp = await session.open();
      return { sessionId: session.id, answerSdp, etag: session.etag };
    } catch (failure) {
      session.end();
      // Whatever else failed because the stream was removed meanwhile.
      if (this.#deps.streams.get(stream.id) === undefined) throw noSuchStream(stream.id);
      const error = toApiError(failure);
      if (error.code === 'INTERNAL') this.#deps.log.warn({ err: failure }, 'a WHEP offer failed');
      throw error;
    }
  }

  #session(id: string): WhepSession {
    const session = this.#sessions.get(id);
    if (session === undefined) {
      throw new ApiError('SESSION_NOT_FOUND', 'There is no such WHEP session; it may have ended.');
    }
    return session;
  }
}

function parseOffer(text: string): SdpOffer {
  if (Buffer.byteLength(text) > MAX_SDP_BYTES) {
    throw new ApiError('PAYLOAD_TOO_LARGE', 'An SDP offer has at most 64 KiB.');
  }
  const offer = parseSdpOffer(text);
  if (!offer.ok) throw new ApiError('BAD_REQUEST', offer.error);
  return offer.value;
}
