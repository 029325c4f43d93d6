import type { StreamId } from '../../../shared/names.ts';
import type { EventData, Quality, WireConsumer, WireTransport } from '../../../shared/signaling.ts';
import type { StreamState } from '../../../shared/stream.ts';
import { Listeners } from '../base/listeners.ts';
import { IceKeeper } from './ice-keeper.ts';
import { LiveError, type Reason, toLiveError } from './live-error.ts';
import type { LoadMedia, Media, MediaConsumer, MediaTransport } from './media.ts';
import { SignalingClient, type SignalingEvent } from './signaling-client.ts';
import type { OpenWire, Target } from './wire.ts';

const TRANSPORT_TIMEOUT_MS = 10_000;
/** After that much silence the server is asked for a sign of life; it has to give it in that much time. */
const SILENCE_MS = 20_000;
const ALIVE_TIMEOUT_MS = 5_000;

/** What the server gives a viewer whose link is too slow: the camera's smaller picture, or none for a while. */
export interface Congestion {
  readonly action: 'sub' | 'paused';
  readonly reason: Reason;
}

/** Which of the camera's pictures a watch is to have, and whether its sound with it. */
export interface WatchWishes {
  readonly quality: Quality;
  readonly sound: boolean;
}

/** The pictures that may be asked for, and the one that comes. */
export interface Qualities {
  readonly offered: readonly Quality[];
  readonly given: Quality;
}

export interface WatchEvents {
  onStreamState(state: StreamState, reason: Reason | undefined): void;
  /** This viewer's link is too slow, and what it gets instead; undefined when it gets the stream again. */
  onCongested(congestion: Congestion | undefined): void;
  /** The other of the camera's pictures comes now. */
  onGiven(quality: Quality): void;
  onConsumer(consumer: MediaConsumer): void;
  /** Told before the consumer is closed. */
  onConsumerGone(consumerId: string): void;
  /** The server ended this watch. */
  onClosed(error: LiveError): void;
}

/** One watch within one session. */
export interface SessionWatch {
  readonly state: StreamState;
  readonly reason: Reason | undefined;
  readonly qualities: Qualities;
  tune(wishes: WatchWishes): Promise<void>;
  resume(): Promise<void>;
  pause(): Promise<void>;
  /** Silent and idempotent. */
  stop(): void;
}

interface WatchEntry {
  readonly stream: StreamId;
  readonly events: WatchEvents;
  readonly consumers: Map<string, MediaConsumer>;
  /** Consumers come and go in the order in which the server told of them. */
  tail: Promise<void>;
  closed: boolean;
}

export interface SessionOptions {
  readonly target: Target;
  readonly openWire: OpenWire;
  readonly loadMedia: LoadMedia;
  /** Aborted where nobody waits for the session any more. */
  readonly signal?: AbortSignal;
}

/**
 * One signaling connection with its one peer connection, for any number of watches. 1. `open` resolves when the
 * server has greeted us and the browser's codecs are known. 2. `startWatch` as often as wanted. 3. When anything
 * breaks that an ICE restart does not mend, `onClosed` is told, once; a session does not come back, its owner
 * opens the next one.
 */
export class Session {
  readonly #signaling: SignalingClient;
  readonly #media: Media;
  readonly #watches = new Map<string, WatchEntry>();
  readonly #starting = new Set<WatchEntry>();
  readonly #closed = new Listeners<LiveError>();
  #transport: MediaTransport | undefined;
  #transportWaiters = Promise.withResolvers<MediaTransport>();
  #keeper: IceKeeper | undefined;
  #heartbeat: ReturnType<typeof setInterval>;
  #retryAfterMs = 0;
  #ended = false;

  /** Rejects with `LiveError`. */
  static async open(options: SessionOptions): Promise<Session> {
    const signaling = new SignalingClient(options.target, options.openWire);
    options.signal?.addEventListener('abort', () => signaling.close(), { once: true });
    try {
      const media = await options.loadMedia(await signaling.hello);
      // Nobody would hear of an end that came meanwhile.
      if (signaling.error !== undefined) throw signaling.error;
      return new Session(signaling, media);
    } catch (error) {
      signaling.close();
      throw toLiveError(error);
    }
  }

