import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../server/base/clock.ts';
import { silentLogger } from '../../../server/base/log.ts';
import { Hub } from '../../../server/stream/index.ts';
import { FrameDecoder, LiveFrames, type PictureRequest } from '../../../server/transcode/index.ts';
import { define } from '../../rtsp/server/support.ts';
import { ClipCamera } from '../../support/clip-camera.ts';
import { type Clip, encodeClip } from '../../support/h264-clip.ts';
import { decodeJpeg } from '../../support/levels-clip.ts';
import { waitFor } from '../../support/wait.ts';

const URL = 'rtsp://192.0.2.1/stream';
const undo: Array<() => Promise<void>> = [];
let clip: Clip;

beforeAll(async () => {
  clip = await encodeClip({ width: 640, height: 480, frames: 30, keyFrameEvery: 10 });
});
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

function house(options: { onDemand?: boolean; timeoutMs?: number } = {}) {
  const camera = new ClipCamera(clip);
  const hub = new Hub({ clock: systemClock, log: silentLogger, startSource: camera.startSource });
  const decoder = new FrameDecoder({ clock: systemClock });
  undo.push(
    () => hub.close(),
    () => decoder.close(),
  );
  const requests: PictureRequest[] = [];
  const decode = (request: PictureRequest) => {
    requests.push(request);
    return decoder.decode(request);
  };
  const { timeoutMs } = options;
  const frames = new LiveFrames({
    clock: systemClock,
    hub,
    decoder: { decode },
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  const stream = hub.add({ ...define('cam', { url: URL }), onDemand: options.onDemand ?? false });
  return { camera, hub, frames, requests, stream };
}

describe('live frames', () => {
  it('gives the newest key frame, at the width asked for, with its time', async () => {
    const { frames } = house();
    const { jpeg, atMs } = await frames.now('live/cam', 320);
    expect(await decodeJpeg(jpeg)).toMatchObject({ width: 320, height: 240 });
    expect(Math.abs(systemClock.wallMs() - atMs)).toBeLessThan(15_000);
    const whole = await frames.now('live/cam');
    expect(await decodeJpeg(whole.jpeg)).toMatchObject({ width: 640, height: 480 });
  });

  it('decodes each key frame once for each width, however many ask', async () => {
    const { frames, requests } = house();
    const first = await frames.now('live/cam', 160);
    const answers = await Promise.all(Array.from({ length: 30 }, () => frames.now('live/cam', 160)));
    const times = new Set([first, ...answers].map(({ atMs }) => atMs));
    expect(requests.length).toBe(times.size);
    await waitFor(
      'the next key frame',
      async () => (await frames.now('live/cam', 160)).atMs > Math.max(...times),
    );
  });

  it('starts a stream that is on demand, and is no viewer of it', async () => {
    const { frames, stream, camera } = house({ onDemand: true });
    expect(camera.connections).toBe(0);
    const asked = frames.now('live/cam', 64);
    expect(stream.readerCounts).toMatchObject({ viewers: 0, services: 1 });
    expect((await asked).jpeg.length).toBeGreaterThan(100);
    expect(stream.readerCounts).toMatchObject({ viewers: 0, services: 0 });
  });

  it('tells why there is no picture', async () => {
    const { frames, camera, stream, hub } = house({ timeoutMs: 500 });
    await expect(frames.now('live/none')).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND' });
    await frames.now('live/cam', 64);
    camera.hasKeyFrames = false;
    camera.lose();
    await expect(frames.now('live/cam', 64)).rejects.toMatchObject({
      code: 'STREAM_NOT_LIVE',
      message: 'The camera does not answer.',
    });
    camera.restore();
    await expect(frames.now('live/cam', 64)).rejects.toMatchObject({
      code: 'STREAM_NOT_LIVE',
      message: expect.stringMatching(/key frame|does not answer/),
    });
    const asked = frames.now('live/cam', 64);
    const refused = expect(asked).rejects.toMatchObject({ code: 'STREAM_NOT_FOUND' });
    await hub.remove(stream.id);
    await refused;
  });
});
