import { randomBytes, randomInt } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import type { Reader, Stream, TrackFormat, TrackKind, Unit } from '../../stream/index.ts';
import { RtpPacketiser, writeSenderReport } from '../../stream/index.ts';
import { buildBye, type RtpInfo } from '../parse/index.ts';
import type { Admitted } from './admissions.ts';
import type { PacketOut } from './packet-out.ts';
import { payloadTypeOf, sameTracks } from './track-description.ts';

/** What a reader waits for a stream to become live before it is told that it is not. */
export const LIVE_WAIT_MS = 10_000;
/** Sessions over UDP end when nothing was heard for so long. */
export const SESSION_TIMEOUT_S = 60;
/** How long the camera may be gone before its readers are let go; they come back by themselves. */
const GONE_AFTER_MS = 10_000;
/** Sender reports go out, and the time-out is checked, so often. */
const TICK_MS = 1_000;
/** RTP header and payload; with IP and UDP headers below the 1500 of an Ethernet frame. */
const MAX_PACKET_BYTES = 1440;

type State =
  | { readonly kind: 'ready' }
  /** The answer to PLAY is held back until the first unit is there, whose time it has to tell. */
  | {
      readonly kind: 'starting';
      readonly reader: Reader;
      readonly begun: (info: RtpInfo[] | undefined) => void;
    }
  | { readonly kind: 'playing'; readonly reader: Reader; readonly origin: Origin }
  | { readonly kind: 'closed' };

/** One place on the timeline and its wall time; sender reports go on from there in a straight line. */
interface Origin {
  readonly pts90k: number;
  readonly wallMs: number;
}

interface SentTrack {
  readonly url: string;
  readonly out: PacketOut;
  readonly packetiser: RtpPacketiser;
  readonly ssrc: number;
  lastPts90k: number;
}

export interface ReaderSessionOptions {
  readonly id: string;
  readonly stream: Stream;
  readonly clock: Clock;
  /** Of whoever reads. */
  readonly address?: string | undefined;
  /** Set where the reader came by a ticket of the gateway's own. */
  readonly admitted?: Admitted;
  /** The stream ended, changed its tracks or was away for too long: nothing more will come. */
  onEnd(reason: string): void;
}

/** A reader's session (RFC 2326): tracks are added by SETUP, then PLAY and PAUSE as often as it likes. */
export class ReaderSession {
  readonly kind = 'reader';
  readonly id: string;
  readonly stream: Stream;
  readonly #options: ReaderSessionOptions;
  readonly #tracks = new Map<TrackKind, SentTrack>();
  readonly #described: readonly TrackFormat[];
  readonly #cname = randomBytes(8).toString('hex');
  readonly #stopTicks: () => void;
  #state: State = { kind: 'ready' };
  #cancelGone: (() => void) | undefined;
  /** Set once a track goes over UDP. */
  #needsSignsOfLife = false;
  #heardAtMs: number;

  constructor(options: ReaderSessionOptions) {
    this.id = options.id;
    this.stream = options.stream;
    this.#options = options;
    this.#described = this.#tracksOf(options.stream.tracks);
    this.#heardAtMs = options.clock.monotonicMs();
    this.#stopTicks = options.clock.every(TICK_MS, () => this.#tick());
  }

  get state(): State['kind'] {
    return this.#state.kind;
  }

  has(kind: TrackKind): boolean {
    return this.#tracks.has(kind);
  }

  /** Adds a track; its way out is closed with the session. Returns its SSRC for the Transport header. */
  addTrack(format: TrackFormat, url: string, transport: { lower: 'tcp' | 'udp'; out: PacketOut }): number {
    const ssrc = randomBytes(4).readUInt32BE();
    const packetiser = new RtpPacketiser({
      payloadType: payloadTypeOf(format),
      ssrc,
      clockRate: format.clockRate,
      maxPacketBytes: MAX_PACKET_BYTES,
      firstSequence: randomInt(0, 0x8000),
      parameterSets: 'single-before-idr',
    });
    const { out, lower } = transport;
    this.#needsSignsOfLife ||= lower === 'udp';
    this.#tracks.set(format.kind, { url, out, packetiser, ssrc, lastPts90k: 0 });
    return ssrc;
  }

