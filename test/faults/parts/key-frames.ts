import { testVideo } from '../../support/camera-sim/index.ts';
import { waitFor } from '../../support/wait.ts';
import { type Fault, pause } from '../support/fault.ts';
import { PictureWatch } from '../support/picture-watch.ts';
import { withSubject } from './camera-gone.ts';

const FPS = 25;
const APART_S = 60;

/** The camera's key frames are a minute apart: all goes on, and it is told what that costs. */
const farApart: Fault = {
  id: '11 gop',
  what: `no key frame for ${APART_S} s`,
  limits: { detectedMs: 8_000, pauseMs: 500, lostMs: 0 },
  async run(site) {
    const frames = (APART_S + 10) * FPS;
    const video = await testVideo({ fps: FPS, frames, keyFrameEvery: frames, bitrate: '200k' });
    return withSubject(site, [{ video }, { watched: false }], async (subject) => {
      await subject.untilStatus('to be live', ({ state }) => state === 'live');
      const watch = await PictureWatch.open(`${site.gateway.url}/whep/${subject.id}`);
      try {
        await waitFor('the viewer to have its first picture', () => {
          if (watch.pictures.length === 0) subject.camera.cues.keyFrame();
          return watch.pictures.length > 0;
        });
        const wallMs = Date.now();
        const struckMs = performance.now();
        const { connections } = subject.camera;
        const dials = connections.length;
        const isTold = async () =>
          (await subject.report()).advice.some(({ code }) => code === 'KEY_FRAMES_FAR_APART');
        await waitFor('the report to tell of it', isTold, 30_000);
        const detectedMs = performance.now() - struckMs;
        await pause(APART_S * 1_000 - detectedMs);
        const pauseMs = watch.longestPauseMs(struckMs);
        const { state } = await subject.status();
        const problems = [
          ...(state === 'live' ? [] : [`the stream is ${state}`]),
          ...(connections.length === dials ? [] : ['the camera was dialled anew']),
        ];
        // A segment ends with the next one.
        let isRecorded = false;
        const missing = subject.missing(wallMs).finally(() => {
          isRecorded = true;
        });
        while (!isRecorded) {
          subject.camera.cues.keyFrame();
          await Promise.race([missing, pause(1_000)]);
        }
        return { detectedMs, pauseMs, ...(await missing), problems };
      } finally {
        await watch.close();
      }
    });
  },
};

/** Intra refresh: each picture renews a part of itself, and none is a key frame. Nobody can begin with such a stream. */
const none: Fault = {
  id: '11 refresh',
  what: 'no key frame at all (intra refresh), until it is switched off',
  limits: { detectedMs: 7_000, recoveredMs: 1_000 },
  async run(site) {
    const film = await testVideo({
      params: 'intra-refresh=1',
      fps: FPS,
      frames: 10 * FPS,
      keyFrameEvery: FPS,
    });
    const video = { ...film, pictures: film.pictures.filter(({ isKeyFrame }) => !isKeyFrame) };
    const beganMs = performance.now();
    return withSubject(site, [{ video }, { watched: false, record: false }], async (subject) => {
      await subject.untilStatus('to say why', ({ reason }) => reason?.code === 'CAMERA_NO_KEY_FRAME');
      const detectedMs = performance.now() - beganMs;
      const { connections } = subject.camera;
      const dials = connections.length;
      const mendedMs = performance.now();
      subject.camera.cues.switchMedia(site.video);
      const recoveredMs =
        (await subject.untilStatus('to be live', ({ state }) => state === 'live')) - mendedMs;
      const watch = await PictureWatch.open(`${site.gateway.url}/whep/${subject.id}`);
      await waitFor('pictures', () => watch.pictures.length > FPS).finally(() => watch.close());
      const problems = connections.length === dials ? [] : ['the camera was dialled anew'];
      return { detectedMs, recoveredMs, note: 'again: live', problems };
    });
  },
};

export const keyFrameFaults: readonly Fault[] = [farApart, none];
