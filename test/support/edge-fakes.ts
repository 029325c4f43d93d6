import { Writable } from 'node:stream';
import { Listeners } from '../../server/base/emitter.ts';
import { createLogger, type LogLevel } from '../../server/base/log.ts';
import type { HttpPorts, StreamDirectory, WhepGateway } from '../../server/http/index.ts';
import type { CameraDesk, ViewerEvent, ViewerGateway, ViewerSession } from '../../server/signaling/index.ts';
import { ApiError } from '../../shared/errors.ts';
import type { CameraEvent } from '../../shared/events.ts';
import { type StreamId, streamId } from '../../shared/names.ts';
import type { PtzCommand } from '../../shared/onvif.ts';
import type { StreamDefinition, StreamPatch, StreamStatus } from '../../shared/stream.ts';

/** A status as the hub would give it for a definition; the password stays behind. */
export function statusOf(definition: StreamDefinition): StreamStatus {
  const { app, name, source, onDemand } = definition;
  return {
    app,
    name,
    source: { url: source.url, hasPassword: source.password !== undefined, transport: source.transport },
    onDemand,
    readOnly: false,
    state: 'connecting',
    tracks: [],
    viewers: 0,
    readers: 0,
    recorder: { state: 'off' },
  };
}

/** Streams in memory. `readOnly` ones behave as those of the configuration file. */
export class FakeStreams implements StreamDirectory {
  readonly definitions = new Map<StreamId, StreamDefinition>();
  readonly readOnly = new Set<StreamId>();
  readonly restarted: StreamId[] = [];
  /** Set to make the next change fail as a bug would. */
  bug: Error | undefined;

  list(): StreamStatus[] {
    return [...this.definitions.values()].map(statusOf);
  }

  get(id: StreamId): StreamStatus | undefined {
    const definition = this.definitions.get(id);
    return definition === undefined ? undefined : statusOf(definition);
  }

  async create(definition: StreamDefinition): Promise<StreamStatus> {
    if (this.bug !== undefined) throw this.bug;
    const id = streamId(definition.app, definition.name);
    if (this.definitions.has(id)) throw new ApiError('STREAM_EXISTS', `There is a stream "${id}" already.`);
    this.definitions.set(id, definition);
    return statusOf(definition);
  }

  async patch(id: StreamId, patch: StreamPatch): Promise<StreamStatus> {
    const definition = this.#changeable(id);
    const changed = { ...definition, ...(patch.onDemand === undefined ? {} : { onDemand: patch.onDemand }) };
    this.definitions.set(id, changed);
    return statusOf(changed);
  }

  async remove(id: StreamId): Promise<void> {
    this.#changeable(id);
    this.definitions.delete(id);
  }

  async restart(id: StreamId): Promise<void> {
    if (!this.definitions.has(id)) throw new ApiError('STREAM_NOT_FOUND', `There is no stream "${id}".`);
    this.restarted.push(id);
  }

  #changeable(id: StreamId): StreamDefinition {
    const definition = this.definitions.get(id);
    if (definition === undefined) throw new ApiError('STREAM_NOT_FOUND', `There is no stream "${id}".`);
    if (this.readOnly.has(id)) throw new ApiError('STREAM_READ_ONLY', `"${id}" is set in sluice.yaml.`);
    return definition;
  }
}

/** WHEP sessions that only remember what was asked of them. */
export class FakeWhep implements WhepGateway {
  readonly sessions = new Map<
    string,
    { stream: StreamId; offer: string; fragments: string[]; etag: string }
  >();
  failNext: ApiError | undefined;
  #count = 0;

  async create(stream: StreamId, offer: string) {
    if (this.failNext !== undefined) throw this.failNext;
    this.#count += 1;
    const sessionId = `whep-session-${String(this.#count).padStart(8, '0')}`;
    const etag = '"first"';
    this.sessions.set(sessionId, { stream, offer, fragments: [], etag });
    return { sessionId, answerSdp: `v=0\r\ns=answer to ${stream}\r\n`, etag };
  }

  async trickle(sessionId: string, fragment: string, ifMatch?: string) {
    const session = this.#session(sessionId);
    if (ifMatch !== undefined && ifMatch !== '*' && ifMatch !== session.etag) {
      throw new ApiError('CONFLICT', 'The session has moved on.');
    }
    session.fragments.push(fragment);
    if (!fragment.includes('ice-restart')) return { etag: session.etag };
    session.etag = '"second"';
    return { answer: 'a=ice-ufrag:new\r\n', etag: session.etag };
  }

