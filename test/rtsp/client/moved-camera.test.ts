import { expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../server/base/clock.ts';
import { silentLogger } from '../../../server/base/log.ts';
import { startRtspSource } from '../../../server/rtsp/index.ts';
import { ok } from '../../../shared/result.ts';
import { CameraSim, testVideo } from '../../support/camera-sim/index.ts';
import { cameraAt, RecordingSink } from '../../support/recording-sink.ts';
import { waitFor } from '../../support/wait.ts';

it('a camera that its router has given another address is found there: its name is asked for at each dial', async () => {
  const video = await testVideo({ fps: 50, frames: 10, keyFrameEvery: 10 });
  const before = await CameraSim.start({ video, host: '127.0.0.1' });
  const asked: string[] = [];
  let address = '127.0.0.1';
  const sink = new RecordingSink();
  const source = startRtspSource(
    cameraAt(`rtsp://garden-camera.lan:${before.port}/cam`, { transport: 'tcp', silenceTimeoutMs: 1_000 }),
    sink,
    {
      clock: systemClock,
      log: silentLogger,
      random: () => 0,
      resolveAddress: async (host) => {
        asked.push(host);
        return ok(address);
      },
    },
  );
  onTestFinished(async () => {
    await source.close();
    await Promise.all([before.close(), after.close()]);
  });
  const after = await CameraSim.start({ video, host: '127.0.0.7', port: before.port });
  await waitFor('the camera', () => sink.videoUnits.length > 5);

  before.cues.silence();
  address = '127.0.0.7';
  await waitFor('the new address', () => after.connections.some(({ session }) => session.isPlaying));
  const count = sink.videoUnits.length;
  await waitFor('pictures from there', () => sink.videoUnits.length > count + 5);
  expect(new Set(sink.waits.map(({ reason }) => reason))).toEqual(new Set(['CAMERA_SILENT']));
  expect(new Set(asked)).toEqual(new Set(['garden-camera.lan']));
});
