import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { GAP, HlsSite } from '../support/hls-site.ts';
import { waitFor } from '../support/wait.ts';

const TIMEOUT_MS = 60_000;

let browser: Browser;
let site: HlsSite;
let page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

beforeEach(async () => {
  site = await HlsSite.start();
  page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  complaints.length = 0;
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(`${site.url}/#/live/cam`);
  await page.getByRole('region', { name: 'Recording' }).waitFor();
});
afterEach(async () => {
  await page.close();
  await site.close();
  expect(complaints).toEqual([]);
});

interface Look {
  readonly state: string;
  readonly startTime: string;
  readonly timeMs: number | undefined;
}

function look(): Promise<Look> {
  return page.evaluate<Look>(`(() => {
    const { state, startTime, time } = document.querySelector('sluice-player');
    return { state, startTime, timeMs: time };
  })()`);
}

/** Plays what was recorded, within that time. */
async function untilPlaying(fromMs: number, toMs: number): Promise<void> {
  await waitFor('the recording to play', async () => {
    const { state, startTime, timeMs = 0 } = await look();
    return state === 'playing' && startTime !== '' && timeMs >= fromMs && timeMs < toMs;
  });
}

test(
  'the time line shows what was recorded, tells why not, and plays from where it is clicked',
  async () => {
    await page.getByRole('button', { name: '10 min', exact: true }).click();
    const gap = page.getByRole('button', {
      name: /^Not recorded .*\(20 s\): the camera could not be reached/,
    });
    await gap.focus();
    await page
      .getByRole('status')
      .getByText(/the camera could not be reached/)
      .waitFor();
    const box = await gap.boundingBox();
    const bar = await page.getByRole('slider', { name: 'Recorded time' }).boundingBox();
    if (box === null || bar === null) throw new Error('nothing is drawn');
    // Just before the gap.
    await page.mouse.click(box.x - box.width / 2, bar.y + bar.height / 2);
    await untilPlaying(site.beganMs, site.beganMs + GAP.fromMs);
    await gap.click();
    await untilPlaying(site.beganMs + GAP.toMs - 40, site.beganMs + GAP.toMs + 10_000);
    await page.getByRole('button', { name: 'Live', exact: true }).click();
    await waitFor('live', async () => (await look()).startTime === '');
  },
  TIMEOUT_MS,
);

test(
  'the keyboard alone goes to a time, back and forth, and to live again',
  async () => {
    const wanted = new Date(site.beganMs + 5_000);
    const two = (value: number) => String(value).padStart(2, '0');
    const clock = `${two(wanted.getHours())}:${two(wanted.getMinutes())}:${two(wanted.getSeconds())}`;
    const day = `${wanted.getFullYear()}-${two(wanted.getMonth() + 1)}-${two(wanted.getDate())}`;
    await page.getByLabel('Date and time').fill(`${day}T${clock}`);
    await page.keyboard.press('Enter');
    await untilPlaying(site.beganMs + 4_960, site.beganMs + GAP.fromMs);
    const bar = page.getByRole('slider', { name: 'Recorded time' });
    await bar.focus();
    await page.keyboard.press('ArrowLeft');
    await untilPlaying(site.beganMs - 40, site.beganMs + 5_000);
    await page.keyboard.press('Shift+ArrowRight');
    await untilPlaying(site.beganMs + 55_000, site.beganMs + 70_000);
  },
  TIMEOUT_MS,
);

test(
  'a marked piece is exported, with progress, to be downloaded and removed',
  async () => {
    await page.getByText('Export a piece as MP4').click();
    const start = page.getByRole('button', { name: 'Export MP4' });
    expect(await start.isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Mark start here' }).click();
    const from = await page.getByLabel('From').inputValue();
    await page.getByLabel('To', { exact: true }).fill(from);
    await page.getByText('The end has to be later than the start.').waitFor();
    await page.evaluate(`document.querySelector('sluice-player').seek(${site.beganMs + 1_000})`);
    await untilPlaying(site.beganMs, site.beganMs + GAP.fromMs);
    await page.getByRole('button', { name: 'Mark start here' }).click();
    await start.click();
    const list = page.getByRole('list', { name: 'Exports' });
    await list.getByRole('progressbar').waitFor();
    const download = list.getByRole('link', { name: 'Download live_cam_job-1.mp4' });
    await download.waitFor();
    await list.getByText(/11 MB/).waitFor();
    const [file] = await Promise.all([page.waitForEvent('download'), download.click()]);
    expect(file.suggestedFilename()).toBe('live_cam_job-1.mp4');
    expect(site.jobs[0]?.start).toBeGreaterThanOrEqual(site.beganMs);
    await list.getByRole('button', { name: 'Remove live_cam_job-1.mp4' }).click();
    await download.waitFor({ state: 'detached' });
    expect(site.jobs).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'recording is switched off and on, and the page says how it stands',
  async () => {
    const button = page.getByRole('switch', { name: 'Recording' });
    await button.waitFor();
    await page.getByText(/3\.2 GB kept since .* room for about 12 days/).waitFor();
    await button.click();
    await page.getByRole('switch', { name: 'Not recording', checked: false }).click();
    await page.getByRole('switch', { name: 'Recording', checked: true }).waitFor();
    expect(site.recorded).toBe(true);
  },
  TIMEOUT_MS,
);
