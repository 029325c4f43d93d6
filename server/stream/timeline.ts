import type { Clock } from '../base/clock.ts';
import { CameraClock, isPlausibleTime } from './camera-clock.ts';
import { SoundDrift } from './sound-drift.ts';
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
/** Once sound has its place, only reports that say the same twice move it by more than this. */
const SYNC_STEP_90K = 200 * 90;
/** Without usable reports for so long, sound is kept with the picture by how both arrive. */
const REPORTS_COUNT_MS = 60_000;

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
  /** Kinds of which a report came since sound was compared with the picture last. */
  readonly #fresh = new Set<TrackKind>();
  readonly #wall = new WallClockEstimate();
  readonly #cameraClock = new CameraClock();
  readonly #drift = new SoundDrift();
  #newestPts90k: number | undefined;
  #cameraClockOffsetMs: number | undefined;
  #isSoundPlaced = false;
  /** Monotonic time of the last reports that told the place of sound. */
  #soundToldAtMs = Number.NEGATIVE_INFINITY;
  #doubtfulBy90k: number | undefined;

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
    this.#fresh.clear();
    this.#isSoundPlaced = false;
    this.#soundToldAtMs = Number.NEGATIVE_INFINITY;
    this.#doubtfulBy90k = undefined;
    this.#cameraClock.reconnected();
    this.#drift.restart();
  }

  /** `isReordered` as in `SourceUnit`. */
  place(
    kind: TrackKind,
    clockRate: number,
    rtpTimestamp: number,
    receivedAtMs: number,
    isReordered?: boolean | undefined,
  ): Place | undefined {
    const track = this.#track(kind, clockRate);
    const isFirst = !track.clock.started;
    const start = (): number => {
      const now90k = this.#now90k(receivedAtMs);
      return kind === 'audio' ? this.#startOfSound(rtpTimestamp, clockRate, now90k) : now90k;
    };
    const pts90k = track.clock.place(rtpTimestamp, receivedAtMs, start, isReordered);
    if (isFirst) this.#onStarted(kind);
    this.#keepTogether(kind, track, pts90k, receivedAtMs);
    // Only sound can lie before what went out, when it was moved; pictures are reordered on purpose (B-frames).
    if (kind === 'audio' && pts90k <= track.lastPts90k) return undefined;
    track.lastPts90k = pts90k;
    track.lastReceivedAtMs = receivedAtMs;
    this.#newestPts90k = Math.max(this.#newestPts90k ?? pts90k, pts90k);
    const arrivedWallMs = receivedAtMs + (this.#clock.wallMs() - this.#clock.monotonicMs());
    const smoothedMs = this.#wall.observe(pts90k, arrivedWallMs);
    const cameraMs = this.trustCameraClock ? this.#cameraClock.wallMs(pts90k) : undefined;
    return { pts90k, wallMs: cameraMs ?? smoothedMs };
  }

  senderReport(report: SenderReport): void {
    this.#reports.set(report.kind, report);
    this.#fresh.add(report.kind);
    if (isPlausibleTime(report.ntpMs)) {
      const arrivedWallMs = report.receivedAtMs + (this.#clock.wallMs() - this.#clock.monotonicMs());
      this.#cameraClockOffsetMs = report.ntpMs - arrivedWallMs;
    }
    this.#tellCameraClock(report.kind);
    this.#alignSound();
  }

  #onStarted(kind: TrackKind): void {
    this.#tellCameraClock(kind);
    if (kind === 'video') this.#alignSound();
  }

  /** By one track's reports: else sound and picture would drift apart as their reports come and go. */
  #tellCameraClock(kind: TrackKind): void {
    const report = this.#reports.get(kind);
    if (report === undefined || (kind === 'audio' && this.#reports.has('video'))) return;
    const pts90k = this.#tracks.get(kind)?.clock.project(report.rtpTimestamp);
    if (pts90k !== undefined) this.#cameraClock.report(report.ntpMs, pts90k);
  }

  /** Where reports do it, arrivals do not move sound. */
  #keepTogether(kind: TrackKind, track: TrackTime, pts90k: number, receivedAtMs: number): void {
    if (receivedAtMs - this.#soundToldAtMs < REPORTS_COUNT_MS) return;
    if (kind === 'video') this.#drift.videoAt(pts90k, receivedAtMs);
    else track.clock.shift(this.#drift.audioAt(pts90k, receivedAtMs));
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
    if (this.#isSoundPlaced && this.#fresh.size < 2) return;
    const audio = this.#tracks.get('audio');
    const report = this.#reports.get('audio');
    const due90k = this.#reportedSound90k();
    if (audio === undefined || report === undefined || due90k === undefined) return;
    const audioPts = audio.clock.project(report.rtpTimestamp);
    if (audioPts === undefined) return;
    this.#fresh.clear();
    const by90k = due90k - audioPts;
    if (Math.abs(by90k) >= SYNC_LIMIT_90K || this.#isDoubtful(by90k)) return;
    this.#isSoundPlaced = true;
    this.#soundToldAtMs = report.receivedAtMs;
    this.#drift.restart();
    if (Math.abs(by90k) > SYNC_TOLERANCE_90K) audio.clock.shift(by90k);
  }

  /** Cameras report nonsense now and then: sound that has its place is moved far only by two pairs that agree. */
  #isDoubtful(by90k: number): boolean {
    const before90k = this.#doubtfulBy90k;
    this.#doubtfulBy90k = undefined;
    if (!this.#isSoundPlaced || Math.abs(by90k) <= SYNC_STEP_90K) return false;
    if (before90k !== undefined && Math.abs(by90k - before90k) <= SYNC_STEP_90K / 2) return false;
    this.#doubtfulBy90k = by90k;
    return true;
  }

  /** The place of the sound that the last audio report speaks of, as seen from the picture. */
  #reportedSound90k(): number | undefined {
    const video = this.#reports.get('video');
    const audio = this.#reports.get('audio');
    if (video === undefined || audio === undefined) return undefined;
    const videoPts = this.#tracks.get('video')?.clock.project(video.rtpTimestamp);
    return videoPts === undefined ? undefined : videoPts + Math.round((audio.ntpMs - video.ntpMs) * 90);
  }
}
