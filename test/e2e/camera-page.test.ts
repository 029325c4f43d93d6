import { readFile } from 'node:fs/promises';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { CameraEvent } from '../../shared/events.ts';
import { expectAccessibleInBothThemes } from '../support/axe.ts';
import { CameraSim, testVideo } from '../support/camera-sim/index.ts';
import { launchChromium } from '../support/chromium.ts';
import { complaintsOf } from '../support/complaints.ts';
import { GatewayProcess } from '../support/gateway.ts';
import { type OnvifSim, startOnvifSim } from '../support/onvif-sim/index.ts';
import { anewForAnotherTry } from '../support/tried-again.ts';
import { waitFor } from '../support/wait.ts';

/** One camera's page, live and in the past: a demo camera that is recorded, and an ONVIF camera with motors. */

const TIMEOUT_MS = 120_000;
/** What was recorded, in pixels from the top of the drawn time line. */
const BAND_Y = 52;

let browser: Browser;
let gateway: GatewayProcess;
let camera: CameraSim;
let sim: OnvifSim;
let context: BrowserContext;
let page: Page;
let slider: Locator;
let recorded: { start: number; end: number };
let complaints: string[];

const open = async () => {
  // The gateway first, as what it records meanwhile need not be waited for.
  gateway = await GatewayProcess.start({
    settings: { demo: true, apps: { live: { record: true } }, sources: { allowLoopback: true } },
  });
  const video = testVideo({ width: 640, height: 360, frames: 500, keyFrameEvery: 25 });
  [browser, camera] = await Promise.all([
    launchChromium(),
    video.then((made) => CameraSim.start({ video: made })),
  ]);
  sim = await startOnvifSim({ main: camera.url(), sub: camera.url() });
  await ask('POST', '/streams', {
    name: 'door',
    source: { url: sim.url, username: 'admin', password: 'secret' },
    onDemand: true,
    record: false,
  });
  recorded = await untilRecorded(8_000);
};
const close = async () => {
  await Promise.all([browser?.close(), gateway?.close()]);
  await Promise.all([camera?.close(), sim?.close()]);
};
beforeAll(open, TIMEOUT_MS);
afterAll(close);
anewForAnotherTry(close, open, TIMEOUT_MS);

beforeEach(async () => {
  context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en' });
  page = await context.newPage();
  complaints = complaintsOf(page);
  slider = page.getByRole('slider', { name: 'Recorded time' });
});
afterEach(async () => {
  await context?.close();
  expect(complaints).toEqual([]);
});

