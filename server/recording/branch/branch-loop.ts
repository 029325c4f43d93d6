import type { GapReason } from '../../../shared/recording.ts';
import { backoffDelayMs } from '../../base/backoff.ts';
import { sleep } from '../../base/clock.ts';
import type { GopBudget, Stream } from '../../stream/index.ts';
import type { RecordingCause } from '../segment.ts';
import type { Segmenter } from '../ts/index.ts';
import { Branch, type BranchDeps, type BranchEnd } from './branch.ts';
import { Feed, type FeedState } from './feed.ts';
import type { RecorderOutput } from './recorder-output.ts';
import type { StartGate } from './start-gate.ts';

/** What holds a recording up. */
export interface Trouble {
  readonly code: GapReason;
  readonly message: string;
}

export type LoopPhase =
  | { readonly kind: 'waiting'; readonly trouble?: Trouble }
  | { readonly kind: 'recording' };

export interface BranchLoopDeps extends BranchDeps {
  readonly gate: StartGate;
  /** For what is kept for the next FFmpeg, of all streams. */
  readonly replayBudget: GopBudget;
}

export interface BranchLoopOptions {
  readonly stream: Stream;
  readonly segmenter: Segmenter;
  readonly output: RecorderOutput;
  /** An FFmpeg failed or got stuck and is replaced. */
  onRestart(): void;
}

/** Sound that was announced may come so much later than the first key frame. */
const SOUND_WAIT_MS = 1_000;
/** And so long may it take to find out whether it can be decoded, once it is there. */
const SOUND_PROOF_MS = 4_000;
const SOUND_POLL_MS = 50;
const NO_KEY_FRAME_AFTER_MS = 5_000;
const BACKOFF = { minMs: 500, maxMs: 30_000 };
/** A pause longer than this ends the recording, so that what was recorded can be seen meanwhile. */
const KEEP_OPEN_MS = 2_000;
const NO_KEY_FRAME: Trouble = {
  code: 'NO_KEY_FRAME',
  message:
    'The camera sends pictures but no key frame to begin with. Set its key-frame (I-frame) interval to 1 to 4 seconds.',
};

/**
 * One FFmpeg after the other for one stream: each runs until the camera goes, sound comes or stops, or it fails; the next
 * one goes on where that one was.
 */
export class BranchLoop {
  readonly #deps: BranchLoopDeps;
  readonly #options: BranchLoopOptions;
  readonly #feed: Feed;
  #branch: Branch | undefined;
  /** The camera went away since the last FFmpeg was started. */
  #wentAway: FeedState | undefined;
  #phase: LoopPhase = { kind: 'waiting' };
  #toldTrouble: string | undefined;

