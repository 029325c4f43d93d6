import { startChild } from '../../bench/support/child.ts';
import { waitFor } from '../../support/wait.ts';
import { type Fault, pause } from '../support/fault.ts';
import { seams, withSubject } from './camera-gone.ts';

/** The camera's process stops in the middle of everything: its sockets stay open and nobody reads them. */
export const halfOpenFault: Fault = {
  id: '3',
  what: 'half-open: the camera’s process is stopped (SIGSTOP)',
  limits: { detectedMs: 5_600, recoveredMs: 1_000, lostMs: 3_000 },
  async run(site) {
    const child = startChild(new URL('../support/camera-process.ts', import.meta.url));
    try {
      const { url } = await child.call<{ url: string }>('start');
      return await withSubject(site, [{}, { url }], async (subject) => {
        const wallMs = Date.now();
        const struckMs = performance.now();
        process.kill(child.pid, 'SIGSTOP');
        const detectedMs = await subject.detected(struckMs);
        await pause(1_500);
        const backUnixMs = performance.timeOrigin + performance.now();
        process.kill(child.pid, 'SIGCONT');
        const sentUnixMs = await waitFor('a key frame from the camera', async () => {
          const { unixMs = 0 } = await child.call<{ unixMs: number | undefined }>('firstKeyFrame');
          return unixMs >= backUnixMs ? unixMs : undefined;
        });
        const sentMs = sentUnixMs - performance.timeOrigin;
        const recoveredMs = (await subject.pictureAfter(sentMs)) - sentMs;
        const pauseMs = subject.watch.longestPauseMs(struckMs - 100);
        const awayMs = sentMs - struckMs;
        return {
          detectedMs,
          recoveredMs,
          pauseMs,
          awayMs,
          ...(await subject.missing(wallMs)),
          ...seams(subject),
        };
      });
    } finally {
      process.kill(child.pid, 'SIGCONT');
      await child.close();
    }
  },
};
