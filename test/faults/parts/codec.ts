import { testAudio, testVideo } from '../../support/camera-sim/index.ts';
import { type Fault, type Outcome, pause } from '../support/fault.ts';
import type { FaultSite, Subject } from '../support/site.ts';
import { seams, withSubject } from './camera-gone.ts';

type Traits = NonNullable<Parameters<FaultSite['subject']>[0]>;

/** The camera reboots and is another one: the viewer keeps its connection and sees it. */
function comesBackAs(id: string, what: string, traits: () => Promise<Traits>, limitMs = 1_000): Fault {
  return {
    id,
    what,
    limits: { detectedMs: 1_000, recoveredMs: limitMs, lostMs: 3_000 },
    run: (site) =>
      withSubject(site, [], async (subject): Promise<Outcome> => {
        const changed = await traits();
        await pause(300);
        const wallMs = Date.now();
        const struckMs = performance.now();
        await subject.camera.stop();
        const detectedMs = await subject.detected(struckMs);
        subject.camera.change(changed);
        const backMs = performance.now();
        await subject.camera.start();
        const recoveredMs = await subject.recovered(backMs);
        const awayMs = (subject.camera.session?.firstKeyFrameAtMs ?? Number.NaN) - struckMs;
        await keepsFlowing(subject);
        const pauseMs = subject.watch.longestPauseMs(struckMs - 100);
        return {
          detectedMs,
          recoveredMs,
          awayMs,
          pauseMs,
          ...(await subject.missing(wallMs)),
          ...seams(subject),
        };
      }),
  };
}

async function keepsFlowing(subject: Subject): Promise<void> {
  const fromMs = performance.now();
  await pause(1_000);
  await subject.pictureAfter(fromMs + 500);
}

export const codecFaults: readonly Fault[] = [
  comesBackAs('9 reboot', 'the camera comes back with another resolution and SPS', async () => ({
    video: await testVideo({ width: 640, height: 360, frames: 50, keyFrameEvery: 25, profile: 'high' }),
  })),
  comesBackAs('10 type', 'it comes back with another payload type', async () => ({
    payloadTypes: { video: 101 },
  })),
  comesBackAs('10 audio', 'it comes back with sound', async () => ({ audio: await testAudio('pcmu') })),
  comesBackAs(
    '10 codec',
    'it comes back with H.265 in place of H.264',
    async () => ({ video: await testVideo({ codec: 'h265', frames: 50, keyFrameEvery: 25 }) }),
    // FFmpeg has to be started for it.
    2_500,
  ),
];
