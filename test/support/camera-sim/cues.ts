import type { SimConnection } from './connection.ts';
import type { SimAudio, SimMedia, SimVideo } from './media.ts';
import type { NetworkConditions } from './network.ts';
import { PERFECT_NETWORK } from './network.ts';
import type { CameraMood } from './options.ts';
import type { Packetisation } from './packetise.ts';
import { type Random, randomBytes } from './seeded.ts';
import type { TrackSender } from './track-sender.ts';

export interface CueDeps {
  readonly mood: CameraMood;
  readonly network: NetworkConditions;
  readonly random: Random;
  connections(): readonly SimConnection[];
}

type Kind = SimMedia['kind'];

/** What can be done to a camera while it plays. All of it happens at once, to all its clients. */
export class CameraCues {
  readonly #deps: CueDeps;

  constructor(deps: CueDeps) {
    this.#deps = deps;
  }

  /** As if its cable was drawn: no media, no answers, yet connections stay. `answers`: only its encoder hangs. */
  silence(options: { answers?: boolean } = {}): void {
    this.#deps.mood.isSilent = true;
    this.#deps.mood.isDeaf = options.answers !== true;
  }

  /** Undoes `silence`; pictures go on from where the camera's time is by now. */
  speak(): void {
    this.#deps.mood.isSilent = false;
    this.#deps.mood.isDeaf = false;
  }

  /** Network trouble from now on, in place of what there was. Without any: a perfect network. */
  network(conditions: Partial<NetworkConditions> = {}): void {
    Object.assign(this.#deps.network, PERFECT_NETWORK, conditions);
  }

  /** Loses exactly the next packets of one track. */
  dropNext(count: number, kind: Kind = 'video'): void {
    for (const track of this.#tracks(kind)) track.path.dropNext(count);
  }

  /** The camera ends its half of every connection and still listens (FIN). Media over UDP stops too. */
  halfClose(): void {
    for (const { socket, session } of this.#deps.connections()) {
      session.pause();
      socket.end();
    }
  }

  /** RST to every client. */
  reset(): void {
    for (const { socket } of this.#deps.connections()) socket.resetAndDestroy();
  }

  /** The next DESCRIBEs are answered with a 302. */
  redirect(location: string, times = 1): void {
    this.#deps.mood.redirect = { location, timesLeft: times };
  }

  /** So many requests are answered with 401 whatever they prove; without a number, for ever. */
  unauthorised(times = Infinity): void {
    this.#deps.mood.refusals = times;
  }

  /** Another SSRC, sequence and timestamps, in the middle of it all. */
  newSsrc(kind: Kind = 'video'): void {
    for (const track of this.#tracks(kind)) track.renew();
  }

  jumpSequence(by: number, kind: Kind = 'video'): void {
    for (const { state } of this.#tracks(kind)) state.sequence = (state.sequence + by) & 0xffff;
  }

  /** Timestamps go on from a later or (negative) earlier place. */
  jumpTimestamp(byMs: number, kind: Kind = 'video'): void {
    for (const track of this.#tracks(kind)) {
      const byTicks = track.timestampAt(byMs) - track.timestampAt(0);
      track.state.timestampBase = (track.state.timestampBase + byTicks) >>> 0;
    }
  }

  /** The next packet has this number; 65530 shows a wrap soon. */
  setSequence(sequence: number, kind: Kind = 'video'): void {
    for (const { state } of this.#tracks(kind)) state.sequence = sequence & 0xffff;
  }

  /** Timestamps wrap after so long from now. */
  wrapTimestampIn(ms: number, kind: Kind = 'video'): void {
    for (const { session } of this.#deps.connections()) {
      for (const track of session.tracks.filter((one) => one.kind === kind)) {
        const wantedNow = 2 ** 32 - (track.timestampAt(ms) - track.timestampAt(0));
        const now = track.timestampAt(session.mediaMs);
        track.state.timestampBase = (track.state.timestampBase + wantedNow - now) >>> 0;
      }
    }
  }

  drift(ppm: number): void {
    for (const { session } of this.#deps.connections()) session.driftPpm = ppm;
  }

  /** Another picture size or parameter sets, on the same connections, beginning with a key frame. */
  switchMedia(media: SimVideo | SimAudio, habits?: Packetisation): void {
    for (const { session } of this.#deps.connections()) session.switchTo(media, habits);
  }

  /** As an encoder that was asked for one. */
  keyFrame(): void {
    for (const track of this.#tracks('video')) track.skipToKeyFrame();
  }

  payloadType(type: number, kind: Kind = 'video'): void {
    for (const { state } of this.#tracks(kind)) state.payloadType = type;
  }

  /** Bytes between two interleaved frames: random ones, or these. */
  garbage(bytes: number | Buffer): void {
    const piece = typeof bytes === 'number' ? randomBytes(this.#deps.random, bytes) : bytes;
    this.#deps.mood.garbage.push(piece);
  }

  /** An RTP packet whose payload is nothing that a decoder knows: random bytes, or these. */
  noise(payload: number | Buffer, kind: Kind = 'video'): void {
    const bytes = typeof payload === 'number' ? randomBytes(this.#deps.random, payload) : payload;
    for (const { session } of this.#deps.connections()) session.sendNoise(kind, bytes);
  }

  /** A sender report that says this, whatever is true. */
  senderReport(ntpMs: number, rtpTimestamp: number, kind: Kind = 'video'): void {
    this.#rtcp(kind, (track) => track.senderReport(ntpMs, rtpTimestamp));
  }

  bye(kind: Kind = 'video'): void {
    this.#rtcp(kind, (track) => track.bye());
  }

  /** The next reply has a header of so many bytes. */
  giantHeader(sizeBytes: number): void {
    this.#deps.mood.extraHeaders.push(`X-Giant: ${'a'.repeat(sizeBytes)}`);
  }

  /** The next reply has so many headers. */
  manyHeaders(count: number): void {
    for (let index = 0; index < count; index += 1) this.#deps.mood.extraHeaders.push(`X-${index}: ${index}`);
  }

  slowReplies(ms: number): void {
    this.#deps.mood.replyDelayMs = ms;
  }

  /** Bytes as they are, to every client. */
  write(bytes: string | Buffer): void {
    for (const connection of this.#deps.connections()) connection.write(bytes);
  }

  #rtcp(kind: Kind, make: (track: TrackSender) => Buffer): void {
    for (const { session } of this.#deps.connections()) session.sendRtcp(kind, make);
  }

  #tracks(kind: Kind): TrackSender[] {
    return this.#deps
      .connections()
      .flatMap(({ session }) => session.tracks.filter((track) => track.kind === kind));
  }
}