function ask(method: string, path: string, body?: object): Promise<Response> {
  return fetch(`${gateway.url}/api/v1${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
}

function untilRecorded(forMs: number): Promise<{ start: number; end: number }> {
  return waitFor(
    'something to be recorded',
    async () => {
      const response = await ask('GET', '/streams/live/demo/timeline');
      // While the disk is being opened there is none.
      const { ranges } = (await response.json()) as { ranges?: { start: number; end: number }[] };
      return ranges?.find(({ start, end }) => end - start >= forMs);
    },
    60_000,
  );
}

interface Look {
  readonly state: string;
  readonly startTime: string;
  readonly timeMs: number;
  readonly speed: number;
  readonly paused: boolean;
}

function look(): Promise<Look> {
  // Until the page is drawn there is no player.
  return page.evaluate<Look>(`(() => {
    const { state, startTime, time, speed, paused } = document.querySelector('sluice-player') ?? {};
    return { state, startTime, timeMs: time ?? 0, speed, paused };
  })()`);
}

const untilPlayingSince = (fromMs: number) =>
  waitFor('the recording to play', async () => {
    const { state, startTime, timeMs } = await look();
    return state === 'playing' && startTime !== '' && timeMs >= fromMs - 100;
  });

const untilLive = () =>
  waitFor(
    'live to play',
    async () => {
      const { state, startTime } = await look();
      return state === 'playing' && startTime === '';
    },
    30_000,
  );

/** Where a time is on the time line. */
async function placeOf(timeMs: number): Promise<{ x: number; y: number }> {
  const [min, max] = await Promise.all(['min', 'max'].map((end) => slider.getAttribute(`aria-value${end}`)));
  const [fromMs, toMs] = [Number(min) * 1000, Number(max) * 1000];
  const box = await slider.boundingBox();
  if (box === null) throw new Error('there is no time line');
  return { x: box.x + ((timeMs - fromMs) / (toMs - fromMs)) * box.width, y: box.y + BAND_Y };
}

/** What a date field takes, in the time zone of browser and test alike. */
function localIso(timeMs: number): string {
  const date = new Date(timeMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

test(
  'the past is dragged to, with pictures on the way, sped up, stepped through, and left by one press',
  async () => {
    await page.goto(`${gateway.url}/#/camera/live/demo`);
    // The player has hidden controls of its own.
    const time = page.getByRole('region', { name: 'Recording', exact: true });
    await untilLive();
    await page.getByRole('button', { name: '10 min', exact: true }).click();
    // A view that follows now stands still only to the eye of a person.
    await waitFor('ten minutes to be shown', async () => {
      const [min, max] = await Promise.all(
        ['min', 'max'].map((end) => slider.getAttribute(`aria-value${end}`)),
      );
      return Math.abs(Number(max) - Number(min) - 600) <= 2;
    });
    const from = await placeOf(Date.now());
    const to = await placeOf(recorded.start + 4_000);
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move(to.x, to.y, { steps: 5 });
    // The very picture of that time, although it is still live underneath.
    await page.locator('.camera-preview[data-kind="exact"]').waitFor();
    expect((await look()).startTime).toBe('');
    await page.mouse.up();
    await untilPlayingSince(recorded.start);
    await page.locator('.camera-preview').waitFor({ state: 'detached' });
    // It soon has caught up, and goes on at the pace of what is recorded.
    await page.evaluate(`{
      const player = document.querySelector('sluice-player');
      const watch = () => {
        globalThis.wasFast ||= player.speed === 8 && player.state === 'playing';
        requestAnimationFrame(watch);
      };
      watch();
    }`);
    await time.getByLabel('Speed').selectOption('8');
    await waitFor('key frames to play fast', () => page.evaluate<boolean>('globalThis.wasFast'));
    await time.getByLabel('Speed').selectOption('1');
    await time.getByRole('button', { name: 'One picture forward' }).click();
    await waitFor('it to stand still', async () => (await look()).paused);
    // Steps go one after the other: when this one is done, that of the button is.
    await page.evaluate(`document.querySelector('sluice-player').step(1)`);
    const before = (await look()).timeMs;
    await time.getByRole('button', { name: 'One picture back' }).click();
    await waitFor('the picture before', async () => (await look()).timeMs < before);
    const [picture] = await Promise.all([
      page.waitForEvent('download'),
      time.getByRole('button', { name: 'Save the picture' }).click(),
    ]);
    expect(picture.suggestedFilename()).toMatch(/demo.*\.jpe?g$/);
    await time.getByRole('button', { name: 'Live', exact: true }).click();
    await untilLive();
    expect(await slider.getAttribute('aria-valuetext')).toBe('Live');
  },
  TIMEOUT_MS,
);

