import type { Closers } from '../../../server/base/closers.ts';
import type { CameraReport } from '../../../shared/report.ts';
import type { StreamStatus } from '../../../shared/stream.ts';
import { type CameraOptions, CameraSim, type SimVideo, testVideo } from '../../support/camera-sim/index.ts';
import { GatewayProcess } from '../../support/gateway.ts';
import { waitFor } from '../../support/wait.ts';
import type { Others } from './fault.ts';
import { OwnStalls } from './own-stalls.ts';
import { PictureWatch } from './picture-watch.ts';

const FPS = 25;
const SEGMENT_MS = 1_000;

export interface Timeline {
  readonly ranges: readonly { readonly start: number; readonly end: number }[];
  readonly gaps: readonly { readonly start: number; readonly end: number; readonly reason: string }[];
}

/** A real gateway that records, one camera that nothing is done to, and its viewer. */
export class FaultSite {
  readonly gateway: GatewayProcess;
  /** Of 25 pictures a second with a key frame each second. */
  readonly video: SimVideo;
  readonly #closers: Closers;
  readonly #other: Subject;
  readonly #stalls = new OwnStalls();
  #otherFromMs = performance.now();
  #otherLost = 0;
  #otherConnections = 0;
  #count = 0;

  static async start(closers: Closers, settings: Readonly<Record<string, object>> = {}): Promise<FaultSite> {
    const video = await testVideo({ fps: FPS, frames: 50, keyFrameEvery: FPS });
    const gateway = await GatewayProcess.start({
      settings: {
        demo: false,
        log: { level: 'info' },
        sources: { allowLoopback: true },
        recording: { segmentMs: SEGMENT_MS },
        webrtc: { workers: 2 },
        ...settings,
      },
    });
    closers.add(() => gateway.close());
    const other = await Subject.start(gateway, 'untouched', { video });
    closers.add(() => other.close());
    return new FaultSite(closers, gateway, video, other);
  }

