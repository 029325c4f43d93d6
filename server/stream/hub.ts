import { isDeepStrictEqual } from 'node:util';
import { ApiError } from '../../shared/errors.ts';
import { type DerivedKind, derivedStreamId, type StreamId, streamId } from '../../shared/names.ts';
import type { StreamDefinition } from '../../shared/stream.ts';
import type { Clock } from '../base/clock.ts';
import { Listeners } from '../base/emitter.ts';
import type { Logger } from '../base/log.ts';
import { noSuchStream } from '../base/no-such-stream.ts';
import { derivedDefinition } from './derived.ts';
import { GopBudget } from './gop-cache.ts';
import type { StateChange } from './reader.ts';
import type { StartLeg, StartSource } from './source.ts';
import { Stream } from './stream.ts';

const DEFAULT_LINGER_MS = 10_000;
const GOP_BUDGET_BYTES = 256 * 1024 * 1024;

/** What the hub needs; `lingerMs` is how long an on-demand stream outlives its last reader, default 10 s. */
export interface HubOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly startSource: StartSource;
  /** Without it no legs can be had. */
  readonly startLeg?: StartLeg;
  readonly lingerMs?: number;
  /** Whether a camera is known to have a second stream that its source does not name, as ONVIF tells it. Default: none. */
  readonly hasOwnSub?: (definition: StreamDefinition) => boolean;
}

/** A state change of one of the streams. */
export interface HubStateChange extends StateChange {
  readonly stream: Stream;
}

/** A stream came, got another definition, or went. */
export interface HubChange {
  readonly kind: 'added' | 'updated' | 'removed';
  readonly stream: Stream;
}

/** All streams by `app/name`. It knows neither where media comes from nor who reads it. */
export class Hub {
  readonly #options: HubOptions;
  readonly #streams = new Map<StreamId, Stream>();
  readonly #stateListeners = new Listeners<HubStateChange>();
  readonly #changeListeners = new Listeners<HubChange>();
  readonly #gopBudget = new GopBudget(GOP_BUDGET_BYTES);
  #isClosed = false;

  constructor(options: HubOptions) {
    this.#options = options;
  }

  /** Adds a stream and starts it. Throws `STREAM_EXISTS`. */
  add(definition: StreamDefinition): Stream {
    const id = streamId(definition.app, definition.name);
    if (this.#isClosed) throw new ApiError('SHUTTING_DOWN', 'The gateway is shutting down.');
    if (this.#streams.has(id)) {
      throw new ApiError(
        'STREAM_EXISTS',
        `There is a stream ${id} already; change it or choose another name.`,
      );
    }
    return this.#start(definition, this.#options.startSource);
  }

  /**
   * What is derived from a stream, made at the first call: it connects with its first reader, and rests again a little
   * after its last one. Undefined where there is no such stream, and for `sub` where its camera has no second one.
   * A caller keeps none of it: when the stream is changed or removed, its derived ones end.
   */
  derived(of: StreamId, kind: DerivedKind): Stream | undefined {
    const id = derivedStreamId(of, kind);
    const known = this.#streams.get(id);
    if (known !== undefined) return known;
    const parent = this.#streams.get(of);
    if (parent === undefined || this.#isClosed) return undefined;
    const { hasOwnSub = () => false } = this.#options;
    const definition = derivedDefinition(parent.definition, kind, hasOwnSub);
    if (definition === undefined) return undefined;
    if (kind === 'sub') return this.#start(definition, this.#options.startSource);
    const { startLeg } = this.#options;
    if (startLeg === undefined) return undefined;
    return this.#start(definition, (_, sink) => startLeg({ of, kind }, sink), kind === 'opus');
  }

  /** Changes a stream and keeps its readers. Throws `STREAM_NOT_FOUND`. */
  async update(definition: StreamDefinition): Promise<Stream> {
    const stream = this.#require(streamId(definition.app, definition.name));
    const hadSource = stream.definition.source;
    await stream.update(definition);
    if (!isDeepStrictEqual(hadSource, definition.source)) await this.#removeDerived(stream.id);
    if (this.#streams.get(stream.id) === stream) this.#changeListeners.emit({ kind: 'updated', stream });
    return stream;
  }

  /** Lets a camera go and connects to it anew, and to its second stream; readers stay. Throws `STREAM_NOT_FOUND`. */
  async restart(id: StreamId): Promise<void> {
    const sub = this.#streams.get(derivedStreamId(id, 'sub'));
    await Promise.all([this.#require(id).restart(), sub?.restart()]);
  }

  /** Ends a stream and its readers. Throws `STREAM_NOT_FOUND`. */
  async remove(id: StreamId): Promise<void> {
    const stream = this.#require(id);
    this.#streams.delete(id);
    this.#changeListeners.emit({ kind: 'removed', stream });
    await Promise.all([stream.close(), this.#removeDerived(id)]);
  }

  get(id: StreamId): Stream | undefined {
    return this.#streams.get(id);
  }

  list(): Stream[] {
    return [...this.#streams.values()];
  }

  onState(listener: (change: HubStateChange) => void): () => void {
    return this.#stateListeners.add(listener);
  }

  /** Streams that come, change and go while the gateway runs; not those of its end. */
  onChange(listener: (change: HubChange) => void): () => void {
    return this.#changeListeners.add(listener);
  }

  /** Bytes of kept groups of pictures, of all streams. */
  get gopBytes(): number {
    return this.#gopBudget.usedBytes;
  }

  /** Closes every stream at once and waits for all cameras to be let go. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const streams = this.list();
    this.#streams.clear();
    await Promise.all(streams.map((stream) => stream.close()));
    this.#stateListeners.clear();
    this.#changeListeners.clear();
  }

  #start(definition: StreamDefinition, startSource: StartSource, isSoundOnly = false): Stream {
    const stream = new Stream(definition, {
      clock: this.#options.clock,
      log: this.#options.log,
      startSource,
      gopBudget: this.#gopBudget,
      lingerMs: this.#options.lingerMs ?? DEFAULT_LINGER_MS,
      isSoundOnly,
    });
    this.#streams.set(stream.id, stream);
    stream.onState((change) => this.#stateListeners.emit({ stream, ...change }));
    stream.start();
    this.#changeListeners.emit({ kind: 'added', stream });
    return stream;
  }

  async #removeDerived(of: StreamId): Promise<void> {
    const kinds: readonly DerivedKind[] = ['h264', 'opus', 'sub'];
    const derived = kinds.map((kind) => derivedStreamId(of, kind)).filter((id) => this.#streams.has(id));
    await Promise.all(derived.map((id) => this.remove(id)));
  }

  #require(id: StreamId): Stream {
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      throw noSuchStream(id);
    }
    return stream;
  }
}
