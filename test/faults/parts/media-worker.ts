import { existsSync } from 'node:fs';
import { launchChromium } from '../../support/chromium.ts';
import { waitFor } from '../../support/wait.ts';
import { type Fault, pause } from '../support/fault.ts';
import { withSubject } from './camera-gone.ts';
import { childrenOf } from './processes.ts';

/** When the page's player showed pictures, on the page's clock. */
const watchFrames = (id: string) => `{
  globalThis.shownMs = [];
  const { video } = [...document.querySelectorAll('sluice-player')].find(({ src }) => src === '/${id}');
  const note = () => { shownMs.push(performance.now()); video.requestVideoFrameCallback(note); };
  video.requestVideoFrameCallback(note);
}`;

/** One of two media workers dies or hangs; its viewer is a browser with the page. */
function workerFault(id: string, what: string, blow: 'SIGKILL' | 'SIGSTOP', pauseMs: number): Fault {
  return {
    id,
    what,
    limits: { detectedMs: pauseMs, pauseMs },
    async missing() {
      const program = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
      return existsSync(program) ? undefined : 'it wants Chromium';
    },
    run: (site) =>
      withSubject(site, [{}, { watched: false, record: false }], async (subject) => {
        await subject.untilStatus('to be live', ({ state }) => state === 'live');
        const browser = await launchChromium();
        try {
          const page = await browser.newPage();
          await page.goto(`${site.gateway.url}/#/wall?large=${subject.id}`);
          await page.getByRole('button', { name: 'Back to all cameras' }).waitFor();
          await page.evaluate(watchFrames(subject.id));
          const shown = () => page.evaluate<number[]>('shownMs');
          await waitFor('the page to play', async () => (await shown()).length > 50, 30_000);
          const workers = childrenOf(site.gateway.pid ?? 0, /mediasoup-worke/);
          const busy = site.otherWatch.workerPort;
          const [pid] = workers.filter((one) => !site.isWorkerOf(one, busy));
          if (pid === undefined) throw new Error('no worker without the other viewer');
          const struckMs = await page.evaluate<number>('performance.now()');
          const beganMs = performance.now();
          process.kill(pid, blow);
          await waitFor(
            'another worker',
            () => !childrenOf(site.gateway.pid ?? 0, /mediasoup-worke/).includes(pid),
            60_000,
          );
          const detectedMs = performance.now() - beganMs;
          await pause(4_000);
          const times = [struckMs, ...(await shown()).filter((atMs) => atMs >= struckMs)];
          const endMs = await page.evaluate<number>('performance.now()');
          let longest = endMs - (times.at(-1) ?? struckMs);
          for (let n = 1; n < times.length; n += 1)
            longest = Math.max(longest, (times[n] ?? 0) - (times[n - 1] ?? 0));
          const problems = longest < 200 ? ['the page did not notice: it was on the other worker'] : [];
          return { detectedMs, pauseMs: longest, problems };
        } finally {
          await browser.close();
        }
      }),
  };
}

export const mediaWorkerFaults: readonly Fault[] = [
  workerFault('18 kill', 'one of two media workers is killed', 'SIGKILL', 3_000),
  workerFault('18 hang', 'one of two media workers hangs (SIGSTOP)', 'SIGSTOP', 15_000),
];
