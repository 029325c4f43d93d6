import { serveParent } from '../../bench/support/child.ts';
import { CameraSim, testVideo } from '../../support/camera-sim/index.ts';

/** A simulated camera that is a process of its own, so that it can be stopped in the middle of everything. */
let camera: CameraSim | undefined;

serveParent({
  async start(): Promise<{ url: string }> {
    camera = await CameraSim.start({ video: await testVideo({ frames: 50, keyFrameEvery: 25 }) });
    return { url: camera.url() };
  },
  /** Unix milliseconds of the newest connection's first key frame. */
  firstKeyFrame(): { unixMs: number | undefined } {
    const atMs = camera?.session?.firstKeyFrameAtMs;
    return { unixMs: atMs === undefined ? undefined : performance.timeOrigin + atMs };
  },
});