  private constructor(closers: Closers, gateway: GatewayProcess, video: SimVideo, other: Subject) {
    this.#closers = closers;
    this.gateway = gateway;
    this.video = video;
    this.#other = other;
    closers.add(() => this.#stalls.close());
  }

  /** The viewer of the untouched camera. */
  get otherWatch(): PictureWatch {
    return this.#other.watch;
  }

  /** A camera of its own for a fault, with stream, recording and viewer; live when this resolves. */
  async subject(options: CameraOptions = {}, stream: SubjectStream = {}): Promise<Subject> {
    this.#count += 1;
    const all = { video: this.video, seed: this.#count, ...options };
    const subject = await Subject.start(this.gateway, `fault-${this.#count}`, all, stream);
    this.#closers.add(() => subject.close());
    return subject;
  }

  /** Whether this process is the media worker at that port, as the gateway's log says. */
  isWorkerOf(pid: number, port: number): boolean {
    return this.gateway.output.includes(`"pid":${pid},"port":${port},`);
  }

  /** From now on the untouched camera is looked at anew. */
  beginWatch(): void {
    this.#otherFromMs = performance.now();
    this.#otherLost = this.otherWatch.lostPackets;
    this.#otherConnections = this.#other.camera.connections.length;
  }

  others(): Others {
    return {
      pauseMs: this.otherWatch.longestPauseMs(this.#otherFromMs),
      pictures: this.otherWatch.countSince(this.#otherFromMs),
      lostPackets: this.otherWatch.lostPackets - this.#otherLost,
      reconnected: this.#other.camera.connections.length !== this.#otherConnections,
      ownStallMs: this.#stalls.longestMs(this.#otherFromMs),
    };
  }
}

export interface SubjectStream {
  readonly source?: object;
  readonly record?: boolean;
  /** Default true. */
  readonly watched?: boolean;
  /** In place of a camera in this process. */
  readonly url?: string;
}

/** A camera, its stream in the gateway, and a viewer. */
export class Subject {
  readonly camera: CameraSim;
  readonly id: string;
  readonly #gateway: GatewayProcess;
  #watch: PictureWatch | undefined;

  static async start(
    gateway: GatewayProcess,
    name: string,
    options: CameraOptions,
    stream: SubjectStream = {},
  ): Promise<Subject> {
    const camera = await CameraSim.start(options);
    const subject = new Subject(gateway, name, camera);
    try {
      const { source = {}, record = true, watched = true, url = camera.url() } = stream;
      await callApi(gateway, 'POST', '', {
        name,
        record,
        source: { url, transport: 'tcp', silenceTimeoutMs: 5_000, ...source },
      });
      if (watched) await subject.#startToWatch(record);
      return subject;
    } catch (failure) {
      await subject.close();
      throw failure;
    }
  }

  private constructor(gateway: GatewayProcess, name: string, camera: CameraSim) {
    this.#gateway = gateway;
    this.camera = camera;
    this.id = `live/${name}`;
  }

  get watch(): PictureWatch {
    if (this.#watch === undefined) throw new Error(`${this.id} is not watched`);
    return this.#watch;
  }

  async status(): Promise<StreamStatus> {
    return (await callApi(this.#gateway, 'GET', `/${this.id}`)) as StreamStatus;
  }

  async report(): Promise<CameraReport> {
    return (await callApi(this.#gateway, 'GET', `/${this.id}/report`)) as CameraReport;
  }

  async untilStatus(
    what: string,
    condition: (status: StreamStatus) => boolean,
    timeoutMs = 30_000,
  ): Promise<number> {
    await waitFor(`${this.id}: ${what}`, async () => condition(await this.status()), timeoutMs);
    return performance.now();
  }

  /** Resolves with how long it took from `fromMs` until the gateway says that the camera is gone. */
  async detected(fromMs: number): Promise<number> {
    return (await this.untilStatus('to be noticed', ({ state }) => state !== 'live')) - fromMs;
  }

  /** From the first key frame of the camera's newest connection, opened after `sinceMs`, to picture at the viewer. */
  async recovered(sinceMs: number, timeoutMs = 60_000): Promise<number> {
    const sentMs = await waitFor(
      `${this.id}: a key frame from the camera`,
      () => {
        const at = this.camera.session?.firstKeyFrameAtMs;
        return at !== undefined && at >= sinceMs ? at : undefined;
      },
      timeoutMs,
    );
    const picture = await this.pictureAfter(sentMs);
    return picture - sentMs;
  }

  /** `performance.now()` of the first picture at the viewer from `fromMs` on. */
  async pictureAfter(fromMs: number, timeoutMs = 30_000): Promise<number> {
    const picture = await waitFor(
      `${this.id}: a picture at the viewer`,
      () => this.watch.pictureAfter(fromMs),
      timeoutMs,
    );
    return picture.atMs;
  }

  /** What the recording has not of [fromWallMs, now], once it goes on. */
  async missing(fromWallMs: number): Promise<{ gapMs: number; gapReasons: string[] }> {
    const untilMs = Date.now();
    const { oldestMs = 0 } = (await this.status()).recorder;
    await this.untilStatus('to be recorded', ({ recorder }) => (recorder.newestMs ?? 0) > untilMs, 60_000);
    const path = `/${this.id}/timeline?from=${Math.ceil(Math.max(fromWallMs, oldestMs))}&to=${untilMs}`;
    const { gaps } = (await callApi(this.#gateway, 'GET', path)) as Timeline;
    return {
      gapMs: gaps.reduce((sum, { start, end }) => sum + end - start, 0),
      gapReasons: [...new Set(gaps.map(({ reason }) => reason))],
    };
  }

  /** Takes stream, viewer and camera away. Idempotent. */
  async close(): Promise<void> {
    const watch = this.#watch;
    this.#watch = undefined;
    await watch?.close();
    if (this.#gateway.pid !== undefined)
      await callApi(this.#gateway, 'DELETE', `/${this.id}`).catch(() => {});
    await this.camera.close();
  }

  async #startToWatch(record: boolean): Promise<void> {
    await this.untilStatus('to be live', ({ state }) => state === 'live');
    this.#watch = await PictureWatch.open(`${this.#gateway.url}/whep/${this.id}`);
    await waitFor(`${this.id}: pictures`, () => this.watch.pictures.length >= FPS);
    if (record)
      await this.untilStatus('to be recorded', ({ recorder }) => recorder.newestMs !== undefined, 60_000);
  }
}

/** Calls the API of the streams; throws where the answer is an error. */
export async function callApi(
  gateway: GatewayProcess,
  method: string,
  path: string,
  body?: object,
): Promise<unknown> {
  const url = `${gateway.url}/api/v1/streams${path}`;
  const answer = await fetch(url, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}
