import type { ConnectionOptions } from 'node:tls';
import type { WaitReason } from '../../../shared/errors.ts';
import { type StreamId, streamId } from '../../../shared/names.ts';
import type { SourceReport } from '../../../shared/report.ts';
import type { StreamDefinition } from '../../../shared/stream.ts';
import { type AddressResolver, resolveAnyAddress } from '../../base/address-policy.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import { redactUrl } from '../../base/redact.ts';
import type { Source, SourceSink } from '../../stream/index.ts';
import { CameraFacts } from './camera-facts.ts';
import type { CameraLogin, CameraLogins } from './camera-logins.ts';
import type { CameraSession } from './connection-options.ts';
import type { DialPacer } from './dial-pacer.ts';
import { asRtspError, type RtspError, type RtspErrorContext } from './errors.ts';
import { type MediaSessionEnd, type PlayingSession, runMediaSession } from './media-session.ts';
import { needsResolving, type ResolveSource, resolvedSource } from './resolved-source.ts';
import { RetryWait } from './retry-wait.ts';
import { SourceTally } from './tally.ts';
import { bothFailed, type LowerTransport, transportsToTry } from './transport-choice.ts';
import { DEFAULT_UDP_PORTS, type PortRange } from './udp-ports.ts';

/** What a source of a camera needs from the gateway; all but clock and log has a default. */
export interface RtspSourceDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** Which address a host means, and whether it may be dialled. Default: any. */
  readonly resolveAddress?: AddressResolver;
  /** The same for another host that a camera redirects to. Default: `resolveAddress`. */
  readonly resolveRedirect?: AddressResolver;
  /** Default 20000-29999. */
  readonly udpPorts?: PortRange;
  /** What worked for a stream whose transport is `auto`; hand in one map that outlives the sources. */
  readonly workedTransports?: Map<StreamId, LowerTransport>;
  /** Spreads the dials of all sources; hand in the same one to each. Default: every source dials when it likes. */
  readonly dialPacer?: DialPacer;
  /** What log-ins cameras have refused; hand in the same one to each. Default: every source tries its own. */
  readonly logins?: CameraLogins;
  /**
   * Asks a playing camera for a key frame by a way of its own, such as ONVIF's SetSynchronizationPoint. Called at most
   * once in 2 s for each stream, however many viewers ask; must not throw.
   */
  readonly askKeyFrame?: (definition: StreamDefinition) => void;
  /** How the URL of an `onvif://` source is found, before each connection. */
  readonly resolve?: ResolveSource;
  readonly random?: () => number;
  /** For rtsps, beside the system's roots. */
  readonly tls?: ConnectionOptions;
}

/** What a source is doing. */
export type RtspSourceState =
  | { readonly state: 'connecting'; readonly attempt: number }
  | { readonly state: 'playing'; readonly transport: LowerTransport; readonly sinceMs: number }
  | {
      readonly state: 'waiting';
      readonly reason: WaitReason;
      readonly error: RtspError;
      readonly untilMs: number;
    }
  | { readonly state: 'closed' };

/** Media has to flow for so long before the next failure counts as the first one again. */
const STEADY_AFTER_MS = 10_000;
/** A camera that could not be had over TCP although UDP loses packets is asked for TCP again after so long. */
const STAY_ON_UDP_MS = 30 * 60_000;
const COUNTERS_EVERY_MS = 1_000;
/** What taking leave of a silent camera takes, which is before any retry. */
const GOODBYE_MS = 1_000;

/** Starts to pull a stream from its camera, and goes on until closed. Units go to `sink`. */
export function startRtspSource(
  definition: StreamDefinition,
  sink: SourceSink,
  deps: RtspSourceDeps,
): RtspSource {
  const source = new RtspSource(definition, sink, deps);
  source.start();
  return source;
}

/**
 * One stream's camera.
 *
 * 1. `run()` calls `runOnce()`, and after it waits for as long as the back-off says, until closed.
 * 2. `runOnce()` makes one connection (with `auto`: one for each transport until one brings packets), delivers
 *    its units, and resolves with the reason for its end.
 * 3. `close()` ends both, after a TEARDOWN that may take one second.
 */
