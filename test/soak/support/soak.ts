import type { Closers } from '../../../server/base/closers.ts';
import type { StreamStatus } from '../../../shared/stream.ts';
import { ffmpegsOf, zombiesOf } from '../../crash/support/orphans.ts';
import { checkRecordings } from '../../crash/support/recordings-check.ts';
import { childrenOf } from '../../faults/parts/processes.ts';
import { pause } from '../../faults/support/fault.ts';
import { PictureWatch } from '../../faults/support/picture-watch.ts';
import { callApi } from '../../faults/support/site.ts';
import { integer, type Random, seeded, testAudio, testVideo } from '../../support/camera-sim/index.ts';
import { GatewayProcess } from '../../support/gateway.ts';
import { waitFor } from '../../support/wait.ts';
import { BLOWS } from './blows.ts';
import { type Sample, takeSample } from './sample.ts';
import { type SoakCamera, type SoakCameraOptions, startSoakCamera, undisturbedMs } from './soak-camera.ts';
import { SoakViewers } from './soak-viewers.ts';
import { ownFds, type SoakRun } from './verdict.ts';

export interface SoakOptions {
  readonly forMs: number;
  readonly seed: number;
  /** Fewer cameras and viewers, and shorter waits: for the slice that `npm test` runs. */
  readonly isSlice: boolean;
  readonly closers: Closers;
  progress(text: string): void;
}

export interface SoakResult extends SoakRun {
  readonly blows: ReadonlyMap<string, number>;
  readonly watches: number;
  readonly seen: number;
}

const SAMPLE_EVERY_MS = 5_000;
/** So many descriptors more than before the first blow are no reason to wait: some always come and go. */
const SPARE_FDS = 2;
/** A camera that was left alone for so long has to be live: the longest back-off, a dial and a key frame. */
const LIVE_AFTER_MS = 45_000;
/** What no log of a gateway may hold: these are bugs that were caught. */
const BUGS = /unforeseen|a reader failed|closing the source failed|UnhandledPromise|uncaught/i;

