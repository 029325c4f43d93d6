import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { type Clock, systemClock } from '../../../server/base/clock.ts';
import { silentLogger } from '../../../server/base/log.ts';
import { createHttpApp, exportRoutes, Gate } from '../../../server/http/index.ts';
import { Exports } from '../../../server/recording/export/exports.ts';
import type { PeriodStream } from '../../../server/recording/export/period-files.ts';
import type { Segment } from '../../../server/recording/segment.ts';
import { readTimeline } from '../../../server/recording/timeline-reader.ts';
import type { StreamId } from '../../../shared/names.ts';
import type { ExportJob } from '../../../shared/recording.ts';
import { ArchiveHouse } from '../../support/archive-house.ts';
import { fakePorts } from '../../support/edge-fakes.ts';
import { waitFor } from '../../support/wait.ts';

export const HOST = '127.0.0.1:8080';
export const STREAM: StreamId = 'live/door';

/** A real archive with exports and their routes on top of it, that can be closed and opened again. */
export class ExportsHouse {
  readonly archives = new ArchiveHouse();
  /** What the clock on the wall is ahead of the real one. */
  wallOffsetMs = 0;
  periodStreams: PeriodStream[] = [];
  policy = { keepMs: 7 * 86_400_000, maxBytes: undefined as number | undefined };
  isRecording = false;
  readonly clock: Clock;
  #exports: Exports | undefined;
  #app: FastifyInstance | undefined;

  constructor() {
    this.clock = {
      ...systemClock,
      wallMs: () => systemClock.wallMs() + this.wallOffsetMs,
      // What is done every few seconds need not keep a test waiting.
      every: (intervalMs, callback) => systemClock.every(Math.min(intervalMs, 50), callback),
    };
  }

  get exports(): Exports {
    if (this.#exports === undefined) throw new Error('exports are not open');
    return this.#exports;
  }

  get app(): FastifyInstance {
    if (this.#app === undefined) throw new Error('exports are not open');
    return this.#app;
  }

  get dir(): string {
    return join(this.archives.dataDir, 'exports');
  }

  async open(options: { maxRunning?: number; minFreeBytes?: number; keepDays?: number } = {}): Promise<void> {
    const archive = await this.archives.open();
    this.#exports = new Exports({
      clock: this.clock,
      log: silentLogger,
      footage: {
        archive,
        live: {
          state: () => ({ state: this.isRecording ? 'recording' : 'off' }),
          segmentMs: () => 2_000,
        },
        timeline: (stream, fromMs, toMs) => readTimeline(archive, stream, fromMs, toMs),
        hasStream: (stream) => stream === STREAM,
      },
      dataDir: this.archives.dataDir,
      minFreeBytes: options.minFreeBytes ?? 0,
      maxRunning: options.maxRunning ?? 1,
      keepDays: options.keepDays,
      streams: () => this.periodStreams,
      policyOf: () => this.policy,
    });
    this.#app = await createHttpApp({
      clock: systemClock,
      log: silentLogger,
      gate: new Gate({
        clock: systemClock,
        apiToken: undefined,
        boundHost: '127.0.0.1',
        allowedOrigins: [],
        announcedAddresses: [],
      }),
      ports: fakePorts(),
      staticDir: this.archives.dir,
      routes: exportRoutes(this.#exports),
    });
    await waitFor('the list of exports', async () => (await this.get('/api/v1/exports')).statusCode === 200);
  }

  async keep(segments: readonly Segment[], stream: StreamId = STREAM): Promise<void> {
    for (const segment of segments) this.archives.archive.append(stream, segment);
    await this.archives.archive.flush();
  }

  get(url: string, headers: Record<string, string> = {}) {
    return this.app.inject({ url, headers: { host: HOST, ...headers } });
  }

  send(method: 'POST' | 'DELETE', url: string, payload?: object) {
    return this.app.inject({
      method,
      url,
      headers: { host: HOST },
      ...(payload === undefined ? {} : { payload }),
    });
  }

  async create(wish: object): Promise<ExportJob> {
    const answer = await this.send('POST', '/api/v1/exports', { name: 'door', ...wish });
    if (answer.statusCode !== 202) throw new Error(answer.body);
    return answer.json();
  }

  /** The job, once it has got to one of the states. */
  ended(id: string, states: readonly string[] = ['done', 'failed', 'cancelled']): Promise<ExportJob> {
    return waitFor(`export ${id}`, () => {
      const job = this.exports.get(id);
      return job !== undefined && states.includes(job.state) && job;
    });
  }

  /** An orderly stop of the gateway. */
  async stop(): Promise<void> {
    await this.#app?.close();
    await this.#exports?.close();
    await this.archives.stop();
  }

  async close(): Promise<void> {
    await this.stop();
    await this.archives.close();
  }
}