export class RtspSource implements Source {
  readonly #definition: StreamDefinition;
  readonly #sink: SourceSink;
  readonly #deps: RtspSourceDeps;
  readonly #log: Logger;
  readonly #stop = new AbortController();
  readonly #retryWait: RetryWait;
  readonly #tally = new SourceTally();
  readonly #facts = new CameraFacts();
  readonly #worked: Map<StreamId, LowerTransport>;
  /** That of the definition, with the URL that was found for this connection. */
  #source: StreamDefinition['source'];
  #state: RtspSourceState = { state: 'connecting', attempt: 0 };
  #attempt = 0;
  /** Log-ins that the camera refused this one alone, in a row. */
  #refusals = 0;
  /** Why a transport is the one to be tried. */
  #why: { readonly transport: LowerTransport; readonly reason: string } | undefined;
  #stayOnUdpUntilMs = 0;
  #playing: PlayingSession | undefined;
  /** The camera hung up on a keep-alive that was no OPTIONS. */
  #onlyOptions = false;
  #ignoresOptions = false;
  /** How often the camera hung up in a row when it was asked for its sound. */
  #soundHangUps = 0;
  #learntSilenceMs: number | undefined;
  /** Of a connection that broke: the camera may still keep its place. */
  #leftSession: CameraSession | undefined;
  #watched = false;
  /** The log-in of the connection that there is. */
  #login: ReturnType<CameraLogin['begin']> | undefined;
  #running: Promise<void> | undefined;

