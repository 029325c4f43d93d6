import type { Clock } from '../base/clock.ts';
import type { SenderReport } from './source.ts';
import { TrackClock } from './track-clock.ts';
import type { TrackKind } from './unit.ts';
import { WallClockEstimate } from './wall-clock.ts';

/**
 * Where a stream's timeline begins: not at 0, since FFmpeg takes an RTP timestamp of 0 for one that is not known yet, and
 * sound that sender reports move back must not fall below it.
 */
export const TIMELINE_START_90K = 90_000;
/** Sound this far from where the sender reports put it is moved; less is within what they can tell. */
const SYNC_TOLERANCE_90K = 20 * 90;
/** Reports that put sound and picture further apart than this are nonsense. */
const SYNC_LIMIT_90K = 10_000 * 90;

/** A unit's place: `undefined` from `place` means it lies before what was already delivered and is to be dropped. */
export interface Place {
  readonly pts90k: number;
  readonly wallMs: number;
}

interface TrackTime {
  readonly clock: TrackClock;
  lastPts90k: number;
  lastReceivedAtMs: number;
}

/**
 * A stream's own monotonic 90 kHz timeline. Camera timestamps count as deltas; while the camera is gone it goes on by
 * the time that really passed; sender reports (RFC 3550 section 6.4.1) align sound with picture.
 */
export class Timeline {
  readonly #clock: Clock;
  /** Whether absolute times come from the camera's sender reports. */
  trustCameraClock: boolean;
  readonly #tracks = new Map<TrackKind, TrackTime>();
  /** The last one of each track on the present connection; FFmpeg sends the first before any packet. */
  readonly #reports = new Map<TrackKind, SenderReport>();
  readonly #wall = new WallClockEstimate();
  #newestPts90k: number | undefined;
  #cameraClockOffsetMs: number | undefined;

  constructor(clock: Clock, options: { trustCameraClock: boolean }) {
    this.#clock = clock;
    this.trustCameraClock = options.trustCameraClock;
  }

  /** The camera's clock less this machine's, by the last sender report. */
  get cameraClockOffsetMs(): number | undefined {
    return this.#cameraClockOffsetMs;
  }

  /** Jumps and resets of the camera's timestamps absorbed so far. */
  get jumps(): number {
    let sum = 0;
    for (const track of this.#tracks.values()) sum += track.clock.jumps;
    return sum;
  }

  /** A new connection begins: its timestamps have nothing to do with the last one's. */
  reconnected(): void {
    for (const track of this.#tracks.values()) track.clock.forget();
    this.#reports.clear();
  }

  place(kind: TrackKind, clockRate: number, rtpTimestamp: number, receivedAtMs: number): Place | undefined {
    const track = this.#track(kind, clockRate);
    const isFirst = !track.clock.started;
    const pts90k = track.clock.place(rtpTimestamp, receivedAtMs, () => {
      const now90k = this.#now90k(receivedAtMs);
      return kind === 'audio' ? this.#startOfSound(rtpTimestamp, clockRate, now90k) : now90k;
    });
    if (isFirst && kind === 'video') this.#alignSound();
    // Only sound can lie before what went out, when it was moved; pictures are reordered on purpose (B-frames).
    if (kind === 'audio' && pts90k <= track.lastPts90k) return undefined;
    track.lastPts90k = pts90k;
    track.lastReceivedAtMs = receivedAtMs;
    this.#newestPts90k = Math.max(this.#newestPts90k ?? pts90k, pts90k);
    const arrivedWallMs = receivedAtMs + (this.#clock.wallMs() - this.#clock.monotonicMs());
    const smoothedMs = this.#wall.observe(pts90k, arrivedWallMs);
    return { pts90k, wallMs: this.#cameraWallMs(pts90k) ?? smoothedMs };
  }

  senderReport(report: SenderReport): void {
    this.#reports.set(report.kind, report);
    const arrivedWallMs = report.receivedAtMs + (this.#clock.wallMs() - this.#clock.monotonicMs());
    this.#cameraClockOffsetMs = report.ntpMs - arrivedWallMs;
    this.#alignSound();
  }

  #track(kind: TrackKind, clockRate: number): TrackTime {
    const known = this.#tracks.get(kind);
    if (known !== undefined && known.clock.clockRate === clockRate) return known;
    const fresh: TrackTime = {
      clock: new TrackClock(clockRate),
      lastPts90k: known?.lastPts90k ?? Number.NEGATIVE_INFINITY,
      lastReceivedAtMs: known?.lastReceivedAtMs ?? 0,
    };
    this.#tracks.set(kind, fresh);
    return fresh;
  }

  /** Where the timeline stands at `receivedAtMs`: the time since has passed on it, and nothing lies ahead of it. */
  #now90k(receivedAtMs: number): number {
    if (this.#newestPts90k === undefined) return TIMELINE_START_90K;
    let now90k = this.#newestPts90k + 1;
    for (const { lastPts90k, lastReceivedAtMs } of this.#tracks.values()) {
      now90k = Math.max(now90k, lastPts90k + Math.round((receivedAtMs - lastReceivedAtMs) * 90));
    }
    return now90k;
  }

  /** Where sound begins: where the sender reports put it, if they came already, else where it arrived. */
  #startOfSound(rtpTimestamp: number, clockRate: number, now90k: number): number {
    const report = this.#reports.get('audio');
    const reported90k = this.#reportedSound90k();
    if (report === undefined || reported90k === undefined) return now90k;
    const ticks = (rtpTimestamp - report.rtpTimestamp) | 0;
    const due90k = reported90k + Math.round((ticks * 90_000) / clockRate);
    return Math.abs(due90k - now90k) < SYNC_LIMIT_90K ? due90k : now90k;
  }

  /** Puts sound where the two tracks' reports say it belongs, by moving the audio track only. */
  #alignSound(): void {
    const audio = this.#tracks.get('audio');
    const report = this.#reports.get('audio');
    const due90k = this.#reportedSound90k();
    if (audio === undefined || report === undefined || due90k === undefined) return;
    const audioPts = audio.clock.project(report.rtpTimestamp);
    if (audioPts === undefined) return;
    const by90k = due90k - audioPts;
    if (Math.abs(by90k) > SYNC_TOLERANCE_90K && Math.abs(by90k) < SYNC_LIMIT_90K) audio.clock.shift(by90k);
  }

  /** The place of the sound that the last audio report speaks of, as seen from the picture. */
  #reportedSound90k(): number | undefined {
    const video = this.#reports.get('video');
    const audio = this.#reports.get('audio');
    if (video === undefined || audio === undefined) return undefined;
    const videoPts = this.#tracks.get('video')?.clock.project(video.rtpTimestamp);
    return videoPts === undefined ? undefined : videoPts + Math.round((audio.ntpMs - video.ntpMs) * 90);
  }

  /** By one report for both tracks: else sound and picture would drift apart as their reports come and go. */
  #cameraWallMs(pts90k: number): number | undefined {
    if (!this.trustCameraClock) return undefined;
    for (const kind of ['video', 'audio'] as const) {
      const report = this.#reports.get(kind);
      if (report === undefined) continue;
      const reportPts = this.#tracks.get(kind)?.clock.project(report.rtpTimestamp);
      if (reportPts !== undefined) return report.ntpMs + (pts90k - reportPts) / 90;
    }
    return undefined;
  }
}
