import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { GAP, HlsSite } from '../support/hls-site.ts';
import { waitFor } from '../support/wait.ts';

const TIMEOUT_MS = 60_000;
/** Of the drawn time line, in pixels from its top: what was recorded, and the small pictures. */
const BAND_Y = 52;
const FILM_Y = 95;

let browser: Browser;
let site: HlsSite;
let page: Page;
let slider: Locator;
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
  // As an address of before.
  await page.goto(`${site.url}/#/live/cam`);
  await page.getByRole('region', { name: 'Recording' }).waitFor();
  slider = page.getByRole('slider', { name: 'Recorded time' });
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
    const { state, startTime, time } = document.querySelector('sluice-player') ?? {};
    return { state, startTime, timeMs: time };
  })()`);
}

/** Plays what was recorded, from a time within these on: on a busy machine it may be far beyond when it is looked at. */
async function untilPlaying(fromMs: number, toMs: number): Promise<void> {
  await waitFor('the recording to play', async () => {
    const { state, startTime, timeMs = 0 } = await look();
    const askedMs = Number(/[?&]t=(\d+)/.exec(page.url())?.[1]);
    return (
      state === 'playing' &&
      startTime !== '' &&
      askedMs >= fromMs &&
      askedMs < toMs &&
      timeMs >= askedMs - 100
    );
  });
}

async function untilLive(): Promise<void> {
  await waitFor('live', async () => (await look()).startTime === '');
}

interface View {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What the time line shows, to the second. */
async function view(): Promise<View> {
  const [min, max] = await Promise.all(['min', 'max'].map((end) => slider.getAttribute(`aria-value${end}`)));
  return { fromMs: Number(min) * 1000, toMs: Number(max) * 1000 };
}

/** Where a time is on the screen, in that row. */
async function placeOf(timeMs: number, row: number): Promise<{ x: number; y: number }> {
  const box = await slider.boundingBox();
  if (box === null) throw new Error('there is no time line');
  const { fromMs, toMs } = await view();
  return { x: box.x + ((timeMs - fromMs) / (toMs - fromMs)) * box.width, y: box.y + row };
}

async function showTenMinutes(): Promise<void> {
  await page.getByRole('button', { name: '10 min', exact: true }).click();
  await waitFor('ten minutes to be shown', async () => {
    const { fromMs, toMs } = await view();
    return Math.abs(toMs - fromMs - 600_000) <= 2_000;
  });
}

test(
  'the time line shows what was recorded, tells why not, and plays from where it is clicked',
  async () => {
    await showTenMinutes();
    const gap = page.getByRole('button', {
      name: /^Not recorded .*\(20 s\): the camera could not be reached/,
    });
    await gap.waitFor();
    const inGap = await placeOf(site.beganMs + (GAP.fromMs + GAP.toMs) / 2, BAND_Y);
    await page.mouse.move(inGap.x, inGap.y);
    await page
      .locator('.timeline-pointed')
      .getByText(/the camera could not be reached/)
      .waitFor();
    const before = await placeOf(site.beganMs + GAP.fromMs / 2, BAND_Y);
    await page.mouse.click(before.x, before.y);
    await untilPlaying(site.beganMs, site.beganMs + GAP.fromMs);
    await gap.click();
    await untilPlaying(site.beganMs + GAP.toMs - 40, site.beganMs + GAP.toMs + 10_000);
    await page.getByRole('button', { name: 'Live', exact: true }).click();
    await untilLive();
  },
  TIMEOUT_MS,
);

test(
  'what was recorded is dragged to, and the view is moved and zoomed by wheel, hand and buttons',
  async () => {
    await showTenMinutes();
    const from = await placeOf(site.beganMs + 70_000, BAND_Y);
    const to = await placeOf(site.beganMs + 10_000, BAND_Y);
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move(to.x, to.y, { steps: 4 });
    // It is still live, and already said where it would lead to.
    expect((await look()).startTime).toBe('');
    expect(await slider.getAttribute('aria-valuetext')).toMatch(/, recorded$/);
    await page.mouse.up();
    await untilPlaying(site.beganMs + 2_000, site.beganMs + GAP.fromMs);
    const before = await view();
    const film = await placeOf(site.beganMs + 10_000, FILM_Y);
    await page.mouse.move(film.x, film.y);
    await page.mouse.down();
    await page.mouse.move(film.x + 100, film.y, { steps: 4 });
    await page.mouse.up();
    const moved = await view();
    expect(moved.toMs).toBeLessThan(before.toMs - 20_000);
    expect(Math.abs(moved.toMs - moved.fromMs - 600_000)).toBeLessThanOrEqual(2_000);
    await page.mouse.wheel(0, -400);
    await waitFor('less time to be shown', async () => {
      const { fromMs, toMs } = await view();
      return toMs - fromMs < 400_000;
    });
    await page.getByRole('button', { name: 'Show more time' }).click();
    await page.getByRole('button', { name: '1 min', exact: true }).click();
    await waitFor('a minute to be shown, with the picture in it', async () => {
      const { fromMs, toMs } = await view();
      const { timeMs = 0 } = await look();
      return toMs - fromMs <= 62_000 && timeMs >= fromMs - 1000 && timeMs <= toMs + 1000;
    });
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
    expect(page.url()).toContain(`t=${site.beganMs + 5_000}`);
    await slider.focus();
    await page.keyboard.press('ArrowLeft');
    // Before all that was recorded: it begins there.
    await untilPlaying(site.beganMs - 10_000, site.beganMs + 5_000);
    await page.keyboard.press('Shift+ArrowRight');
    await untilPlaying(site.beganMs + 50_000, site.beganMs + 110_000);
    await page.keyboard.press('l');
    await untilLive();
    expect(page.url()).not.toContain('t=');
    // A day is chosen by its month.
    const choose = page.getByRole('button', { name: 'Choose a day' });
    await choose.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Choose a day' }).locator('.recorded').first().waitFor();
    // A second Escape, the moment the month is gone, is for the page.
    await page.evaluate(`new MutationObserver((_, observer) => {
      if (document.querySelector('[role="dialog"]') !== null) return;
      observer.disconnect();
      window.focused = document.activeElement?.getAttribute('aria-label');
      document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true }));
    }).observe(document.querySelector('.day-picker'), { childList: true })`);
    await page.keyboard.press('Escape');
    await waitFor('the wall', async () => /#\/$/.test(page.url()));
    expect(await page.evaluate('window.focused')).toBe('Choose a day');
  },
  TIMEOUT_MS,
);

test(
  'a marked piece is exported, with progress, to be downloaded and removed',
  async () => {
    await page.getByRole('tab', { name: 'Export' }).click();
    const panel = page.getByRole('region', { name: 'Export' });
    const start = panel.getByRole('button', { name: 'Export MP4' });
    expect(await start.isDisabled()).toBe(true);
    await panel.getByRole('button', { name: 'Mark start here' }).click();
    const from = await panel.getByLabel('From').inputValue();
    await panel.getByLabel('To', { exact: true }).fill(from);
    await panel.getByText('The end has to be later than the start.').waitFor();
    await page.evaluate(`document.querySelector('sluice-player').seek(${site.beganMs + 1_000})`);
    await waitFor('the recording to play', async () => {
      const { state, startTime, timeMs = 0 } = await look();
      return state === 'playing' && startTime !== '' && timeMs >= site.beganMs;
    });
    await panel.getByRole('button', { name: 'Mark start here' }).click();
    const marks = () =>
      Promise.all(['From', 'To'].map((name) => panel.getByLabel(name, { exact: true }).inputValue()));
    const marked = await marks();
    await start.click();
    const list = panel.getByRole('list', { name: 'Exports' });
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
    // The piece is still marked, to be exported otherwise or locked, until somebody clears it.
    expect(await marks()).toEqual(marked);
    await panel.getByRole('button', { name: 'Clear' }).click();
    await waitFor('nothing to be marked', async () => (await marks()).join('') === '');
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