  constructor(definition: StreamDefinition, sink: SourceSink, deps: RtspSourceDeps) {
    this.#definition = definition;
    this.#source = definition.source;
    this.#sink = sink;
    this.#deps = deps;
    this.#log = deps.log.child({ stream: this.#id });
    this.#worked = deps.workedTransports ?? new Map();
    this.#retryWait = new RetryWait({
      clock: deps.clock,
      random: deps.random ?? Math.random,
      signal: this.#stop.signal,
    });
  }

  get state(): RtspSourceState {
    return this.#state;
  }

  /** Begins to run. Idempotent. */
  start(): void {
    this.#running ??= this.run();
  }

  setWatched(watched: boolean): void {
    this.#watched = watched;
    const state = this.#state;
    if (!watched || state.state !== 'waiting' || state.error.kind === 'auth-failed') return;
    const delayMs = this.#retryWait.delayMs(state.error.kind, this.#attempt, true);
    if (this.#retryWait.shortenTo(delayMs)) this.#tellWaiting(state.error, delayMs);
  }

  /**
   * Asks the camera while it plays: by RTCP where it says that it listens to that, which few do, and by `askKeyFrame`.
   * The hub asks at most once in 2 s.
   */
  requestKeyFrame(): void {
    if (this.#state.state !== 'playing') return;
    this.#playing?.requestKeyFrame();
    this.#deps.askKeyFrame?.(this.#definition);
  }

  report(): SourceReport | undefined {
    return this.#facts.report;
  }

  async close(): Promise<void> {
    this.#state = { state: 'closed' };
    this.#stop.abort();
    await this.#running;
  }

  /** Dials until closed, with waits in between. Never rejects. */
  async run(): Promise<void> {
    const stopCounting = this.#deps.clock.every(COUNTERS_EVERY_MS, () => {
      if (this.#tally.takeChanged()) this.#sink.counters(this.#tally.counters);
    });
    while (!this.#stop.signal.aborted) {
      this.#state = { state: 'connecting', attempt: this.#attempt };
      this.#sink.connecting();
      const { dialPacer } = this.#deps;
      if (dialPacer !== undefined) await dialPacer.turn(() => this.#watched, this.#stop.signal);
      if (this.#stop.signal.aborted) break;
      const end = await this.runOnce();
      if (this.#stop.signal.aborted) break;
      if (end.playedMs >= STEADY_AFTER_MS) this.#attempt = 0;
      const attempt = end.error.kind === 'auth-failed' ? Math.max(0, this.#refusals - 1) : this.#attempt;
      const delayMs = this.#retryWait.delayMs(end.error.kind, attempt, this.#watched);
      this.#attempt += 1;
      this.#log.debug(
        { ...loggable(end.error.context), kind: end.error.kind, delayMs },
        'connection to the camera ended',
      );
      this.#tellWaiting(end.error, delayMs);
      await this.#retryWait.wait(delayMs);
    }
    stopCounting();
  }

  /**
   * Makes one connection (or one more with another transport), delivers until it ends, and resolves with why. Never
   * rejects.
   */
  async runOnce(): Promise<MediaSessionEnd> {
    if (needsResolving(this.#definition.source.url)) {
      const failure = await this.#resolve();
      if (failure !== undefined) return failure;
    }
    const login = this.#deps.logins?.of(this.#source);
    if (login?.isTried) await login.turn(this.#stop.signal);
    const standing = login?.standing;
    if (standing !== undefined) return { error: standing, playedMs: 0, transport: 'tcp' };
    this.#login = login?.begin();
    const end = await this.#dial();
    this.#login?.ended(end.error);
    // Where it is held back for all, looking whether it still is costs nothing.
    const isOwn = end.error.kind === 'auth-failed' && login?.standing === undefined;
    this.#refusals = isOwn ? this.#refusals + 1 : 0;
    return end;
  }

  async #dial(): Promise<MediaSessionEnd> {
    const { transport: configured, url } = this.#source;
    const transports = transportsToTry(configured, this.#worked.get(this.#id), /^rtsps:/i.test(url));
    const end = await this.#runTransports(...transports);
    if (end.error.kind !== 'lossy' || this.#stop.signal.aborted) return end;
    return this.#moveToTcp(end);
  }

  /** Finds where the source is to be dialled this time; gives the end of a connection that cannot even begin. */
  async #resolve(): Promise<MediaSessionEnd | undefined> {
    try {
      this.#source = await resolvedSource(this.#definition, this.#deps.resolve, this.#stop.signal);
      return undefined;
    } catch (thrown) {
      return { error: asRtspError(thrown), playedMs: 0, transport: 'tcp' };
    }
  }

  async #runTransports(first: LowerTransport, other?: LowerTransport): Promise<MediaSessionEnd> {
    const end = await this.#runSession(first, other);
    if (other === undefined || !this.#isTransportsFault(end.error)) return end;
    this.#worked.delete(this.#id);
    // The camera refused the first transport, and what it took instead brought nothing either.
    if (end.transport === other) return { ...end, error: bothFailed(end.error, end.error) };
    this.#why = { transport: other, reason: `No video came over ${first.toUpperCase()}.` };
    const second = await this.#runSession(other, undefined);
    if (!this.#isTransportsFault(second.error)) return second;
    return { ...second, error: bothFailed(end.error, second.error) };
  }

  /** UDP lost too much. A camera that has no TCP for us goes on over UDP, and is not asked again for a while. */
  async #moveToTcp(lossy: MediaSessionEnd): Promise<MediaSessionEnd> {
    this.#log.warn({}, lossy.error.message);
    this.#why = { transport: 'tcp', reason: lossy.error.message };
    this.#sink.connecting();
    const moved = await this.#runSession('tcp', undefined);
    if (!this.#isTransportsFault(moved.error)) return moved;
    this.#stayOnUdpUntilMs = this.#deps.clock.monotonicMs() + STAY_ON_UDP_MS;
    this.#why = {
      transport: 'udp',
      reason: 'Over UDP packets are lost, but the camera cannot be had over TCP.',
    };
    this.#log.warn({}, this.#why.reason);
    this.#sink.connecting();
    return this.#runSession('udp', undefined);
  }

  /** Only what another transport can mend is tried again with another transport. */
  #isTransportsFault(error: RtspError): boolean {
    if (this.#stop.signal.aborted) return false;
    return error.kind === 'unsupported-transport' || error.kind === 'no-packets';
  }

  async #runSession(
    transport: LowerTransport,
    fallbackTransport: LowerTransport | undefined,
  ): Promise<MediaSessionEnd> {
    const { clock } = this.#deps;
    try {
      const end = await runMediaSession({
        source: this.#source,
        transport,
        fallbackTransport,
        transportReason: this.#why?.transport === transport ? this.#why.reason : undefined,
        mayMoveToTcp: this.#source.transport === 'auto' && clock.monotonicMs() >= this.#stayOnUdpUntilMs,
        onlyOptions: this.#onlyOptions,
        ignoresOptions: this.#ignoresOptions,
        withoutSound: this.#soundHangUps > 1,
        learntSilenceMs: this.#learntSilenceMs,
        staleSession: this.#leftSession,
        sink: this.#sink,
        tally: this.#tally,
        facts: this.#facts,
        clock,
        log: this.#log,
        ...this.#resolvers(),
        udpPorts: this.#deps.udpPorts ?? DEFAULT_UDP_PORTS,
        random: this.#deps.random ?? Math.random,
        tls: this.#deps.tls,
        signal: this.#stop.signal,
        onGone: ({ reason, message }) => this.#sink.waiting(reason, message, GOODBYE_MS),
        onNoStart: ({ reason, message }) => this.#sink.waiting(reason, message),
        onPlaying: (playing) => {
          const { transport: used, transportReason: reason } = playing;
          this.#playing = playing;
          this.#login?.accepted();
          this.#why = reason === undefined ? undefined : { transport: used, reason };
          this.#state = { state: 'playing', transport: used, sinceMs: clock.monotonicMs() };
        },
        onFirstPacket: (used) => {
          if (this.#definition.source.transport === 'auto') this.#worked.set(this.#id, used);
        },
      });
      this.#onlyOptions ||= end.hungUpOnKeepAlive === true;
      // One that refuses what it was asked without OPTIONS is asked for them the next time.
      this.#ignoresOptions = end.error.kind !== 'refused' && (end.ignoresOptions ?? this.#ignoresOptions);
      if (end.hungUpOnSound) this.#soundHangUps += 1;
      // It may have been an accident: the sound is asked for once more the next time.
      else if (end.playedMs > 0) this.#soundHangUps = Math.min(this.#soundHangUps, 1);
      this.#learntSilenceMs = end.learntSilenceMs;
      // A connection that got no session of its own leaves an older one as it was.
      if (end.leftSession !== undefined) this.#leftSession = end.leftSession;
      else if (end.playedMs > 0) this.#leftSession = undefined;
      return end;
    } catch (thrown) {
      // What gets here is a bug; the stream shows it and the other streams go on.
      const error = asRtspError(thrown);
      this.#log.error({ err: thrown }, 'the connection to the camera failed in an unforeseen way');
      return { error, playedMs: 0, transport };
    }
  }

  /** What a camera answers speaks for no other host; so what is asked where its stream is may name one, but that is looked at as a redirect is. */
  #resolvers(): { readonly resolveAddress: AddressResolver; readonly resolveRedirect: AddressResolver } {
    const { resolveAddress = resolveAnyAddress, resolveRedirect = resolveAddress } = this.#deps;
    const isOwn = hostnameOf(this.#source.url) === hostnameOf(this.#definition.source.url);
    return { resolveAddress: isOwn ? resolveAddress : resolveRedirect, resolveRedirect };
  }

  #tellWaiting(error: RtspError, delayMs: number): void {
    const untilMs = this.#deps.clock.monotonicMs() + delayMs;
    this.#state = { state: 'waiting', reason: error.reason, error, untilMs };
    this.#sink.waiting(error.reason, error.message, delayMs);
  }

  get #id(): StreamId {
    return streamId(this.#definition.app, this.#definition.name);
  }
}

function hostnameOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname.toLowerCase() : undefined;
}

/** A camera may put credentials into the place it sends us to. */
function loggable(context: RtspErrorContext): RtspErrorContext {
  const { location } = context;
  return location === undefined ? context : { ...context, location: redactUrl(location) };
}