/** Cameras to which things happen at random, viewers that come and go, and a gateway that has to stay as it was. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  return new Soak(options).run();
}

class Soak {
  readonly #options: SoakOptions;
  readonly #random: Random;
  readonly #problems: string[] = [];
  readonly #blows = new Map<string, number>();
  readonly #beganMs = performance.now();
  #gateway: GatewayProcess | undefined;
  #cameras: SoakCamera[] = [];
  #workerStruckAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: SoakOptions) {
    this.#options = options;
    this.#random = seeded(options.seed);
  }

  async run(): Promise<SoakResult> {
    const { forMs, isSlice, closers, progress } = this.#options;
    await this.#start();
    progress('warming up');
    await this.#watchEachOnce();
    const before = await this.#quietSample(undefined);
    progress(`${this.#cameras.length} cameras, for ${Math.round(forMs / 60_000)} minutes`);
    const viewers = new SoakViewers({
      url: this.gateway.url,
      cameras: this.#cameras,
      random: seeded(this.#options.seed + 1),
      count: isSlice ? 2 : 5,
      workerStruckAtMs: () => this.#workerStruckAtMs,
      onProblem: (text) => this.#problem(text),
    });
    closers.add(() => viewers.close());
    const samples = await this.#disturb(forMs);
    progress('letting everything come to rest');
    await viewers.close();
    const after = await this.#quietSample(before);
    await this.#watchEachOnce();
    await this.#end();
    const { watches, seen } = viewers;
    return { before, after, samples, problems: this.#problems, blows: this.#blows, watches, seen };
  }

  /** How long a camera is left alone at most. */
  get #calmMs(): number {
    return this.#options.isSlice ? 1_000 : 60_000;
  }

  get gateway(): GatewayProcess {
    if (this.#gateway === undefined) throw new Error('the gateway does not run');
    return this.#gateway;
  }

  async #start(): Promise<void> {
    const { closers, isSlice } = this.#options;
    const gateway = await GatewayProcess.start({
      settings: {
        demo: false,
        log: { level: 'info' },
        sources: { allowLoopback: true },
        webrtc: { workers: 2 },
        // So little that retention is at work all the time.
        recording: { segmentMs: 2_000, maxBytes: 48 * 2 ** 20, minFreeBytes: 1 },
      },
    });
    this.#gateway = gateway;
    closers.add(() => gateway.close());
    const kinds = await cameraKinds();
    for (const kind of isSlice ? kinds.slice(0, 2) : kinds) {
      const camera = await startSoakCamera(kind, this.#cameras.length + this.#options.seed);
      closers.add(() => camera.sim.close());
      this.#cameras.push(camera);
      const source = { url: camera.sim.url(), ...camera.source };
      await callApi(gateway, 'POST', '', { name: camera.name, record: true, source });
    }
    await this.#untilAllLive();
  }

  /** Strikes cameras and processes at random, and looks at the gateway meanwhile. */
  async #disturb(forMs: number): Promise<Sample[]> {
    const samples: Sample[] = [];
    const endMs = performance.now() + forMs;
    const healing: Promise<void>[] = [];
    let nextSampleMs = 0;
    let nextBlowMs = 0;
    let told = performance.now();
    while (performance.now() < endMs) {
      const nowMs = performance.now();
      if (nowMs >= nextSampleMs) {
        nextSampleMs = nowMs + (this.#options.isSlice ? 1_000 : SAMPLE_EVERY_MS);
        samples.push(await takeSample(this.gateway, this.#beganMs));
        await this.#lookForStuck();
      }
      if (nowMs >= nextBlowMs) {
        nextBlowMs = nowMs + 500 + integer(this.#random, 4_000);
        const camera = this.#cameras[integer(this.#random, this.#cameras.length)];
        if (this.#random() < 0.04) this.#strikeProcess();
        else if (camera !== undefined && undisturbedMs(camera) > integer(this.#random, this.#calmMs))
          healing.push(this.#strike(camera));
      }
      if (nowMs - told > 60_000) {
        told = nowMs;
        const last = samples.at(-1);
        this.#options.progress(
          `${Math.round((endMs - nowMs) / 60_000)} minutes left: ${[...this.#blows.values()].reduce((sum, n) => sum + n, 0)} blows, RSS ${Math.round((last?.rssBytes ?? 0) / 2 ** 20)} MiB, ${last?.fds} descriptors, ${this.#problems.length} problems`,
        );
      }
      await pause(100);
    }
    await Promise.all(healing);
    return samples;
  }

  async #strike(camera: SoakCamera): Promise<void> {
    const blow = BLOWS[integer(this.#random, BLOWS.length)];
    if (blow === undefined) return;
    camera.isStruck = true;
    camera.lastBlow = blow.name;
    this.#count(blow.name);
    try {
      const heal = await blow.strike(camera, this.#random);
      const [least, most] = blow.forMs;
      if (most > 0) await pause(least + integer(this.#random, most - least));
      await heal?.();
    } catch (failure) {
      this.#problem(`the soak itself: ${blow.name}: ${failure instanceof Error ? failure.stack : failure}`);
    } finally {
      camera.healedAtMs = performance.now();
      camera.isStruck = false;
    }
  }

  #strikeProcess(): void {
    const isWorker = this.#random() < 0.3;
    const signal = this.#random() < 0.5 ? 'SIGKILL' : 'SIGSTOP';
    const pids = isWorker
      ? childrenOf(this.gateway.pid ?? 0, /^mediasoup-worke/)
      : childrenOf(this.gateway.pid ?? 0, /^ffmpeg/);
    const pid = pids[integer(this.#random, pids.length)];
    if (pid === undefined) return;
    this.#count(`${isWorker ? 'media worker' : 'FFmpeg'} gets ${signal}`);
    if (isWorker) this.#workerStruckAtMs = performance.now();
    // What FFmpeg makes may be a viewer's leg: its viewers are given time, as those of a worker are.
    else this.#workerStruckAtMs = performance.now();
    try {
      process.kill(pid, signal);
    } catch {
      // It ended by itself just now.
    }
  }

  async #lookForStuck(): Promise<void> {
    for (const camera of this.#cameras) {
      const calmMs = undisturbedMs(camera);
      if (calmMs < LIVE_AFTER_MS) continue;
      const { state, reason } = await this.#status(camera);
      if (state !== 'live' && undisturbedMs(camera) >= LIVE_AFTER_MS)
        this.#problem(
          `live/${camera.name} is ${state} (${reason?.code}) ${Math.round(calmMs / 1_000)} s after "${camera.lastBlow}"`,
        );
    }
  }

  /** With every camera live and recorded, nobody watching, and what was only needed for a while ended. */
  async #quietSample(like: Sample | undefined): Promise<Sample> {
    await this.#untilAllLive();
    const isQuiet = async () => {
      await pause(300);
      const now = await takeSample(this.gateway, this.#beganMs);
      const { recorders, legs } = now.children;
      const isSame = like === undefined || ownFds(now) <= ownFds(like) + SPARE_FDS;
      return now.viewers === 0 && recorders === this.#cameras.length && legs === 0 && isSame;
    };
    // Not being quiet in time is told by what the sample holds.
    await waitFor('the gateway to be quiet', isQuiet, 60_000).catch(() => {});
    const sample = await takeSample(this.gateway, this.#beganMs);
    this.#options.progress(`at rest: ${JSON.stringify(sample)}`);
    return sample;
  }

  async #untilAllLive(): Promise<void> {
    for (const camera of this.#cameras) {
      const fromMs = Date.now();
      const isWell = async () => {
        const { state, recorder } = await this.#status(camera);
        return state === 'live' && (recorder.newestMs ?? 0) > fromMs;
      };
      await waitFor(`live/${camera.name} to be live and recorded`, isWell, 90_000).catch(async () => {
        const { state, reason, recorder } = await this.#status(camera);
        const about = JSON.stringify({ state, reason, recorder });
        this.#problem(`live/${camera.name} stays away after "${camera.lastBlow}": ${about}`);
      });
    }
  }

  async #watchEachOnce(): Promise<void> {
    for (const camera of this.#cameras) {
      const open = PictureWatch.open(`${this.gateway.url}/whep/live/${camera.name}`);
      const watch = await open.catch((failure: unknown) => {
        this.#problem(`live/${camera.name} cannot be watched: ${String(failure)}`);
      });
      if (watch === undefined) continue;
      await waitFor('pictures', () => watch.pictures.length > 10, 20_000).catch(() =>
        this.#problem(`live/${camera.name} shows a viewer nothing; the last blow was "${camera.lastBlow}"`),
      );
      await watch.close();
    }
  }

  /** An orderly end leaves nothing behind, and recordings that are whole. */
  async #end(): Promise<void> {
    const { gateway } = this;
    const zombies = zombiesOf(gateway.pid ?? 0).length;
    if (zombies > 0) this.#problem(`${zombies} child processes ended and were not waited for`);
    const bugs = gateway.output.split('\n').filter((line) => BUGS.test(line));
    for (const line of bugs.slice(0, 5)) this.#problem(`the log has: ${line.slice(0, 500)}`);
    const status = await gateway.stop();
    if (status !== 0) this.#problem(`the gateway ended with status ${status}`);
    const left = ffmpegsOf(gateway.rtspPort).length;
    if (left > 0) this.#problem(`${left} FFmpegs are left over`);
    const broken = await checkRecordings(`${gateway.dir}/data`, { isStopped: true });
    for (const line of broken.slice(0, 5)) this.#problem(`check:recordings: ${line}`);
  }

  async #status({ name }: SoakCamera): Promise<StreamStatus> {
    return (await callApi(this.gateway, 'GET', `/live/${name}`)) as StreamStatus;
  }

  #count(name: string): void {
    this.#blows.set(name, (this.#blows.get(name) ?? 0) + 1);
  }

  #problem(text: string): void {
    // One that stays is told once.
    if (this.#problems.length >= 50 || this.#problems.includes(text)) return;
    this.#problems.push(text);
    this.#options.progress(`PROBLEM: ${text}`);
  }
}

/** Cameras of several kinds, small, so that the soak fits a small machine. */
async function cameraKinds(): Promise<SoakCameraOptions[]> {
  const small = { width: 320, height: 180, fps: 15, frames: 30, keyFrameEvery: 15, bitrate: '200k' };
  const [plain, other, withB, hevc, hevcOther, aac, pcmu] = await Promise.all([
    testVideo(small),
    testVideo({ ...small, width: 480, height: 270, profile: 'high' }),
    testVideo({ ...small, bFrames: 2, profile: 'main', params: 'b-pyramid=none' }),
    testVideo({ ...small, codec: 'h265' }),
    testVideo({ ...small, codec: 'h265', width: 480, height: 270 }),
    testAudio('aac'),
    testAudio('pcmu'),
  ]);
  const films = [plain, other];
  return [
    { name: 'tcp', films, camera: { audio: pcmu }, source: { transport: 'tcp' } },
    { name: 'udp', films, source: { transport: 'udp' } },
    { name: 'hevc', films: [hevc, hevcOther], source: { transport: 'tcp' } },
    { name: 'aac', films, camera: { audio: aac }, source: { transport: 'tcp' } },
    { name: 'auto', films, source: { transport: 'auto' } },
    {
      name: 'login',
      films: [plain, withB],
      camera: { auth: { scheme: 'digest', username: 'u', password: 'p' } },
      source: { username: 'u', password: 'p' },
    },
  ];
}
