import type { ConnectionOptions } from 'node:tls';
import type { StreamDefinition } from '../../../shared/stream.ts';
import type { AddressResolver } from '../../base/address-policy.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { SourceSink } from '../../stream/index.ts';
import type { Challenge } from '../parse/index.ts';
import type { CameraFacts, ConnectionFacts } from './camera-facts.ts';
import { GatewayRtspConnection } from './connection.ts';
import type { CameraSession } from './connection-options.ts';
import { EarlyMedia } from './early-media.ts';
import { asRtspError, RtspError } from './errors.ts';
import { LossWatch } from './loss-watch.ts';
import { MediaWatch } from './media-watch.ts';
import { type Destination, followRedirect, isSameHost, MAX_REDIRECTS } from './redirect.ts';
import { type RtcpReports, startRtcpReports } from './rtcp-reporter.ts';
import type { SourceTally } from './tally.ts';
import { TrackReceiver } from './track-receiver.ts';
import type { SupportedTrack } from './track-selection.ts';
import type { LowerTransport } from './transport-choice.ts';
import type { PortRange } from './udp-ports.ts';

export interface MediaSessionOptions {
  readonly source: StreamDefinition['source'];
  readonly transport: LowerTransport;
  /** Taken where the camera refuses `transport`. */
  readonly fallbackTransport: LowerTransport | undefined;
  /** Why `transport` is what is tried, for people. */
  readonly transportReason: string | undefined;
  /** Whether a lossy UDP session is to end, with `lossy`, for one over TCP. */
  readonly mayMoveToTcp: boolean;
  /** As the connection's. */
  readonly onlyOptions: boolean;
  /** As the connection's. */
  readonly ignoresOptions: boolean;
  /** As the connection's. */
  readonly withoutSound: boolean;
  /** Of the last connection. */
  readonly learntSilenceMs: number | undefined;
  /** Of the last connection, as above. */
  readonly staleSession: CameraSession | undefined;
  readonly sink: SourceSink;
  readonly tally: SourceTally;
  readonly facts: CameraFacts;
  readonly clock: Clock;
  readonly log: Logger;
  readonly resolveAddress: AddressResolver;
  /** For another host that the camera redirects to: one that may be on this machine must not lead others there. */
  readonly resolveRedirect: AddressResolver;
  readonly udpPorts: PortRange;
  readonly random: () => number;
  readonly tls: ConnectionOptions | undefined;
  /** Ends the session; it resolves with `stopped` then. */
  readonly signal: AbortSignal;
  /** The camera was there and is no more; what is left is to take leave of it, which may take a second. */
  onGone(error: RtspError): void;
  /** The camera plays, but nothing can be made of it so far. */
  onNoStart(error: RtspError): void;
  onPlaying(playing: PlayingSession): void;
  /** The first packet of the video came: this transport works. */
  onFirstPacket(transport: LowerTransport): void;
}

/** A session whose camera has agreed to play. */
export interface PlayingSession {
  readonly transport: LowerTransport;
  readonly transportReason: string | undefined;
  /** Asks the camera itself, where it says that it can be asked (RTCP PLI). */
  requestKeyFrame(): void;
}

/** How a session ended, and for how long its media had flowed. */
export interface MediaSessionEnd {
  readonly error: RtspError;
  readonly playedMs: number;
  /** The one in use at the end. */
  readonly transport: LowerTransport;
  /** The camera hung up on a keep-alive that it offers. */
  readonly hungUpOnKeepAlive?: boolean;
  /** The camera described its stream without having answered OPTIONS; undefined where it never described it. */
  readonly ignoresOptions?: boolean | undefined;
  /** The camera hung up when it was asked for its sound. */
  readonly hungUpOnSound?: boolean;
  /** The camera asked for a password and ended the connection with that. */
  readonly challengeLeft?: Challenge | undefined;
  /** The camera's session where it was never told that it is over. */
  readonly leftSession?: CameraSession | undefined;
  /** How long this camera may be silent, by the intervals between its pictures. */
  readonly learntSilenceMs?: number;
}

/** Dials a camera, follows its redirects, delivers its media, and resolves with why that ended. */
export async function runMediaSession(options: MediaSessionOptions): Promise<MediaSessionEnd> {
  const { url, username, password } = options.source;
  let destination: Destination = { url, username, password };
  let { resolveAddress, staleSession } = options;
  for (let redirects = 0; ; redirects++) {
    const end = await runAt({ ...options, resolveAddress, staleSession }, destination);
    const { location } = end.error.context;
    if (end.error.kind !== 'redirected' || location === undefined) return end;
    if (redirects === MAX_REDIRECTS) {
      const message = `The camera redirects more than ${MAX_REDIRECTS} times; set the URL it means in the source.`;
      return { ...end, error: new RtspError('redirect-refused', message, end.error.context) };
    }
    const next = followRedirect(destination, location);
    if (!next.ok) return { ...end, error: next.error };
    if (!isSameHost(destination.url, next.value.url)) {
      resolveAddress = options.resolveRedirect;
      staleSession = undefined;
    }
    destination = next.value;
  }
}

