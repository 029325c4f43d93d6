import type { IncomingMessage } from 'node:http';
import type { ApiError } from '../../shared/errors.ts';
import type { CameraEvent } from '../../shared/events.ts';
import type { StreamId } from '../../shared/names.ts';
import type { PtzCommand } from '../../shared/onvif.ts';
import type { EventData, MethodResult, Params } from '../../shared/signaling.ts';
import type { StreamStatus } from '../../shared/stream.ts';

/** What a session tells its viewer, ready for the wire: an event is sent as `{event, data}`. */
export type ViewerEvent =
  /** Only of streams that this session watches. */
  | { readonly event: 'stream.state'; readonly data: EventData<'stream.state'> }
  | { readonly event: 'consumer.added'; readonly data: EventData<'consumer.added'> }
  | { readonly event: 'consumer.closed'; readonly data: EventData<'consumer.closed'> }
  | { readonly event: 'watch.congested'; readonly data: EventData<'watch.congested'> }
  | { readonly event: 'watch.quality'; readonly data: EventData<'watch.quality'> }
  | { readonly event: 'watch.closed'; readonly data: EventData<'watch.closed'> };

/** Where viewers' media come from. Failures reject with `ApiError`. */
export interface ViewerGateway {
  /** For `hello`; the same for every router, so it outlives a dead worker. */
  readonly routerRtpCapabilities: Record<string, unknown>;
  /** Cheap: nothing is made before the first watch. Throws SHUTTING_DOWN or TOO_MANY_VIEWERS. */
  openSession(options: { onEvent(event: ViewerEvent): void }): ViewerSession;
}

/** One viewer's media. Its ids belong to it alone: those of another session are NOT_FOUND. */
export interface ViewerSession {
  readonly id: string;
  /** `transport` comes with the first watch, and again with the first one after WORKER_DIED. */
  startWatch(params: Params<'watch.start'>): Promise<MethodResult<'watch.start'>>;
  resumeWatch(params: Params<'watch.resume'>): Promise<void>;
  pauseWatch(params: Params<'watch.pause'>): Promise<void>;
  setQuality(params: Params<'watch.quality'>): Promise<void>;
  stopWatch(params: Params<'watch.stop'>): Promise<void>;
  connectTransport(params: Params<'transport.connect'>): Promise<void>;
  restartIce(params: Params<'transport.restartIce'>): Promise<MethodResult<'transport.restartIce'>>;
  /** The WebSocket closed. Idempotent; no event follows. */
  close(): void;
}

/** The streams that `streams.list` tells of. */
export interface StreamList {
  list(): readonly StreamStatus[];
}

/** What cameras do and tell besides their media. Failures reject with `ApiError`. */
export interface CameraDesk {
  /** PTZ_BUSY, STREAM_NOT_FOUND, ONVIF_UNSUPPORTED, and what the camera answers. `operator`: the session that asks. */
  ptz(operator: string, stream: StreamId, command: PtzCommand): Promise<void>;
  /** The session is gone: what moves for it stops. */
  releasePtz(operator: string): void;
  /** What goes on now, at some streams or at all. */
  activeEvents(streams?: ReadonlySet<StreamId>): readonly CameraEvent[];
  onEvent(listener: (change: { readonly event: CameraEvent; readonly removed: boolean }) => void): () => void;
}

/** Says who may come in; the same one that guards HTTP. */
export interface UpgradeGuard {
  /** Undefined where the WebSocket may be opened, else why not: FORBIDDEN, UNAUTHORIZED or RATE_LIMITED. */
  refuseUpgrade(request: IncomingMessage): ApiError | undefined;
}
