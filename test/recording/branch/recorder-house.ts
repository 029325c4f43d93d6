import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Clock } from '../../../server/base/clock.ts';
import { systemClock } from '../../../server/base/clock.ts';
import { Closers } from '../../../server/base/closers.ts';
import type { Logger } from '../../../server/base/log.ts';
import { silentLogger } from '../../../server/base/log.ts';
import { Recorder } from '../../../server/recording/branch/recorder.ts';
import type { RecorderArchive } from '../../../server/recording/branch/recorder-output.ts';
import type { Segment } from '../../../server/recording/segment.ts';
import { probeTs } from '../../../server/recording/ts/index.ts';
import { RtspServer } from '../../../server/rtsp/index.ts';
import { Hub } from '../../../server/stream/index.ts';
import { type StreamId, streamId } from '../../../shared/names.ts';
import type { GapReason } from '../../../shared/recording.ts';
import { streamDefinitionSchema } from '../../../shared/stream.ts';
import { ClipCamera, type PlayedClip } from '../../support/clip-camera.ts';

const run = promisify(execFile);

export const CAM: StreamId = 'live/cam';
export const FFMPEG = process.env.FFMPEG_PATH ?? 'ffmpeg';

/** A clock whose monotonic time can be set forward, so that what is due in half a minute is due now. */
export class SteppedClock implements Clock {
  #aheadMs = 0;

  skip(byMs: number): void {
    this.#aheadMs += byMs;
  }

  wallMs = () => systemClock.wallMs();
  monotonicMs = () => systemClock.monotonicMs() + this.#aheadMs;
  after = systemClock.after;
  every = systemClock.every;
}

/** An archive that keeps all in memory, to look at. */
export class MemoryArchive implements RecorderArchive {
  readonly segmentsKept: Segment[] = [];
  /** Whose each of them is. */
  readonly streams: StreamId[] = [];
  readonly notes: Array<{ atMs: number; reason: GapReason }> = [];

  append(stream: StreamId, segment: Segment): boolean {
    this.segmentsKept.push(segment);
    this.streams.push(stream);
    return true;
  }

  note(_stream: StreamId, atMs: number, reason: GapReason): void {
    this.notes.push({ atMs, reason });
  }

  async newestEndMs(): Promise<number | undefined> {
    return this.segmentsKept.at(-1)?.endMs;
  }

  async segments() {
    return { segments: [], recordings: new Map() };
  }

  kept() {
    return {};
  }

  /** The kept segments by recording, oldest first. */
  get recordings(): Segment[][] {
    return [...Map.groupBy(this.segmentsKept, ({ recording }) => recording.key).values()];
  }

  get reasons(): GapReason[] {
    return this.notes.map(({ reason }) => reason);
  }
}

export interface HouseOptions {
  readonly ffmpegPath?: string;
  readonly log?: Logger;
  readonly segmentMs?: number;
}

/** A hub with cameras made of clips, our own RTSP server, and the recorder on both. */
export class RecorderHouse {
  readonly archive = new MemoryArchive();
  readonly clock = new SteppedClock();
  readonly hub: Hub;
  readonly recorder: Recorder;
  readonly #cameras: Map<StreamId, ClipCamera>;
  readonly #closers: Closers;
  readonly #port: number;

  static async open(cameras: Map<StreamId, ClipCamera>, options: HouseOptions = {}): Promise<RecorderHouse> {
    const closers = new Closers();
    const log = options.log ?? silentLogger;
    const hub = new Hub({
      clock: systemClock,
      log,
      startSource: (definition, sink) => {
        const camera = cameras.get(streamId(definition.app, definition.name));
        if (camera === undefined) throw new Error('no such camera');
        return camera.startSource(definition, sink);
      },
    });
    closers.add(() => hub.close());
    // A token of its own shows that the recorder gets in without it.
    const server = new RtspServer({
      clock: systemClock,
      log,
      host: '127.0.0.1',
      port: 0,
      streams: hub,
      authorize: (credentials) => credentials.matches('not-known-to-the-recorder'),
    });
    const { port } = await server.listen();
    closers.add(() => server.close());
    return new RecorderHouse({ cameras, hub, server, port, closers, log, options });
  }

