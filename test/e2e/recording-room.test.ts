import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { GatewayProcess } from '../support/gateway.ts';
import { waitFor } from '../support/wait.ts';

const TIMEOUT_MS = 120_000;

let browser: Browser;
let page: Page;
let gateway: GatewayProcess;
const complaints: string[] = [];

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

beforeEach(async () => {
  gateway = await GatewayProcess.start({ settings: { demo: true, apps: { live: { record: true } } } });
  page = await browser.newPage();
  complaints.length = 0;
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (/Content Security Policy|Refused to/i.test(message.text())) complaints.push(message.text());
  });
}, TIMEOUT_MS);

afterEach(async () => {
  await page.close();
  await gateway.close();
  expect(complaints).toEqual([]);
});

async function untilRecorded(forMs: number): Promise<{ start: number; end: number }> {
  return waitFor(
    'something to be recorded',
    async () => {
      const response = await fetch(`${gateway.url}/api/v1/streams/live/demo/timeline`);
      // While the disk is being opened there is none.
      const { ranges } = (await response.json()) as { ranges?: { start: number; end: number }[] };
      return ranges?.find(({ start, end }) => end - start >= forMs);
    },
    60_000,
  );
}

/** What a date field takes, in the time zone of browser and test alike. */
function localIso(timeMs: number): string {
  const date = new Date(timeMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

test(
  'a recorded camera is looked back at, and a piece of it is taken along as MP4',
  async () => {
    const { start } = await untilRecorded(10_000);
    await page.goto(`${gateway.url}/#/live/demo`);
    const room = page.getByRole('region', { name: 'Recording', exact: true });
    await room.getByText(/kept since/).waitFor();
    await page.getByText('Camera report').click();
    await page.getByText(/fps measured/).waitFor();
    await page.getByRole('list', { name: 'Advice' }).getByRole('listitem').first().waitFor();
    expect(await room.getByRole('switch', { name: 'Recording' }).isChecked()).toBe(true);
    // The next whole second, as the field has no finer ones.
    const fromMs = Math.ceil(start / 1000) * 1000 + 1_000;
    await room.getByLabel('Date and time').fill(localIso(fromMs));
    await page.keyboard.press('Enter');
    await waitFor('the recording to play', async () =>
      page.evaluate<boolean>(`(() => {
        const { state, time } = document.querySelector('sluice-player');
        return state === 'playing' && time >= ${fromMs - 50} && time < ${fromMs + 8_000};
      })()`),
    );
    await room.getByText('Export a piece as MP4').click();
    await room.getByLabel('From').fill(localIso(fromMs));
    await room.getByLabel('To', { exact: true }).fill(localIso(fromMs + 5_000));
    await room.getByText('5 s', { exact: true }).waitFor();
    await room.getByRole('button', { name: 'Export MP4' }).click();
    const link = room.getByRole('list', { name: 'Exports' }).getByRole('link', { name: /^Download / });
    await link.waitFor({ timeout: 60_000 });
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    const file = await readFile(await download.path());
    expect(file.toString('latin1', 4, 8)).toBe('ftyp');
    expect(download.suggestedFilename()).toMatch(/\.mp4$/);
    await room.getByRole('button', { name: /^Remove / }).click();
    await link.waitFor({ state: 'detached' });
  },
  TIMEOUT_MS,
);

test(
  'a camera added by form is recorded from the start, and its recording is switched off and on',
  async () => {
    await page.goto(gateway.url);
    await page.getByRole('button', { name: 'Add camera' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name', { exact: true }).fill('back-yard');
    await dialog.getByLabel('Address').fill('rtsp://192.0.2.7/video');
    await dialog.getByLabel('Record').check();
    await dialog.getByRole('button', { name: 'Add camera' }).click();
    await dialog.waitFor({ state: 'detached' });
    const state = async (): Promise<string> => {
      const response = await fetch(`${gateway.url}/api/v1/streams/live/back-yard`);
      const { recorder } = (await response.json()) as { recorder: { state: string } };
      return recorder.state;
    };
    await waitFor('the recorder to wait for the camera', async () => (await state()) === 'waiting');
    await page.getByRole('button', { name: 'Enlarge live/back-yard' }).click();
    await page.getByRole('switch', { checked: true }).click();
    await page.getByRole('switch', { name: 'Not recording', checked: false }).waitFor();
    expect(await state()).toBe('off');
    await page.getByRole('switch').click();
    await page.getByRole('switch', { checked: true }).waitFor();
    await waitFor('the recorder to wait again', async () => (await state()) === 'waiting');
  },
  TIMEOUT_MS,
);
