import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { StreamStatus } from '../../shared/stream.ts';
import type { Setting, SystemStatus, Viewer } from '../../shared/system.ts';
import { expectAccessibleInBothThemes } from '../support/axe.ts';
import { CameraSim, testVideo } from '../support/camera-sim/index.ts';
import { launchChromium } from '../support/chromium.ts';
import { complaintsOf } from '../support/complaints.ts';
import { GatewayProcess } from '../support/gateway.ts';
import { type OnvifSim, startOnvifSim } from '../support/onvif-sim/index.ts';
import { SecretWatch, spellingsOf } from '../support/secret-watch.ts';
import { anewForAnotherTry } from '../support/tried-again.ts';
import { waitFor } from '../support/wait.ts';

/** Cameras are added on the page, and the gateway is looked after there. */

const TIMEOUT_MS = 120_000;
const PASSWORD = 'canary-p4ssword';
/** Where nothing else is that answers to discovery. */
const SIM_HOST = '127.0.71.7';

let main: CameraSim;
let sub: CameraSim;
let sim: OnvifSim;
let gateway: GatewayProcess;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let complaints: string[];
let watch: SecretWatch;

const open = async () => {
  const video = (width: number) => testVideo({ width, height: 240, frames: 100, keyFrameEvery: 25 });
  const logIn = {
    host: SIM_HOST,
    auth: { scheme: 'digest', username: 'admin', password: PASSWORD },
  } as const;
  [main, sub] = await Promise.all([
    CameraSim.start({ ...logIn, video: await video(640) }),
    CameraSim.start({ ...logIn, video: await video(320) }),
  ]);
  sim = await startOnvifSim({
    main: main.url(),
    sub: sub.url(),
    host: SIM_HOST,
    auth: { username: 'admin', password: PASSWORD },
    name: 'Front Door',
    discovery: true,
  });
  gateway = await GatewayProcess.start({ settings: { demo: false, sources: { allowLoopback: true } } });
};
const close = async () => {
  await gateway?.close();
  await Promise.all([main, sub, sim].map((one) => one?.close()));
};
beforeAll(async () => {
  [browser] = await Promise.all([launchChromium(), open()]);
}, 60_000);
afterAll(async () => {
  await Promise.all([close(), browser?.close()]);
});
anewForAnotherTry(close, open, 60_000);

beforeEach(async () => {
  context = await browser.newContext({ locale: 'en', permissions: ['clipboard-read', 'clipboard-write'] });
  page = await context.newPage();
  complaints = complaintsOf(page);
  watch = new SecretWatch(page, PASSWORD);
});
afterEach(async () => {
  expect(complaints).toEqual([]);
  await watch.end();
  expect([...watch.found]).toEqual([]);
  await context.close();
});

async function get<T>(path: string): Promise<T> {
  const response = await fetch(`${gateway.url}/api/v1${path}`);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}
