import { runProcess } from '../../base/child-process.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import { type AudioFormat, BitReader, sameFormat } from '../../stream/index.ts';
import type { StartGate } from './start-gate.ts';

export interface SoundProofDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly ffmpegPath: string;
  /** Processes start a few at a time. */
  readonly gate: StartGate;
}

const FRAMES = 8;
/** Of one channel in 16 bits. */
const FRAME_BYTES = 1024 * 2;
const STALL_TIMEOUT_MS = 5_000;
const FIRST_RETRY_MS = 60_000;
const MAX_RETRY_MS = 30 * 60_000;

type State =
  | { readonly kind: 'collecting'; readonly frames: Buffer[] }
  | { readonly kind: 'trying' }
  | { readonly kind: 'good' }
  | { readonly kind: 'bad'; readonly untilMs: number };

/**
 * Whether AAC is what its description says. It is recorded as it comes, and browsers stop at the first frame that they
 * cannot decode, picture and all; so FFmpeg decodes some frames before any are recorded. Sound that
 * fails is left out, and tried again later.
 */
export class SoundProof {
  readonly #deps: SoundProofDeps;
  readonly #stop = new AbortController();
  #format: AudioFormat | undefined;
  #state: State = { kind: 'good' };
  #retryMs = FIRST_RETRY_MS;

  constructor(deps: SoundProofDeps) {
    this.#deps = deps;
  }

  /** It is not known yet, and soon will be. */
  get isPending(): boolean {
    return this.#state.kind === 'collecting' || this.#state.kind === 'trying';
  }

  get isBad(): boolean {
    return this.#state.kind === 'bad';
  }

  /** A unit of sound came; false: it is not to be counted on (yet). */
  accepts(format: AudioFormat, payloads: readonly Buffer[]): boolean {
    if (format.codec !== 'aac') return true;
    if (this.#format === undefined || !sameFormat(this.#format, format)) {
      this.#format = format;
      this.#retryMs = FIRST_RETRY_MS;
      this.#state = { kind: 'collecting', frames: [] };
    }
    const state = this.#state;
    if (state.kind === 'bad' && this.#deps.clock.monotonicMs() >= state.untilMs) {
      this.#state = { kind: 'collecting', frames: [] };
    } else if (state.kind === 'collecting') {
      state.frames.push(
        payloads.length === 1 && payloads[0] !== undefined ? payloads[0] : Buffer.concat(payloads),
      );
      if (state.frames.length === FRAMES) void this.#try(format, state.frames);
    }
    return this.#state.kind === 'good';
  }

  /** Idempotent. */
  close(): void {
    this.#stop.abort();
  }

  async #try(format: AudioFormat, frames: readonly Buffer[]): Promise<void> {
    const trying: State = { kind: 'trying' };
    this.#state = trying;
    const { clock, log, gate } = this.#deps;
    const stream = adtsOf(format, frames);
    const leave = await gate.enter(this.#stop.signal);
    const isGood = stream !== undefined && (await this.#decodes(stream));
    leave();
    if (this.#state !== trying || this.#stop.signal.aborted) return;
    if (isGood) {
      this.#state = { kind: 'good' };
      return;
    }
    this.#state = { kind: 'bad', untilMs: clock.monotonicMs() + this.#retryMs };
    log.warn(
      { retryInMs: this.#retryMs },
      'the sound cannot be decoded as the AAC that the camera says it is; the picture is recorded without it',
    );
    this.#retryMs = Math.min(MAX_RETRY_MS, this.#retryMs * 2);
  }

  async #decodes(adts: Buffer): Promise<boolean> {
    let bytes = 0;
    const exit = await runProcess(
      {
        command: this.#deps.ffmpegPath,
        args: [
          ...['-nostdin', '-hide_banner', '-loglevel', 'error'],
          // What it reads is what cameras sent: this one format, no other file or address.
          ...['-protocol_whitelist', 'pipe', '-f', 'aac', '-i', 'pipe:0'],
          ...['-ac', '1', '-f', 's16le', 'pipe:1'],
        ],
        stallTimeoutMs: STALL_TIMEOUT_MS,
        stopGraceMs: 0,
        onStdin: (stdin) => stdin.end(adts),
        onStdout: (chunk, progress) => {
          bytes += chunk.length;
          progress();
        },
      },
      this.#deps.clock,
      this.#stop.signal,
    );
    // Where FFmpeg cannot be started nothing is recorded, and that is told elsewhere. The first frame may only prime a decoder.
    return exit.cause === 'unstartable' || (exit.code === 0 && bytes >= (FRAMES - 1) * FRAME_BYTES);
  }
}

/** Frames with the headers of a stream (ISO 14496-3 section 1.A.2.2); undefined where those cannot say what the frames are. */
export function adtsOf(format: AudioFormat, frames: readonly Buffer[]): Buffer | undefined {
  const reader = new BitReader(format.config ?? Buffer.alloc(0));
  let objectType = reader.bits(5);
  const rate = reader.bits(4);
  const channels = reader.bits(4);
  // SBR and PS, told by themselves: the core follows.
  if (objectType === 5 || objectType === 29) {
    if (reader.bits(4) === 15) return undefined;
    objectType = reader.bits(5);
  }
  const isShort = reader.bit() === 1;
  if (
    reader.overrun ||
    objectType < 1 ||
    objectType > 4 ||
    rate > 12 ||
    channels < 1 ||
    channels > 7 ||
    isShort
  )
    return undefined;
  return Buffer.concat(
    frames.flatMap((frame) => {
      const bytes = frame.length + 7;
      if (bytes > 0x1fff) return [];
      const head = [
        ...[0xff, 0xf1, ((objectType - 1) << 6) | (rate << 2) | (channels >> 2)],
        ...[((channels & 3) << 6) | (bytes >> 11), (bytes >> 3) & 0xff, ((bytes & 7) << 5) | 0x1f, 0xfc],
      ];
      return [Buffer.from(head), frame];
    }),
  );
}
