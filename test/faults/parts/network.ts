import { type NetworkConditions, type SimVideo, testVideo } from '../../support/camera-sim/index.ts';
import { waitFor } from '../../support/wait.ts';
import { type Fault, pause } from '../support/fault.ts';
import { seams, withSubject } from './camera-gone.ts';

const FOR_MS = 8_000;

/** A camera over UDP behind a bad network for some seconds; then the network mends. */
function badNetwork(id: string, what: string, conditions: Partial<NetworkConditions>): Fault {
  return {
    id,
    what,
    // A key frame each second, and one may be lost itself.
    limits: { recoveredMs: 3_500 },
    run: async (site) =>
      withSubject(site, [await dense(), { source: { transport: 'udp' } }], async (subject) => {
        const struckMs = performance.now();
        const wallMs = Date.now();
        subject.camera.cues.network(conditions);
        const isNoticed = async () => {
          const { camera } = await subject.report();
          const video = camera?.received.find(({ kind }) => kind === 'video');
          return (video?.lostPackets ?? 0) + (video?.latePackets ?? 0) > 0;
        };
        const counted = waitFor('the loss to be counted', isNoticed, FOR_MS);
        // With little loss there may be none to count.
        const detectedMs = await counted.then(
          () => performance.now() - struckMs,
          () => undefined,
        );
        await pause(Math.max(0, FOR_MS - (performance.now() - struckMs)));
        const seen = subject.watch.countSince(struckMs);
        subject.camera.cues.network();
        const mendedMs = performance.now();
        // Whole again: a second's pictures without a hole of more than a few.
        await waitFor(
          'the picture to flow again',
          () => subject.watch.countSince(performance.now() - 1_000) >= 22,
        );
        const recoveredMs = Math.max(0, performance.now() - mendedMs - 1_000);
        const pauseMs = subject.watch.longestPauseMs(struckMs);
        const share = Math.round((seen / ((FOR_MS / 1000) * 25)) * 100);
        const { gapMs, gapReasons } = await subject.missing(wallMs);
        const note = `${share} % of the pictures whole while it lasted`;
        return {
          ...(detectedMs === undefined ? {} : { detectedMs }),
          recoveredMs,
          pauseMs,
          gapMs,
          gapReasons,
          note,
          ...seams(subject),
        };
      }),
  };
}

/** Some ten packets a picture, as real cameras send. */
async function dense(): Promise<{ video: SimVideo }> {
  const film = { width: 640, height: 360, frames: 50, keyFrameEvery: 25, bitrate: '3M' };
  return { video: await testVideo(film) };
}

export const networkFaults: readonly Fault[] = [
  badNetwork('4 a', '0.1 % of the camera’s UDP packets lost', { lossFraction: 0.001 }),
  badNetwork('4 b', '1 % lost, in bursts of 4', { lossFraction: 0.01, lossBurst: 4 }),
  badNetwork('4 c', '20 % lost', { lossFraction: 0.2 }),
  badNetwork('4 d', '5 % out of order, 2 % twice, 30 ms of jitter', {
    reorderFraction: 0.05,
    duplicateFraction: 0.02,
    jitterMs: 30,
  }),
  {
    id: '4 auto',
    what: '10 % lost with transport `auto`: the stream moves to TCP',
    limits: { detectedMs: 40_000, recoveredMs: 1_000, pauseMs: 40_000 },
    run: (site) =>
      withSubject(site, [{ transports: 'udp' }, { source: { transport: 'auto' } }], async (subject) => {
        const struckMs = performance.now();
        // From now on it would take TCP as well.
        subject.camera.change({ transports: 'any' });
        subject.camera.cues.network({ lossFraction: 0.1 });
        await subject.untilStatus('to move to TCP', ({ transport }) => transport === 'tcp', 60_000);
        const detectedMs = performance.now() - struckMs;
        const recoveredMs = await subject.recovered(struckMs);
        const { transportReason } = (await subject.status()) as { transportReason?: string };
        const problems = transportReason === undefined ? ['the status does not say why'] : [];
        return { detectedMs, recoveredMs, pauseMs: subject.watch.longestPauseMs(struckMs), problems };
      }),
  },
];