  /**
   * Begins to play. `begun` is called once, in the moment before the first packet goes out and with what
   * RTP-Info has to say, or with undefined when no unit came within `LIVE_WAIT_MS` or the session closed.
   */
  play(begun: (info: RtpInfo[] | undefined) => void): void {
    const cancelWait = this.#options.clock.after(LIVE_WAIT_MS, () => this.pause());
    const { admitted } = this.#options;
    const read = admitted?.read ?? ((options) => this.stream.read(options));
    const reader = read({
      name: 'rtsp',
      role: admitted === undefined ? 'viewer' : 'service',
      from: { address: this.#options.address, sinceMs: this.#options.clock.wallMs() },
      start: 'cached',
      write: (unit) => this.#write(unit),
      onTracks: (tracks) => {
        if (!sameTracks(this.#described, this.#tracksOf(tracks))) this.#end('the tracks changed');
      },
      onState: ({ state }) => this.#onStreamState(state === 'live'),
      onEnd: () => this.#end('the stream was removed'),
    });
    const once = (info: RtpInfo[] | undefined) => {
      cancelWait();
      begun(info);
    };
    this.#state = { kind: 'starting', reader, begun: once };
  }

  /** Stops the media; the session stays. */
  pause(): void {
    const state = this.#state;
    if (state.kind === 'ready' || state.kind === 'closed') return;
    this.#state = { kind: 'ready' };
    state.reader.close();
    this.#cancelGone?.();
    this.#cancelGone = undefined;
    if (state.kind === 'starting') state.begun(undefined);
  }

  /** The reader gave a sign of life: a request, or a receiver report. */
  heard(): void {
    this.#heardAtMs = this.#options.clock.monotonicMs();
  }

  /** The way out has room again. */
  drained(): void {
    if (this.#state.kind === 'starting' || this.#state.kind === 'playing') this.#state.reader.drained();
  }

  /** Idempotent. Says goodbye on each track (RTCP BYE), which is how a reader over UDP learns of the end. */
  close(): void {
    if (this.#state.kind === 'closed') return;
    this.pause();
    this.#state = { kind: 'closed' };
    this.#stopTicks();
    for (const { out, ssrc } of this.#tracks.values()) {
      out.sendRtcp(buildBye({ ssrc, cname: this.#cname }));
      out.close();
    }
  }

  #end(reason: string): void {
    if (this.#state.kind !== 'closed') this.#options.onEnd(reason);
  }

  #onStreamState(isLive: boolean): void {
    if (isLive) {
      this.#cancelGone?.();
      this.#cancelGone = undefined;
    } else if (this.#state.kind === 'playing') {
      if (this.#options.admitted !== undefined) this.#end('the camera is gone');
      else
        this.#cancelGone ??= this.#options.clock.after(GONE_AFTER_MS, () => this.#end('the camera is gone'));
    }
  }

  #write(unit: Unit): boolean {
    if (this.#state.kind === 'starting') this.#begin(this.#state, unit);
    if (this.#state.kind !== 'playing') return true;
    const track = this.#tracks.get(unit.format.kind);
    // Sound from before the first picture would lie before the time that RTP-Info told.
    if (track === undefined || unit.pts90k < this.#state.origin.pts90k) return true;
    track.lastPts90k = unit.pts90k;
    return track.out.sendRtp(track.packetiser.packetise(unit));
  }

  #begin(state: Extract<State, { kind: 'starting' }>, first: Unit): void {
    const origin = { pts90k: first.pts90k, wallMs: first.wallMs };
    this.#state = { kind: 'playing', reader: state.reader, origin };
    // The same instant on each track's own clock: so a reader knows from the start how sound lies to picture.
    const info = [...this.#tracks.values()].map((track) => ({
      url: track.url,
      sequence: track.packetiser.nextSequence,
      rtpTimestamp: track.packetiser.timestampOf(first.pts90k),
    }));
    this.#options.admitted?.onBegin?.(first.pts90k);
    state.begun(info);
  }

  #tracksOf(tracks: readonly TrackFormat[]): readonly TrackFormat[] {
    return this.#options.admitted?.tracksOf(tracks) ?? tracks;
  }

  #tick(): void {
    const silentMs = this.#options.clock.monotonicMs() - this.#heardAtMs;
    // While media flows over TCP, the connection itself tells whether somebody is there.
    const needsSigns = this.#needsSignsOfLife || this.#state.kind === 'ready';
    const isOver = needsSigns && silentMs > SESSION_TIMEOUT_S * 1000;
    if (isOver) this.#end('nothing heard from the reader');
    else this.#report();
  }

  #report(): void {
    // An admitted reader has exact times already, and FFmpeg would take those of the reports instead.
    if (this.#state.kind !== 'playing' || this.#options.admitted !== undefined) return;
    const { origin } = this.#state;
    for (const track of this.#tracks.values()) {
      const { packetCount, octetCount } = track.packetiser;
      if (packetCount === 0) continue;
      // FFmpeg computes times from these reports. Wall time from the session's first unit on, in step with the
      // timeline, keeps both true for it even when this machine's clock is set meanwhile.
      const ntpMs = origin.wallMs + (track.lastPts90k - origin.pts90k) / 90;
      const rtpTimestamp = track.packetiser.lastRtpTimestamp;
      track.out.sendRtcp(
        writeSenderReport({
          ssrc: track.ssrc,
          cname: this.#cname,
          ntpMs,
          rtpTimestamp,
          packetCount,
          octetCount,
        }),
      );
    }
  }
}
