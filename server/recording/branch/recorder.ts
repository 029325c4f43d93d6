import { isInternalStream, type StreamId } from '../../../shared/names.ts';
import type { GapReason, RecorderStatus } from '../../../shared/recording.ts';
import { Listeners } from '../../base/emitter.ts';
import { GopBudget, type Hub, type Stream } from '../../stream/index.ts';
import type { LiveSegments, RingEntry } from '../live.ts';
import { type RecordSettings, recordPolicy } from './record-policy.ts';
import { Ring, RingBudget } from './ring.ts';
import { StartGate } from './start-gate.ts';
import { type RecorderCounters, StreamRecorder, type StreamRecorderDeps } from './stream-recorder.ts';

export interface RecorderOptions extends Omit<StreamRecorderDeps, 'gate' | 'replayBudget'> {
  readonly hub: Hub;
  readonly settings: RecordSettings;
  /** How many FFmpegs may be starting at the same time. Default 4. */
  readonly maxStarting?: number;
  /** All rings together. Default 768 MiB. */
  readonly maxRingBytes?: number;
}

/** The recorder of one stream in figures. */
export interface RecorderFigures extends RecorderCounters {
  readonly stream: StreamId;
  readonly state: RecorderStatus['state'];
  readonly ringBytes: number;
}

const TICK_MS = 500;
const MAX_STARTING = 4;
const START_MAX_STAY_MS = 10_000;
/** Mostly what the hub keeps as well. */
const REPLAY_BYTES = 256 * 1024 * 1024;
const MAX_RING_BYTES = 768 * 1024 * 1024;
/** Older ones come from the archive, where there is one. */
/** 2026-01-01: sequence numbers count seconds from here, since some players read 31 bits of them. */
const SEQUENCES_SINCE_S = 1_767_225_600;
const RING_LIMITS = {
  watchedSegments: 10,
  unwatchedSegments: 4,
  maxMs: 6_000,
  maxBytes: 64 * 1024 * 1024,
};

/** Records the streams that are to be recorded, and has live segments of all that somebody asks for. */
export class Recorder implements LiveSegments {
  readonly #options: RecorderOptions;
  readonly #deps: StreamRecorderDeps;
  readonly #recorders = new Map<StreamId, StreamRecorder>();
  /** Kept for good: sequence numbers never go back, also where a stream is removed and declared again. */
  readonly #rings = new Map<StreamId, Ring>();
  readonly #closing = new Map<StreamId, Promise<void>>();
  readonly #listeners = new Map<StreamId, Listeners<RingEntry>>();
  readonly #ringBudget: RingBudget;
  readonly #undo: Array<() => void> = [];

