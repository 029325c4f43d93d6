import { CameraSim, testVideo } from '../../support/camera-sim/index.ts';
import { waitFor } from '../../support/wait.ts';
import { type Fault, pause } from '../support/fault.ts';
import { callApi } from '../support/site.ts';

const CAMERAS = 100;
/** What the gateway dials in any second at most: 35, and what a second that is cut elsewhere may have more. */
const DIALS_IN_A_SECOND = 40;
/** What it goes on to dial while this process, which is all the cameras, is held up and accepts nothing. */
const DIALS_PER_STALLED_MS = 25 / 1_000;

/** A switch in the cupboard loses power: all cameras behind it go and come back at once. */
export const manyCamerasFault: Fault = {
  id: '2 many',
  what: `${CAMERAS} cameras go and come back at once`,
  limits: { detectedMs: 2_000, recoveredMs: 45_000 },
  async run(site) {
    const video = await testVideo({
      width: 160,
      height: 120,
      fps: 5,
      frames: 10,
      keyFrameEvery: 5,
      bitrate: '50k',
    });
    const cameras: CameraSim[] = [];
    const names = Array.from({ length: CAMERAS }, (_, index) => `many-${index}`);
    const states = async () => {
      const { streams } = (await callApi(site.gateway, 'GET', '')) as {
        streams: { name: string; state: string }[];
      };
      return streams.filter(({ name }) => name.startsWith('many-')).map(({ state }) => state);
    };
    const areLive = async () => (await states()).filter((state) => state === 'live').length;
    try {
      for (const name of names) {
        const camera = await CameraSim.start({ video, seed: cameras.length });
        cameras.push(camera);
        await callApi(site.gateway, 'POST', '', { name, source: { url: camera.url(), transport: 'tcp' } });
      }
      await waitFor('all to be live', async () => (await areLive()) === CAMERAS, 60_000);
      const struckMs = performance.now();
      await Promise.all(cameras.map((camera) => camera.stop()));
      await waitFor('all to be missed', async () => (await areLive()) === 0);
      const detectedMs = performance.now() - struckMs;
      await pause(2_000);
      await Promise.all(cameras.map((camera) => camera.start()));
      const backMs = performance.now();
      await waitFor('all to be live again', async () => (await areLive()) === CAMERAS, 60_000);
      const recoveredMs = performance.now() - backMs;
      const dialledMs = cameras
        .flatMap(({ connections }) => connections.map(({ openedAtMs }) => openedAtMs))
        .filter((atMs) => atMs >= backMs)
        .sort((a, b) => a - b);
      const most = Math.max(
        ...dialledMs.map((from) => dialledMs.filter((at) => at >= from && at < from + 1_000).length),
      );
      const allowed = DIALS_IN_A_SECOND + Math.ceil(site.others().ownStallMs * DIALS_PER_STALLED_MS);
      const problems = most > allowed ? [`${most} dials in a second`] : [];
      return {
        detectedMs,
        recoveredMs,
        note: `until the last one was live again; at most ${most} dials in a second`,
        problems,
      };
    } finally {
      for (const name of names) await callApi(site.gateway, 'DELETE', `/live/${name}`).catch(() => {});
      await Promise.all(cameras.map((camera) => camera.close()));
    }
  },
};
