import { availableParallelism } from 'node:os';
import { isInternalStream, type StreamId } from '../../shared/names.ts';
import type { Clock } from '../base/clock.ts';
import { Closers } from '../base/closers.ts';
import type { Logger } from '../base/log.ts';
import { Feeds } from './feeds.ts';
import { LevelCounts } from './level-counts.ts';
import type { ListenOptions } from './listen-infos.ts';
import { Pipes } from './pipes.ts';
import type { WatchableStreams } from './ports.ts';
import { ViewerGateway } from './viewer-gateway.ts';
import type { Watching } from './viewer-session.ts';
import { WhepGateway } from './whep-gateway.ts';
import { captureWorkerLog } from './worker-log.ts';
import { WorkerPool } from './worker-pool.ts';

/** What the WebRTC side needs; all but clock, log and streams has a default. */
export interface WebRtcOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly streams: WatchableStreams;
  /** Default `127.0.0.1`, port 8189; worker n takes port + n, or free ones where it is 0. */
  readonly listen?: Partial<ListenOptions>;
  /** Default one for each core. */
  readonly workers?: number;
  /** Default 10 s. */
  readonly lingerMs?: number;
  /** How much more load the worker of a stream may carry before its viewers go to another. Default 16. */
  readonly spreadSlack?: number;
  /** How long a WHEP offer waits for a stream that is not live yet. Default 5 s. */
  readonly liveTimeoutMs?: number;
}

/** One media worker as it stands. */
export interface WorkerStats {
  readonly worker: number;
  readonly pid: number;
  readonly consumers: number;
  readonly routers: number;
  /** CPU time used since its start. */
  readonly cpuMs: number;
  readonly maxRssBytes: number;
}

/** One place for a media worker, whether one runs there just now or not. */
export interface WorkerStatus {
  readonly id: number;
  readonly state: 'running' | 'starting' | 'hanging';
  readonly consumers: number;
  /** Since the process began; another `pid` begins anew. */
  readonly cpuMs?: number;
  /** The most it has had. */
  readonly memoryBytes?: number;
  readonly pid?: number;
  readonly restarts: number;
}

const WORKER_TIMEOUT_MS = 1000;

/** A look at the whole WebRTC side, for metrics and tests. */
export interface WebRtcStats {
  readonly workers: readonly WorkerStats[];
  readonly streams: ReadonlyArray<{ stream: StreamId; viewers: number; worker: number | undefined }>;
  readonly sessions: number;
  readonly pipes: number;
}

const DEFAULT_LISTEN: ListenOptions = { hosts: ['127.0.0.1'], port: 8189, announcedAddresses: [] };

/** The WebRTC side of the gateway: streams of the hub in, viewers out. */
export class WebRtc {
  readonly viewers: ViewerGateway;
  readonly whep: WhepGateway;
  readonly #pool: WorkerPool;
  readonly #feeds: Feeds;
  readonly #pipes: Pipes;
  readonly #counts: LevelCounts;
  readonly #closers: Closers;

  private constructor(parts: {
    viewers: ViewerGateway;
    whep: WhepGateway;
    pool: WorkerPool;
    feeds: Feeds;
    pipes: Pipes;
    counts: LevelCounts;
    closers: Closers;
  }) {
    this.viewers = parts.viewers;
    this.whep = parts.whep;
    this.#pool = parts.pool;
    this.#feeds = parts.feeds;
    this.#pipes = parts.pipes;
    this.#counts = parts.counts;
    this.#closers = parts.closers;
  }

  /** Starts the workers. Rejects when one does not start or a port is taken. */
  static async start(options: WebRtcOptions): Promise<WebRtc> {
    const { clock, log, streams } = options;
    const listen = { ...DEFAULT_LISTEN, ...options.listen };
    const closers = new Closers();
    const releaseLog = captureWorkerLog(clock, log);
    closers.add(releaseLog);
    try {
      const workers = options.workers ?? availableParallelism();
      const pool = await WorkerPool.start({ clock, log, workers, listen });
      closers.add(() => pool.close());
      // Workers that are told to end complain of it; that is no news.
      closers.add(releaseLog);
      const spreadSlack = options.spreadSlack ?? 16;
      const feeds = new Feeds({
        pool,
        spreadSlack,
        clock,
        log,
        streams,
        lingerMs: options.lingerMs ?? 10_000,
      });
      closers.add(() => feeds.close());
      const pipes = new Pipes();
      const counts = new LevelCounts();
      const deps = {
        pool,
        listen,
        spreadSlack,
        streams,
        feeds,
        pipes,
        counts,
        clock,
        log,
      };
      const viewers = new ViewerGateway(deps);
      closers.add(() => viewers.close());
      const whep = new WhepGateway({ ...deps, liveTimeoutMs: options.liveTimeoutMs ?? 5000 });
      closers.add(() => whep.close());
      return new WebRtc({ viewers, whep, pool, feeds, pipes, counts, closers });
    } catch (failure) {
      await closers.close();
      throw failure;
    }
  }

  /** How many watch a stream over WebRTC. */
  viewersOf(stream: StreamId): number {
    return this.#feeds.viewersOf(stream);
  }

  /** Watches, and those among them whose link is too slow for the stream. */
  viewerCounts(): { readonly all: number; readonly sub: number; readonly paused: number } {
    // Who is given a second stream goes on holding the first one.
    const all = this.#feeds.list().filter(({ stream }) => !isInternalStream(stream));
    return {
      all: all.reduce((sum, { viewers }) => sum + viewers, 0),
      sub: this.#counts.of('sub'),
      paused: this.#counts.of('paused'),
    };
  }

  /** Who watches what, by signaling and by WHEP. */
  watching(): { readonly webrtc: readonly Watching[]; readonly whep: readonly Watching[] } {
    return { webrtc: this.viewers.watching, whep: this.whep.watching };
  }

  /** Every worker that there is to be, running or not. One that does not answer within a second hangs. */
  async workers(): Promise<WorkerStatus[]> {
    const stats = (await this.#pool.usage(WORKER_TIMEOUT_MS)).map(({ handle, usage, ...worker }) => ({
      ...worker,
      consumers: handle?.consumers ?? 0,
      ...(usage === undefined
        ? {}
        : { cpuMs: usage.ru_utime + usage.ru_stime, memoryBytes: usage.ru_maxrss * 1024 }),
    }));
    return stats;
  }

  /** At least one worker takes viewers. */
  get isReady(): boolean {
    return this.#pool.workers.length > 0;
  }

  async stats(): Promise<WebRtcStats> {
    const workers = this.#pool.workers.map(async (worker): Promise<WorkerStats | undefined> => {
      try {
        const usage = await worker.resourceUsage();
        return {
          worker: worker.index,
          pid: worker.pid,
          consumers: worker.consumers,
          routers: worker.routers.size,
          cpuMs: usage.ru_utime + usage.ru_stime,
          maxRssBytes: usage.ru_maxrss * 1024,
        };
      } catch {
        // It died while it was asked.
        return undefined;
      }
    });
    return {
      workers: (await Promise.all(workers)).flatMap((worker) => (worker === undefined ? [] : [worker])),
      streams: this.#feeds.list(),
      sessions: this.viewers.size + this.whep.size,
      pipes: this.#pipes.size,
    };
  }

  /** Ends the viewers, then the feeds, then the workers, and waits for their processes. Idempotent. */
  close(): Promise<void> {
    return this.#closers.close();
  }
}
