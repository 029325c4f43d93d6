import type { StreamId } from '../../shared/names.ts';
import type { StreamDefinition, StreamPatch, StreamStatus } from '../../shared/stream.ts';

/** The streams as the API sees them. Failures reject with `ApiError`. */
export interface StreamDirectory {
  list(): readonly StreamStatus[];
  get(id: StreamId): StreamStatus | undefined;
  /** STREAM_EXISTS where the name is taken. */
  create(definition: StreamDefinition): Promise<StreamStatus>;
  /** STREAM_NOT_FOUND; STREAM_READ_ONLY for a stream of the configuration file. */
  patch(id: StreamId, patch: StreamPatch): Promise<StreamStatus>;
  /** STREAM_NOT_FOUND; STREAM_READ_ONLY for a stream of the configuration file. */
  remove(id: StreamId): Promise<void>;
  /** Connects to the camera anew. STREAM_NOT_FOUND. */
  restart(id: StreamId): Promise<void>;
}

/** WHEP sessions: an SDP offer in, an answer out. Failures reject with `ApiError`. */
export interface WhepGateway {
  /**
   * Takes the SDP offer; waits a few seconds for a stream that is starting. `etag` is a complete entity tag with
   * its quotes, the session id matches `^[A-Za-z0-9_-]{16,64}$`. Errors: BAD_REQUEST, STREAM_NOT_FOUND,
   * STREAM_NOT_LIVE, NO_COMMON_CODEC, WEBRTC_UNSUITABLE, TOO_MANY_VIEWERS, PAYLOAD_TOO_LARGE.
   */
  create(stream: StreamId, offerSdp: string): Promise<{ sessionId: string; answerSdp: string; etag: string }>;
  /**
   * Takes an SDP fragment (RFC 8840). An `answer` comes back where ICE was restarted, with the new entity tag.
   * `ifMatch` is the If-Match header, quotes kept; CONFLICT where it does not match.
   */
  trickle(
    sessionId: string,
    sdpFragment: string,
    ifMatch?: string,
  ): Promise<{ answer?: string; etag: string }>;
  /** SESSION_NOT_FOUND when unknown or already ended. */
  remove(sessionId: string): Promise<void>;
}

/** The metrics in the Prometheus text format. */
export type MetricsText = () => Promise<string>;

/** Whether the gateway can serve, and what that rests on. It is public: no detail that helps an intruder. */
export interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, boolean>>;
}

/** All that the HTTP edge needs of the rest of the gateway. */
export interface HttpPorts {
  readonly streams: StreamDirectory;
  readonly whep: WhepGateway;
  readonly metrics: MetricsText;
  readiness(): Readiness;
}