/** On one connection, or on a second one where the camera asks for a password and closes the first with that. */
async function runAt(options: MediaSessionOptions, destination: Destination): Promise<MediaSessionEnd> {
  const end = await new MediaSession(options, destination).run();
  if (end.challengeLeft === undefined || options.signal.aborted) return end;
  return new MediaSession(options, destination, end.challengeLeft).run();
}

/** One connection from dialling to its end, with what has to run beside it. */
class MediaSession {
  readonly #options: MediaSessionOptions;
  readonly #connection: GatewayRtspConnection;
  readonly #destination: Destination;
  readonly #watch: MediaWatch;
  readonly #lossWatch = new LossWatch();
  readonly #media: EarlyMedia;
  readonly #undo: Array<() => void> = [];
  #reports: RtcpReports | undefined;
  #transportReason: string | undefined;
  #isLossy = false;
  #receivers: readonly TrackReceiver[] = [];
  /** Viewers were told: what still comes would contradict. */
  #isGone = false;

  constructor(options: MediaSessionOptions, destination: Destination, challenge?: Challenge) {
    this.#options = options;
    this.#destination = destination;
    this.#media = new EarlyMedia(options.sink);
    const { source, clock, transport, fallbackTransport } = options;
    this.#connection = new GatewayRtspConnection({
      username: destination.username,
      password: destination.password,
      transport,
      fallbackTransport,
      clock,
      resolveAddress: options.resolveAddress,
      udpPorts: options.udpPorts,
      random: options.random,
      connectTimeoutMs: source.connectTimeoutMs,
      requestTimeoutMs: source.connectTimeoutMs,
      tls: options.tls,
      // It holds for wherever the camera sends us, too.
      tlsFingerprint: source.tlsFingerprint,
      onlyOptions: options.onlyOptions,
      ignoresOptions: options.ignoresOptions,
      withoutSound: options.withoutSound,
      challenge,
      staleSession: options.staleSession,
      listener: {
        onRtp: (track, packet, receivedAtMs) => this.#receivers[track]?.rtp(packet, receivedAtMs),
        onRtcp: (track, packet, receivedAtMs) => this.#receivers[track]?.rtcp(packet, receivedAtMs),
        onUnassigned: () => {
          options.tally.ignoredPackets += 1;
        },
      },
      isVideoComing: (sinceMs) =>
        this.#receivers.some(({ kind, lastPacketAtMs = 0 }) => kind === 'video' && lastPacketAtMs > sinceMs),
    });
    this.#watch = new MediaWatch({
      clock,
      transport: () => this.#connection.transport,
      mayChooseTransport: source.transport === 'auto',
      silenceTimeoutMs: source.silenceTimeoutMs,
      learntSilenceMs: options.learntSilenceMs,
      receivers: () => this.#receivers,
      onFirstPacket: () => options.onFirstPacket(this.#connection.transport),
      onNoPicture: () => options.sink.damaged?.(),
      onNoStart: (error) => options.onNoStart(error),
      onFailure: (error) => this.#onFailure(error),
    });
  }

  async run(): Promise<MediaSessionEnd> {
    const { signal, clock } = this.#options;
    const stop = () => void this.#connection.close();
    signal.addEventListener('abort', stop, { once: true });
    this.#undo.push(() => signal.removeEventListener('abort', stop));
    if (signal.aborted) stop();
    this.#undo.push(this.#options.facts.connected(() => this.#facts()));
    let error: RtspError;
    try {
      const { tracks } = await this.#connection.connect(this.#destination.url);
      this.#receivers = tracks.map((track) => this.#receiver(track));
      await this.#connection.play();
      this.#play(tracks);
      error = await this.#connection.ended;
    } catch (thrown) {
      error = asRtspError(thrown);
      await this.#connection.closeWith(error);
    }
    for (const undo of this.#undo.reverse()) undo();
    for (const receiver of this.#receivers) receiver.count();
    return {
      error,
      playedMs: this.#watch.playedMs(clock.monotonicMs()),
      transport: this.#connection.transport,
      hungUpOnKeepAlive: this.#connection.hungUpOnKeepAlive,
      ignoresOptions: this.#connection.ignoresOptions,
      hungUpOnSound: this.#connection.hungUpOnSound,
      challengeLeft: this.#connection.challengeLeft,
      leftSession: this.#connection.leftSession,
      learntSilenceMs: this.#watch.learntSilenceMs(error),
    };
  }

  #receiver(track: SupportedTrack): TrackReceiver {
    const { tally, sink } = this.#options;
    return new TrackReceiver({
      track,
      transport: this.#connection.transport,
      tally,
      onUnit: (unit) => {
        if (this.#isGone) return;
        this.#watch.unit(unit);
        this.#connection.countUnit();
        this.#media.unit(unit);
      },
      onFormat: (format) => this.#media.format(format),
      onSenderReport: (report) => {
        if (report.kind === 'video') this.#options.facts.senderReport(report.ntpMs, report.receivedAtMs);
        this.#media.senderReport(report);
      },
      onDamage: () => {
        if (track.kind === 'video') sink.damaged?.();
      },
      onBye: () => this.#watch.bye(track.kind),
    });
  }

  /** The camera has agreed to play: tells the sink, hands over what came early, and starts what runs beside. */
  #play(tracks: readonly SupportedTrack[]): void {
    const { sink, clock } = this.#options;
    const { transport } = this.#connection;
    const formats = tracks.map((track) => track.format).filter((format) => format !== undefined);
    this.#options.facts.playing();
    sink.playing(formats, transport);
    this.#transportReason = whyTransport(this.#options, transport);
    sink.transportReason?.(this.#transportReason);
    this.#options.onPlaying({
      transport,
      transportReason: this.#transportReason,
      requestKeyFrame: () => this.#requestKeyFrame(tracks),
    });
    this.#media.release();
    const reports = startRtcpReports({
      clock,
      trackCount: tracks.length,
      reportBlock: (track, nowMs) => this.#receivers[track]?.reportBlock(nowMs),
      send: (track, packet) => this.#connection.sendControl(track, packet),
    });
    this.#reports = reports;
    this.#undo.push(
      this.#watch.start(),
      clock.every(1_000, () => {
        for (const receiver of this.#receivers) receiver.count();
        if (transport === 'udp') this.#checkLoss(clock.monotonicMs());
      }),
      () => reports.stop(),
    );
  }

  #requestKeyFrame(tracks: readonly SupportedTrack[]): void {
    for (const [index, track] of tracks.entries()) {
      const ssrc = this.#receivers[index]?.ssrc;
      if (track.kind === 'video' && track.takesPli && ssrc !== undefined) {
        this.#reports?.pictureLoss(index, ssrc);
      }
    }
  }

  /** Ends a session that loses too much where TCP can be had, and tells of it where not. */
  #checkLoss(nowMs: number): void {
    const arrivals = { received: 0, lost: 0 };
    for (const receiver of this.#receivers) {
      const { received, lost } = receiver.arrivals;
      arrivals.received += received;
      arrivals.lost += lost;
    }
    const verdict = this.#lossWatch.sample(nowMs, arrivals);
    if (verdict === undefined) return;
    const { source, sink, mayMoveToTcp, log } = this.#options;
    if (!verdict.isTooMuch) {
      if (this.#isLossy) sink.transportReason?.(this.#transportReason);
      this.#isLossy = false;
      return;
    }
    const percent = `${Math.round(verdict.share * 1000) / 10} %`;
    if (mayMoveToTcp) {
      const message = `Over UDP ${percent} of the camera's packets were lost, so the gateway turns to TCP.`;
      void this.#connection.closeWith(new RtspError('lossy', message));
      return;
    }
    const advice =
      source.transport === 'udp'
        ? 'Set the transport of the source to auto or tcp.'
        : 'The camera cannot be had over TCP: mend the network between it and the gateway.';
    const message = `Over UDP ${percent} of the camera's packets are lost, and with them pictures. ${advice}`;
    sink.transportReason?.(message);
    if (!this.#isLossy) log.warn({}, message);
    this.#isLossy = true;
  }

  #onFailure(error: RtspError): void {
    // With the first packet still to come, another transport may be tried before anybody is told.
    if (error.kind !== 'no-packets') {
      this.#isGone = true;
      this.#options.onGone(error);
    }
    void this.#connection.closeWith(error);
  }

  #facts(): ConnectionFacts | undefined {
    const report = this.#connection.report(this.#options.source.transport);
    if (report === undefined) return undefined;
    const why = this.#transportReason;
    const connection = why === undefined ? report : { ...report, transport: { ...report.transport, why } };
    return { connection, received: this.#receivers.map((receiver) => receiver.report) };
  }
}

function whyTransport(options: MediaSessionOptions, used: LowerTransport): string | undefined {
  if (used === options.transport) return options.transportReason;
  return `The camera does not offer ${options.transport.toUpperCase()}.`;
}
