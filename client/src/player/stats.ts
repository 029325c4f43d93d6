import type { Quality } from '../../../shared/signaling.ts';
import type { Reason } from '../live/index.ts';

/** A look at how a stream plays right now. A figure that is not known (yet) is undefined. */
export interface PlayerStats {
  readonly mode: 'webrtc' | 'hls';
  /** Why HLS is played although WebRTC was wanted. */
  readonly fallback: Reason | undefined;
  readonly framesDecoded: number;
  readonly framesDropped: number | undefined;
  readonly fps: number | undefined;
  readonly width: number | undefined;
  readonly height: number | undefined;
  /** For example `H264`. */
  readonly codec: string | undefined;
  /** Which of the camera's pictures: its own, or the smaller one of its second stream. */
  readonly quality: Quality | undefined;
  /** Video and audio together, over about the last second. */
  readonly bitrateKbps: number | undefined;
  readonly packetsLost: number | undefined;
  /** Of the picture's packets, over about the last second: 0 to 100. */
  readonly lossPercent: number | undefined;
  readonly jitterMs: number | undefined;
  readonly rttMs: number | undefined;
  /** How the packets travel. */
  readonly transport: 'udp' | 'tcp' | undefined;
  /**
   * Over WebRTC the estimated time from the server to the decoded picture: half a round trip, jitter buffer and decoding; the
   * screen adds up to a frame of its own. Over HLS how far the picture is behind the newest one in the playlist.
   */
  readonly latencyMs: number | undefined;
}

/** The counters of one moment, from which rates are made. */
export interface StatsSample {
  readonly atMs: number;
  readonly framesDecoded: number;
  readonly bytesReceived: number;
  readonly jitterBufferDelayS: number;
  readonly jitterBufferEmitted: number;
  readonly decodeTimeS: number;
  readonly video: Fields | undefined;
  readonly codec: string | undefined;
  readonly rttMs: number | undefined;
  readonly transport: 'udp' | 'tcp' | undefined;
}

export type StatsReport = Iterable<readonly [string, unknown]>;
type Fields = Readonly<Record<string, unknown>>;

/** Takes what is of use out of the reports of a stream's tracks. */
export function sampleStats(reports: readonly StatsReport[], atMs: number): StatsSample {
  const all = new Map(reports.flatMap((report) => [...report] as [string, Fields][]));
  const inbound = [...all.values()].filter((fields) => fields.type === 'inbound-rtp');
  const video = inbound.find((fields) => fields.kind === 'video');
  const pair = selectedPair(all);
  const rttS = pair === undefined ? undefined : number(pair.currentRoundTripTime);
  return {
    atMs,
    framesDecoded: number(video?.framesDecoded) ?? 0,
    bytesReceived: inbound.reduce((sum, fields) => sum + (number(fields.bytesReceived) ?? 0), 0),
    jitterBufferDelayS: number(video?.jitterBufferDelay) ?? 0,
    jitterBufferEmitted: number(video?.jitterBufferEmittedCount) ?? 0,
    decodeTimeS: number(video?.totalDecodeTime) ?? 0,
    video,
    codec: codecName(all.get(String(video?.codecId))),
    rttMs: rttS === undefined ? undefined : rttS * 1000,
    transport: protocolOf(all, pair),
  };
}

/** The figures of `now`; rates are those since `before`. */
export function playerStats(now: StatsSample, before: StatsSample | undefined): PlayerStats {
  const seconds = before === undefined ? 0 : (now.atMs - before.atMs) / 1000;
  const frames = before === undefined ? 0 : now.framesDecoded - before.framesDecoded;
  // A new decoder counts from zero, and that difference says nothing.
  const bytes = before === undefined ? 0 : now.bytesReceived - before.bytesReceived;
  const comparable = seconds > 0 && frames >= 0 && bytes >= 0;
  const jitterS = number(now.video?.jitter);
  return {
    mode: 'webrtc',
    fallback: undefined,
    framesDecoded: now.framesDecoded,
    framesDropped: number(now.video?.framesDropped),
    fps: comparable ? round(frames / seconds) : number(now.video?.framesPerSecond),
    width: number(now.video?.frameWidth),
    height: number(now.video?.frameHeight),
    codec: now.codec,
    quality: undefined,
    bitrateKbps: comparable ? round((bytes * 8) / 1000 / seconds) : undefined,
    packetsLost: number(now.video?.packetsLost),
    lossPercent: before === undefined ? undefined : round(lostShare(now, before) * 100),
    jitterMs: jitterS === undefined ? undefined : round(jitterS * 1000),
    rttMs: now.rttMs === undefined ? undefined : round(now.rttMs),
    transport: now.transport,
    latencyMs: latencyMs(now, comparable ? before : undefined),
  };
}

/** The share of the picture's packets that were lost since `before`, 0 to 1; 0 where that cannot be told. */
export function lostShare(now: StatsSample, before: StatsSample | undefined): number {
  const since = (name: string): number =>
    (number(now.video?.[name]) ?? 0) - (number(before?.video?.[name]) ?? 0);
  if (before === undefined || now.video?.ssrc !== before.video?.ssrc) return 0;
  const lost = Math.max(0, since('packetsLost'));
  const received = Math.max(0, since('packetsReceived'));
  return lost + received === 0 ? 0 : lost / (lost + received);
}

function latencyMs(now: StatsSample, before: StatsSample | undefined): number | undefined {
  if (now.rttMs === undefined) return undefined;
  const emitted = now.jitterBufferEmitted - (before?.jitterBufferEmitted ?? 0);
  const decoded = now.framesDecoded - (before?.framesDecoded ?? 0);
  if (emitted <= 0 || decoded <= 0) return undefined;
  const bufferS = (now.jitterBufferDelayS - (before?.jitterBufferDelayS ?? 0)) / emitted;
  const decodeS = (now.decodeTimeS - (before?.decodeTimeS ?? 0)) / decoded;
  return round(now.rttMs / 2 + (bufferS + decodeS) * 1000);
}

function selectedPair(all: ReadonlyMap<string, Fields>): Fields | undefined {
  for (const fields of all.values()) {
    if (fields.type === 'transport' && typeof fields.selectedCandidatePairId === 'string') {
      return all.get(fields.selectedCandidatePairId);
    }
  }
  // Firefox marks the pair itself.
  return [...all.values()].find((fields) => fields.type === 'candidate-pair' && fields.selected === true);
}

function protocolOf(all: ReadonlyMap<string, Fields>, pair: Fields | undefined): 'udp' | 'tcp' | undefined {
  const protocol = all.get(String(pair?.remoteCandidateId))?.protocol;
  return protocol === 'udp' || protocol === 'tcp' ? protocol : undefined;
}

function codecName(codec: Fields | undefined): string | undefined {
  return typeof codec?.mimeType === 'string' ? codec.mimeType.replace(/^.*\//, '') : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
