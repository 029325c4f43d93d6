import { assertNever } from '../../../shared/result.ts';
import type { LegStatus } from '../../../shared/stream.ts';
import { backoffDelayMs } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import {
  type AudioFormat,
  type LegRequest,
  type Reader,
  type Source,
  type SourceSink,
  type StateChange,
  type Stream,
  sameFormat,
  type TrackFormat,
  type TrackKind,
  type Unit,
  type UnitPlace,
} from '../../stream/index.ts';
import { h264FormatOf, takeApart } from './h264-output.ts';
import { LegRun, type StallLimits } from './leg-run.ts';
import { isMatroskaTrack } from './matroska.ts';
import { SoundStart } from './sound-start.ts';
import { opusPacket } from './ts-output.ts';

/** How one FFmpeg is to run, or why none may just now. */
export type LegPlan =
  | {
      readonly kind: 'go';
      readonly args: readonly string[];
      readonly encoder: string;
      end(hasWorked: boolean): void;
    }
  | {
      readonly kind: 'refused';
      readonly code: 'TRANSCODER_BUSY' | 'TRANSCODER_FAILED';
      readonly message: string;
    };

export interface LegDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly ffmpegPath: string;
  readonly parent: Stream;
  readonly stallLimits: StallLimits;
  /** Asked before each FFmpeg. */
  plan(format: TrackFormat): Promise<LegPlan>;
}

const OPUS: AudioFormat = { kind: 'audio', codec: 'opus', clockRate: 48_000, channels: 2 };
const BACKOFF = { minMs: 1000, maxMs: 30_000 };
/** Whoever lasted so long begins with a short wait again. */
const STABLE_AFTER_MS = 30_000;
const BUSY_RETRY_MS = 5_000;
const PLANNING_FAILED = 'The gateway failed to start the conversion; its log says why.';
/** Sound that is older was kept from before somebody listened. */
const SOUND_AGE_MS = 300;

type State =
  | { readonly kind: 'resting' }
  /** It is being found out whether and how FFmpeg may run; what comes meanwhile waits in the reader. */
  | { readonly kind: 'planning'; readonly format: TrackFormat; readonly first: Unit }
  | { readonly kind: 'running'; readonly run: LegRun; readonly encoder: string; readonly startedAtMs: number }
  | { readonly kind: 'waiting'; readonly reason: string; readonly cancel: () => void }
  | { readonly kind: 'closed' };

/**
 * One track of a stream in another codec, made by one supervised FFmpeg: a source of the hub's derived stream, so that it
 * starts with that one's first reader and ends a little after its last.
 *
 * 1. Units are read from the hub and given to FFmpeg; what comes back has its place on the stream's own timeline.
 * 2. FFmpeg lives as long as the track's format, across the camera's absences.
 * 3. One that fails, or makes nothing of what it is given, is replaced after a pause that grows.
 */
export class Leg implements Source {
  readonly #request: LegRequest;
  readonly #sink: SourceSink;
  readonly #deps: LegDeps;
  readonly #kind: TrackKind;
  #reader: Reader;
  #state: State = { kind: 'resting' };
  #attempt = 0;
  #sps: readonly Buffer[] = [];
  #isTold = false;
  /** Of the FFmpeg that runs. */
  #soundStart = new SoundStart();
  #ending: Promise<unknown> = Promise.resolve();

  constructor(request: LegRequest, sink: SourceSink, deps: LegDeps) {
    this.#request = request;
    this.#sink = sink;
    this.#deps = deps;
    this.#kind = request.kind === 'h264' ? 'video' : 'audio';
    this.#reader = this.#open();
  }

  status(): LegStatus {
    const { kind } = this.#request;
    const state = this.#state;
    switch (state.kind) {
      case 'planning':
        return { kind, state: 'starting' };
      case 'running':
        return { kind, state: state.run.hasWritten ? 'running' : 'starting', encoder: state.encoder };
      case 'waiting':
        return { kind, state: 'waiting', reason: state.reason };
      case 'resting':
      case 'closed':
        return { kind, state: 'resting' };
      default:
        return assertNever(state);
    }
  }

  setWatched(): void {}

