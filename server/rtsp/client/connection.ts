import { RtspClient } from 'yellowstone';
import type { ConnectionReport } from '../../../shared/report.ts';
import { withTimeout } from '../../base/clock.ts';
import { VERSION } from '../../base/version.ts';
import {
  type Challenge,
  RtspFramer,
  type RtspRequest,
  type RtspResponse,
  type RtspTrack,
} from '../parse/index.ts';
import { BodyTimer } from './body-timer.ts';
import { type CameraLink, linkCamera } from './camera-link.ts';
import { CameraShare } from './camera-share.ts';
import type { CameraSession, GatewayRtspConnectionOptions } from './connection-options.ts';
import { connectionReport } from './connection-report.ts';
import { describeCamera } from './describe.ts';
import { dial } from './dial.ts';
import { asRtspError, RtspError, type RtspErrorContext } from './errors.ts';
import { framingError, messageFlood, sentElsewhere, socketEnd } from './faults.ts';
import { KeepAlive } from './keep-alive.ts';
import { answerOrVideo } from './play-answer.ts';
import { refusal } from './refusals.ts';
import { answerServerRequest } from './server-requests.ts';
import { SessionId } from './session-id.ts';
import { SessionRequests } from './session-requests.ts';
import { setUpWithRoom } from './stale-session.ts';
import { parseTarget, type RtspTarget } from './target.ts';
import type { SupportedTrack } from './track-selection.ts';
import { type LowerTransport, secureTransport } from './transport-choice.ts';
import { emitLog, emitMessage, emitPacket } from './yellowstone-events.ts';

/** A camera whose tracks are set up. `format` is what yellowstone's connect() gave: the video's encoding. */
export interface Described {
  readonly format: string;
  /** In the order of the track numbers that the listener gets. */
  readonly tracks: readonly SupportedTrack[];
}

type ConnectionState =
  | { readonly name: 'idle' | 'connecting' | 'ready' | 'playing' | 'paused' | 'closing' }
  | { readonly name: 'closed'; readonly error: RtspError };

const TEARDOWN_TIMEOUT_MS = 1_000;
const USER_AGENT = `Sluice/${VERSION}`;

/**
 * One RTSP connection to one camera, with the surface of yellowstone's client: connect, play, pause, close,
 * request, respond; events `log`, `response`, `data`, `controlData`, and `closed` beside them. All of its code is
 * ours (docs/decisions/0001-yellowstone.md).
 *
 * 1. `connect(url)` dials, asks OPTIONS and DESCRIBE, and sets up one video and one audio (TrackSelection).
 * 2. `play()` starts the media; packets go to the listener, also those that come before the reply.
 * 3. `pause()` and `play()` again, as often as wanted.
 * 4. `close()` sends TEARDOWN, waits for at most a second, and closes everything. Whatever else ends the
 *    connection closes everything too; `ended` tells why.
 */
export class GatewayRtspConnection extends RtspClient {
  /** Resolves, once and never rejecting, with why the connection ended. */
  readonly ended: Promise<RtspError>;
  readonly #options: GatewayRtspConnectionOptions;
  readonly #abort = new AbortController();
  readonly #framer: RtspFramer;
  readonly #bodyTimer: BodyTimer;
  readonly #session = new SessionId();
  readonly #requests: SessionRequests;
  readonly #share: CameraShare;
  #resolveEnded: (error: RtspError) => void = () => {};
  #state: ConnectionState = { name: 'idle' };
  #link: CameraLink | undefined;
  #keepAlive: KeepAlive | undefined;
  #hungUpOnKeepAlive = false;
  #hungUpOnSound = false;
  #isTornDown = false;
  #ignoresOptions: boolean | undefined;
  #publicMethods: ReadonlySet<string> = new Set();
  #offered: readonly RtspTrack[] = [];
  #server: string | undefined;
  #receivedAtMs = 0;