  private constructor(signaling: SignalingClient, media: Media) {
    this.#signaling = signaling;
    this.#media = media;
    signaling.onEvent((event) => this.#onEvent(event));
    signaling.onClosed((error) => this.#end(error));
    this.#heartbeat = setInterval(() => {
      if (signaling.silentMs > SILENCE_MS) this.checkAlive();
    }, SILENCE_MS / 4);
  }

  /** How long the server that is shutting down asked us to stay away; 0 where it did not. */
  get retryAfterMs(): number {
    return this.#retryAfterMs;
  }

  /** Told once, before any media go away, unless `close()` was called. */
  onClosed(callback: (error: LiveError) => void): () => void {
    return this.#closed.add(callback);
  }

  /** Finds out whether the server is still there: a connection that died in a sleeping laptop says nothing. */
  checkAlive(): void {
    this.#signaling.request('streams.list', {}, ALIVE_TIMEOUT_MS).catch((error: unknown) => {
      if (toLiveError(error).code !== 'TIMED_OUT') return;
      this.#end(new LiveError('CONNECTION_LOST', 'The connection to the server was lost.'));
    });
  }

  /** Tracks come through `events` while this runs and after; they flow once the watch is resumed. */
  async startWatch(stream: StreamId, wishes: WatchWishes, events: WatchEvents): Promise<SessionWatch> {
    const entry: WatchEntry = {
      stream,
      events,
      consumers: new Map(),
      tail: Promise.resolve(),
      closed: false,
    };
    this.#starting.add(entry);
    let watchId: string | undefined;
    try {
      const { rtpCapabilities } = this.#media;
      const answer = await this.#signaling.request('watch.start', { stream, rtpCapabilities, ...wishes });
      const id = answer.watchId;
      watchId = id;
      this.#watches.set(id, entry);
      if (answer.transport !== undefined) this.#openTransport(answer.transport);
      const consumed = answer.consumers.map((consumer) => this.#addConsumer(entry, consumer));
      await Promise.all(consumed);
      return {
        state: answer.state,
        reason: answer.reason,
        qualities: { offered: answer.qualities, given: answer.given },
        tune: async (now) => void (await this.#signaling.request('watch.quality', { watchId: id, ...now })),
        resume: async () => void (await this.#signaling.request('watch.resume', { watchId: id })),
        pause: async () => void (await this.#signaling.request('watch.pause', { watchId: id })),
        stop: () => this.#stopWatch(id),
      };
    } catch (error) {
      if (watchId !== undefined) this.#stopWatch(watchId);
      this.#closeEntry(entry);
      throw toLiveError(error);
    } finally {
      this.#starting.delete(entry);
    }
  }

  /** Ends all of it without telling `onClosed`. */
  close(): void {
    this.#closed.clear();
    this.#end(new LiveError('CONNECTION_LOST', 'The session was closed.'));
  }

  #onEvent(event: SignalingEvent): void {
    switch (event.event) {
      case 'hello':
        return;
      case 'watch.congested':
        this.#watches.get(event.data.watchId)?.events.onCongested(congestionOf(event.data));
        return;
      case 'watch.quality':
        this.#watches.get(event.data.watchId)?.events.onGiven(event.data.given);
        return;
      case 'stream.state':
        this.#onStreamState(event.data);
        return;
      case 'consumer.added': {
        if (event.data.transport !== undefined) this.#openTransport(event.data.transport);
        const entry = this.#watches.get(event.data.watchId);
        if (entry !== undefined) this.#addConsumer(entry, event.data.consumer).catch(() => undefined);
        return;
      }
      case 'consumer.closed':
        this.#removeConsumer(event.data.watchId, event.data.consumerId);
        return;
      case 'watch.closed':
        this.#onWatchClosed(event.data);
        return;
      case 'server.closing':
        this.#retryAfterMs = event.data.retryAfterMs;
        return;
    }
  }

  #onStreamState({ stream, state, reason }: EventData<'stream.state'>): void {
    for (const entry of [...this.#starting, ...this.#watches.values()]) {
      if (entry.stream === stream && !entry.closed) entry.events.onStreamState(state, reason);
    }
  }

  #onWatchClosed({ watchId, code, message: told }: EventData<'watch.closed'>): void {
    const entry = this.#watches.get(watchId);
    if (entry === undefined) return;
    this.#watches.delete(watchId);
    const plain =
      code === 'STREAM_NOT_FOUND'
        ? 'This stream was removed. Add it again, or choose another one.'
        : `The server ended this watch (${code}). It is asked for again by itself.`;
    const message = told ?? plain;
    entry.events.onClosed(new LiveError(code, message));
    this.#closeEntry(entry);
  }

  #addConsumer(entry: WatchEntry, wire: WireConsumer): Promise<void> {
    const added = entry.tail.then(async () => {
      if (entry.closed) return;
      const transport = await this.#transportSoon();
      const consumer = await transport.consume(wire);
      if (entry.closed) {
        consumer.close();
        return;
      }
      entry.consumers.set(wire.id, consumer);
      entry.events.onConsumer(consumer);
    });
    entry.tail = added.catch(() => undefined);
    return added;
  }

  #removeConsumer(watchId: string, consumerId: string): void {
    const entry = this.#watches.get(watchId);
    if (entry === undefined) return;
    entry.tail = entry.tail.then(() => {
      const consumer = entry.consumers.get(consumerId);
      if (consumer === undefined) return;
      entry.consumers.delete(consumerId);
      entry.events.onConsumerGone(consumerId);
      consumer.close();
    });
  }

  #stopWatch(watchId: string): void {
    const entry = this.#watches.get(watchId);
    if (entry === undefined) return;
    this.#watches.delete(watchId);
    this.#closeEntry(entry);
    // A session that is gone has stopped the watch already.
    this.#signaling.request('watch.stop', { watchId }).catch(() => undefined);
  }

  #closeEntry(entry: WatchEntry): void {
    entry.closed = true;
    for (const consumer of entry.consumers.values()) consumer.close();
    entry.consumers.clear();
  }

  /** With the session's first watch, and anew with the first one after a media worker of the server died. */
  #openTransport(wire: WireTransport): void {
    if (this.#transport?.id === wire.id) return;
    this.#closeTransport();
    const keeper = new IceKeeper({
      addresses: [...new Set(wire.iceCandidates.map(({ address, port }) => hostPort(address, port)))],
      restart: () => this.#restartIce(wire.id),
      giveUp: (error) => this.#end(error),
    });
    this.#keeper = keeper;
    this.#transport = this.#media.openTransport(wire, {
      connect: async (dtlsParameters) => {
        await this.#signaling.request('transport.connect', { transportId: wire.id, dtlsParameters });
      },
      onState: (state) => keeper.onState(state),
    });
    this.#transportWaiters.resolve(this.#transport);
  }

  async #restartIce(transportId: string): Promise<void> {
    const { iceParameters } = await this.#signaling.request('transport.restartIce', { transportId });
    if (this.#transport?.id === transportId) await this.#transport.restartIce(iceParameters);
  }

  #closeTransport(): void {
    this.#keeper?.close();
    this.#keeper = undefined;
    if (this.#transport === undefined) return;
    this.#transport.close();
    this.#transport = undefined;
    this.#transportWaiters = Promise.withResolvers();
  }

  /** The transport comes with the answer to the first watch, which need not be the first that arrives. */
  async #transportSoon(): Promise<MediaTransport> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new LiveError('BAD_ANSWER', 'The server gave no media transport.')),
        TRANSPORT_TIMEOUT_MS,
      );
    });
    try {
      return await Promise.race([this.#transportWaiters.promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #end(error: LiveError): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#heartbeat);
    // First told, then torn down: players keep their last picture, which is lost with the track.
    this.#closed.emit(error);
    this.#closed.clear();
    for (const entry of this.#watches.values()) this.#closeEntry(entry);
    this.#watches.clear();
    this.#closeTransport();
    this.#signaling.close();
  }
}

const TOO_SLOW: Reason = {
  code: 'VIEWER_LOSES_DATA',
  message: 'This connection is too slow for the picture.',
};

function congestionOf({ action, reason }: EventData<'watch.congested'>): Congestion | undefined {
  return action === 'resumed' ? undefined : { action, reason: reason ?? TOO_SLOW };
}

function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