  requestKeyFrame(): void {
    if (this.#state.kind === 'running') this.#state.run.requestKeyFrame();
    // Without a picture to begin with, the camera's next key frame is what is missing.
    else if (this.#kind === 'video') this.#deps.parent.requestKeyFrame();
  }

  async close(): Promise<void> {
    const state = this.#state;
    this.#state = { kind: 'closed' };
    this.#reader.close();
    if (state.kind === 'waiting') state.cancel();
    if (state.kind === 'running') this.#ending = state.run.stop();
    await this.#ending;
  }

  /** Begins with the kept group of pictures, so that nothing has to wait for the camera's next key frame. */
  #open(): Reader {
    return this.#deps.parent.read({
      name: 'leg',
      role: 'service',
      start: 'cached',
      write: (unit) => this.#write(unit),
      onState: (change) => this.#onParentState(change),
    });
  }

  #write(unit: Unit): boolean {
    if (unit.format.kind !== this.#kind) return true;
    if (this.#state.kind === 'running' && !isSameInput(this.#state.run.format, unit.format)) {
      void this.#state.run.stop();
      this.#state = { kind: 'resting' };
    }
    const state = this.#state;
    switch (state.kind) {
      case 'running':
        this.#soundStart.given(unit.pts90k);
        return state.run.write(unit);
      case 'resting':
        return this.#begin(unit);
      case 'planning':
      case 'waiting':
      case 'closed':
        return true;
      default:
        return assertNever(state);
    }
  }

  #begin(first: Unit): boolean {
    const { clock, plan } = this.#deps;
    if (!first.isKeyFrame || !isMatroskaTrack(first.format)) return true;
    if (this.#kind === 'audio' && clock.monotonicMs() - first.receivedAtMs > SOUND_AGE_MS) return true;
    const state: State = { kind: 'planning', format: first.format, first };
    this.#state = state;
    plan.call(this.#deps, first.format).then(
      (planned) => this.#start(state, planned),
      (failure: unknown) => {
        this.#deps.log.error({ err: failure }, 'leg: planning failed');
        if (this.#state === state) this.#wait('TRANSCODER_FAILED', PLANNING_FAILED, BUSY_RETRY_MS);
      },
    );
    return false;
  }

  #start(state: Extract<State, { kind: 'planning' }>, plan: LegPlan): void {
    if (this.#state !== state) {
      if (plan.kind === 'go') plan.end(true);
      return;
    }
    if (plan.kind === 'refused') {
      this.#wait(plan.code, plan.message, BUSY_RETRY_MS);
      this.#reader.drained();
      return;
    }
    const { clock, log, ffmpegPath, stallLimits } = this.#deps;
    const run = new LegRun({
      stallLimits,
      clock,
      log,
      ffmpegPath,
      args: plan.args,
      format: state.format,
      onUnit: (data, place) => {
        if (this.#state.kind === 'running' && this.#state.run === run) this.#onUnit(data, place);
      },
      onDrained: () => {
        if (this.#state.kind === 'running' && this.#state.run === run) this.#reader.drained();
      },
    });
    const running: State = { kind: 'running', run, encoder: plan.encoder, startedAtMs: clock.monotonicMs() };
    this.#state = running;
    this.#isTold = false;
    this.#soundStart = new SoundStart();
    this.#soundStart.given(state.first.pts90k);
    run.write(state.first);
    const before = this.#ending;
    this.#ending = run.done.then(async (end) => {
      plan.end(run.hasWritten || end.kind === 'stopped');
      await before;
      if (this.#state !== running || end.kind === 'stopped') return;
      if (clock.monotonicMs() - running.startedAtMs >= STABLE_AFTER_MS) this.#attempt = 0;
      this.#fail(end.message);
      this.#reader.drained();
    });
  }

  /** One FFmpeg that ends is a pause; viewers are told of trouble when the next one fails as well. */
  #fail(message: string): void {
    const isFirst = this.#attempt === 0;
    this.#wait('TRANSCODER_FAILED', message, backoffDelayMs(BACKOFF, this.#attempt), isFirst);
    this.#attempt += 1;
  }

  #wait(
    code: 'TRANSCODER_BUSY' | 'TRANSCODER_FAILED',
    reason: string,
    retryInMs: number,
    isQuiet = false,
  ): void {
    const cancel = this.#deps.clock.after(retryInMs, () => {
      this.#state = { kind: 'resting' };
      this.#sink.connecting();
      const before = this.#reader;
      this.#reader = this.#open();
      // Only now, so that the stream is wanted all the time.
      before.close();
    });
    this.#state = { kind: 'waiting', reason, cancel };
    if (isQuiet) this.#sink.connecting();
    else this.#sink.waiting(code, reason, retryInMs);
  }

  #onUnit(data: Buffer, place: UnitPlace): void {
    const receivedAtMs = this.#deps.clock.monotonicMs();
    if (this.#kind === 'video') this.#onPicture(data, place, receivedAtMs);
    else this.#onSound(data, place, receivedAtMs);
  }

  #onPicture(data: Buffer, place: UnitPlace, receivedAtMs: number): void {
    const { nalUnits, isKeyFrame, sps, pps } = takeApart(data);
    if (sps[0] !== undefined && this.#sps[0]?.equals(sps[0]) !== true) {
      const format = h264FormatOf(sps, pps);
      if (format === undefined) return;
      this.#sps = sps;
      if (this.#isTold) this.#sink.format(format);
      else this.#sink.playing([format], 'ffmpeg');
      this.#isTold = true;
    }
    if (nalUnits.length === 0) return;
    this.#sink.unit({ kind: 'video', rtpTimestamp: 0, payloads: nalUnits, isKeyFrame, place, receivedAtMs });
  }

  #onSound(data: Buffer, place: UnitPlace, receivedAtMs: number): void {
    const packet = opusPacket(data);
    if (packet === undefined) return;
    if (!this.#isTold) this.#sink.playing([OPUS], 'ffmpeg');
    this.#isTold = true;
    const elapsedMs = this.#state.kind === 'running' ? receivedAtMs - this.#state.startedAtMs : 0;
    if (this.#soundStart.isStale(place.pts90k, elapsedMs)) return;
    this.#sink.unit({
      kind: 'audio',
      rtpTimestamp: 0,
      payloads: [packet],
      isKeyFrame: true,
      place,
      receivedAtMs,
    });
  }

  #onParentState({ state, reason }: StateChange): void {
    if (state !== 'waiting' || reason === undefined) return;
    // FFmpeg stays: the camera may be back with the same format. Readers then begin anew, so with a key frame.
    if (this.#state.kind === 'running') this.#state.run.requestKeyFrame();
    if (this.#state.kind !== 'waiting') this.#sink.waiting(reason.code, reason.message, reason.retryInMs);
  }
}

/** Whether one FFmpeg can go on with it: parameter sets come in band, a picture's size decides on the encoder's. */
function isSameInput(a: TrackFormat, b: TrackFormat): boolean {
  if (a === b) return true;
  if (a.kind === 'audio') return sameFormat(a, b);
  return b.kind === 'video' && a.codec === b.codec && a.width === b.width && a.height === b.height;
}