  async remove(sessionId: string): Promise<void> {
    this.#session(sessionId);
    this.sessions.delete(sessionId);
  }

  #session(sessionId: string) {
    const session = this.sessions.get(sessionId);
    if (session === undefined) throw new ApiError('SESSION_NOT_FOUND', 'There is no such session.');
    return session;
  }
}

export interface FakePorts extends HttpPorts {
  readonly streams: FakeStreams;
  readonly whep: FakeWhep;
  ready: boolean;
}

export function fakePorts(): FakePorts {
  const ports = {
    streams: new FakeStreams(),
    whep: new FakeWhep(),
    ready: true,
    metrics: async () => '# HELP sluice_up Always 1.\nsluice_up 1\n',
    readiness: () => ({ ready: ports.ready, checks: { workers: ports.ready } }),
  };
  return ports;
}

/** A viewer whose media are only noted down; `hold` makes watch.start wait until it is let go. */
export class FakeViewer implements ViewerSession {
  readonly id: string;
  readonly calls: Array<{ method: string; params: unknown }> = [];
  readonly emit: (event: ViewerEvent) => void;
  closed = false;
  hold: Promise<void> | undefined;
  failWith: unknown;

  constructor(id: string, emit: (event: ViewerEvent) => void) {
    this.id = id;
    this.emit = emit;
  }

  async startWatch(params: Parameters<ViewerSession['startWatch']>[0]) {
    await this.#note('watch.start', params);
    const { quality: given = 'main' as const } = params;
    const qualities = ['main' as const, 'sub' as const];
    return { watchId: `watch-${this.calls.length}`, state: 'live' as const, consumers: [], qualities, given };
  }

  setQuality(params: unknown): Promise<void> {
    return this.#note('watch.quality', params);
  }

  resumeWatch(params: unknown): Promise<void> {
    return this.#note('watch.resume', params);
  }

  pauseWatch(params: unknown): Promise<void> {
    return this.#note('watch.pause', params);
  }

  stopWatch(params: unknown): Promise<void> {
    return this.#note('watch.stop', params);
  }

  connectTransport(params: unknown): Promise<void> {
    return this.#note('transport.connect', params);
  }

  async restartIce(params: unknown) {
    await this.#note('transport.restartIce', params);
    return { iceParameters: { usernameFragment: 'u', password: 'p' } };
  }

  close(): void {
    this.closed = true;
  }

  async #note(method: string, params: unknown): Promise<void> {
    if (method === 'watch.start') await this.hold;
    if (this.failWith !== undefined) throw this.failWith;
    this.calls.push({ method, params });
  }
}

export class FakeGateway implements ViewerGateway {
  readonly routerRtpCapabilities = { codecs: [{ mimeType: 'video/H264' }] };
  readonly viewers: FakeViewer[] = [];
  refuseWith: unknown;

  openSession({ onEvent }: { onEvent(event: ViewerEvent): void }): FakeViewer {
    if (this.refuseWith !== undefined) throw this.refuseWith;
    const viewer = new FakeViewer(`session-${this.viewers.length + 1}`, onEvent);
    this.viewers.push(viewer);
    return viewer;
  }

  get last(): FakeViewer {
    const viewer = this.viewers.at(-1);
    if (viewer === undefined) throw new Error('no session was opened');
    return viewer;
  }
}

/** Cameras that note what they are told; `hold` makes them wait until it is let go. */
export class FakeCameras implements CameraDesk {
  readonly told: Array<{ operator: string; stream: StreamId; command: PtzCommand }> = [];
  readonly released: string[] = [];
  readonly changes = new Listeners<{ event: CameraEvent; removed: boolean }>();
  active: CameraEvent[] = [];
  hold: Promise<void> | undefined;
  failWith: unknown;

  async ptz(operator: string, stream: StreamId, command: PtzCommand): Promise<void> {
    this.told.push({ operator, stream, command });
    await this.hold;
    if (this.failWith !== undefined) throw this.failWith;
  }

  releasePtz(operator: string): void {
    this.released.push(operator);
  }

  activeEvents(streams?: ReadonlySet<StreamId>): CameraEvent[] {
    return this.active.filter(({ app, name }) => streams === undefined || streams.has(streamId(app, name)));
  }

  onEvent(listener: (change: { event: CameraEvent; removed: boolean }) => void): () => void {
    return this.changes.add(listener);
  }
}

/** A real logger whose lines are kept. */
export function capturedLog(level: LogLevel = 'debug') {
  const chunks: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  return { log: createLogger(level, sink), text: () => chunks.join('') };
}
