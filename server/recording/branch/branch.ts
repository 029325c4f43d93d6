import type { StreamId } from '../../../shared/names.ts';
import { type ProcessExit, runProcess } from '../../base/child-process.ts';
import { type Clock, sleep } from '../../base/clock.ts';
import { giveBack } from '../../base/give-back.ts';
import type { Logger } from '../../base/log.ts';
import type { Reader, ReaderOptions } from '../../stream/index.ts';
import { type BranchSound, branchArguments } from './branch-arguments.ts';

/** A place on the gateway's own RTSP server for one FFmpeg; `RtspServer.admit` with the server's address fits. */
export type Admit = (
  stream: StreamId,
  options: {
    readonly audio: boolean;
    read(options: ReaderOptions): Reader;
    onBegin(startPts90k: number): void;
  },
) => { readonly url: string; end(): void };

export interface BranchDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly ffmpegPath: string;
  readonly admit: Admit;
}

export interface BranchOptions {
  readonly stream: StreamId;
  readonly sound: BranchSound;
  read(options: ReaderOptions): Reader;
  /** Before the first output: the picture that FFmpeg has at time 0 lies here on the stream's timeline. */
  onBegin(startPts90k: number): void;
  /** MPEG-TS. The chunk is to be copied: its memory is gone afterwards. */
  onOutput(chunk: Buffer): void;
}

/** How one FFmpeg ended; `message` is for people. */
export type BranchEnd =
  /** It was told that nothing follows, and wrote all it had. */
  | { readonly kind: 'ended' }
  | { readonly kind: 'failed' | 'stalled' | 'unstartable'; readonly message: string };

/** Without any output at all for so long, an FFmpeg that was given what it needs to begin is stuck. */
const START_TIMEOUT_MS = 15_000;
/** It looks at some pictures before it begins (of H.264 up to 20, for their order), which takes a while where a camera sends few. */
const START_UNITS = 25;
/** So long after it was given something without writing anything, it is stuck. */
const STALL_MS = 2_000;
/** FFmpeg holds a picture until the next one begins, which may be seconds later where a camera sends few. */
const HELD_UNITS = 3;
const CHECK_EVERY_MS = 250;
/** Late checks in a row before it is believed: after a pause of this whole process, its timers run before its pipes are read. */
const LATE_CHECKS = 2;
/** How long an FFmpeg that was told of the end may take to write the rest. */
const END_GRACE_MS = 5_000;
/** One that is to be stopped has not ended in order, or is stuck: nothing more is expected of it. */
const STOP_GRACE_MS = 200;

/** One FFmpeg from its start to its end. */
export class Branch {
  readonly sound: BranchSound;
  readonly #deps: BranchDeps;
  readonly #admission: { readonly url: string; end(): void };
  readonly #stop = new AbortController();
  readonly #done: Promise<BranchEnd>;
  readonly #startedAtMs: number;
  /** What it was given since it wrote last. */
  #unanswered = 0;
  /** Since when it owes an output for that. */
  #owesSinceMs: number | undefined;
  #hasWritten = false;
  #lateChecks = 0;
  #isEnding = false;
  #isStalled = false;

  constructor(deps: BranchDeps, options: BranchOptions) {
    const { clock } = deps;
    this.#deps = deps;
    this.sound = options.sound;
    this.#startedAtMs = clock.monotonicMs();
    this.#admission = deps.admit(options.stream, {
      audio: options.sound !== undefined,
      onBegin: (startPts90k) => options.onBegin(startPts90k),
      read: (given) =>
        options.read({
          ...given,
          write: (unit) => {
            this.#unanswered += 1;
            const held = this.#hasWritten ? HELD_UNITS : START_UNITS;
            if (this.#unanswered > held) this.#owesSinceMs ??= clock.monotonicMs();
            return given.write(unit);
          },
        }),
    });
    this.#done = this.#run(options);
  }

  /** Resolves once FFmpeg is gone and all that it wrote was given to `onOutput`. */
  get done(): Promise<BranchEnd> {
    return this.#done;
  }

  get hasWritten(): boolean {
    return this.#hasWritten;
  }

  /** Ends in order: FFmpeg sees the end of the stream, writes what it has and goes. Idempotent. */
  end(): Promise<BranchEnd> {
    if (!this.#isEnding) {
      this.#isEnding = true;
      this.#admission.end();
      const { clock } = this.#deps;
      const gone = new AbortController();
      void this.#done.finally(() => gone.abort());
      void sleep(clock, END_GRACE_MS, gone.signal).then(() => this.#stop.abort());
    }
    return this.#done;
  }

  /** It does not keep up: ends it at once. */
  giveUp(): void {
    this.#isStalled = true;
    this.#admission.end();
    this.#stop.abort();
  }

  async #run(options: BranchOptions): Promise<BranchEnd> {
    const { clock, log, ffmpegPath } = this.#deps;
    const stopChecks = clock.every(CHECK_EVERY_MS, () => this.#check());
    const exit = await runProcess(
      {
        command: ffmpegPath,
        args: branchArguments({ url: this.#admission.url, sound: options.sound }),
        stopGraceMs: STOP_GRACE_MS,
        onStdout: (chunk) => {
          this.#hasWritten = true;
          this.#unanswered = 0;
          this.#owesSinceMs = undefined;
          this.#lateChecks = 0;
          options.onOutput(chunk);
          giveBack(chunk);
        },
        onStart: (pid) => log.debug({ pid, sound: options.sound?.codec }, 'recorder: FFmpeg started'),
      },
      clock,
      this.#stop.signal,
    );
    stopChecks();
    this.#admission.end();
    const end = this.#endOf(exit);
    log.debug(
      { ...end, code: exit.code, signal: exit.signal, lastLines: exit.lastLines },
      'recorder: FFmpeg ended',
    );
    return end;
  }

  #check(): void {
    if (this.#isEnding || this.#isStalled) return;
    const nowMs = this.#deps.clock.monotonicMs();
    const owesForMs = nowMs - (this.#owesSinceMs ?? nowMs);
    // One that was not even given anything has not connected.
    const isLate =
      this.#unanswered === 0 && !this.#hasWritten
        ? nowMs - this.#startedAtMs > START_TIMEOUT_MS
        : owesForMs > (this.#hasWritten ? STALL_MS : START_TIMEOUT_MS);
    this.#lateChecks = isLate ? this.#lateChecks + 1 : 0;
    if (this.#lateChecks >= LATE_CHECKS) this.giveUp();
  }

  #endOf(exit: ProcessExit): BranchEnd {
    const lastLine = exit.lastLines.at(-1) ?? 'it said nothing';
    if (exit.cause === 'unstartable') {
      const { ffmpegPath } = this.#deps;
      const message = `FFmpeg (${ffmpegPath}) cannot be started: ${lastLine}. Install it, or name it in FFMPEG_PATH.`;
      return { kind: 'unstartable', message };
    }
    if (this.#isStalled) return { kind: 'stalled', message: 'FFmpeg stopped writing and was replaced.' };
    if (exit.code === 0) return { kind: 'ended' };
    return {
      kind: 'failed',
      message: `FFmpeg ended (${exit.signal ?? exit.code ?? 'no status'}): ${lastLine}`,
    };
  }
}