async function send(method: 'POST' | 'PATCH', path: string, body: object): Promise<void> {
  const response = await fetch(`${gateway.url}/api/v1/${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
}
const streamOf = (name: string) => get<StreamStatus>(`/streams/live/${name}`);

async function goTo(place: string): Promise<void> {
  await page.goto(`${gateway.url}/#/${place}`);
  await page.getByRole('heading', { level: 1 }).waitFor();
}

/** All that the gateway tells who asks: each GET of its description, for each stream that answers, and its log. */
async function toldByGateway(): Promise<string> {
  const [{ paths }, { streams }] = await Promise.all([
    fetch(`${gateway.url}/api/openapi.json`).then(
      async (response) => (await response.json()) as { paths: Record<string, { get?: object }> },
    ),
    get<{ streams: StreamStatus[] }>('/streams'),
  ]);
  const reached = streams.filter(({ source }) => !source.url.includes(':9/'));
  const asked = Object.entries(paths)
    .filter(([, methods]) => methods.get !== undefined)
    .flatMap(([path]) =>
      /\{app\}/.test(path)
        ? reached.map(({ app, name }) => path.replace('{app}', app).replace('{name}', name))
        : [path],
    )
    .filter((path) => !path.includes('{'));
  expect(asked).toContain('/metrics');
  const told = await Promise.all(
    asked.map(async (path) => {
      const response = await fetch(gateway.url + path, { signal: AbortSignal.timeout(20_000) });
      const bytes = Buffer.from(await response.arrayBuffer());
      return [path, response.status, ...response.headers, bytes.toString('latin1')].join('\n');
    }),
  );
  return [gateway.output, ...told].join('\n');
}

const playing = () =>
  page.evaluate<boolean>(`(async () => {
    const player = document.querySelector('sluice-player');
    return player?.state === 'playing' && ((await player.stats)?.framesDecoded ?? 0) > 10;
  })()`);

test(
  'a camera is found by discovery, logged in to, tested with its picture, added and watched',
  async () => {
    const name = new SecretWatch(page, 'haustur-sud');
    const transport = new SecretWatch(page, 'iceParameters');
    await goTo('add');
    await page.getByLabel('Also ask these addresses').fill(SIM_HOST);
    await page.getByRole('button', { name: /Stop the search/ }).click();
    await page.getByText('The search was stopped.').waitFor();
    await page.getByRole('checkbox', { name: /Ask everybody/ }).uncheck();
    await page.getByRole('button', { name: 'Search again' }).click();
    const row = page.getByRole('listitem').filter({ hasText: SIM_HOST });
    await row.getByText('Front Door').waitFor();
    await page.getByText('1 of 1 addresses asked').waitFor();
    await row.getByRole('button', { name: /Choose Front Door/ }).click();
    await page.locator('input[name="username"]:focus').waitFor();

    await send('PATCH', 'settings', { 'log.level': 'debug' });
    await page.getByLabel('User name').fill('admin');
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('alert').waitFor();
    await page.getByLabel('Password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.locator('#add-device-heading:focus').waitFor();
    await page.getByLabel('Main stream').selectOption({ index: 1 });
    await page.getByLabel('Second stream').selectOption({ index: 2 });
    await page.getByRole('button', { name: 'Test camera' }).click();
    await page.getByText('The camera works.').waitFor({ timeout: 30_000 });
    await page.getByRole('img', { name: /Picture of the camera/ }).waitFor();
    await waitFor('the picture to be shown', () =>
      page.evaluate<boolean>(`document.querySelector('.add-picture img').naturalWidth === 640`),
    );
    await page.getByText('The second stream works: 320 × 240.').waitFor({ timeout: 30_000 });
    await page.getByText('Camera report').click();
    await page.getByText(/every 1 s/).waitFor();
    await expectAccessibleInBothThemes(page, 'a tested camera');
    expect(await get('/streams')).toEqual({ streams: [] });

    await page.getByLabel('Shown as').fill('Haustür (Süd)');
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('haustur-sud');
    await page.getByRole('button', { name: 'Add camera' }).click();
    await waitFor('the camera page', () => page.url().endsWith('#/camera/live/haustur-sud'));
    await waitFor('the camera to play', playing, 30_000);
    const added = await streamOf('haustur-sud');
    expect(added.source).toMatchObject({ username: 'admin', hasPassword: true });
    expect(added.source.url).toMatch(/^onvif:\/\/127\.0\.71\.7:\d+\/\?profile=./);
    expect(added.labels).toEqual({ title: 'Haustür (Süd)' });
    expect(watch.sent).toEqual(['POST /api/v1/onvif/inspect', 'POST /api/v1/probes', 'POST /api/v1/streams']);
    // Not even in a log that tells more than it usually does.
    watch.look('the log', gateway.output + JSON.stringify(await get('/system/log?max=1000')));
    await send('PATCH', 'settings', { 'log.level': null });
    await Promise.all([watch, name].map((one) => one.end()));
    expect([...watch.found]).toEqual([]);
    // All of these are looked at: what is no secret is in each.
    for (const place of [
      'the page',
      'a frame sent',
      'address of GET /api/v1/streams/live/haustur-sud/timeline',
      'body of GET /api/v1/streams',
    ]) {
      expect(name.found).toContain(place);
    }
    expect(transport.found).toContain('a frame received');
    // Not even among what the form's scripts left behind.
    await waitFor('the password to be forgotten', async () => !(await watch.isInMemory()), 30_000);
    const { viewers } = await get<{ viewers: Viewer[] }>('/viewers');
    expect(viewers).toMatchObject([{ stream: 'live/haustur-sud', by: 'webrtc', address: '127.0.0.1' }]);

    await goTo('system');
    await goTo('add');
    await page.getByLabel('Also ask these addresses').fill(SIM_HOST);
    await waitFor('a search to be possible', async () => {
      const stop = page.getByRole('button', { name: /Stop the search/ });
      if (await stop.isVisible()) await stop.click();
      return page.getByRole('button', { name: 'Search again' }).isEnabled();
    });
    await page.getByRole('button', { name: 'Search again' }).click();
    // Another one at that address, of somebody else's, would be taken for it.
    await page.getByText('Added already as live/haustur-sud').first().waitFor();
  },
  TIMEOUT_MS,
);

test(
  'a camera is added by its address, with readable errors, and recorded from the start',
  async () => {
    await goTo('add');
    await page.getByRole('button', { name: 'By address' }).click();
    const add = page.locator('form').getByRole('button', { name: 'Add camera' });
    const address = page.getByLabel('Address', { exact: true });
    await address.fill('http://192.0.2.7/video');
    await add.click();
    await page.getByText(/scheme "http:"; expected rtsp:/).waitFor();
    expect(await address.evaluate('document.activeElement.name')).toBe('url');
    const fingerprint = page.getByLabel('Certificate fingerprint');
    expect(await fingerprint.count()).toBe(0);
    await address.fill('rtsps://192.0.2.7/video');
    await fingerprint.fill('no-fingerprint');
    await page.getByRole('button', { name: 'Test camera' }).click();
    await page.getByText(/64 hex digits/).waitFor();
    // Nobody listens there.
    await address.fill('rtsp://127.0.0.1:9/video');
    await page.getByRole('button', { name: /Test/ }).click();
    await page.getByText('Camera not reachable').waitFor();
    await address.fill(main.url());
    await page.getByText('Something was changed since the test').waitFor();
    await page.getByLabel('User name').fill('admin');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByLabel('Name', { exact: true }).fill('back yard');
    await page.getByRole('checkbox', { name: 'Record' }).check();
    await add.click();
    await page.getByText(/must be 1 to 64 letters/).waitFor();
    await page.getByLabel('Name', { exact: true }).fill('garden/back-yard');
    await add.click();
    await waitFor('the camera page', () => page.url().endsWith('#/camera/garden/back-yard'));
    const status = () => get<StreamStatus>('/streams/garden/back-yard');
    await waitFor('the recorder to record', async () => (await status()).recorder.state === 'recording');
    expect(watch.sent).toEqual(Array(2).fill('POST /api/v1/streams'));

    // The gateway keeps the password for the same user on the same host, also while it is tried otherwise.
    await page.getByRole('button', { name: /^More about/ }).click();
    await page.getByRole('menuitem', { name: 'Change' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Connection').selectOption('tcp');
    await dialog.getByRole('button', { name: 'Test camera' }).click();
    await dialog.getByText('The camera works.').waitFor({ timeout: 30_000 });
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect((await status()).source).toMatchObject({ transport: 'tcp', hasPassword: true });
    await waitFor('the recorder to go on', async () => (await status()).recorder.state === 'recording');
    expect(watch.sent).toHaveLength(2);
    const removed = await fetch(`${gateway.url}/api/v1/streams/garden/back-yard`, { method: 'DELETE' });
    expect(removed.status).toBe(204);
  },
  TIMEOUT_MS,
);

test(
  'a guess by maker fills in both streams, on a phone and in German',
  async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.addInitScript(`localStorage.setItem('sluice.language', 'de')`);
    await goTo('add');
    await page.getByRole('button', { name: 'Nach Hersteller' }).click();
    await page.getByLabel('Hersteller').selectOption('Reolink');
    await page.getByLabel('Adresse der Kamera').fill('10.0.0.9');
    expect(await page.getByLabel('Adresse', { exact: true }).inputValue()).toBe(
      'rtsp://10.0.0.9:554/h264Preview_01_main',
    );
    expect(await page.getByLabel('Zweiter Stream').inputValue()).toBe(
      'rtsp://10.0.0.9:554/h264Preview_01_sub',
    );
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('reolink-camera-10-0-0-9');
    await expectAccessibleInBothThemes(page, 'the guess by maker');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
  },
  TIMEOUT_MS,
);

test(
  'many cameras are added from a list, after a look at what would happen',
  async () => {
    await goTo('add');
    await page.getByRole('button', { name: 'Many at once' }).click();
    const list = page.getByLabel('List of cameras');
    await list.fill(
      `Name;URL;User;Password\nmany-1;${main.url()};admin;${PASSWORD}\nno name;rtsp://127.0.0.1:9/;;\nmany-2;rtsp://127.0.0.1:9/;;\n`,
    );
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByText('2 cameras can be added, 1 row is wrong').waitFor();
    await page.getByRole('row', { name: /^3 .*name must be 1 to 64 letters/ }).waitFor();
    await expectAccessibleInBothThemes(page, 'the preview of a list');
    await page.getByRole('button', { name: 'Add 2 cameras' }).click();
    await page.getByRole('row', { name: /live\/many-1 .* Added/ }).waitFor();
    await waitFor('the camera to be live', async () => (await streamOf('many-1')).state === 'live');

    await page.getByRole('button', { name: 'Add another list' }).click();
    await page.getByLabel('Choose a file').setInputFiles({
      name: 'cameras.yaml',
      mimeType: 'application/yaml',
      buffer: Buffer.from(
        `streams:\n  live/many-1: { url: "rtsp://127.0.0.1:9/" }\n  live/many-3: { url: "rtsp://127.0.0.1:9/" }\n`,
      ),
    });
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByRole('row', { name: /live\/many-1 .*There already/ }).waitFor();
    await page.getByRole('button', { name: 'Add 1 camera' }).click();
    await page.getByRole('row', { name: /live\/many-3 .* Added/ }).waitFor();
    expect((await streamOf('many-1')).source.url).toBe(main.url());
  },
  TIMEOUT_MS,
);

test(
  'the system page tells how the gateway fares, who watches, and what it says',
  async () => {
    await send('POST', 'streams', {
      name: 'seen',
      source: { url: main.url(), username: 'admin', password: PASSWORD },
    });
    await goTo('system');
    await page.getByText('Ready', { exact: true }).waitFor();
    await page.getByText(/Sluice \d/).waitFor();
    await page.getByRole('row', { name: /^1 running/ }).waitFor();
    await page
      .getByText(/ of .* free/)
      .first()
      .waitFor();
    const { disks, versions } = await get<SystemStatus>('/system');
    expect(disks[0]?.freeBytes).toBeGreaterThan(0);
    expect(versions.mediasoup).toMatch(/^\d+\.\d+/);
    expect(versions.ffmpeg).toMatch(/^\S/);
    await expectAccessibleInBothThemes(page, 'the overview');

    const parts = page.getByRole('group', { name: 'Parts of this page' });
    const playlist = await fetch(`${gateway.url}/live/seen/playlist.m3u8`);
    expect(playlist.status).toBe(200);
    await parts.getByRole('button', { name: 'Viewers' }).click();
    await page.getByRole('row', { name: /seen HLS 127\.0\.0\.1/ }).waitFor();

    await parts.getByRole('button', { name: 'Log' }).click();
    await page.getByText('media worker runs').waitFor();
    await page.getByLabel('Search the log').fill('media worker');
    await page.getByText('live/seen').first().waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByText('The shown lines were copied.').waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toMatch(
      /^\d{4}-.* info .*media worker runs/,
    );
    await expectAccessibleInBothThemes(page, 'the log');
    const told = await toldByGateway();
    expect(told).toContain('/api/v1/streams/live/haustur-sud/report\n200');
    expect(spellingsOf(PASSWORD).filter((spelling) => told.includes(spelling))).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'a setting is changed on the page, holds at once or from the next start, and goes back',
  async () => {
    await goTo('system');
    const parts = page.getByRole('group', { name: 'Parts of this page' });
    await parts.getByRole('button', { name: 'Settings' }).click();
    const setting = async (key: string) => {
      const { settings } = await get<{ settings: Setting[] }>('/settings');
      return settings.find((one) => one.key === key);
    };
    await page.getByLabel('Keep recordings for').fill('three');
    await page.getByText('Enter a number.').waitFor();
    await page.getByLabel('Keep recordings for').fill('0');
    await page.getByRole('button', { name: 'Save changes' }).click();
    await page.getByText(/at least/).waitFor();
    await page.getByLabel('Keep recordings for').fill('2,5');
    await page.getByLabel('The log tells').selectOption('debug');
    await page.getByLabel('Small pictures along recordings').selectOption('Off');
    await page.getByText('3 changes are not saved.').waitFor();
    await expectAccessibleInBothThemes(page, 'the settings');
    await page.getByRole('button', { name: 'Save changes' }).click();
    await page.getByText('Changed; restart the gateway. Until then it is On.').waitFor();
    expect(await setting('recording.keepDays')).toMatchObject({ value: 2.5, setBy: 'page' });
    // More is told at once.
    await waitFor('the log to tell more', async () => {
      const { lines } = await get<{ lines: { level: string }[] }>('/system/log?max=50');
      return lines.some(({ level }) => level === 'debug');
    });
    expect(await page.getByLabel('Media workers').isDisabled()).toBe(true);
    await gateway.stop();
    await gateway.startAgain();
    expect(await setting('recording.thumbnails')).toMatchObject({ value: false });
    expect((await setting('recording.thumbnails'))?.running).toBeUndefined();
    await goTo('system');
    await parts.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('button', { name: 'Back to the default: Keep recordings for' }).click();
    await waitFor('the default', async () => (await setting('recording.keepDays'))?.value === 7);
    expect((await setting('recording.keepDays'))?.setBy).toBe('default');
  },
  TIMEOUT_MS,
);
