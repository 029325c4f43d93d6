import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { openEmbed } from '../support/embed-page.ts';
import { GatewayProcess } from '../support/gateway.ts';
import { waitFor } from '../support/wait.ts';

const TIMEOUT_MS = 120_000;

let browser: Browser;
let gateway: GatewayProcess;
let page: Page;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(() => browser.close());

beforeEach(async () => {
  gateway = await GatewayProcess.start();
  page = await browser.newPage();
  await openEmbed(page, gateway.url);
  // Every state the player goes through, to be looked at afterwards.
  await page.evaluate(`{
    globalThis.states = [];
    const player = document.querySelector('sluice-player');
    player.addEventListener('statechange', (event) => states.push(event.detail.state));
  }`);
  await expectAdvance();
}, TIMEOUT_MS);

afterEach(async () => {
  await page.close();
  await gateway.close();
});

interface Progress {
  readonly state: string;
  readonly timeS: number;
}

function progress(): Promise<Progress> {
  return page.evaluate<Progress>(`(() => {
    const player = document.querySelector('sluice-player');
    return { state: player.state, timeS: player.video.currentTime };
  })()`);
}

async function expectAdvance(timeoutMs = 40_000): Promise<void> {
  const playing = async () => {
    const now = await progress();
    return now.state === 'playing' ? now : undefined;
  };
  const before = await waitFor('the player to play', playing, timeoutMs);
  await waitFor('the picture to move', async () => {
    const now = await playing();
    return now !== undefined && now.timeS > before.timeS + 0.5;
  });
}

const states = () => page.evaluate<string[]>('globalThis.states');

/** The gateway may have replaced a process that did nothing. */
function resume(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** The id of a process that the gateway said it started. */
function pidOf(pattern: RegExp): number {
  const pid = Number(pattern.exec(gateway.output)?.[1]);
  if (!Number.isInteger(pid)) throw new Error(`the gateway named no such process:\n${gateway.output}`);
  return pid;
}

test(
  'a media worker that dies costs a moment, not the player',
  async () => {
    const seen = (await states()).length;
    process.kill(pidOf(/"pid":(\d+),"port":\d+,"msg":"media worker runs"/), 'SIGKILL');
    await waitFor('the player to notice', async () => (await states()).length > seen);
    await expectAdvance();
    expect((await states()).slice(seen)).not.toContain('failed');
  },
  TIMEOUT_MS,
);

test(
  'a camera that falls silent and speaks again is waited for, and plays on',
  async () => {
    const seen = (await states()).length;
    const camera = pidOf(/"process":"demo camera","pid":(\d+)/);
    process.kill(camera, 'SIGSTOP');
    try {
      const wait = async () => (await states()).slice(seen).includes('waiting');
      await waitFor('the player to wait', wait, 30_000);
    } finally {
      resume(camera);
    }
    await expectAdvance();
  },
  TIMEOUT_MS,
);

test(
  'a gateway that hangs for a while does not leave a frozen picture behind',
  async () => {
    const { pid } = gateway;
    if (pid === undefined) throw new Error('the gateway does not run');
    const seen = (await states()).length;
    process.kill(pid, 'SIGSTOP');
    try {
      await waitFor('the watchdog to bark', async () => (await states()).length > seen, 20_000);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await expectAdvance();
  },
  TIMEOUT_MS,
);