  private constructor(parts: {
    cameras: Map<StreamId, ClipCamera>;
    hub: Hub;
    server: RtspServer;
    port: number;
    closers: Closers;
    log: Logger;
    options: HouseOptions;
  }) {
    const { hub, server, port, closers, log, options } = parts;
    this.hub = hub;
    this.#cameras = parts.cameras;
    this.#closers = closers;
    this.#port = port;
    this.recorder = new Recorder({
      hub,
      log,
      clock: this.clock,
      archive: this.archive,
      settings: { recording: { segmentMs: options.segmentMs ?? 1000 }, apps: {} },
      ffmpegPath: options.ffmpegPath ?? FFMPEG,
      admit: (id, details) => {
        const { ticket, end } = server.admit(id, details);
        return { url: `rtsp://127.0.0.1:${port}/${id}?access_token=${ticket}`, end };
      },
    });
    closers.add(() => this.recorder.close());
  }

  /** Declares the stream of a camera. */
  add(id: StreamId, more: object = {}): void {
    this.hub.add(this.#definition(id, more));
  }

  async change(id: StreamId, more: object): Promise<void> {
    await this.hub.update(this.#definition(id, more));
  }

  camera(id: StreamId = CAM): ClipCamera {
    const camera = this.#cameras.get(id);
    if (camera === undefined) throw new Error(`no camera ${id}`);
    return camera;
  }

  /** The FFmpegs of this process that read a stream of this house. */
  async ffmpegPids(id: StreamId = CAM): Promise<number[]> {
    const { stdout } = await run('ps', ['-eo', 'pid=,ppid=,stat=,args=']);
    return stdout
      .split('\n')
      .filter((line) => line.includes(`:${this.#port}/${id}?access_token=`) && !line.includes('ps -eo'))
      .map((line) => line.trim().split(/\s+/))
      .filter(([, ppid]) => Number(ppid) === process.pid)
      .map(([pid]) => Number(pid));
  }

  /** Where a stream of this house is published, read and so on. */
  url(id: StreamId, credentials = ''): string {
    return `rtsp://${credentials}127.0.0.1:${this.#port}/${id}`;
  }

  close(): Promise<void> {
    return this.#closers.close();
  }

  #definition(id: StreamId, more: object) {
    const [app, name] = id.split('/');
    return streamDefinitionSchema.parse({ app, name, source: { url: 'rtsp://192.0.2.1/x' }, ...more });
  }
}

export function house(clip: PlayedClip, options: HouseOptions & { audio?: ClipCamera['audio'] } = {}) {
  const cameras = new Map([[CAM, new ClipCamera(clip, options.audio)]]);
  return RecorderHouse.open(cameras, options);
}

/** Zombies among the children of this process. */
export async function zombies(): Promise<string[]> {
  const { stdout } = await run('ps', ['-eo', 'ppid=,stat=,comm=']);
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([ppid, stat]) => Number(ppid) === process.pid && stat?.startsWith('Z'))
    .map(([, , command]) => command ?? '');
}

/** What is missing or too much in a run of segments of a 25 fps camera: an empty list where not one picture is. */
export function faultsOf(segments: readonly Segment[]): string[] {
  const faults: string[] = [];
  for (const [n, segment] of segments.entries()) {
    const probe = probeTs(segment.data, { nearPts90k: segment.startPts90k });
    if (probe === undefined || !probe.isWhole) {
      faults.push(`${n}: cannot be played alone`);
      continue;
    }
    if (probe.startPts90k !== segment.startPts90k)
      faults.push(`${n}: begins at ${probe.startPts90k - segment.startPts90k}`);
    if (probe.pictures * 3600 !== segment.duration90k) {
      faults.push(`${n}: ${probe.pictures} pictures in ${segment.duration90k / 3600}`);
    }
    const next = segments[n + 1];
    if (next === undefined) continue;
    if (next.startPts90k !== segment.startPts90k + segment.duration90k) {
      faults.push(
        `${n}: ${(next.startPts90k - segment.startPts90k - segment.duration90k) / 3600} pictures to the next`,
      );
    }
    if (next.startMs !== segment.endMs) faults.push(`${n}: ${next.startMs - segment.endMs} ms to the next`);
  }
  return faults;
}