  constructor(options: GatewayRtspConnectionOptions) {
    // yellowstone's constructor only sets fields. The password stays out of them: whatever prints the object
    // would print it.
    super(options.username ?? '', '', { 'User-Agent': USER_AGENT });
    this.#options = options;
    this.#share = new CameraShare({
      clock: options.clock,
      context: () => this.#context(),
      onFlood: (error) => this.#end(error),
    });
    this.#requests = new SessionRequests({
      send: (method, url, headers) => this.#send(method, url, headers),
      controlUrls: () => this.#link?.links.tracks.map(({ controlUrl }) => controlUrl) ?? [],
      context: (method) => this.#context(method),
    });
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.#framer = new RtspFramer(
      {
        request: (request) => {
          this.#share.countMessage();
          this.#onRequest(request);
        },
        response: (response) => {
          this.#share.countMessage();
          this.#onResponse(response);
        },
        interleaved: (channel, packet) => this.#onInterleaved(channel, packet),
        error: (error) => this.#end(framingError(error, this.#context())),
      },
      {
        resync: true,
        mayLackLength: () => this.#link?.exchange.awaits('DESCRIBE') ?? false,
        isKnownChannel: (channel) => this.#link?.links.isKnownChannel(channel) ?? false,
      },
    );
    this.#bodyTimer = new BodyTimer({
      clock: options.clock,
      framer: this.#framer,
      onThrown: (thrown) => this.#end(asRtspError(thrown)),
    });
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Address and port of the camera; empty before it is dialled. */
  get peer(): string {
    return this.#link?.addresses.peer ?? '';
  }

  /** What the packets travel over: as asked for, or the fallback once the camera refused that. */
  get transport(): LowerTransport {
    return this.#link?.links.lower ?? this.#options.transport;
  }

  /** How this camera is spoken to, for its report; undefined before it is dialled. */
  report(configured: ConnectionReport['transport']['configured']): ConnectionReport | undefined {
    const link = this.#link;
    if (link === undefined) return undefined;
    return connectionReport({
      link,
      configuredTransport: configured,
      server: this.#server,
      publicMethods: this.#publicMethods,
      offered: this.#offered,
      keepAlive: this.#keepAlive,
      sessionTimeoutMs: this.#session.timeoutMs,
    });
  }

  /** The camera ended the connection right after a keep-alive that it offers. */
  get hungUpOnKeepAlive(): boolean {
    return this.#hungUpOnKeepAlive;
  }

  /** What the camera asked for when it ended the connection with that: the answer has to come on another one. */
  get challengeLeft(): Challenge | undefined {
    const { state } = this;
    if (state.name !== 'closed' || !isHangUp(state.error)) return undefined;
    return this.#link?.authenticator.unansweredChallenge;
  }

  /** The camera ended the connection when it was asked for its sound. */
  get hungUpOnSound(): boolean {
    return this.#hungUpOnSound;
  }

  /** The camera described its stream without having answered OPTIONS; undefined before it has described it. */
  get ignoresOptions(): boolean | undefined {
    return this.#ignoresOptions;
  }

  /** The camera's session where it was never told that it is over. */
  get leftSession(): CameraSession | undefined {
    const { id } = this.#session;
    return id === undefined || this.#isTornDown ? undefined : { id, url: this.#requests.url };
  }

  /** Dials the camera and sets its tracks up. Rejects with an RtspError; everything is closed then. */
  override async connect(url: string): Promise<Described> {
    this.#expect('idle');
    this.#state = { name: 'connecting' };
    try {
      const target = parseTarget(url);
      if (!target.ok) throw target.error;
      const { links, exchange, requestUrl } = await this.#open(target.value);
      const description = await describeCamera({
        requestUrl,
        requestTimeoutMs: this.#options.requestTimeoutMs,
        ignoresOptions: this.#options.ignoresOptions ?? false,
        send: (method, headers, timeoutMs) => this.#send(method, requestUrl, headers, timeoutMs),
        context: (method) => this.#context(method),
        onOffer: (tracks, publicMethods) => {
          this.#offered = tracks;
          this.#publicMethods = publicMethods;
        },
      });
      this.#requests.url = description.aggregateUrl;
      this.#ignoresOptions = description.ignoresOptions;
      const { video, audio } = description.selection;
      const selection = { video, audio: this.#options.withoutSound ? undefined : audio };
      await setUpWithRoom(() => links.setUp(selection), exchange, this.#options.staleSession);
      this.#to('connecting', { name: 'ready' });
      return { format: video.codec.toUpperCase(), tracks: links.tracks };
    } catch (thrown) {
      throw await this.#failed(thrown);
    }
  }

  /** Starts the media. Resolves when the camera has agreed, be it by sending; packets may have come before. */
  override async play(): Promise<this> {
    this.#expect('ready', 'paused');
    const { clock, isVideoComing } = this.#options;
    const askedAtMs = clock.monotonicMs();
    try {
      await answerOrVideo({
        clock,
        answer: this.#requests.play(),
        isVideoComing: () => isVideoComing?.(askedAtMs) ?? false,
        onLateFailure: (error) => {
          if (this.#state.name === 'playing') this.#end(error);
        },
      });
      this.#to(this.#state.name === 'paused' ? 'paused' : 'ready', { name: 'playing' });
      this.#link?.links.punchHoles();
      this.#keepAlive ??= this.#startKeepAlive();
      return this;
    } catch (thrown) {
      throw await this.#failed(thrown);
    }
  }

  /** Halts the media; the session stays. */
  override async pause(): Promise<this> {
    this.#expect('playing');
    await this.#requests.pause();
    this.#to('playing', { name: 'paused' });
    return this;
  }

  /** Sends TEARDOWN (unless `isImmediate`), waits for at most one second, closes everything. Idempotent. */
  override async close(isImmediate = false): Promise<this> {
    const stopped = new RtspError('stopped', 'The connection was closed by the gateway.', this.#context());
    await this.#closeWith(stopped, isImmediate);
    return this;
  }

  /** Closes as close() does, and tells `error` as the reason. */
  async closeWith(error: RtspError): Promise<void> {
    await this.#closeWith(error, false);
  }

  /** Sends one request; resolves with its 2xx response, rejects with an RtspError otherwise. */
  override async request(
    requestName: string,
    headers: Record<string, string> = {},
    url: string = this.#link?.requestUrl ?? '',
  ): Promise<RtspResponse> {
    const response = await this.#send(requestName, url, headers);
    if (response.statusCode >= 300) throw refusal(response, this.#context(requestName));
    return response;
  }

  /** Answers a request of the camera's; `status` as in "200 OK", and `headers` with its CSeq. */
  override respond(status: string, headers: Record<string, string> = {}): void {
    const lines = Object.entries({ ...this.headers, ...headers }).map(([name, value]) => `${name}: ${value}`);
    const text = [`RTSP/1.0 ${status}`, ...lines].map((line) => line.replace(/[\r\n]+/g, ' ')).join('\r\n');
    this.#link?.exchange.send(Buffer.from(`${text}\r\n\r\n`));
  }

  /** Sends an RTCP packet to the camera, the way the track's own come. */
  sendControl(track: number, packet: Buffer): void {
    this.#link?.links.sendControl(track, packet);
  }

  /** One chunk off the socket. The clock is read once for all packets in it. */
  override _onData(data: Buffer): void {
    this.#receivedAtMs = this.#options.clock.monotonicMs();
    try {
      this.#framer.push(data);
      this.#bodyTimer.restart();
    } catch (thrown) {
      // Only a bug gets here. It costs this connection and no other.
      this.#end(asRtspError(thrown));
    }
    if (this.#link !== undefined) this.#share.countChunk(data.length, this.#link.socket);
  }

  /** A picture or a frame of sound was made of the packets: it counts for what the camera may send. */
  countUnit(): void {
    this.#share.countUnit();
  }

  async #open(target: RtspTarget): Promise<CameraLink> {
    const { clock, connectTimeoutMs: timeoutMs, resolveAddress, tls, tlsFingerprint } = this.#options;
    const { transport, fallbackTransport } = this.#options;
    const ways = target.secure
      ? { lower: secureTransport(transport, fallbackTransport), fallback: undefined }
      : { lower: transport, fallback: fallbackTransport };
    const { signal } = this.#abort;
    const dialled = await dial({ target, clock, timeoutMs, resolveAddress, tls, tlsFingerprint, signal });
    const { socket } = dialled;
    this.#link = linkCamera(socket, target, this.#options, {
      ways,
      headers: this.headers,
      setup: (url, header) => this.#send('SETUP', url, { Transport: header }),
      admits: (sizeBytes) => this.#share.takesDatagram(sizeBytes),
      context: (method) => this.#context(method),
      onSent: (message) => emitLog(this, message, 'C->S'),
      onFailure: (error) => this.#end(error),
    });
    this.#requests.url = target.requestUrl;
    this.isConnected = true;
    let failure: Error | undefined;
    socket.on('error', (error) => {
      failure = error;
    });
    socket.on('close', () => this.#end(socketEnd(failure, this.#context())));
    socket.on('end', () => this.#end(socketEnd(undefined, this.#context())));
    dialled.read((chunk) => this._onData(chunk));
    return this.#link;
  }

  async #send(
    method: string,
    uri: string,
    headers: Record<string, string>,
    timeoutMs?: number,
  ): Promise<RtspResponse> {
    if (this.#state.name === 'closed') throw this.#state.error;
    if (this.#link === undefined) throw new RtspError('local-failure', 'Not connected to the camera.');
    const { id } = this.#session;
    const all = id === undefined ? headers : { Session: id, ...headers };
    const response = await this.#link.exchange.request({
      method,
      uri,
      headers: Object.entries(all),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
    this.#session.take(response);
    this.#server ??= response.headers.get('Server');
    return response;
  }

  #startKeepAlive(): KeepAlive {
    return new KeepAlive({
      clock: this.#options.clock,
      sessionTimeoutMs: this.#session.timeoutMs,
      publicMethods: this.#publicMethods,
      onlyOptions: this.#options.onlyOptions ?? false,
      ignoresOptions: this.#ignoresOptions ?? false,
      send: (method) => this.#requests.send(method),
      context: (method) => this.#context(method),
      isVideoComing: (sinceMs) => this.#options.isVideoComing?.(sinceMs) ?? false,
      onFailure: (error) => this.#end(error),
    });
  }

  #onResponse(response: RtspResponse): void {
    emitMessage(this, `RTSP/1.0 ${response.statusCode} ${response.reason}`, response);
    const isAwaited = this.#link?.exchange.settle(response) === true;
    if (isAwaited || this.#share.takesStrayMessage()) return;
    this.#end(messageFlood('answers to nothing', this.#context()));
  }

  #onRequest(request: RtspRequest): void {
    if (!this.#share.takesStrayMessage()) {
      this.#end(messageFlood('requests', this.#context()));
      return;
    }
    emitMessage(this, `${request.method} ${request.uri} RTSP/1.0`, request);
    const answer = answerServerRequest(request);
    this.#link?.exchange.respond(request, answer.statusCode, answer.headers);
    if (answer.redirect === undefined) return;
    void this.#closeWith(sentElsewhere(answer.redirect.location, this.#context('REDIRECT')), false);
  }

  #onInterleaved(channel: number, packet: Buffer): void {
    if (!this.#share.takesPacket()) {
      this.#options.listener.onUnassigned();
      return;
    }
    const isControl = this.#link?.links.deliver(channel, packet, this.#receivedAtMs);
    if (isControl !== undefined) emitPacket(this, channel, packet, isControl);
  }

  async #closeWith(error: RtspError, isImmediate: boolean): Promise<void> {
    const { name } = this.#state;
    if (name === 'closed') return;
    if (name === 'closing') {
      await this.ended;
      return;
    }
    this.#state = { name: 'closing' };
    this.#keepAlive?.close();
    if (!isImmediate && this.#session.id !== undefined) {
      const late = () => new RtspError('request-timeout', 'The camera did not answer TEARDOWN.');
      const teardown = this.#requests.send('TEARDOWN').then(() => {
        this.#isTornDown = true;
      });
      await withTimeout(this.#options.clock, TEARDOWN_TIMEOUT_MS, teardown, late).catch(() => {});
    }
    this.#end(error);
  }

  /** Closes as a step fails, and gives the error to throw: why the connection ended, if it ended by itself. */
  async #failed(thrown: unknown): Promise<RtspError> {
    if (this.#state.name === 'closed') return this.#state.error;
    const error = asRtspError(thrown);
    await this.#closeWith(error, false);
    return error;
  }

  /** Everything ends here, whatever the reason; the first reason counts. */
  #end(error: RtspError): void {
    if (this.#state.name === 'closed') return;
    this.#hungUpOnKeepAlive =
      isHangUp(error) && this.#keepAlive?.isToBlame(this.#options.clock.monotonicMs()) === true;
    this.#hungUpOnSound = isHangUp(error) && this.#link?.links.isAskingForSound === true;
    this.#state = { name: 'closed', error };
    this.isConnected = false;
    this.#abort.abort();
    this.#share.close();
    this.#framer.stop();
    this.#bodyTimer.stop();
    this.#keepAlive?.close();
    this.#link?.links.close();
    this.#link?.exchange.fail(error);
    this.#link?.socket.destroy();
    this.#resolveEnded(error);
    this.emit('closed', error);
  }

  #expect(...allowed: readonly ConnectionState['name'][]): void {
    if (this.#state.name === 'closed') throw this.#state.error;
    if (allowed.includes(this.#state.name)) return;
    throw new Error(`must be ${allowed.join(' or ')} for this, but is ${this.#state.name}`);
  }

  /** Takes a step, unless the connection ended or is closing meanwhile. */
  #to(from: ConnectionState['name'], next: ConnectionState): void {
    if (this.#state.name === 'closed') throw this.#state.error;
    if (this.#state.name !== from)
      throw new RtspError('stopped', 'The connection was closed by the gateway.');
    this.#state = next;
  }

  #context(method?: string): RtspErrorContext {
    return {
      ...this.#link?.addresses,
      ...(method === undefined ? {} : { method }),
      ...(this.#link === undefined ? {} : { cseq: this.#link.exchange.cseq }),
    };
  }
}

function isHangUp(error: RtspError): boolean {
  return error.kind === 'peer-closed' || error.kind === 'peer-reset';
}
