import { afterEach, expect, it } from 'vitest';
import { systemClock } from '../../server/base/clock.ts';
import { silentLogger } from '../../server/base/log.ts';
import { startRtspSource } from '../../server/rtsp/index.ts';
import { Hub } from '../../server/stream/index.ts';
import { WebRtc } from '../../server/webrtc/index.ts';
import { CameraSim, testVideo } from '../support/camera-sim/index.ts';
import { waitFor } from '../support/wait.ts';
import { streamDefinition, TestSession, untilLive } from '../support/webrtc-house.ts';
import { h264Codec, VIEWER_CAPABILITIES, WeriftViewer } from '../support/werift-viewer.ts';

const undo: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

it('viewers who send PLI and FIR without end make the camera send a key frame each 2 s, and no more', async () => {
  // A key frame every 20 s, so that every one but the first is asked for.
  const camera = await CameraSim.start({ video: await testVideo({ frames: 500, keyFrameEvery: 500 }) });
  undo.push(() => camera.close());
  const askedAtMs: number[] = [];
  const hub = new Hub({
    clock: systemClock,
    log: silentLogger,
    lingerMs: 200,
    startSource: (definition, sink) =>
      startRtspSource({ ...definition, source: { ...definition.source, url: camera.url() } }, sink, {
        clock: systemClock,
        log: silentLogger,
        // What ONVIF's SetSynchronizationPoint does to a camera.
        askKeyFrame: () => {
          askedAtMs.push(performance.now());
          camera.cues.keyFrame();
        },
      }),
  });
  undo.push(() => hub.close());
  hub.add(streamDefinition('cam'));
  const webrtc = await WebRtc.start({
    clock: systemClock,
    log: silentLogger,
    streams: hub,
    workers: 1,
    listen: { port: 0 },
  });
  undo.push(() => webrtc.close());
  await untilLive(hub, 'live/cam');
  // One that takes long to connect: the key frame that was asked for when it came is too old to begin with by then.
  const { session } = new TestSession(webrtc);
  const watch = await session.startWatch({ stream: 'live/cam', rtpCapabilities: VIEWER_CAPABILITIES });
  const late = new WeriftViewer({ video: [h264Codec(102)] });
  undo.push(() => late.close());
  if (watch.transport === undefined) throw new Error('no transport');
  const fingerprint = await late.answer(watch.transport, watch.consumers);
  await session.resumeWatch({ watchId: watch.watchId });
  await waitFor(
    'the kept key frame to be old',
    () => performance.now() - (askedAtMs.at(-1) ?? Infinity) > 1_500,
  );
  await session.connectTransport({
    transportId: watch.transport.id,
    dtlsParameters: { role: 'client', fingerprints: [fingerprint] },
  });
  await waitFor('its picture all the same', () => late.keyFrames() > 0);
  const askedBefore = askedAtMs.length;

  const viewers = await Promise.all(
    Array.from({ length: 3 }, async () => (await new TestSession(webrtc).play('live/cam')).viewer),
  );
  undo.push(() => Promise.all(viewers.map((viewer) => viewer.close())));
  // As a browser does that missed the first one: its viewer may have been connected a moment too late.
  await waitFor('the picture', () => {
    for (const viewer of viewers) if (viewer.keyFrames() === 0) void viewer.askForKeyFrame();
    return viewers.every((viewer) => viewer.keyFrames() > 0);
  });
  const before = viewers.map((viewer) => viewer.keyFrames());

  const flood = setInterval(() => {
    for (const viewer of viewers) void viewer.askForKeyFrame();
  }, 10);
  undo.push(async () => clearInterval(flood));
  await waitFor('three requests', () => askedAtMs.length >= askedBefore + 3, 20_000);
  clearInterval(flood);
  await waitFor('two key frames for each', () =>
    viewers.every((viewer, index) => viewer.keyFrames() >= (before[index] ?? 0) + 2),
  );
  for (const [index, atMs] of askedAtMs.entries()) {
    // A timer may fire a millisecond early.
    if (index > 0) expect(atMs - (askedAtMs[index - 1] ?? 0)).toBeGreaterThan(1_990);
  }
  // No viewer got more key frames than were asked for: the flood multiplied nothing.
  for (const viewer of viewers) expect(viewer.keyFrames()).toBeLessThanOrEqual(1 + askedAtMs.length);
});
