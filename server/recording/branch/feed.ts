import type { Clock } from '../../base/clock.ts';
import { Listeners } from '../../base/emitter.ts';
import type { Logger } from '../../base/log.ts';
import {
  type AudioFormat,
  type GopBudget,
  HubReader,
  type Reader,
  type ReaderOptions,
  type StateChange,
  type Stream,
  type TrackFormat,
  type Unit,
} from '../../stream/index.ts';
import { ReplayBuffer } from './replay-buffer.ts';
import { SoundProof } from './sound-proof.ts';
import { SoundWatch } from './sound-watch.ts';
import type { StartGate } from './start-gate.ts';

/** What FFmpeg may be behind, before it is taken for stuck; and what is given again to the one after it. */
const REPLAY_LIMITS = { maxBytes: 16 * 1024 * 1024, maxMs: 60_000 };
const MAX_QUEUE_BYTES = 16 * 1024 * 1024;

/** Where the stream stands, as the recorder sees it. */
export type FeedState =
  | { readonly kind: 'away'; readonly reason: StateChange['reason'] }
  /** Connected, but nothing yet that a recording can begin with. */
  | { readonly kind: 'no-key-frame'; readonly sinceMs: number }
  | { readonly kind: 'ready' };

export interface FeedOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly stream: Stream;
  readonly budget: GopBudget;
  readonly ffmpegPath: string;
  readonly gate: StartGate;
  onKeyFrame(unit: Unit): void;
}

/**
 * The recorder's one reader of a stream. FFmpeg's RTSP session takes its units from here, beginning with those that no
 * FFmpeg has written yet.
 */
export class Feed {
  readonly #options: FeedOptions;
  readonly #reader: Reader;
  readonly #buffer: ReplayBuffer;
  readonly #sound = new SoundWatch();
  readonly #proof: SoundProof;
  readonly #relays = new Set<HubReader>();
  readonly #changes = new Listeners<FeedState>();
  #state: FeedState = { kind: 'away', reason: undefined };
  #stream: StateChange = { state: 'connecting' };
  #tracks: readonly TrackFormat[] = [];
  #pictureAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#buffer = new ReplayBuffer(REPLAY_LIMITS, options.budget);
    this.#proof = new SoundProof(options);
    this.#reader = options.stream.read({
      name: 'recorder',
      role: 'service',
      start: 'cached',
      write: (unit) => this.#onUnit(unit),
      onTracks: (tracks) => this.#onTracks(tracks),
      onState: (change) => this.#onState(change),
      onEnd: () => this.#onEnd(),
    });
  }

  get state(): FeedState {
    return this.#state;
  }

  onChange(listener: (state: FeedState) => void): () => void {
    return this.#changes.add(listener);
  }

  /** The sound that can be counted on now. */
  get sound(): AudioFormat | undefined {
    const { clock } = this.#options;
    const isTrack = this.#tracks.some(({ kind }) => kind === 'audio');
    return isTrack ? this.#sound.choose(clock.monotonicMs(), this.#pictureAtMs) : undefined;
  }

  /** Whether a track of sound was announced that has not been heard yet. */
  get awaitsSound(): boolean {
    const isTrack = this.#tracks.some(({ kind }) => kind === 'audio');
    return isTrack && this.sound === undefined && !this.#proof.isBad;
  }

  /** Whether sound was heard of which it is not known yet if it can be decoded. */
  get provesSound(): boolean {
    return this.awaitsSound && this.#proof.isPending;
  }

  /** Units that a relay had to drop, since FFmpeg did not take them. */
  get droppedUnits(): number {
    let sum = 0;
    for (const relay of this.#relays) sum += relay.droppedUnits;
    return sum;
  }

  /** As `Stream.read`, but beginning with all that was not written yet. */
  read(options: ReaderOptions): Reader {
    const relay = new HubReader({ ...options, maxQueueBytes: MAX_QUEUE_BYTES }, (closed) =>
      this.#relays.delete(closed),
    );
    // As the hub does: the reader hears nothing before this returns.
    queueMicrotask(() => {
      this.#relays.add(relay);
      relay.start(this.#tracks, this.#stream, this.#buffer.units);
    });
    return relay;
  }

  /** FFmpeg has written the picture of `pts90k`. */
  written(pts90k: number): void {
    this.#buffer.release(pts90k);
  }

  /** What is kept makes FFmpeg fail again and again: go on with what comes next. */
  forget(): void {
    this.#buffer.clear();
    this.#become();
  }

  close(): void {
    this.#reader.close();
    this.#proof.close();
    for (const relay of [...this.#relays]) relay.end();
    this.#buffer.clear();
    this.#changes.clear();
  }

  #onUnit(unit: Unit): boolean {
    const { format } = unit;
    if (format.kind === 'video') this.#pictureAtMs = unit.receivedAtMs;
    else if (this.#proof.accepts(format, unit.payloads)) this.#sound.heard(format, unit.receivedAtMs);
    if (format.kind === 'video' && unit.isKeyFrame) this.#options.onKeyFrame(unit);
    this.#buffer.add(unit);
    for (const relay of this.#relays) this.#deliver(relay, unit);
    if (this.#buffer.isEmpty !== (this.#state.kind !== 'ready')) this.#become();
    return true;
  }

  #deliver(relay: HubReader, unit: Unit): void {
    try {
      relay.deliver(unit);
    } catch (failure) {
      // A bug on the way to FFmpeg costs that FFmpeg, not the reading of the stream.
      this.#options.log.error({ err: failure }, 'feeding the recorder failed');
      relay.end();
    }
  }

  #onTracks(tracks: readonly TrackFormat[]): void {
    this.#tracks = tracks;
    for (const relay of [...this.#relays]) relay.options.onTracks?.(tracks);
  }

  #onState(change: StateChange): void {
    this.#stream = change;
    if (change.state !== 'live') {
      this.#buffer.clear();
      this.#sound.forget();
      for (const relay of [...this.#relays]) relay.interrupted();
    }
    for (const relay of [...this.#relays]) relay.options.onState?.(change);
    this.#become();
  }

  #onEnd(): void {
    for (const relay of [...this.#relays]) relay.end();
    this.#onState({ state: 'idle' });
  }

  #become(): void {
    const next = this.#next();
    const isSame =
      next.kind === this.#state.kind &&
      (next.kind !== 'away' ||
        (this.#state.kind === 'away' && next.reason?.code === this.#state.reason?.code));
    if (isSame) return;
    this.#state = next;
    this.#changes.emit(next);
  }

  #next(): FeedState {
    // While a camera is dialled again, it is still away for the reason that was told before.
    const known = this.#state.kind === 'away' ? this.#state.reason : undefined;
    const { state, reason } = this.#stream;
    if (state !== 'live')
      return { kind: 'away', reason: reason ?? (state === 'connecting' ? known : undefined) };
    if (!this.#buffer.isEmpty) return { kind: 'ready' };
    return { kind: 'no-key-frame', sinceMs: this.#options.clock.monotonicMs() };
  }
}