test(
  'a piece of a recorded camera is taken along as MP4, and locked',
  async () => {
    // The next whole second, as the field has no finer ones.
    const fromMs = Math.ceil(recorded.start / 1000) * 1000 + 1_000;
    await page.goto(`${gateway.url}/#/camera/live/demo?t=${fromMs}`);
    await untilPlayingSince(fromMs);
    await page.getByText(/kept since/).waitFor();
    expect(await page.getByRole('switch', { name: 'Recording' }).isChecked()).toBe(true);
    await page.getByRole('tab', { name: 'Details' }).click();
    await page.getByText(/fps measured/).waitFor();
    await page.getByRole('list', { name: 'Advice' }).getByRole('listitem').first().waitFor();
    await page.getByRole('tab', { name: 'Export' }).click();
    const panel = page.getByRole('region', { name: 'Export' });
    await panel.getByLabel('From').fill(localIso(fromMs));
    await panel.getByLabel('To', { exact: true }).fill(localIso(fromMs + 5_000));
    await panel.getByText('5 s', { exact: true }).waitFor();
    await panel.getByRole('button', { name: 'Export MP4' }).click();
    const link = panel.getByRole('list', { name: 'Exports' }).getByRole('link', { name: /^Download / });
    await link.waitFor({ timeout: 60_000 });
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    const file = await readFile(await download.path());
    expect(file.toString('latin1', 4, 8)).toBe('ftyp');
    expect(download.suggestedFilename()).toMatch(/\.mp4$/);
    await panel.getByRole('button', { name: /^Remove / }).click();
    await link.waitFor({ state: 'detached' });
    await panel.getByLabel('From').fill(localIso(fromMs));
    await panel.getByLabel('To', { exact: true }).fill(localIso(fromMs + 3_000));
    await panel.getByLabel('Why (optional)').fill('the gate');
    await panel.getByRole('button', { name: 'Lock', exact: true }).click();
    const locks = panel.getByRole('list', { name: 'Locked times' });
    await locks.getByText(/3 s: the gate/).waitFor();
    const { locks: kept } = (await (await ask('GET', '/streams/live/demo/locks')).json()) as {
      locks: { start: number; end: number; label?: string }[];
    };
    expect(kept).toMatchObject([{ start: fromMs, end: fromMs + 3_000, label: 'the gate' }]);
    await expectAccessibleInBothThemes(page, 'exports of a camera');
    await locks.getByRole('button', { name: /^Unlock/ }).click();
    await locks.waitFor({ state: 'detached' });
  },
  TIMEOUT_MS,
);

test(
  'what happens is told at once, stands on the time line, and is gone to by a click',
  async () => {
    await page.goto(`${gateway.url}/#/camera/live/demo`);
    await untilLive();
    const list = page.getByRole('region', { name: 'Events' });
    await list.getByText('Nothing happened in the shown time.').waitFor();
    const start = recorded.start + 5_000;
    const added = await ask('POST', '/streams/live/demo/events', {
      ...{ kind: 'motion', label: 'driveway' },
      ...{ start, end: start + 1_500 },
    });
    const { id } = (await added.json()) as CameraEvent;
    const mark = list.getByRole('button', { name: /motion: driveway/i });
    await mark.waitFor();
    await page.getByRole('button', { name: '1 min', exact: true }).click();
    await expectAccessibleInBothThemes(page, 'a camera that is live');
    // From somewhat earlier on, to see what led to it.
    await page.getByRole('button', { name: '10 min', exact: true }).click();
    await mark.click();
    await untilPlayingSince(start - 3_000);
    await page.getByRole('button', { name: '1 min', exact: true }).click();
    const at = await placeOf(start + 700);
    await page.mouse.move(at.x, at.y);
    await page
      .locator('.timeline-pointed')
      .getByText(/motion: driveway/)
      .waitFor();
    await ask('DELETE', `/streams/live/demo/events/${id}`);
    await mark.waitFor({ state: 'detached' });
  },
  TIMEOUT_MS,
);

