import { ApiError } from '../../shared/errors.ts';
import { isInternalStream, type StreamId, streamId } from '../../shared/names.ts';
import type { RecorderStatus } from '../../shared/recording.ts';
import type { CameraReport } from '../../shared/report.ts';
import {
  type LegStatus,
  type StreamDefinition,
  type StreamPatch,
  type StreamStatus,
  streamDefinitionSchema,
} from '../../shared/stream.ts';
import { noSuchStream } from '../base/no-such-stream.ts';
import type { StreamCatalog } from '../catalog/index.ts';
import type { Hub, Stream } from '../stream/index.ts';
import { cameraReport } from './camera-report.ts';
import { withKeptPassword } from './kept-password.ts';
import { streamStatus } from './stream-status.ts';

export interface StreamDirectoryOptions {
  readonly hub: Hub;
  readonly catalog: StreamCatalog;
  /** Streams of the configuration file and the demo: not to be changed here. */
  readonly isReadOnly: (id: StreamId) => boolean;
  readonly isDemo: (id: StreamId) => boolean;
  readonly sharedViewers: (id: StreamId) => number;
  readonly recorder: (id: StreamId) => RecorderStatus;
  /** What is converted of a stream just now. */
  readonly legs?: (id: StreamId) => readonly LegStatus[];
  /** Somebody has a stream connect anew; told before it does. */
  readonly onRestart?: (definition: StreamDefinition) => void;
  /** A stream was added or removed. */
  readonly onCountChanged?: () => void;
}

/**
 * The streams as the API sees them: what is created, changed or removed here is durable in the catalog first and in
 * the hub after. Changes run one after the other, so that catalog and hub never differ.
 */
export class StreamDirectory {
  readonly #options: StreamDirectoryOptions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: StreamDirectoryOptions) {
    this.#options = options;
  }

  /** Without what the gateway uses for itself (`internal/...`). */
  list(): StreamStatus[] {
    return this.#options.hub
      .list()
      .filter((stream) => !isInternalStream(stream.id))
      .map((stream) => this.#status(stream))
      .sort((a, b) => `${a.app}/${a.name}`.localeCompare(`${b.app}/${b.name}`));
  }

  get(id: StreamId): StreamStatus | undefined {
    const stream = isInternalStream(id) ? undefined : this.#options.hub.get(id);
    return stream === undefined ? undefined : this.#status(stream);
  }

  /** What is known of a stream's camera. */
  report(id: StreamId): CameraReport | undefined {
    const stream = isInternalStream(id) ? undefined : this.#options.hub.get(id);
    return stream === undefined ? undefined : cameraReport(stream);
  }

  /** Throws `BAD_REQUEST` where a definition would not be taken, whatever its name. */
  check(definition: StreamDefinition): void {
    requirePublishSecret(definition);
  }

  /**
   * A source as a PATCH of that stream would take it: with the password that is kept, for the same user on the same
   * host. STREAM_NOT_FOUND.
   */
  withKeptPassword(id: StreamId, source: StreamDefinition['source']): StreamDefinition['source'] {
    const stream = isInternalStream(id) ? undefined : this.#options.hub.get(id);
    if (stream === undefined) {
      throw new ApiError(
        'STREAM_NOT_FOUND',
        `There is no stream ${id} whose password could be used; type the password.`,
      );
    }
    return withKeptPassword(stream.definition, { source }).source ?? source;
  }

  create(definition: StreamDefinition): Promise<StreamStatus> {
    return this.#inTurn(async () => {
      const id = streamId(definition.app, definition.name);
      if (this.#options.hub.get(id) !== undefined) {
        throw new ApiError(
          'STREAM_EXISTS',
          `There is a stream ${id} already; change it or choose another name.`,
        );
      }
      requirePublishSecret(definition);
      await this.#options.catalog.put(definition);
      const stream = this.#options.hub.add(definition);
      this.#options.onCountChanged?.();
      return this.#status(stream);
    });
  }

  patch(id: StreamId, patch: StreamPatch): Promise<StreamStatus> {
    return this.#inTurn(async () => {
      if (this.#options.isDemo(id)) return this.#recordDemo(id, patch);
      const { definition } = this.#changeable(id);
      const next = streamDefinitionSchema.parse({ ...definition, ...withKeptPassword(definition, patch) });
      requirePublishSecret(next);
      await this.#options.catalog.put(next);
      return this.#status(await this.#options.hub.update(next));
    });
  }

  remove(id: StreamId): Promise<void> {
    return this.#inTurn(async () => {
      this.#changeable(id);
      await this.#options.catalog.remove(id);
      await this.#options.hub.remove(id);
      this.#options.onCountChanged?.();
    });
  }

  /** Connects to the camera anew; also to one that comes from the configuration. */
  restart(id: StreamId): Promise<void> {
    return this.#inTurn(async () => {
      const { definition } = this.#existing(id);
      this.#options.onRestart?.(definition);
      await this.#options.hub.restart(id);
    });
  }

  /** So that recording can be tried without a camera; as the demo itself, it is not kept in the catalog. */
  async #recordDemo(id: StreamId, { record, ...others }: StreamPatch): Promise<StreamStatus> {
    const demo = this.#options.hub.get(id);
    if (demo === undefined || record === undefined || Object.keys(others).length > 0) {
      return this.#status(this.#changeable(id));
    }
    return this.#status(await this.#options.hub.update({ ...demo.definition, record }));
  }

  #existing(id: StreamId): Stream {
    const stream = isInternalStream(id) ? undefined : this.#options.hub.get(id);
    if (stream === undefined) {
      throw noSuchStream(id);
    }
    return stream;
  }

  #changeable(id: StreamId): Stream {
    const stream = this.#existing(id);
    if (this.#options.isReadOnly(id)) {
      throw new ApiError(
        'STREAM_READ_ONLY',
        this.#options.isDemo(id)
          ? `${id} is the demo camera: only its "record" can be changed. It goes when you add a camera.`
          : `${id} comes from the configuration; change it there and restart.`,
      );
    }
    return stream;
  }

  #status(stream: Stream): StreamStatus {
    return streamStatus(stream, {
      readOnly: this.#options.isReadOnly(stream.id),
      isDemo: this.#options.isDemo(stream.id),
      sharedViewers: this.#options.sharedViewers(stream.id),
      recorder: this.#options.recorder(stream.id),
      legs: this.#options.legs?.(stream.id) ?? [],
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }
}

/** A publisher proves itself with the stream's own secret; without one anybody could publish. */
function requirePublishSecret({ source }: StreamDefinition): void {
  if (source.url === 'publish:' && (source.password === undefined || source.username === undefined)) {
    throw new ApiError(
      'BAD_REQUEST',
      'source.username and source.password are needed with publish:; publishers log in with them.',
    );
  }
}
