import { parameterSets, type SimMedia, type SimVideo } from './media.ts';
import type { NetworkPath } from './network.ts';
import { type Packetisation, packetiseAudio, packetisePicture, type SimPayload } from './packetise.ts';
import { integer, type Random } from './seeded.ts';

export interface TrackState {
  ssrc: number;
  /** Of the next packet. */
  sequence: number;
  /** Timestamp of the camera's time 0; what jumps and resets change. */
  timestampBase: number;
  payloadType: number;
}

export interface TrackSenderOptions {
  readonly media: SimMedia;
  readonly state: TrackState;
  readonly habits: Packetisation;
  readonly path: NetworkPath;
  readonly random: Random;
  readonly timestampDriftPpm: number;
  /** At the first packet of every key frame. */
  readonly onKeyFrame: () => void;
}

const NTP_EPOCH_OFFSET_S = 2_208_988_800;

/** One track of one session: takes pictures or sound off the film as its time comes, and sends them. */
export class TrackSender {
  readonly state: TrackState;
  readonly path: NetworkPath;
  readonly #random: Random;
  readonly #ticksPerMs: number;
  readonly #onKeyFrame: () => void;
  #habits: Packetisation;
  #media: SimMedia;
  #sets: readonly Buffer[];
  #index = 0;
  /** Camera's time at which the film began. */
  #beganMs = 0;
  #isFirst = true;
  packets = 0;
  octets = 0;

  constructor(options: TrackSenderOptions) {
    this.state = options.state;
    this.path = options.path;
    this.#habits = options.habits;
    this.#media = options.media;
    this.#random = options.random;
    const clockRate = options.media.kind === 'video' ? 90_000 : options.media.clockRate;
    this.#ticksPerMs = (clockRate / 1000) * (1 + options.timestampDriftPpm / 1e6);
    this.#onKeyFrame = options.onKeyFrame;
    this.#sets = options.media.kind === 'video' ? parameterSets(options.media) : [];
  }

  get kind(): SimMedia['kind'] {
    return this.#media.kind;
  }

  /** Another film from now on, beginning with its first picture; RTP goes on as before. */
  switchTo(media: SimMedia, mediaMs: number, habits: Packetisation = this.#habits): void {
    this.#media = media;
    this.#habits = habits;
    this.#sets = media.kind === 'video' ? parameterSets(media) : [];
    this.#index = 0;
    this.#beganMs = mediaMs;
  }

  /** Sends what is due by the camera's time; where `isSilent` it only goes by. */
  advance(mediaMs: number, nowMs: number, isSilent: boolean): void {
    for (;;) {
      const dueMs = this.#beganMs + this.#unitMs(this.#index);
      if (dueMs > mediaMs) return;
      if (!isSilent) this.#sendUnit(nowMs);
      this.#index += 1;
    }
  }

