import type { SimMedia } from './media.ts';
import { type NetworkConditions, NetworkPath } from './network.ts';
import type { CameraMood, CameraTraits } from './options.ts';
import type { Packetisation } from './packetise.ts';
import { integer, type Random, seeded } from './seeded.ts';
import { onTick } from './ticker.ts';
import { TrackSender } from './track-sender.ts';

/** Where a track's packets go. */
export interface TrackOutput {
  rtp(packet: Buffer): void;
  rtcp(packet: Buffer): void;
}

const LATE_REPORT_MS = 30_000;

/** What one client was given to see: its tracks, on the camera's own clock. */
export class SimSession {
  readonly tracks: TrackSender[] = [];
  /** `performance.now()` of the first packet of the first key frame; absent until then. */
  firstKeyFrameAtMs: number | undefined;
  lastKeyFrameAtMs: number | undefined;
  keyFrames = 0;
  readonly #outputs = new Map<TrackSender, TrackOutput>();
  readonly #traits: CameraTraits;
  readonly #mood: CameraMood;
  readonly #random: Random;
  readonly #network: NetworkConditions;
  /** The camera's time since PLAY; it runs as fast as its crystal does. */
  #mediaMs = 0;
  #startedWallMs = 0;
  #lastTickMs = 0;
  #nextReportMs = 0;
  #undo: (() => void) | undefined;
  driftPpm: number;

  constructor(traits: CameraTraits, mood: CameraMood, random: Random, network: NetworkConditions) {
    this.#traits = traits;
    this.#mood = mood;
    this.#random = random;
    this.#network = network;
    this.driftPpm = traits.driftPpm ?? 0;
  }

  get isPlaying(): boolean {
    return this.#undo !== undefined;
  }

  get mediaMs(): number {
    return this.#mediaMs;
  }

  addTrack(media: SimMedia, payloadType: number, output: TrackOutput): TrackSender {
    const { first = {}, packetisation = {}, timestampDriftPpm = 0 } = this.#traits;
    // A row of its own, lest it depended on how the tracks' packets happen to lie between each other.
    const random = seeded(integer(this.#random, 2 ** 32));
    const sender = new TrackSender({
      media,
      habits: packetisation,
      random,
      timestampDriftPpm,
      state: {
        ssrc: first.ssrc ?? integer(random, 2 ** 32),
        sequence: first.sequence ?? integer(random, 2 ** 16),
        timestampBase: first.timestamp ?? integer(random, 2 ** 32),
        payloadType,
      },
      path: new NetworkPath(random, this.#network, (packet) => output.rtp(packet)),
      onKeyFrame: () => {
        this.keyFrames += 1;
        this.lastKeyFrameAtMs = performance.now();
        this.firstKeyFrameAtMs ??= this.lastKeyFrameAtMs;
      },
    });
    this.tracks.push(sender);
    this.#outputs.set(sender, output);
    return sender;
  }

  play(): void {
    if (this.#undo !== undefined) return;
    this.#startedWallMs = Date.now() - this.#mediaMs;
    this.#lastTickMs = performance.now();
    this.#undo = onTick((nowMs) => this.#tick(nowMs));
    this.#tick(this.#lastTickMs);
  }

  pause(): void {
    this.#undo?.();
    this.#undo = undefined;
  }

  switchTo(media: SimMedia, habits?: Packetisation): void {
    const track = this.tracks.find(({ kind }) => kind === media.kind);
    track?.switchTo(media, this.#mediaMs, habits);
  }

  /** A picture with that payload, which is none. */
  sendNoise(kind: SimMedia['kind'], payload: Buffer): void {
    const track = this.tracks.find((one) => one.kind === kind);
    track?.sendNoise(payload, this.#mediaMs, performance.now());
  }

  sendRtcp(kind: SimMedia['kind'], make: (track: TrackSender) => Buffer): void {
    for (const [track, output] of this.#outputs) if (track.kind === kind) output.rtcp(make(track));
  }

  #tick(nowMs: number): void {
    this.#mediaMs += (nowMs - this.#lastTickMs) * (1 + this.driftPpm / 1e6);
    this.#lastTickMs = nowMs;
    const { audioBurstMs = 0 } = this.#traits;
    for (const track of this.tracks) {
      const isHeld = track.kind === 'audio' && audioBurstMs > 0;
      const untilMs = isHeld ? this.#mediaMs - (this.#mediaMs % audioBurstMs) : this.#mediaMs;
      track.advance(untilMs, nowMs, this.#mood.isSilent);
      track.path.tick(nowMs);
    }
    const { senderReports = 'good', senderReportEveryMs = 5_000 } = this.#traits;
    if (senderReports === 'none' || this.#mood.isSilent || this.#mediaMs < this.#nextReportMs) return;
    if (senderReports === 'late' && this.#mediaMs < LATE_REPORT_MS) return;
    this.#nextReportMs = this.#mediaMs + senderReportEveryMs;
    const sane = this.#startedWallMs + this.#mediaMs + (this.#traits.clockOffsetMs ?? 0);
    for (const [track, output] of this.#outputs) {
      const isNonsense = senderReports === 'nonsense';
      const ntpMs = isNonsense ? this.#random() * 4e12 : sane;
      const at = isNonsense ? integer(this.#random, 2 ** 32) : track.timestampAt(this.#mediaMs);
      output.rtcp(track.senderReport(ntpMs, at));
    }
  }
}
