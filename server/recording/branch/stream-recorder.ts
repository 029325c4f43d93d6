import type { StreamId } from '../../../shared/names.ts';
import type { RecorderStatus } from '../../../shared/recording.ts';
import { sleep } from '../../base/clock.ts';
import type { Stream } from '../../stream/index.ts';
import type { RingEntry } from '../live.ts';
import { Segmenter } from '../ts/index.ts';
import { BranchLoop, type BranchLoopDeps, type Trouble } from './branch-loop.ts';
import type { RecordPolicy } from './record-policy.ts';
import { type RecorderArchive, RecorderOutput } from './recorder-output.ts';
import type { Ring } from './ring.ts';

export interface StreamRecorderDeps extends BranchLoopDeps {
  readonly archive: RecorderArchive;
}

export interface StreamRecorderOptions {
  readonly stream: Stream;
  readonly policy: RecordPolicy;
  readonly ring: Ring;
  /** A recorder of the same name that still writes its last segment. */
  readonly after?: Promise<void> | undefined;
  onSegment(entry: RingEntry): void;
}

export interface RecorderCounters {
  readonly segments: number;
  readonly bytes: number;
  /** FFmpegs that failed or got stuck and were replaced. */
  readonly restarts: number;
}

/** How long a player's request keeps the branch of a stream that is not recorded; at least three segments. */
const DEMAND_MS = 30_000;
const BUG_PAUSE_MS = 5_000;

/** The work on a stream while it is recorded or watched. */
interface Work {
  readonly stop: AbortController;
  readonly done: Promise<void>;
  /** Absent while the archive is asked. */
  loop?: BranchLoop;
}

/**
 * Records one stream, or keeps its live segments while somebody watches: works while that is wanted, and stops in order,
 * with nothing lost, when it is not.
 */
export class StreamRecorder {
  readonly #deps: StreamRecorderDeps;
  readonly #options: StreamRecorderOptions;
  readonly #segmenter: Segmenter;
  readonly #output: RecorderOutput;
  #policy: RecordPolicy;
  #work: Work | undefined;
  #demandUntilMs = Number.NEGATIVE_INFINITY;
  #changes: Promise<void> = Promise.resolve();
  /** Stopped for a moment, to begin anew with other settings. */
  #isHeldBack = false;
  #isClosed = false;
  #restarts = 0;

  constructor(deps: StreamRecorderDeps, options: StreamRecorderOptions) {
    const log = deps.log.child({ stream: options.stream.id });
    this.#deps = { ...deps, log };
    this.#options = options;
    this.#policy = options.policy;
    this.#output = new RecorderOutput({
      stream: options.stream.id,
      clock: deps.clock,
      archive: deps.archive,
      ring: options.ring,
      isRecorded: options.policy.isRecorded,
      onSegment: (entry) => options.onSegment(entry),
    });
    this.#segmenter = new Segmenter({
      segmentMs: options.policy.segmentMs,
      onSegment: (cut) => this.#output.add(cut),
      onTrouble: (trouble) => {
        if (trouble.kind === 'no-key-frame')
          this.#work?.loop?.noKeyFrame(this.#output.recordedUntilMs ?? deps.clock.wallMs());
        else log.debug({ ...trouble }, 'recorder: trouble in the TS');
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
    return this.#output.recordedUntilMs;
  }

  get counters(): RecorderCounters {
    return { segments: this.#output.segments, bytes: this.#output.bytes, restarts: this.#restarts };
  }

  /** Whether there are new segments, and if not, why. */
  get state(): { state: RecorderStatus['state']; reason?: Trouble } {
    if (this.#work === undefined) return { state: 'idle' };
    const phase = this.#work.loop?.phase ?? { kind: 'waiting' };
    if (phase.kind === 'recording') return { state: 'recording' };
    return { state: 'waiting', ...(phase.trouble === undefined ? {} : { reason: phase.trouble }) };
  }

  /** A player asks for live segments. */
  demand(): void {
    const forMs = Math.max(DEMAND_MS, 3 * this.#policy.segmentMs);
    this.#demandUntilMs = this.#deps.clock.monotonicMs() + forMs;
    this.#options.ring.isWatched = true;
    this.#sync();
  }

  /** Takes new settings. What was recorded up to now is kept whole. */
  update(policy: RecordPolicy): void {
    this.#changes = this.#changes.then(() => this.#apply(policy));
  }

  /** Looks after what has no event of its own; called twice a second. */
  tick(): void {
    if (!this.#isDemanded) this.#options.ring.isWatched = false;
    this.#sync();
    this.#work?.loop?.tick();
  }

  /** Stops for good; resolves when the last segment is in the archive's hands. Idempotent. */
  async close(options: { isRemoved: boolean }): Promise<void> {
    this.#isClosed = true;
    await this.#changes;
    if (options.isRemoved) await this.#stopRecording();
    else await this.#stopWork();
  }

  get #isDemanded(): boolean {
    return this.#deps.clock.monotonicMs() < this.#demandUntilMs;
  }

  get #isWanted(): boolean {
    if (this.#isClosed || this.#isHeldBack) return false;
    return this.#policy.isRecorded || this.#isDemanded;
  }

  /** Starts or stops the work, as it is wanted. */
  #sync(): void {
    if (!this.#isWanted) this.#work?.stop.abort();
    else if (this.#work === undefined) this.#begin();
  }

  #begin(): void {
    const stop = new AbortController();
    const work: Work = {
      stop,
      done: Promise.resolve()
        .then(() => this.#run(work))
        .catch((failure: unknown) => {
          // Only a bug gets here; it costs this stream's recording some seconds and no other's anything.
          this.#deps.log.error({ err: failure }, 'recording failed and begins anew');
          return sleep(this.#deps.clock, BUG_PAUSE_MS, stop.signal);
        })
        .then(() => {
          this.#work = undefined;
          // Old pictures are not live ones, should somebody ask again later.
          this.#options.ring.clear();
          this.#sync();
        }),
    };
    this.#work = work;
  }

  async #run(work: Work): Promise<void> {
    await this.#options.after;
    await this.#output.prepare();
    if (work.stop.signal.aborted) return;
    work.loop = new BranchLoop(this.#deps, {
      stream: this.#options.stream,
      segmenter: this.#segmenter,
      output: this.#output,
      onRestart: () => {
        this.#restarts += 1;
      },
    });
    await work.loop.run(work.stop.signal);
  }

  async #stopWork(): Promise<void> {
    this.#isHeldBack = true;
    this.#sync();
    await this.#work?.done;
    this.#isHeldBack = false;
  }

  async #apply(policy: RecordPolicy): Promise<void> {
    this.#segmenter.segmentMs = policy.segmentMs;
    if (this.#policy.isRecorded && !policy.isRecorded) await this.#stopRecording();
    this.#policy = policy;
    const isNew = policy.isRecorded && !this.#output.isRecorded;
    this.#output.isRecorded = policy.isRecorded;
    const { reason } = this.state;
    if (isNew && reason !== undefined) this.#output.note(reason.code);
    this.#sync();
  }

  async #stopRecording(): Promise<void> {
    const wasRecording = this.state.state === 'recording';
    await this.#stopWork();
    this.#output.note('RECORDING_OFF', wasRecording ? this.#output.recordedUntilMs : undefined);
  }
}
