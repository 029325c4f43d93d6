import { randomBytes } from 'node:crypto';
import type { StreamId } from '../../../shared/names.ts';
import type { GapReason, RecorderStatus } from '../../../shared/recording.ts';
import { backoffDelayMs } from '../../base/backoff.ts';
import { sleep, withTimeout } from '../../base/clock.ts';
import type { Stream } from '../../stream/index.ts';
import type { Archive } from '../archive.ts';
import type { RingEntry } from '../live.ts';
import type { Recording, RecordingCause, Segment } from '../segment.ts';
import { type CutSegment, Segmenter } from '../ts/index.ts';
import { Branch, type BranchDeps, type BranchEnd } from './branch.ts';
import { Feed, type FeedState } from './feed.ts';
import type { RecordPolicy } from './record-policy.ts';
import { RecorderLedger } from './recorder-ledger.ts';
import { type ClockedCut, RecordingClock } from './recording-clock.ts';
import type { Ring } from './ring.ts';
import type { StartGate } from './start-gate.ts';

/** What the recorder needs of the archive. */
export type RecorderArchive = Pick<Archive, 'append' | 'note' | 'newestEndMs' | 'segments' | 'kept'>;

export interface StreamRecorderDeps extends BranchDeps {
  readonly archive: RecorderArchive;
  readonly gate: StartGate;
}

export interface StreamRecorderOptions {
  readonly stream: Stream;
  readonly policy: RecordPolicy;
  readonly ring: Ring;
  /** A recorder of the same name that still writes its last segment. */
  readonly after?: Promise<void> | undefined;
  onSegment(entry: RingEntry): void;
}

/** What holds a recording up. */
export interface Trouble {
  readonly code: GapReason;
  readonly message: string;
}

type Phase =
  /** Neither recorded nor watched. */
  | { readonly kind: 'idle' }
  | { readonly kind: 'waiting'; readonly trouble?: Trouble }
  | { readonly kind: 'recording' };

export interface RecorderCounters {
  readonly segments: number;
  readonly bytes: number;
  /** FFmpegs that failed or got stuck and were replaced. */
  readonly restarts: number;
}

/** How long a player's request keeps the branch of a stream that is not recorded. */
const DEMAND_MS = 30_000;
/** Sound that was announced may come so much later than the first key frame. */
const SOUND_WAIT_MS = 1_000;
const SOUND_POLL_MS = 50;
const NO_KEY_FRAME_AFTER_MS = 5_000;
const ARCHIVE_TIMEOUT_MS = 3_000;
const BACKOFF = { minMs: 500, maxMs: 30_000 };
/** A pause longer than this ends the recording, so that what was recorded can be seen meanwhile. */
const KEEP_OPEN_MS = 2_000;
const BUG_PAUSE_MS = 5_000;

/**
 * Records one stream, or keeps its live segments while somebody watches.
 *
 * 1. While it is wanted it reads the stream (`Feed`), which keeps an on-demand camera connected.
 * 2. Once there is a key frame, and it is known whether there is sound, one FFmpeg runs (`Branch`) until the camera goes,
 *    the sound comes or stops, or FFmpeg fails; then the next one goes on where that one was.
 * 3. What the segmenter cuts gets its times, goes into the ring and, where the stream is recorded, to the archive.
 */
export class StreamRecorder {
  readonly #deps: StreamRecorderDeps;
  readonly #options: StreamRecorderOptions;
  readonly #ledger: RecorderLedger;
  readonly #segmenter: Segmenter;
  #policy: RecordPolicy;
  #phase: Phase = { kind: 'idle' };
  #times: RecordingClock | undefined;
  #recording: Recording | undefined;
  #recordedUntilMs: number | undefined;
  #demandUntilMs = Number.NEGATIVE_INFINITY;
  #work: { readonly stop: AbortController; readonly done: Promise<void> } | undefined;
  #feed: Feed | undefined;
  #branch: Branch | undefined;
  /** The camera went away since the last FFmpeg was started. */
  #wentAway: FeedState | undefined;
  #changes: Promise<void> = Promise.resolve();
  #isHeldBack = false;
  #isClosed = false;
  #toldTrouble: string | undefined;
  #segments = 0;
  #bytes = 0;
  #restarts = 0;

