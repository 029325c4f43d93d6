import { afterEach, expect, it } from 'vitest';
import { type AddressResolver, resolveAnyAddress } from '../../../server/base/address-policy.ts';
import { systemClock } from '../../../server/base/clock.ts';
import { silentLogger } from '../../../server/base/log.ts';
import { DialPacer, type RtspSource, startRtspSource } from '../../../server/rtsp/index.ts';
import { CameraSim, testVideo } from '../../support/camera-sim/index.ts';
import { cameraAt, RecordingSink } from '../../support/recording-sink.ts';
import { waitFor } from '../../support/wait.ts';

const COUNT = 100;
/**
 * Half of them. The pacer lets 35 go in a second (its own test holds it to that by a clock), but where the machine is busy some of
 * those of the second before begin late.
 */
const MAX_DIALS_A_SECOND = 50;

let dialledAtMs: number[] = [];
const cameras: CameraSim[] = [];
const sources: RtspSource[] = [];

afterEach(async () => {
  await Promise.all(sources.splice(0).map((source) => source.close()));
  await Promise.all(cameras.splice(0).map((camera) => camera.close()));
});

it('a hundred cameras that come at once, and come back at once, are dialled one after the other', async () => {
  dialledAtMs = [];
  const video = await testVideo({
    width: 64,
    height: 48,
    fps: 5,
    frames: 10,
    keyFrameEvery: 5,
    bitrate: '20k',
  });
  cameras.push(
    ...(await Promise.all(
      Array.from({ length: COUNT }, (_, index) => CameraSim.start({ video, seed: index })),
    )),
  );
  const dialPacer = new DialPacer(systemClock);
  const sinks = cameras.map((camera, index) => {
    const sink = new RecordingSink();
    // All of them wait equally long for their retry: the worst that chance can do.
    const resolveAddress: AddressResolver = (host) => {
      dialledAtMs.push(performance.now());
      return resolveAnyAddress(host);
    };
    const deps = { clock: systemClock, log: silentLogger, random: () => 0, dialPacer, resolveAddress };
    const source = startRtspSource(cameraAt(camera.url(), { transport: 'tcp' }, `cam${index}`), sink, deps);
    source.setWatched(true);
    sources.push(source);
    return sink;
  });
  await waitFor('all to play', () => sinks.every(({ videoUnits }) => videoUnits.length > 0), 30_000);
  expect(dialledAtMs.length).toBeGreaterThanOrEqual(COUNT);
  expect(busiestSecond(0)).toBeLessThanOrEqual(MAX_DIALS_A_SECOND);

  await Promise.all(cameras.map((camera) => camera.stop()));
  await waitFor('all to notice', () => sinks.every(({ waits }) => waits.length > 0));
  const backAtMs = performance.now();
  const before = sinks.map(({ videoUnits }) => videoUnits.length);
  await Promise.all(cameras.map((camera) => camera.start()));
  await waitFor(
    'all to play again',
    () => sinks.every(({ videoUnits }, index) => videoUnits.length > (before[index] ?? 0)),
    30_000,
  );
  expect(busiestSecond(backAtMs)).toBeLessThanOrEqual(MAX_DIALS_A_SECOND);
  // Each needed one dial: nobody gave up for having had to wait.
  const dials = cameras.map(({ connections }) =>
    connections.filter(({ openedAtMs }) => openedAtMs > backAtMs),
  );
  expect(Math.max(...dials.map(({ length }) => length))).toBe(1);
}, 90_000);

/** The most dials in any one second since then. Counted where they begin: a busy machine accepts several at once. */
function busiestSecond(sinceMs: number): number {
  const dialled = dialledAtMs.filter((atMs) => atMs >= sinceMs);
  let most = 0;
  for (const [index, atMs] of dialled.entries()) {
    const inSecond = dialled.slice(index).findIndex((other) => other >= atMs + 1_000);
    most = Math.max(most, inSecond === -1 ? dialled.length - index : inSecond);
  }
  return most;
}