  constructor(deps: BranchLoopDeps, options: BranchLoopOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#feed = new Feed({
      clock: deps.clock,
      log: deps.log,
      stream: options.stream,
      budget: deps.replayBudget,
      ffmpegPath: deps.ffmpegPath,
      gate: deps.gate,
      onKeyFrame: (unit) => options.output.observe(unit),
    });
    this.#feed.onChange((state) => this.#onFeed(state));
  }

  get phase(): LoopPhase {
    return this.#phase;
  }

  /** Looks after what has no event of its own; called twice a second. */
  tick(): void {
    const feed = this.#feed;
    const branch = this.#branch;
    if (branch !== undefined && feed.droppedUnits > 0) branch.giveUp();
    else if (branch?.hasWritten === true && feed.state.kind !== 'away' && feed.sound !== branch.sound) {
      void branch.end();
    }
    // A running FFmpeg may be in the midst of a group that is too large to be kept for another one.
    if (feed.state.kind !== 'no-key-frame' || branch !== undefined) return;
    const forMs = this.#deps.clock.monotonicMs() - feed.state.sinceMs;
    if (forMs > NO_KEY_FRAME_AFTER_MS) this.noKeyFrame(this.#deps.clock.wallMs() - forMs);
  }

  /** There are pictures since `sinceMs`, and none to begin with. */
  noKeyFrame(sinceMs: number): void {
    if (this.#phase.kind === 'waiting' && this.#phase.trouble?.code === NO_KEY_FRAME.code) return;
    const { output } = this.#options;
    output.note(NO_KEY_FRAME.code, Math.max(sinceMs, output.recordedUntilMs ?? 0));
    this.#phase = { kind: 'waiting', trouble: NO_KEY_FRAME };
  }

  /** Resolves after `stop`, when the last segment has been cut. */
  async run(stop: AbortSignal): Promise<void> {
    let cause: RecordingCause = 'started';
    let failures = 0;
    const { output, segmenter } = this.#options;
    try {
      while (!stop.aborted) {
        await this.#untilReady(stop);
        const leave = await this.#deps.gate.enter(stop);
        if (stop.aborted || this.#feed.state.kind !== 'ready') {
          leave();
          continue;
        }
        const segmentsBefore = output.segments;
        const end = await this.runOnce(stop, cause, leave);
        const away = this.#wentAway;
        if (stop.aborted) break;
        if (away !== undefined) {
          segmenter.end();
          this.#tellAway(away, output.recordedUntilMs);
          cause = 'camera-back';
          failures = 0;
        } else if (end.kind === 'ended') {
          cause = 'format-changed';
          failures = 0;
        } else {
          failures = output.segments > segmentsBefore ? 1 : failures + 1;
          cause = 'recorder-restarted';
          await this.#afterFailure(end.message, failures, stop);
        }
      }
    } finally {
      this.#feed.close();
      segmenter.end();
    }
  }

  /** One FFmpeg, from its start to its end. `leave` is called once it writes. */
  private async runOnce(stop: AbortSignal, cause: RecordingCause, leave: () => void): Promise<BranchEnd> {
    const { segmenter, stream } = this.#options;
    const feed = this.#feed;
    this.#wentAway = undefined;
    const branch = new Branch(this.#deps, {
      stream: stream.id,
      sound: feed.sound,
      read: (options) => feed.read(options),
      onBegin: (pts90k) => segmenter.begin({ expectedPts90k: pts90k, shift90k: pts90k, cause }),
      onOutput: (chunk) => {
        leave();
        segmenter.push(chunk);
        if (segmenter.newestPts90k !== undefined) feed.written(segmenter.newestPts90k);
        if (this.#phase.kind !== 'recording') this.#phase = { kind: 'recording' };
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

  async #afterFailure(message: string, failures: number, stop: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    this.#options.onRestart();
    const isOld = failures > 1 && this.#toldTrouble === message;
    this.#toldTrouble = message;
    log[isOld ? 'debug' : 'warn']({ failures }, `recording was interrupted: ${message}`);
    // A first one is replaced at once by one that goes on where it was.
    if (failures === 1) return;
    this.#phase = { kind: 'waiting', trouble: { code: 'RECORDER_RESTARTED', message } };
    // What makes one after the other fail is left out.
    this.#feed.forget();
    const delayMs = backoffDelayMs(BACKOFF, failures - 2);
    if (delayMs > KEEP_OPEN_MS) this.#options.segmenter.end();
    await sleep(clock, delayMs, stop);
  }

  /** Resolves once there is a key frame to begin with and it is known whether sound comes with it, or on `stop`. */
  async #untilReady(stop: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    const feed = this.#feed;
    while (!stop.aborted && feed.state.kind !== 'ready') await nextChange(feed, stop);
    const sinceMs = clock.monotonicMs();
    const isWorthWaiting = () => {
      const mostMs = feed.provesSound ? SOUND_PROOF_MS : SOUND_WAIT_MS;
      return feed.state.kind === 'ready' && feed.awaitsSound && clock.monotonicMs() - sinceMs < mostMs;
    };
    while (!stop.aborted && isWorthWaiting()) await sleep(clock, SOUND_POLL_MS, stop);
  }

  #onFeed(state: FeedState): void {
    if (state.kind !== 'away') return;
    if (this.#branch !== undefined) {
      // Told once what FFmpeg still has to write is cut.
      this.#wentAway = state;
      return;
    }
    // Between two FFmpegs what was recorded ends where the last one ended.
    const sinceMs = this.#phase.kind === 'recording' ? this.#options.output.recordedUntilMs : undefined;
    this.#options.segmenter.end();
    this.#tellAway(state, sinceMs);
  }

  /** `sinceMs` undefined: from now on. */
  #tellAway(away: FeedState, sinceMs: number | undefined): void {
    const reason = away.kind === 'away' ? away.reason : undefined;
    if (reason === undefined) {
      // Nothing failed: the stream was given another source.
      if (sinceMs !== undefined) this.#options.output.note('STOPPED', sinceMs);
      this.#phase = { kind: 'waiting' };
      return;
    }
    const { code, message } = reason;
    this.#options.output.note(code, sinceMs);
    this.#phase = { kind: 'waiting', trouble: { code, message } };
  }
}

/** Resolves when the feed's state changes, or on `stop`. */
function nextChange(feed: Feed, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      undo();
      stop.removeEventListener('abort', done);
      resolve();
    };
    const undo = feed.onChange(done);
    stop.addEventListener('abort', done, { once: true });
  });
}