  /** Goes on at the next key frame, as an encoder that was just asked for one; false where there is none. */
  skipToKeyFrame(): boolean {
    if (this.#media.kind === 'audio') return false;
    const { pictures } = this.#media;
    for (let ahead = 0; ahead < pictures.length; ahead += 1) {
      if (pictures[(this.#index + ahead) % pictures.length]?.isKeyFrame !== true) continue;
      // The film is moved, not the time: the next picture comes when the next picture would have come.
      this.#beganMs -= this.#unitMs(this.#index + ahead) - this.#unitMs(this.#index);
      this.#index += ahead;
      return true;
    }
    return false;
  }

  timestampAt(mediaMs: number): number {
    return (this.state.timestampBase + Math.round(mediaMs * this.#ticksPerMs)) >>> 0;
  }

  /** RFC 3550 section 6.4.1. */
  senderReport(ntpMs: number, rtpTimestamp: number): Buffer {
    const report = Buffer.alloc(28);
    report.set([0x80, 200, 0, 6]);
    report.writeUInt32BE(this.state.ssrc, 4);
    const seconds = Math.floor(ntpMs / 1000);
    report.writeUInt32BE((seconds + NTP_EPOCH_OFFSET_S) >>> 0, 8);
    report.writeUInt32BE(Math.floor(((ntpMs - seconds * 1000) / 1000) * 2 ** 32) >>> 0, 12);
    report.writeUInt32BE(rtpTimestamp >>> 0, 16);
    report.writeUInt32BE(this.packets >>> 0, 20);
    report.writeUInt32BE(this.octets >>> 0, 24);
    return report;
  }

  /** RFC 3550 section 6.6. */
  bye(): Buffer {
    const bye = Buffer.from([0x81, 203, 0, 1, 0, 0, 0, 0]);
    bye.writeUInt32BE(this.state.ssrc, 4);
    return bye;
  }

  /** A packet of nonsense with a good header. */
  sendNoise(payload: Buffer, mediaMs: number, nowMs: number): void {
    this.#sendPayload({ data: payload, marker: true }, this.timestampAt(mediaMs), nowMs);
  }

  #unitMs(index: number): number {
    if (this.#media.kind === 'audio') return (index * this.#media.frameTicks * 1000) / this.#media.clockRate;
    return (index * 1000) / this.#media.fps;
  }

  #sendUnit(nowMs: number): void {
    const media = this.#media;
    if (media.kind === 'audio') {
      const frame = media.frames[this.#index % media.frames.length];
      const at = this.timestampAt(this.#beganMs + this.#unitMs(this.#index));
      if (frame !== undefined) this.#sendPayload(packetiseAudio(frame, media.codec), at, nowMs);
      return;
    }
    const picture = media.pictures[this.#index % media.pictures.length];
    if (picture === undefined) return;
    if (picture.isKeyFrame) this.#onKeyFrame();
    const at = this.timestampAt(this.#beganMs + this.#unitMs(displayIndex(media, this.#index)));
    const payloads = packetisePicture(picture, media.codec, this.#habits, this.#sets, this.#isFirst);
    this.#isFirst &&= !picture.isKeyFrame;
    for (const payload of payloads) this.#sendPayload(payload, at, nowMs);
  }

  #sendPayload(payload: SimPayload, timestamp: number, nowMs: number): void {
    const { state } = this;
    const header = Buffer.alloc(12);
    header[0] = 0x80;
    header[1] = (payload.marker ? 0x80 : 0) | state.payloadType;
    header.writeUInt16BE(state.sequence, 2);
    header.writeUInt32BE(timestamp, 4);
    header.writeUInt32BE(state.ssrc, 8);
    state.sequence = (state.sequence + 1) & 0xffff;
    this.packets += 1;
    this.octets += payload.data.length;
    this.path.send(Buffer.concat([header, payload.data]), nowMs);
  }

  /** Another SSRC, and with it another sequence and other timestamps, as RFC 3550 section 8 has it. */
  renew(): void {
    this.state.ssrc = integer(this.#random, 2 ** 32);
    this.state.sequence = integer(this.#random, 2 ** 16);
    this.state.timestampBase = integer(this.#random, 2 ** 32);
  }
}

/** Decoded later than shown is not possible: the whole film is shown late by as much as its reordering needs. */
function displayIndex(video: SimVideo, index: number): number {
  const order = video.displayOrder;
  if (order === undefined) return index;
  const length = video.pictures.length;
  const round = Math.floor(index / length) * length;
  return round + (order[index % length] ?? index % length) + reorderDelay(video);
}

const delays = new WeakMap<SimVideo, number>();

function reorderDelay(video: SimVideo): number {
  let delay = delays.get(video);
  if (delay === undefined) {
    delay = 0;
    for (const [decoded, shown] of (video.displayOrder ?? []).entries()) {
      delay = Math.max(delay, decoded - shown);
    }
    delays.set(video, delay);
  }
  return delay;
}
