import { availableParallelism, freemem, release, type as systemType, totalmem } from 'node:os';
import { isInternalStream, type StreamId } from '../../shared/names.ts';
import type { RecorderStatus } from '../../shared/recording.ts';
import type { SystemStatus, Viewer } from '../../shared/system.ts';
import type { Clock } from '../base/clock.ts';
import { VERSION } from '../base/version.ts';
import type { Hub } from '../stream/index.ts';
import { LoadMeter } from './load-meter.ts';

/** Somebody who watches; `internal/...` is left out here. */
export interface Watching {
  readonly stream: StreamId;
  readonly sinceMs: number;
  readonly address: string | undefined;
}

/** A place for a media worker; `cpuMs` since the process `pid` began. */
export interface WorkerLook {
  readonly id: number;
  readonly state: 'running' | 'starting' | 'hanging';
  readonly consumers: number;
  readonly restarts: number;
  readonly pid?: number;
  readonly cpuMs?: number;
  readonly memoryBytes?: number;
}

export interface SystemOptions {
  readonly clock: Clock;
  readonly hub: Hub;
  readonly readiness: () => { readonly ready: boolean; readonly checks: Readonly<Record<string, boolean>> };
  readonly workers: () => Promise<readonly WorkerLook[]>;
  readonly watching: () => { readonly webrtc: readonly Watching[]; readonly whep: readonly Watching[] };
  readonly hlsViewers: () => readonly Watching[];
  readonly disks: () => Promise<readonly Readonly<SystemStatus['disks'][number]>[]>;
  readonly recorder: (id: StreamId) => RecorderStatus;
  readonly versions: () => Promise<{ readonly mediasoup?: string; readonly ffmpeg?: string }>;
}

/** The gateway as a whole, for the system page; asked for now and then, so nothing is kept but the meters. */
export class System {
  readonly #options: SystemOptions;
  readonly #load: LoadMeter;
  readonly #startedAtMs: number;
  readonly #workerLooks = new Map<
    number,
    { pid: number; cpuMs: number; atMs: number; cpu: number | undefined }
  >();

  constructor(options: SystemOptions) {
    this.#options = options;
    this.#load = new LoadMeter(options.clock);
    this.#startedAtMs = options.clock.wallMs();
  }

  async status(): Promise<SystemStatus> {
    const { clock, readiness } = this.#options;
    const [load, workers, disks, versions] = await Promise.all([
      this.#load.read(),
      this.#options.workers(),
      this.#options.disks(),
      this.#options.versions(),
    ]);
    const viewers = this.viewers();
    const count = (by: Viewer['by']) => viewers.filter((viewer) => viewer.by === by).length;
    return {
      version: VERSION,
      versions: {
        node: process.versions.node,
        ...versions,
        system: `${systemType()} ${release()} ${process.arch}`,
      },
      startedAt: Math.round(this.#startedAtMs),
      now: Math.round(clock.wallMs()),
      ...readiness(),
      cpu: { cores: availableParallelism(), ...load },
      memory: {
        gatewayBytes: process.memoryUsage.rss(),
        machineBytes: totalmem(),
        machineFreeBytes: freemem(),
      },
      workers: workers.map((worker) => this.#worker(worker)),
      streams: this.#streams(),
      viewers: { webrtc: count('webrtc'), whep: count('whep'), hls: count('hls'), rtsp: count('rtsp') },
      disks: disks.map((disk) => ({ ...disk })),
    };
  }

  /** Newest first, without what the gateway reads for itself. */
  viewers(): Viewer[] {
    const { webrtc, whep } = this.#options.watching();
    const rtsp = this.#options.hub
      .list()
      .flatMap(({ id, viewers }) =>
        viewers.map(({ address, sinceMs }) => ({ stream: id, address, sinceMs })),
      );
    const all: Viewer[] = [];
    const add = (by: Viewer['by'], ones: readonly Watching[]) => {
      for (const { stream, address, sinceMs } of ones) {
        if (isInternalStream(stream)) continue;
        all.push({ stream, by, ...(address === undefined ? {} : { address }), since: Math.round(sinceMs) });
      }
    };
    add('webrtc', webrtc);
    add('whep', whep);
    add('hls', this.#options.hlsViewers());
    add('rtsp', rtsp);
    return all.sort((a, b) => b.since - a.since);
  }

  #streams(): SystemStatus['streams'] {
    const streams = this.#options.hub.list().filter(({ id }) => !isInternalStream(id));
    const recorders = streams.map(({ id }) => this.#options.recorder(id).state);
    return {
      total: streams.length,
      live: streams.filter(({ state }) => state.state === 'live').length,
      waiting: streams.filter(({ state }) => state.state === 'waiting').length,
      toRecord: recorders.filter((state) => state !== 'off').length,
      recorded: recorders.filter((state) => state === 'recording').length,
    };
  }

  /** A worker tells what it has used since it began; what it uses now is the difference to the time before. */
  #worker({ pid, cpuMs, ...worker }: WorkerLook): SystemStatus['workers'][number] {
    if (pid === undefined || cpuMs === undefined) return worker;
    const atMs = this.#options.clock.monotonicMs();
    const before = this.#workerLooks.get(worker.id);
    const overMs = atMs - (before?.atMs ?? atMs);
    const isSame = before?.pid === pid;
    // Of two questions at once the second has nothing to go by.
    if (before !== undefined && isSame && overMs < 400) {
      return { ...worker, ...(before.cpu === undefined ? {} : { cpu: before.cpu }) };
    }
    const cpu = before !== undefined && isSame ? Math.max(0, (cpuMs - before.cpuMs) / overMs) : undefined;
    this.#workerLooks.set(worker.id, { pid, cpuMs, atMs, cpu });
    return { ...worker, ...(cpu === undefined ? {} : { cpu }) };
  }
}
