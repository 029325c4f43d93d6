import { randomBytes } from 'node:crypto';
import { ApiError } from '../../shared/errors.ts';
import { type StreamId, streamId } from '../../shared/names.ts';
import type { NewProbe, Probe } from '../../shared/probe.ts';
import type { StreamDefinition } from '../../shared/stream.ts';
import type { Clock } from '../base/clock.ts';
import type { Hub, Reader, Stream } from '../stream/index.ts';
import { cameraReport } from './camera-report.ts';
import { streamStatus } from './stream-status.ts';

/** How many sources are tried at once; each holds a connection to a camera. */
const MAX_PROBES = 8;
/** Nobody has asked for so long: whoever wanted it is gone. */
const FORGET_AFTER_MS = 60_000;
/** However often it is asked for: a probe is no way to watch. */
const MAX_LIFE_MS = 10 * 60_000;
const FRAME_WIDTH = 960;

export interface ProbesOptions {
  readonly clock: Clock;
  readonly hub: Hub;
  /** The newest key frame of a stream as a JPEG. */
  readonly picture: (
    id: StreamId,
    width: number,
  ) => Promise<{ readonly jpeg: Buffer; readonly atMs: number }>;
  /** The source with the password that is kept for a stream, where a change of it would keep that too. */
  readonly withKeptPassword: (of: StreamId, source: StreamDefinition['source']) => StreamDefinition['source'];
  /** Its stream is gone from the hub. */
  readonly onEnded?: () => void;
}

interface HeldProbe {
  readonly id: string;
  readonly stream: Stream;
  readonly undo: (() => void)[];
  cancelForget: () => void;
  sub: Stream | undefined;
}

/**
 * Sources that are tried before they are saved. Each is a stream of the gateway's own (`internal/probe-...`), so that it is
 * dialled, measured and decoded just as it would be later, and is listed nowhere.
 */
export class Probes {
  readonly #options: ProbesOptions;
  readonly #probes = new Map<string, HeldProbe>();

  constructor(options: ProbesOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#probes.size;
  }

  /** BAD_REQUEST, TOO_MANY_PROBES, STREAM_NOT_FOUND. */
  create({ source: given, passwordOf }: NewProbe): Probe {
    const { clock, hub } = this.#options;
    if (given.url === 'publish:' || given.sub?.url === 'publish:') {
      throw new ApiError(
        'BAD_REQUEST',
        'source.url is publish:, so nobody is dialled; save it, and start the publisher.',
      );
    }
    if (this.#probes.size >= MAX_PROBES) {
      throw new ApiError(
        'TOO_MANY_PROBES',
        `${MAX_PROBES} cameras are being tried already; end one of the tests, or wait a minute.`,
      );
    }
    const source = passwordOf === undefined ? given : this.#options.withKeptPassword(passwordOf, given);
    const id = randomBytes(12).toString('hex');
    const stream = hub.add({ app: 'internal', name: `probe-${id}`, source, onDemand: false, record: false });
    const held: HeldProbe = { id, stream, undo: [], cancelForget: () => {}, sub: undefined };
    this.#probes.set(id, held);
    const cancelEnd = clock.after(MAX_LIFE_MS, () => void this.#end(held));
    held.undo.push(
      cancelEnd,
      readAlong(stream),
      stream.onState(({ state }) => {
        if (state === 'live') this.#trySub(held);
      }),
    );
    this.#touch(held);
    return this.#look(held);
  }

  /** PROBE_NOT_FOUND. */
  get(id: string): Probe {
    const held = this.#held(id);
    this.#touch(held);
    return this.#look(held);
  }

  /** A JPEG. PROBE_NOT_FOUND, STREAM_NOT_LIVE, PICTURE_DAMAGED, RATE_LIMITED. */
  async frame(id: string): Promise<{ readonly jpeg: Buffer; readonly atMs: number }> {
    const held = this.#held(id);
    this.#touch(held);
    if (held.stream.state.state !== 'live') {
      throw new ApiError(
        'STREAM_NOT_LIVE',
        held.stream.state.reason?.message ?? 'The camera has sent no picture yet; ask again in a moment.',
      );
    }
    try {
      return await this.#options.picture(held.stream.id, FRAME_WIDTH);
    } catch (failure) {
      // It was ended meanwhile; its stream is nobody's business.
      if (failure instanceof ApiError && failure.code === 'STREAM_NOT_FOUND') throw noSuchProbe();
      throw failure;
    }
  }

  /** PROBE_NOT_FOUND. */
  async remove(id: string): Promise<void> {
    await this.#end(this.#held(id));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#probes.values()].map((held) => this.#end(held)));
  }

  #held(id: string): HeldProbe {
    const held = this.#probes.get(id);
    if (held === undefined) throw noSuchProbe();
    return held;
  }

  #touch(held: HeldProbe): void {
    held.cancelForget();
    held.cancelForget = this.#options.clock.after(FORGET_AFTER_MS, () => void this.#end(held));
  }

  /** The second stream, where there is one, connects while it has a reader. */
  #trySub(held: HeldProbe): void {
    if (held.sub !== undefined) return;
    const sub = this.#options.hub.derived(held.stream.id, 'sub');
    if (sub === undefined) return;
    held.sub = sub;
    held.undo.push(readAlong(sub));
  }

  async #end(held: HeldProbe): Promise<void> {
    if (!this.#probes.delete(held.id)) return;
    held.cancelForget();
    for (const undo of held.undo) undo();
    const { hub, onEnded } = this.#options;
    if (hub.get(held.stream.id) === held.stream) await hub.remove(held.stream.id);
    onEnded?.();
  }

  #look({ id, stream, sub }: HeldProbe): Probe {
    const status = streamStatus(stream, {
      readOnly: false,
      isDemo: false,
      sharedViewers: 0,
      recorder: { state: 'off' },
      legs: [],
    });
    const { app: _app, name: _name, recorder: _recorder, readOnly: _readOnly, ...shown } = status;
    const { app: _, name: __, ...report } = cameraReport(stream);
    return {
      id,
      // The reader that keeps it going is no viewer.
      status: { ...shown, viewers: 0, readers: 0 },
      report,
      hasPicture: stream.state.state === 'live' && (stream.pictures?.keyFrames.count ?? 0) > 0,
      ...(sub === undefined ? {} : { sub: subLook(sub) }),
    };
  }
}

/** A camera that is watched is tried again sooner. */
function readAlong(stream: Stream): () => void {
  const reader: Reader = stream.read({
    name: 'probe',
    role: 'service',
    start: 'next',
    write: () => true,
  });
  return () => reader.close();
}

function subLook({ state, tracks, figures }: Stream): NonNullable<Probe['sub']> {
  const video = tracks.find((track) => track.kind === 'video');
  return {
    state: state.state,
    ...(state.reason === undefined ? {} : { reason: state.reason }),
    ...(video === undefined ? {} : { codec: video.codec, width: video.width, height: video.height }),
    ...(figures.fps === undefined ? {} : { fps: figures.fps }),
    ...(figures.bitrateKbps === undefined ? {} : { bitrateKbps: figures.bitrateKbps }),
  };
}

function noSuchProbe(): ApiError {
  return new ApiError(
    'PROBE_NOT_FOUND',
    'This test is over (it ends a minute after it was last asked for); begin another one.',
  );
}

/** Whether a stream is that of a probe. */
export function isProbe(id: StreamId): boolean {
  return id.startsWith(streamId('internal', 'probe-'));
}
