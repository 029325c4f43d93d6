import { startViewers } from '../../bench/viewers/viewers.ts';
import { pause } from '../../faults/support/fault.ts';
import { PictureWatch } from '../../faults/support/picture-watch.ts';
import { integer, type Random } from '../../support/camera-sim/index.ts';
import { type SoakCamera, undisturbedMs } from './soak-camera.ts';

/** A camera that was left alone for so long, and its viewer, have to show pictures: a refused password is a wait of 30 s. */
const CALM_MS = 45_000;
const PATIENCE_MS = 10_000;

export interface SoakViewersOptions {
  readonly url: string;
  readonly cameras: readonly SoakCamera[];
  readonly random: Random;
  readonly count: number;
  /** `performance.now()` of the last blow to a media worker. */
  workerStruckAtMs(): number;
  onProblem(text: string): void;
}

/** Viewers that come, watch a camera for a while and go; now and then one whose process is killed. */
export class SoakViewers {
  readonly #options: SoakViewersOptions;
  readonly #running: Promise<void>[] = [];
  #isClosed = false;
  /** Watches begun, and those that saw pictures. */
  watches = 0;
  seen = 0;
  killed = 0;

  constructor(options: SoakViewersOptions) {
    this.#options = options;
    for (let n = 0; n < options.count; n += 1) this.#running.push(this.#comeAndGo());
  }

  /** Resolves when the last one has gone. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#running);
  }

  async #comeAndGo(): Promise<void> {
    while (!this.#isClosed) {
      const camera = this.#any();
      try {
        if (this.#options.random() < 0.05) await this.#watchAndDie(camera);
        else await this.#watch(camera);
      } catch (failure) {
        // A camera that is away is refused with a reason; one that is well has to be served.
        if (this.#isCalm(camera))
          this.#options.onProblem(
            `live/${camera.name} (${camera.lastBlow}) could not be watched: ${String(failure)}`,
          );
        await this.#pause(1_000);
      }
      await this.#pause(integer(this.#options.random, 2_000));
    }
  }

  async #watch(camera: SoakCamera): Promise<void> {
    this.watches += 1;
    const watch = await PictureWatch.open(`${this.#options.url}/whep/live/${camera.name}`);
    try {
      const untilMs = performance.now() + 3_000 + integer(this.#options.random, 25_000);
      let isCounted = false;
      let isMissed = false;
      const beganMs = performance.now();
      while (performance.now() < untilMs && !this.#isClosed) {
        await this.#pause(500);
        const lastMs = watch.pictures.at(-1)?.atMs ?? beganMs;
        if (watch.pictures.length > 0 && !isCounted) {
          isCounted = true;
          this.seen += 1;
        }
        if (!isMissed && this.#isCalm(camera) && performance.now() - lastMs > PATIENCE_MS) {
          isMissed = true;
          this.#options.onProblem(
            `a viewer of live/${camera.name} sees nothing, ${Math.round(undisturbedMs(camera) / 1_000)} s after "${camera.lastBlow}" (${watch.pictures.length} pictures before)`,
          );
        }
      }
    } finally {
      await watch.close();
    }
  }

  async #watchAndDie(camera: SoakCamera): Promise<void> {
    const viewers = startViewers();
    try {
      await viewers.watch(`${this.#options.url}/whep/live/${camera.name}`, 0);
      await this.#pause(2_000);
      process.kill(viewers.pid, 'SIGKILL');
      this.killed += 1;
    } finally {
      await viewers.close().catch(() => {});
    }
  }

  #isCalm(camera: SoakCamera): boolean {
    return undisturbedMs(camera) > CALM_MS && performance.now() - this.#options.workerStruckAtMs() > CALM_MS;
  }

  #any(): SoakCamera {
    const { cameras, random } = this.#options;
    const camera = cameras[integer(random, cameras.length)];
    if (camera === undefined) throw new Error('no cameras');
    return camera;
  }

  async #pause(ms: number): Promise<void> {
    const untilMs = performance.now() + ms;
    while (performance.now() < untilMs && !this.#isClosed) await pause(Math.min(200, ms));
  }
}
