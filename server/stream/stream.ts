import { isDeepStrictEqual } from 'node:util';
import { isInternalStream, type StreamId, streamId } from '../../shared/names.ts';
import type { PictureReport, SourceReport } from '../../shared/report.ts';
import type { StreamDefinition } from '../../shared/stream.ts';
import type { Clock } from '../base/clock.ts';
import { Listeners } from '../base/emitter.ts';
import { type Logger, quieted } from '../base/log.ts';
import { type GopBudget, GopCache } from './gop-cache.ts';
import { HubReader } from './hub-reader.ts';
import { KeyFrameRequests } from './key-frame-requests.ts';
import type { Reader, ReaderOptions, StateChange } from './reader.ts';
import type { ReorderingKind } from './reordering.ts';
import type { Source, SourceCounters, SourceSink, StartSource } from './source.ts';
import { StreamMedia } from './stream-media.ts';
import type { StreamFigures } from './stream-stats.ts';
import type { TrackFormat, TrackKind, Unit } from './unit.ts';

const GOP_MAX_BYTES = 8 * 1024 * 1024;

export interface StreamDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly startSource: StartSource;
  readonly gopBudget: GopBudget;
  /** How long an on-demand stream stays connected after its last reader left. */
  readonly lingerMs: number;
  /** A stream of sound alone, which is live and begins without a picture. */
  readonly isSoundOnly?: boolean;
}

/** A publication in progress, for a stream whose source is `publish:`. */
export interface Publication {
  readonly sink: SourceSink;
  close(): void;
}

/**
 * One stream: at most one connection to its camera, however many readers.
 *
 * 1. `start()` connects at once, or waits for a first reader where the stream is on demand.
 * 2. Units from the source get their place on the timeline and go to every reader in the same call.
 * 3. The last reader of an on-demand stream leaves: after a linger the camera is let go.
 * 4. `update()` changes the source and keeps the readers; `close()` ends them.
 */
export class Stream {
  readonly id: StreamId;
  readonly #deps: StreamDeps;
  readonly #log: Logger;
  readonly #readers = new Set<HubReader>();
  readonly #stateListeners = new Listeners<StateChange>();
  readonly #removedListeners = new Listeners<void>();
  readonly #keyFrames: KeyFrameRequests;
  readonly #media: StreamMedia;
  #definition: StreamDefinition;
  #state: StateChange = { state: 'idle' };
  #source: Source | undefined;
  #publisher: { replaced(): void } | undefined;
  #cancelLinger: (() => void) | undefined;
  #transport: string | undefined;
  #transportReason: string | undefined;
  #counters: SourceCounters | undefined;
  /** Of the last source, once that is gone. */
  #lastReport: SourceReport | undefined;
  /** What was last told of why there is no picture. */
  #toldTrouble: string | undefined;
  #isClosed = false;