test(
  'recording is switched off and on, and stays set as it was',
  async () => {
    const state = async (): Promise<string> => {
      const { recorder } = (await (await ask('GET', '/streams/live/back-yard')).json()) as {
        recorder: { state: string };
      };
      return recorder.state;
    };
    await ask('POST', '/streams', {
      name: 'back-yard',
      source: { url: 'rtsp://192.0.2.7/video' },
      record: { keepDays: 3 },
    });
    await waitFor('the recorder to wait for the camera', async () => (await state()) === 'waiting');
    await page.goto(`${gateway.url}/#/camera/live/back-yard`);
    await page.getByRole('switch', { checked: true }).click();
    await page.getByRole('switch', { name: 'Not recording', checked: false }).waitFor();
    expect(await state()).toBe('off');
    await page.getByRole('switch').click();
    await page.getByRole('switch', { checked: true }).waitFor();
    await waitFor('the recorder to wait again', async () => (await state()) === 'waiting');
    const { record } = (await (await ask('GET', '/streams/live/back-yard')).json()) as { record: unknown };
    expect(record).toEqual({ keepDays: 3 });
    await page.getByRole('button', { name: /^More about/ }).click();
    await page.getByRole('menuitem', { name: 'Remove' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await waitFor('the wall', async () => new URL(page.url()).hash === '#/');
  },
  TIMEOUT_MS,
);

test(
  'a camera with motors is steered: held, stopped when let go, to positions, home, and by a click into the picture',
  async () => {
    await page.goto(`${gateway.url}/#/camera/live/door`);
    const pad = page.getByRole('region', { name: 'Steer the camera' });
    await pad.waitFor({ timeout: 30_000 });
    await untilLive();
    const stick = pad.getByRole('button', { name: /^Move the camera/ });
    const box = await stick.boundingBox();
    if (box === null) throw new Error('there is no stick');
    const moves = () => sim.ptz.log.filter(({ command }) => command.do === 'continuous').length;
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 8, box.y + box.height / 2, { steps: 3 });
    await waitFor('the camera to turn', async () => sim.ptz.isMoving);
    // All the way to the right, however busy the camera was with where the stick was before.
    await waitFor('full speed', async () => sim.ptz.last('continuous')?.velocity.pan === 1);
    const asked = moves();
    // It is asked for again and again, else it would be stopped.
    await waitFor('the move to be asked for anew', async () => moves() > asked);
    expect(sim.ptz.isMoving).toBe(true);
    await page.mouse.up();
    await waitFor('the camera to stand still', async () => !sim.ptz.isMoving);
    await stick.focus();
    await page.keyboard.down('ArrowUp');
    await waitFor('the camera to look up', async () => sim.ptz.isMoving);
    await page.keyboard.up('ArrowUp');
    await waitFor('the camera to stand still again', async () => !sim.ptz.isMoving);
    await pad.getByLabel('Name of this position').fill('Gate view');
    await pad.getByRole('button', { name: 'Keep', exact: true }).click();
    const preset = pad.getByRole('button', { name: 'Go to Gate view' });
    await preset.waitFor();
    await pad.getByRole('button', { name: 'Home position' }).click();
    await waitFor('home', async () => sim.ptz.log.some(({ command }) => command.do === 'home'));
    await preset.click();
    await waitFor('the position', async () => sim.ptz.log.some(({ command }) => command.do === 'preset'));
    await pad.getByRole('button', { name: /Click into the picture/ }).click();
    const layer = page.getByRole('button', { name: /that place comes into its middle/ });
    const picture = await layer.boundingBox();
    if (picture === null) throw new Error('there is no picture to click into');
    await page.mouse.click(picture.x + picture.width * 0.7, picture.y + picture.height * 0.3);
    await waitFor('the click to be centred', async () =>
      sim.ptz.log.some(({ command }) => command.do === 'fov' || command.do === 'relative'),
    );
    await expectAccessibleInBothThemes(page, 'a camera with motors');
    await pad.getByRole('button', { name: 'Forget Gate view' }).click();
    await preset.waitFor({ state: 'detached' });
    sim.cues.motion(true);
    await page.getByRole('tab', { name: 'Events' }).click();
    await page.getByRole('region', { name: 'Events' }).getByText('goes on').first().waitFor();
    sim.cues.motion(false);
  },
  TIMEOUT_MS,
);

test(
  'on a phone and in German all of it is within reach',
  async () => {
    const phone = await browser.newContext({
      ...{ viewport: { width: 390, height: 844 }, locale: 'de-DE', hasTouch: true, isMobile: true },
    });
    try {
      page = await phone.newPage();
      complaints = complaintsOf(page);
      await page.goto(`${gateway.url}/#/camera/live/demo`);
      slider = page.getByRole('slider', { name: 'Aufgenommene Zeit' });
      await slider.waitFor();
      await untilLive();
      await page.getByRole('button', { name: '10 min', exact: true }).click();
      await page.getByRole('button', { name: '10 Sekunden zurück' }).click();
      await waitFor('the past', async () => (await look()).startTime !== '');
      await page.getByRole('button', { name: 'Live', exact: true }).click();
      await untilLive();
      // Whatever is too wide makes a phone show more than its own width.
      expect(await page.evaluate('[document.documentElement.scrollWidth, innerWidth]')).toEqual([390, 390]);
      await page.getByRole('tab', { name: 'Einzelheiten' }).click();
      await page
        .getByRole('region', { name: 'Kamerabericht' })
        .getByText(/gemessen/)
        .waitFor();
      await expectAccessibleInBothThemes(page, 'a camera on a phone');
    } finally {
      await phone.close();
    }
  },
  TIMEOUT_MS,
);