  /** Begins at once with the streams that the hub has. */
  constructor(options: RecorderOptions) {
    const { hub, clock, log } = options;
    this.#options = options;
    this.#ringBudget = new RingBudget(options.maxRingBytes ?? MAX_RING_BYTES);
    this.#deps = {
      clock,
      log: log.child({ part: 'recorder' }),
      ffmpegPath: options.ffmpegPath,
      admit: options.admit,
      archive: options.archive,
      replayBudget: new GopBudget(REPLAY_BYTES),
      gate: new StartGate(clock, {
        maxInside: options.maxStarting ?? MAX_STARTING,
        maxStayMs: START_MAX_STAY_MS,
      }),
    };
    this.#undo.push(
      hub.onChange(({ kind, stream }) => {
        if (kind === 'added') this.#add(stream);
        else if (kind === 'updated') this.#recorders.get(stream.id)?.update(this.#policyOf(stream));
        else void this.#remove(stream.id, true);
      }),
      clock.every(TICK_MS, () => {
        for (const recorder of this.#recorders.values()) recorder.tick();
      }),
    );
    for (const stream of hub.list()) this.#add(stream);
  }

  demand(stream: StreamId): void {
    this.#recorders.get(stream)?.demand();
  }

  ring(stream: StreamId): readonly RingEntry[] {
    return this.#rings.get(stream)?.entries ?? [];
  }

  segmentMs(stream: StreamId): number {
    return this.#recorders.get(stream)?.policy.segmentMs ?? this.#options.settings.recording.segmentMs;
  }

  onSegment(stream: StreamId, listener: (entry: RingEntry) => void): () => void {
    const listeners = this.#listeners.get(stream) ?? new Listeners<RingEntry>();
    this.#listeners.set(stream, listeners);
    const undo = listeners.add(listener);
    return () => {
      undo();
      if (listeners.size === 0 && this.#listeners.get(stream) === listeners) this.#listeners.delete(stream);
    };
  }

  state(stream: StreamId): {
    state: RecorderStatus['state'];
    reason?: { code: GapReason; message: string };
  } {
    return this.#recorders.get(stream)?.state ?? { state: 'off' };
  }

  recordedUntilMs(stream: StreamId): number | undefined {
    return this.#recorders.get(stream)?.recordedUntilMs;
  }

  /** The recorder's part of the stream's status; a disk that cannot be written to comes before the camera. */
  status(stream: StreamId): RecorderStatus {
    const recorder = this.#recorders.get(stream);
    const { reason: diskReason, ...kept } = this.#options.archive.kept(stream);
    if (recorder === undefined || !recorder.policy.isRecorded) return { ...kept, state: 'off' };
    if (diskReason !== undefined) return { ...kept, state: 'waiting', reason: diskReason };
    const { state, reason } = recorder.state;
    // Between two pieces of work, for a moment.
    if (state === 'idle') return { ...kept, state: 'waiting' };
    return { ...kept, state, ...(reason === undefined ? {} : { reason }) };
  }

  figures(): RecorderFigures[] {
    return [...this.#recorders.values()].map((recorder) => ({
      stream: recorder.id,
      state: this.status(recorder.id).state,
      ringBytes: recorder.ring.sizeBytes,
      ...recorder.counters,
    }));
  }

  /** Every open segment goes to the archive, every FFmpeg ends. Close the archive afterwards. Idempotent. */
  async close(): Promise<void> {
    for (const step of this.#undo.splice(0)) step();
    await Promise.all([
      ...[...this.#recorders.keys()].map((id) => this.#remove(id, false)),
      ...this.#closing.values(),
    ]);
  }

  #add(stream: Stream): void {
    if (isInternalStream(stream.id)) return;
    const { id } = stream;
    let ring = this.#rings.get(id);
    if (ring === undefined) {
      // A segment lasts a second or more: so the numbers never go back, not even over a restart of the gateway.
      const firstSequence = Math.max(0, Math.floor(this.#options.clock.wallMs() / 1000) - SEQUENCES_SINCE_S);
      ring = new Ring(RING_LIMITS, this.#ringBudget, firstSequence);
      this.#rings.set(id, ring);
    }
    const recorder = new StreamRecorder(this.#deps, {
      stream,
      policy: this.#policyOf(stream),
      ring,
      after: this.#closing.get(id),
      onSegment: (entry) => this.#listeners.get(id)?.emit(entry),
    });
    this.#recorders.set(id, recorder);
  }

  /** The general settings are others now. */
  updatePolicies(): void {
    for (const { id, definition } of this.#options.hub.list()) {
      this.#recorders.get(id)?.update(recordPolicy(this.#options.settings, definition));
    }
  }

  #remove(id: StreamId, isRemoved: boolean): Promise<void> {
    const recorder = this.#recorders.get(id);
    if (recorder === undefined) return Promise.resolve();
    this.#recorders.delete(id);
    const done = recorder.close({ isRemoved }).then(() => {
      if (this.#closing.get(id) !== done) return;
      this.#closing.delete(id);
      if (!this.#recorders.has(id)) recorder.ring.clear();
    });
    this.#closing.set(id, done);
    return done;
  }

  #policyOf({ definition }: Stream) {
    return recordPolicy(this.#options.settings, definition);
  }
}
