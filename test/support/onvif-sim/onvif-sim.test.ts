import onvif from 'onvif';
import { afterEach, expect, it } from 'vitest';
import { waitFor } from '../wait.ts';
import { type OnvifSim, type OnvifSimOptions, startOnvifSim } from './index.ts';

const sims: OnvifSim[] = [];

async function sim(options: OnvifSimOptions = {}): Promise<OnvifSim> {
  const one = await startOnvifSim({
    main: 'rtsp://127.0.0.1:1/main',
    sub: 'rtsp://127.0.0.1:1/sub',
    ...options,
  });
  sims.push(one);
  return one;
}

afterEach(async () => {
  await Promise.all(sims.splice(0).map((one) => one.close()));
});

type Cam = InstanceType<typeof onvif.Cam>;

function connected(to: OnvifSim, more: Record<string, unknown> = {}): Promise<Cam> {
  return new Promise((resolve, reject) => {
    const cam = new onvif.Cam(
      { hostname: to.host, port: to.port, username: 'admin', password: 'secret', timeout: 5_000, ...more },
      (error: unknown) => (error ? reject(error) : resolve(cam)),
    );
  });
}

/** One of the package's calls. */
function call<T = unknown>(cam: Cam, method: string, ...args: unknown[]): Promise<T> {
  return new Promise((resolve, reject) => {
    (cam as unknown as Record<string, (...all: unknown[]) => void>)[method]?.(
      ...args,
      (error: unknown, result: T) => (error ? reject(error) : resolve(result)),
    );
  });
}

it('answers the onvif package', async () => {
  const device = await sim();
  const cam = await connected(device);
  expect(await call(cam, 'getDeviceInformation')).toMatchObject({ manufacturer: 'Sluice' });
  expect(await call(cam, 'getStreamUri', { protocol: 'RTSP' })).toMatchObject({
    uri: 'rtsp://127.0.0.1:1/main',
  });
  expect(await call(cam, 'getStreamUri', { protocol: 'RTSP', profileToken: 'sub' })).toMatchObject({
    uri: 'rtsp://127.0.0.1:1/sub',
  });
  await call(cam, 'continuousMove', { x: 0.5, y: 0, zoom: 0, timeout: 1_000 });
  await waitFor('the head to stop by itself', () => device.ptz.position.pan > 0 && !device.ptz.isMoving);
  await call(cam, 'setPreset', { presetName: 'door' });
  expect(await call(cam, 'getPresets', {})).toMatchObject({ door: { name: 'door' } });
  await call(cam, 'setSynchronizationPoint', {});
  expect(device.syncs).toEqual(['main']);
  const events: any[] = [];
  cam.on('event', (e: any) => events.push(e));
  await waitFor('a pull', () => device.subscriptions[0]?.isBeingPulled);
  device.cues.motion(true);
  await waitFor('event', () => events.length);
}, 10000);