  constructor(definition: StreamDefinition, deps: StreamDeps) {
    this.id = streamId(definition.app, definition.name);
    this.#definition = definition;
    this.#deps = deps;
    const log = deps.log.child({ stream: this.id });
    this.#log = isInternalStream(this.id) ? quieted(log) : log;
    this.#keyFrames = new KeyFrameRequests(deps.clock, () => this.#source?.requestKeyFrame());
    this.#media = new StreamMedia({
      clock: deps.clock,
      gop: new GopCache(deps.gopBudget, GOP_MAX_BYTES),
      trustCameraClock: definition.source.trustCameraClock,
      onTracks: (tracks) => {
        for (const reader of this.#readers) reader.options.onTracks?.(tracks);
      },
      onUnit: (unit) => this.#deliver(unit),
    });
  }

  get definition(): StreamDefinition {
    return this.#definition;
  }

  get state(): StateChange {
    return this.#state;
  }

  /** Of the present or the last connection; video first. */
  get tracks(): readonly TrackFormat[] {
    return this.#media.tracks;
  }

  /** What the connection to the camera runs over, e.g. "tcp". */
  get transport(): string | undefined {
    return this.#transport;
  }

  /** Why it runs over that, or what is wrong with it, where there is something to tell. */
  get transportReason(): string | undefined {
    return this.#transportReason;
  }

  get counters(): SourceCounters | undefined {
    return this.#counters;
  }

  get figures(): StreamFigures {
    return this.#media.figures;
  }

  /** What the pictures are like; undefined before the first. */
  get pictures(): PictureReport | undefined {
    return this.#media.pictures;
  }

  /** What the source knows of its camera; undefined where it has none, or before the first connection. */
  get sourceReport(): SourceReport | undefined {
    return this.#source?.report?.() ?? this.#lastReport;
  }

  /** How the pictures follow each other, as far as they were seen. */
  get reordering(): ReorderingKind {
    return this.#media.reordering;
  }

  get cameraClockOffsetMs(): number | undefined {
    return this.#media.cameraClockOffsetMs;
  }

  /** Readers by role, and units dropped because a reader was too slow. */
  get readerCounts(): { viewers: number; services: number; droppedUnits: number } {
    let viewers = 0;
    let droppedUnits = 0;
    for (const reader of this.#readers) {
      if (reader.options.role === 'viewer') viewers += 1;
      droppedUnits += reader.droppedUnits;
    }
    return { viewers, services: this.#readers.size - viewers, droppedUnits };
  }

  /** Viewers that read by themselves, not through a reader that they share. */
  get viewers(): { name: string; address: string | undefined; sinceMs: number }[] {
    return [...this.#readers].flatMap(({ options: { role, name, from } }) =>
      role === 'viewer' && from !== undefined ? [{ name, ...from }] : [],
    );
  }

  start(): void {
    if (this.#publisher !== undefined) return;
    if (this.#isPublished) {
      this.#setState({
        state: 'waiting',
        reason: { code: 'NO_PUBLISHER', message: 'Nobody publishes this stream yet.' },
      });
    } else if (!this.#definition.onDemand || this.#readers.size > 0) {
      this.#startSource();
    }
  }

  /** Attaches a reader; an on-demand stream connects with its first. The reader hears nothing before this returns. */
  read(options: ReaderOptions): Reader {
    const reader = new HubReader(options, (closed) => this.#onReaderClosed(closed), this.#firstKind);
    if (this.#isClosed) {
      queueMicrotask(() => reader.end());
      return reader;
    }
    this.#readers.add(reader);
    this.#cancelLinger?.();
    this.#cancelLinger = undefined;
    if (this.#source === undefined && !this.#isPublished) this.#startSource();
    this.#source?.setWatched(true);
    queueMicrotask(() => reader.start(this.#media.tracks, this.#state, this.#media.gop));
    if (options.start === 'next') this.requestKeyFrame();
    return reader;
  }

  /** Asks the source for a key frame, at most once in 2 s however many readers want one. */
  requestKeyFrame(): void {
    this.#keyFrames.ask();
  }

  onState(listener: (change: StateChange) => void): () => void {
    return this.#stateListeners.add(listener);
  }

  onRemoved(listener: () => void): () => void {
    return this.#removedListeners.add(listener);
  }

  /**
   * Begins a publication on a `publish:` stream; a newer publisher takes over from an older one, which is told.
   * The caller has checked the secret.
   */
  publish(publisher: { replaced(): void }): Publication {
    const previous = this.#publisher;
    this.#publisher = publisher;
    previous?.replaced();
    const isCurrent = () => this.#publisher === publisher && !this.#isClosed;
    return {
      sink: this.#sink(isCurrent),
      close: () => {
        if (!isCurrent()) return;
        this.#publisher = undefined;
        this.#onWaiting({
          code: 'NO_PUBLISHER',
          message: 'The publisher has gone; the stream goes on when it is back.',
        });
      },
    };
  }

  /** Takes a new definition. A changed source is connected anew; readers stay and see a pause. */
  async update(definition: StreamDefinition): Promise<void> {
    const hasNewSource = !isDeepStrictEqual(definition.source, this.#definition.source);
    this.#definition = definition;
    this.#media.trustCameraClock = definition.source.trustCameraClock;
    if (hasNewSource) {
      this.#publisher?.replaced();
      this.#publisher = undefined;
      await this.#stopSource();
      // It may be another camera.
      this.#lastReport = undefined;
      this.#media.forgetPictures();
    } else if (!definition.onDemand && this.#source === undefined) {
      this.start();
    } else if (definition.onDemand && this.#readers.size === 0) {
      this.#lingerThenStop();
    }
    if (hasNewSource && !this.#isClosed) this.start();
  }

  /** Lets the camera go and connects anew, however it stands with it; readers stay and see a pause. */
  async restart(): Promise<void> {
    this.#publisher?.replaced();
    this.#publisher = undefined;
    await this.#stopSource();
    if (!this.#isClosed) this.start();
  }

  /** Ends every reader and lets the camera go. Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelLinger?.();
    this.#publisher?.replaced();
    this.#publisher = undefined;
    for (const reader of [...this.#readers]) reader.end();
    this.#removedListeners.emit();
    await this.#stopSource();
    this.#stateListeners.clear();
    this.#removedListeners.clear();
  }

  /** What the stream is live with, and a reader begins with. */
  get #firstKind(): TrackKind {
    return this.#deps.isSoundOnly === true ? 'audio' : 'video';
  }

  get #isPublished(): boolean {
    return this.#definition.source.url === 'publish:';
  }

  #startSource(): void {
    if (this.#source !== undefined) return;
    this.#setState({ state: 'connecting' });
    // A source that was replaced may still say something while it closes; nobody listens then.
    let source: Source | undefined;
    const isCurrent = () => !this.#isClosed && (source === undefined || this.#source === source);
    source = this.#deps.startSource(this.#definition, this.#sink(isCurrent));
    this.#source = source;
    source.setWatched(this.#readers.size > 0);
  }

  async #stopSource(): Promise<void> {
    const source = this.#source;
    this.#lastReport = source?.report?.() ?? this.#lastReport;
    this.#source = undefined;
    this.#interrupt();
    this.#setState({ state: 'idle' });
    await source?.close();
  }

  #sink(isCurrent: () => boolean): SourceSink {
    return {
      connecting: () => {
        if (isCurrent()) this.#setState({ state: 'connecting' });
      },
      playing: (formats, transport) => {
        if (!isCurrent()) return;
        this.#transport = transport;
        this.#transportReason = undefined;
        this.#media.connected(formats);
      },
      transportReason: (reason) => {
        if (isCurrent()) this.#transportReason = reason;
      },
      damaged: () => {
        if (isCurrent()) this.requestKeyFrame();
      },
      format: (format) => {
        if (isCurrent()) this.#media.format(format);
      },
      unit: (unit) => {
        if (isCurrent()) this.#media.unit(unit);
      },
      senderReport: (report) => {
        if (isCurrent()) this.#media.senderReport(report);
      },
      waiting: (code, message, retryInMs) => {
        if (isCurrent())
          this.#onWaiting({ code, message, ...(retryInMs === undefined ? {} : { retryInMs }) });
      },
      counters: (counters) => {
        if (isCurrent()) this.#counters = counters;
      },
    };
  }

  #deliver(unit: Unit): void {
    if (this.#state.state !== 'live') {
      if (unit.format.kind !== this.#firstKind) return;
      this.#setState({ state: 'live' });
    }
    if (unit.isKeyFrame && unit.format.kind === 'video') this.#keyFrames.served();
    for (const reader of this.#readers) {
      try {
        reader.deliver(unit);
      } catch (failure) {
        // A bug in one reader costs that reader, not the stream.
        this.#log.error({ err: failure, reader: reader.options.name }, 'a reader failed and was closed');
        reader.close();
      }
    }
  }

  #onWaiting(reason: NonNullable<StateChange['reason']>): void {
    this.#interrupt();
    this.#setState({ state: 'waiting', reason });
  }

  #interrupt(): void {
    this.#keyFrames.close();
    this.#media.disconnected();
    for (const reader of this.#readers) reader.interrupted();
  }

  #onReaderClosed(reader: HubReader): void {
    this.#readers.delete(reader);
    if (this.#readers.size > 0 || this.#isClosed) return;
    this.#source?.setWatched(false);
    if (this.#definition.onDemand) this.#lingerThenStop();
  }

  #lingerThenStop(): void {
    this.#cancelLinger?.();
    // A publisher comes and goes as it likes.
    if (this.#isPublished) return;
    this.#cancelLinger = this.#deps.clock.after(this.#deps.lingerMs, () => {
      this.#cancelLinger = undefined;
      if (this.#readers.size > 0) return;
      this.#stopSource().catch((failure: unknown) =>
        this.#log.warn({ err: failure }, 'closing the source failed'),
      );
    });
  }

  #setState(change: StateChange): void {
    const previous = this.#state;
    this.#state = change;
    if (previous.state === change.state && previous.reason?.code === change.reason?.code) return;
    this.#tell(change);
    for (const reader of this.#readers) reader.options.onState?.(change);
    this.#stateListeners.emit(change);
  }

  /** Logs a change; a camera that is tried again and again for the same reason is told of once. */
  #tell({ state, reason }: StateChange): void {
    if (state === 'waiting') {
      const message = reason?.message ?? state;
      const isOld = message === this.#toldTrouble;
      this.#toldTrouble = message;
      this.#log[isOld ? 'debug' : 'warn']({ reason: reason?.code }, message);
    } else if (state === 'connecting' && this.#toldTrouble !== undefined) {
      this.#log.debug({}, state);
    } else {
      this.#toldTrouble = undefined;
      const codecs = this.tracks.map(({ codec }) => codec);
      this.#log.info(state === 'live' ? { codecs, transport: this.transport } : {}, state);
    }
  }
}