  constructor(deps: StreamRecorderDeps, options: StreamRecorderOptions) {
    this.#deps = { ...deps, log: deps.log.child({ stream: options.stream.id }) };
    this.#options = options;
    this.#policy = options.policy;
    this.#ledger = new RecorderLedger(options.stream.id, deps.archive);
    this.#ledger.isOn = options.policy.isRecorded;
    this.#segmenter = new Segmenter({
      segmentMs: options.policy.segmentMs,
      onSegment: (cut) => this.#onCut(cut),
      onTrouble: (trouble) => {
        if (trouble.kind === 'no-key-frame') this.#onNoKeyFrame();
        else this.#deps.log.debug({ ...trouble }, 'recorder: trouble in the TS');
      },
    });
    this.#sync();
  }

  get id(): StreamId {
    return this.#options.stream.id;
  }

  get policy(): RecordPolicy {
    return this.#policy;
  }

  get ring(): Ring {
    return this.#options.ring;
  }

  /** End of the newest segment that was cut while the stream is recorded. */
  get recordedUntilMs(): number | undefined {
    return this.#recordedUntilMs;
  }

  get counters(): RecorderCounters {
    return { segments: this.#segments, bytes: this.#bytes, restarts: this.#restarts };
  }

  /** Whether there are new segments, and if not, why. */
  get state(): { state: RecorderStatus['state']; reason?: Trouble } {
    const phase = this.#phase;
    if (phase.kind !== 'waiting') return { state: phase.kind };
    return { state: 'waiting', ...(phase.trouble === undefined ? {} : { reason: phase.trouble }) };
  }

  /** A player asks for live segments. */
  demand(): void {
    this.#demandUntilMs = this.#deps.clock.monotonicMs() + DEMAND_MS;
    this.#options.ring.isWatched = true;
    this.#sync();
  }

  /** Takes new settings. What was recorded up to now is kept whole. */
  update(policy: RecordPolicy): void {
    this.#changes = this.#changes.then(() => this.#apply(policy));
  }

  /** Looks after what has no event of its own; called twice a second. */
  tick(): void {
    if (this.#deps.clock.monotonicMs() > this.#demandUntilMs) this.#options.ring.isWatched = false;
    this.#sync();
    const feed = this.#feed;
    const branch = this.#branch;
    if (feed === undefined) return;
    if (branch !== undefined && feed.droppedUnits > 0) branch.giveUp();
    else if (branch?.hasWritten === true && feed.state.kind === 'ready' && feed.sound !== branch.sound)
      void branch.end();
    if (feed.state.kind === 'no-key-frame') {
      const forMs = this.#deps.clock.monotonicMs() - feed.state.sinceMs;
      if (forMs > NO_KEY_FRAME_AFTER_MS) this.#onNoKeyFrame();
    }
  }

  /** Stops for good; resolves when the last segment is in the archive's hands. Idempotent. */
  async close(options: { isRemoved: boolean }): Promise<void> {
    this.#isClosed = true;
    this.#sync();
    await this.#changes;
    await this.#work?.done;
    if (options.isRemoved) this.#ledger.note(this.#deps.clock.wallMs(), 'RECORDING_OFF');
    this.#ledger.isOn = false;
  }

  get #isWanted(): boolean {
    if (this.#isClosed || this.#isHeldBack) return false;
    return this.#policy.isRecorded || this.#deps.clock.monotonicMs() < this.#demandUntilMs;
  }

  /** Starts or stops the work, as it is wanted. */
  #sync(): void {
    if (!this.#isWanted) {
      this.#work?.stop.abort();
    } else if (this.#work === undefined) {
      const stop = new AbortController();
      const done = this.#run(stop.signal)
        .catch((failure: unknown) => {
          // Only a bug gets here; it costs this stream's recording some seconds and no other's anything.
          this.#deps.log.error({ err: failure }, 'recording failed and begins anew');
          return sleep(this.#deps.clock, BUG_PAUSE_MS, stop.signal);
        })
        .then(() => {
          this.#work = undefined;
          this.#become({ kind: 'idle' });
          this.#sync();
        });
      this.#work = { stop, done };
    }
  }

  async #apply(policy: RecordPolicy): Promise<void> {
    const wasRecorded = this.#policy.isRecorded;
    this.#segmenter.segmentMs = policy.segmentMs;
    if (wasRecorded && !policy.isRecorded) {
      this.#isHeldBack = true;
      this.#sync();
      await this.#work?.done;
      this.#isHeldBack = false;
      this.#ledger.note(this.#deps.clock.wallMs(), 'RECORDING_OFF');
    }
    this.#policy = policy;
    this.#ledger.isOn = policy.isRecorded;
    if (!wasRecorded && policy.isRecorded) {
      // What was cut for players only is no part of what is recorded.
      this.#recording = undefined;
      if (this.#phase.kind === 'waiting' && this.#phase.trouble !== undefined) {
        this.#ledger.note(this.#deps.clock.wallMs(), this.#phase.trouble.code);
      }
    }
    this.#sync();
  }

  async #run(stop: AbortSignal): Promise<void> {
    this.#become({ kind: 'waiting' });
    const times = await this.#prepare();
    if (stop.aborted) return;
    const feed = new Feed({
      clock: this.#deps.clock,
      stream: this.#options.stream,
      onKeyFrame: (unit) => times.observe(unit.pts90k, unit.wallMs),
    });
    this.#feed = feed;
    this.#wentAway = undefined;
    const undo = feed.onChange((state) => this.#onFeed(state));
    try {
      await this.#keepRunning(feed, stop);
    } finally {
      undo();
      feed.close();
      this.#feed = undefined;
      this.#segmenter.end();
      // Old pictures are not live ones, should somebody ask again later.
      if (!this.#policy.isRecorded || this.#isHeldBack) this.#options.ring.clear();
    }
  }

  async #keepRunning(feed: Feed, stop: AbortSignal): Promise<void> {
    let cause: RecordingCause = 'started';
    let failures = 0;
    while (!stop.aborted) {
      await this.#untilReady(feed, stop);
      const leave = await this.#deps.gate.enter(stop);
      if (stop.aborted || feed.state.kind !== 'ready') {
        leave();
        continue;
      }
      const cutBefore = this.#segments;
      const end = await this.#runOnce(feed, stop, cause, leave);
      const away = this.#wentAway;
      this.#wentAway = undefined;
      if (stop.aborted) break;
      if (away !== undefined) {
        this.#segmenter.end();
        this.#noteAway(away, this.#ledger.lastEndMs);
        cause = 'camera-back';
        failures = 0;
      } else if (end.kind === 'ended') {
        cause = 'format-changed';
        failures = 0;
      } else {
        failures = this.#segments > cutBefore ? 1 : failures + 1;
        cause = 'recorder-restarted';
        await this.#afterFailure(feed, end.message, failures, stop);
      }
    }
  }

  /** One FFmpeg, from its start to its end. */
  async #runOnce(
    feed: Feed,
    stop: AbortSignal,
    cause: RecordingCause,
    leave: () => void,
  ): Promise<BranchEnd> {
    const segmenter = this.#segmenter;
    const branch = new Branch(this.#deps, {
      stream: this.id,
      sound: feed.sound,
      read: (options) => feed.read(options),
      onBegin: (pts90k) => segmenter.begin({ expectedPts90k: pts90k, shift90k: pts90k, cause }),
      onOutput: (chunk) => {
        leave();
        segmenter.push(chunk);
        if (segmenter.newestPts90k !== undefined) feed.written(segmenter.newestPts90k);
        if (this.#phase.kind !== 'recording') this.#become({ kind: 'recording' });
      },
    });
    this.#branch = branch;
    const onStop = () => void branch.end();
    stop.addEventListener('abort', onStop, { once: true });
    try {
      const end = await branch.done;
      segmenter.interrupt({ isWhole: end.kind === 'ended' });
      if (end.kind !== 'ended' || branch.hasWritten || this.#wentAway !== undefined || stop.aborted)
        return end;
      return { kind: 'failed', message: 'FFmpeg ended without having written anything.' };
    } finally {
      leave();
      stop.removeEventListener('abort', onStop);
      this.#branch = undefined;
    }
  }

  async #afterFailure(feed: Feed, message: string, failures: number, stop: AbortSignal): Promise<void> {
    this.#restarts += 1;
    const isOld = this.#toldTrouble === message;
    this.#toldTrouble = message;
    this.#deps.log[isOld ? 'debug' : 'warn']({ failures }, `recording was interrupted: ${message}`);
    // A first one is replaced at once and goes on where it was; what makes one after the other fail is left out.
    if (failures === 1) return;
    this.#become({ kind: 'waiting', trouble: { code: 'RECORDER_RESTARTED', message } });
    feed.forget();
    const delayMs = backoffDelayMs(BACKOFF, failures - 2);
    if (delayMs > KEEP_OPEN_MS) this.#segmenter.end();
    await sleep(this.#deps.clock, delayMs, stop);
  }

  /** Resolves once there is a key frame to begin with and it is known whether sound comes with it, or on `stop`. */
  async #untilReady(feed: Feed, stop: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    while (!stop.aborted && feed.state.kind !== 'ready') {
      const changed = new AbortController();
      const undo = feed.onChange(() => changed.abort());
      await new Promise<void>((resolve) => {
        AbortSignal.any([stop, changed.signal]).addEventListener('abort', () => resolve(), { once: true });
      });
      undo();
    }
    const untilMs = clock.monotonicMs() + SOUND_WAIT_MS;
    while (
      !stop.aborted &&
      feed.state.kind === 'ready' &&
      feed.awaitsSound &&
      clock.monotonicMs() < untilMs
    ) {
      await sleep(clock, SOUND_POLL_MS, stop);
    }
  }

  /** What the archive knows of the stream, so that no time is given out twice. A disk that hangs holds nothing up. */
  async #prepare(): Promise<RecordingClock> {
    await this.#options.after;
    if (this.#times !== undefined) return this.#times;
    const { archive, clock } = this.#deps;
    const asked = <T>(work: Promise<T>) =>
      withTimeout(clock, ARCHIVE_TIMEOUT_MS, work, () => new Error('the archive does not answer')).catch(
        () => undefined,
      );
    const newestEndMs = await asked(archive.newestEndMs(this.id));
    const times = new RecordingClock(newestEndMs === undefined ? {} : { newestEndMs });
    this.#times = times;
    const nowMs = Math.floor(clock.wallMs());
    if (newestEndMs !== undefined && newestEndMs > nowMs) {
      const ahead = await asked(archive.segments(this.id, nowMs, newestEndMs));
      times.addTaken(ahead?.segments.map(({ startMs }) => startMs) ?? []);
    }
    return times;
  }

  #onCut(cut: CutSegment): void {
    const times = this.#times;
    if (times === undefined) return;
    const placed = times.place(cut, this.#deps.clock.wallMs());
    const isNew = placed.begins !== undefined || this.#recording === undefined;
    const recording = isNew ? this.#newRecording(cut, placed) : this.#recording;
    if (recording === undefined) return;
    const segment: Segment = {
      recording,
      startMs: placed.startMs,
      endMs: placed.endMs,
      startPts90k: cut.startPts90k,
      duration90k: cut.duration90k,
      data: cut.data,
    };
    this.#segments += 1;
    this.#bytes += cut.data.length;
    this.#toldTrouble = undefined;
    const entry = this.#options.ring.add(segment);
    if (this.#policy.isRecorded) {
      if (isNew) this.#ledger.began(recording);
      this.#ledger.lastEndMs = segment.endMs;
      this.#deps.archive.append(this.id, segment);
      this.#recordedUntilMs = segment.endMs;
    }
    this.#options.onSegment(entry);
  }

  #newRecording(cut: CutSegment, placed: ClockedCut): Recording {
    const recording: Recording = {
      key: randomBytes(8).toString('hex'),
      startMs: placed.startMs,
      cause: placed.begins ?? 'started',
      isRepeat: placed.isRepeat,
      format: cut.format,
    };
    this.#recording = recording;
    return recording;
  }

  #onFeed(state: FeedState): void {
    if (state.kind !== 'away') return;
    if (this.#branch !== undefined) {
      // Noted once what it still has to write is cut.
      this.#wentAway = state;
      return;
    }
    this.#segmenter.end();
    this.#noteAway(state, this.#phase.kind === 'recording' ? this.#ledger.lastEndMs : undefined);
  }

  #noteAway(away: FeedState, sinceMs: number | undefined): void {
    const reason = away.kind === 'away' ? away.reason : undefined;
    if (reason === undefined) {
      this.#become({ kind: 'waiting' });
      return;
    }
    this.#ledger.note(sinceMs ?? this.#deps.clock.wallMs(), reason.code);
    this.#become({ kind: 'waiting', trouble: { code: reason.code, message: reason.message } });
  }

  #onNoKeyFrame(): void {
    const phase = this.#phase;
    if (phase.kind === 'waiting' && phase.trouble?.code === 'NO_KEY_FRAME') return;
    this.#ledger.note(this.#ledger.lastEndMs ?? this.#deps.clock.wallMs(), 'NO_KEY_FRAME');
    this.#become({
      kind: 'waiting',
      trouble: {
        code: 'NO_KEY_FRAME',
        message:
          'The camera sends pictures but no key frame to begin with. Set its key-frame (I-frame) interval to 1 to 4 seconds.',
      },
    });
  }

  #become(phase: Phase): void {
    this.#phase = phase;
  }
}
