import { setPriority } from 'node:os';
import type { Writable } from 'node:stream';
import { type ProcessExit, runProcess } from '../../base/child-process.ts';
import type { Clock } from '../../base/clock.ts';
import { giveBack } from '../../base/give-back.ts';
import type { Logger } from '../../base/log.ts';
import type { TrackFormat, Unit, UnitPlace } from '../../stream/index.ts';
import { Lateness } from './lateness.ts';
import { KEY_FRAME_MARK, SKIP_MARK, TIME_STEP_MS } from './leg-arguments.ts';
import { matroskaHeader, matroskaUnit } from './matroska.ts';
import { SoundClock } from './sound-clock.ts';
import { type CodedUnit, TsOutput } from './ts-output.ts';

export interface StallLimits {
  readonly startingMs: number;
  readonly runningMs: number;
}

export interface LegRunOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly ffmpegPath: string;
  readonly args: readonly string[];
  readonly stallLimits: StallLimits;
  /** Of all units that will be written. */
  readonly format: TrackFormat;
  /** A unit of the leg with its place on the timeline. */
  onUnit(data: Buffer, place: UnitPlace): void;
  /** FFmpeg takes more again after `write` said no. */
  onDrained(): void;
}

/** How an FFmpeg ended: `stopped` was wanted; `message` is for people. */
export type LegEnd = { readonly kind: 'stopped' } | { readonly kind: 'failed'; readonly message: string };

/** Where a run's times begin, so that none lies below 0, wherever pictures are reordered. */
const FIRST_TIME_MS = 10_000;
/** Each of the leg's groups of pictures; a viewer that joins gets one at once by asking. */
const KEY_FRAME_EVERY_90K = 2 * 90_000;
/** Sound that is older when it is written would be heard that late from then on. */
const SOUND_AGE_MS = 300;
/** What was written so long ago without any output is not answered any more; a first answer takes longer. */
export const STALL_LIMITS: StallLimits = { startingMs: 10_000, runningMs: 3_000 };
/** What FFmpeg may hold back: an encoder's or a decoder's order. */
const HELD_UNITS = 20;
const CHECK_EVERY_MS = 500;
/** Behind the gateway and its media workers, before single frames and exports. */
const NICENESS = 5;
/** Pictures that FFmpeg was given and did not give out: damaged ones. */
const MAX_PLACES = 512;

/** One FFmpeg of a leg from its start to its end. */
export class LegRun {
  readonly format: TrackFormat;
  readonly #options: LegRunOptions;
  readonly #stop = new AbortController();
  readonly #places = new Map<number, UnitPlace>();
  readonly #output: TsOutput;
  readonly #done: Promise<LegEnd>;
  #stdin: Writable | undefined;
  #pending: Buffer[] = [];
  #originPts90k: number | undefined;
  readonly #lateness: Lateness;
  readonly #soundClock = new SoundClock();
  #wallOffsetMs = 0;
  #lastKeyPts90k = Number.NEGATIVE_INFINITY;
  #wantsKeyFrame = false;
  #unanswered = 0;
  #owesSinceMs: number | undefined;
  #hasWritten = false;
  #isStalled = false;

  constructor(options: LegRunOptions) {
    this.#options = options;
    this.format = options.format;
    this.#lateness = new Lateness(options.clock.monotonicMs());
    this.#output = new TsOutput((unit) => this.#onUnit(unit));
    this.#pending.push(matroskaHeader(options.format));
    this.#done = this.#run();
  }

  /** Resolves once FFmpeg is gone. Never rejects. */
  get done(): Promise<LegEnd> {
    return this.#done;
  }

  /** Whether anything came out of it. */
  get hasWritten(): boolean {
    return this.#hasWritten;
  }

  /** Takes a unit; false when FFmpeg has no room for more after it, until `onDrained`. */
  write(unit: Unit): boolean {
    const made = unit.format.kind === 'video' ? this.#picture(unit) : this.#sound(unit);
    if (made === undefined) return true;
    if (this.#stdin === undefined) {
      this.#pending.push(made);
      return false;
    }
    return this.#stdin.write(made);
  }

  /** The next picture becomes a key frame. */
  requestKeyFrame(): void {
    this.#wantsKeyFrame = true;
  }

  /** Ends FFmpeg. Idempotent. */
  stop(): Promise<LegEnd> {
    this.#stop.abort();
    return this.#done;
  }

  async #run(): Promise<LegEnd> {
    const { clock, log, ffmpegPath, args } = this.#options;
    const stopChecks = clock.every(CHECK_EVERY_MS, () => this.#check());
    const exit = await runProcess(
      {
        command: ffmpegPath,
        args,
        // It holds nothing that could get lost.
        stopGraceMs: 0,
        onStdin: (stdin) => this.#onStdin(stdin),
        onStdout: (chunk) => this.#onStdout(chunk),
        onStart: (pid) => {
          log.debug({ pid }, 'leg: FFmpeg started');
          lowerPriority(pid);
        },
      },
      clock,
      this.#stop.signal,
    );
    stopChecks();
    this.#stdin = undefined;
    const end = this.#endOf(exit);
    log.debug(
      { ...end, code: exit.code, signal: exit.signal, lastLines: exit.lastLines },
      'leg: FFmpeg ended',
    );
    return end;
  }

  #onStdin(stdin: Writable): void {
    this.#stdin = stdin;
    stdin.on('drain', () => this.#options.onDrained());
    let hasRoom = true;
    for (const chunk of this.#pending) hasRoom = stdin.write(chunk);
    this.#pending = [];
    if (hasRoom) this.#options.onDrained();
  }

  #onStdout(chunk: Buffer): void {
    if (this.#stop.signal.aborted) return;
    try {
      this.#output.push(chunk);
    } catch (failure) {
      this.#options.log.warn({ err: failure }, 'leg: what FFmpeg writes cannot be read');
      this.#stop.abort();
      this.#isStalled = true;
    }
    giveBack(chunk);
  }

  #onUnit({ pts90k, data }: CodedUnit): void {
    this.#hasWritten = true;
    this.#unanswered = 0;
    this.#owesSinceMs = undefined;
    const place = this.#placeOf(pts90k);
    if (place !== undefined) this.#options.onUnit(data, place);
  }

  #placeOf(legPts90k: number): UnitPlace | undefined {
    if (this.format.kind === 'video') {
      const timeMs = Math.round(legPts90k / 90);
      const place = this.#places.get(timeMs);
      this.#places.delete(timeMs);
      return place;
    }
    const pts90k = this.#soundClock.place(legPts90k);
    return { pts90k, wallMs: pts90k / 90 + this.#wallOffsetMs };
  }

  #picture(unit: Unit): Buffer | undefined {
    const verdict = this.#lateness.judge(unit, this.#options.clock.monotonicMs());
    if (verdict === 'drop') return undefined;
    const timeMs = this.#markedTimeMs(unit, verdict === 'decode');
    if (timeMs % TIME_STEP_MS < SKIP_MARK) this.#owe();
    return matroskaUnit(unit, timeMs);
  }

  #sound(unit: Unit): Buffer | undefined {
    const ageMs = this.#options.clock.monotonicMs() - unit.receivedAtMs;
    if (this.#stdin !== undefined && ageMs > SOUND_AGE_MS) return undefined;
    this.#wallOffsetMs = unit.wallMs - unit.pts90k / 90;
    this.#owe();
    return matroskaUnit(unit, Math.round(this.#soundClock.give(unit.pts90k) / 90));
  }

  #timeMs(pts90k: number): number {
    this.#originPts90k ??= pts90k;
    return Math.max(0, FIRST_TIME_MS + Math.round((pts90k - this.#originPts90k) / 90));
  }

  /** The picture's time with its marks: one that no other picture of late has, as it is found by it again. */
  #markedTimeMs(unit: Unit, isStale: boolean): number {
    const isDue = unit.pts90k - this.#lastKeyPts90k >= KEY_FRAME_EVERY_90K;
    const isKeyFrame = !isStale && (isDue || this.#wantsKeyFrame);
    const mark = isStale ? SKIP_MARK : isKeyFrame ? KEY_FRAME_MARK : 0;
    let timeMs = this.#timeMs(unit.pts90k);
    timeMs += mark - (timeMs % TIME_STEP_MS);
    if (isStale) return timeMs;
    while (this.#places.has(timeMs)) timeMs += TIME_STEP_MS;
    if (isKeyFrame) {
      this.#lastKeyPts90k = unit.pts90k;
      this.#wantsKeyFrame = false;
    }
    this.#places.set(timeMs, { pts90k: unit.pts90k, wallMs: unit.wallMs });
    if (this.#places.size > MAX_PLACES) {
      for (const oldest of this.#places.keys()) {
        this.#places.delete(oldest);
        break;
      }
    }
    return timeMs;
  }

  #owe(): void {
    this.#unanswered += 1;
    if (this.#unanswered > HELD_UNITS) this.#owesSinceMs ??= this.#options.clock.monotonicMs();
  }

  #check(): void {
    if (this.#isStalled || this.#stop.signal.aborted) return;
    const nowMs = this.#options.clock.monotonicMs();
    const owesForMs = nowMs - (this.#owesSinceMs ?? nowMs);
    const { startingMs, runningMs } = this.#options.stallLimits;
    if (owesForMs <= (this.#hasWritten ? runningMs : startingMs)) return;
    this.#isStalled = true;
    this.#stop.abort();
  }

  #endOf(exit: ProcessExit): LegEnd {
    if (exit.cause === 'unstartable') {
      const message = `FFmpeg (${this.#options.ffmpegPath}) cannot be started: ${exit.lastLines.at(-1) ?? 'no reason given'}. Install it, or name it in FFMPEG_PATH.`;
      return { kind: 'failed', message };
    }
    const lastLine = exit.lastLines.at(-1) ?? 'it said nothing';
    if (this.#isStalled)
      return { kind: 'failed', message: `FFmpeg made nothing of what it was given: ${lastLine}` };
    if (exit.cause === 'stopped') return { kind: 'stopped' };
    return {
      kind: 'failed',
      message: `FFmpeg ended (${exit.signal ?? exit.code ?? 'no status'}): ${lastLine}`,
    };
  }
}

/** What watches live comes first: a leg that falls behind loses pictures, not the other streams. */
function lowerPriority(pid: number): void {
  try {
    setPriority(pid, NICENESS);
  } catch {
    // It has ended already.
  }
}
