import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { StreamStatus } from '../../shared/stream.ts';
import { expectAccessibleInBothThemes } from '../support/axe.ts';
import {
  CameraSim,
  type SimAudio,
  type SimVideo,
  testAudio,
  testVideo,
} from '../support/camera-sim/index.ts';
import { launchChromium } from '../support/chromium.ts';
import { complaintsOf } from '../support/complaints.ts';
import { GatewayProcess } from '../support/gateway.ts';
import { waitFor } from '../support/wait.ts';

/** The wall of the control room: 16 cameras, one gateway and one browser for all of it. */

const TIMEOUT_MS = 180_000;
const CAMERAS = 16;
const nameOf = (number: number): string => `cam-${String(number).padStart(2, '0')}`;

/** Keeps every peer connection that the page ever makes. */
const WATCH_PEERS = `{
  globalThis.peers = [];
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...args) {
      super(...args);
      peers.push(this);
    }
  };
}`;

let large: SimVideo;
let small: SimVideo;
let sound: SimAudio;
let camera: CameraSim;
let second: CameraSim;
let gateway: GatewayProcess;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  const film = { fps: 5, frames: 10, keyFrameEvery: 5 };
  [large, small, sound] = await Promise.all([
    testVideo({ ...film, width: 640, height: 360, bitrate: '200k' }),
    testVideo({ ...film, width: 320, height: 180, bitrate: '80k' }),
    testAudio('pcmu'),
  ]);
  camera = await CameraSim.start({ video: large, audio: sound });
  second = await CameraSim.start({ host: '127.0.0.8', video: small });
  gateway = await GatewayProcess.start({ settings: { sources: { allowLoopback: true }, demo: false } });
  for (let number = 1; number <= CAMERAS; number += 1) {
    const sub = number === 1 ? { sub: { url: second.url() } } : {};
    await ask('POST', 'streams', { name: nameOf(number), source: { url: camera.url(), ...sub } });
  }
  browser = await launchChromium();
}, TIMEOUT_MS);

afterAll(async () => {
  await browser?.close();
  await gateway?.close();
  await camera?.close();
  await second?.close();
});

// What a failed try changed must not meet the next one.
beforeEach(async () => {
  const { layouts } = (await ask('GET', 'layouts')) as { layouts: { id: string }[] };
  for (const { id } of layouts) await ask('DELETE', `layouts/${id}`);
  const { streams } = (await ask('GET', 'streams')) as { streams: StreamStatus[] };
  for (const { name } of streams) if (!name.startsWith('cam-')) await ask('DELETE', `streams/live/${name}`);
  await ask('PATCH', `streams/live/${nameOf(2)}`, { record: false, labels: {} });
});

afterEach(() => context?.close());

async function ask(method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${gateway.url}/api/v1/${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

async function open(
  path = '',
  {
    streams,
    size,
    ...options
  }: NonNullable<Parameters<Browser['newContext']>[0]> & { streams?: object[]; size?: number } = {},
): Promise<void> {
  context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', ...options });
  page = await context.newPage();
  complaints = complaintsOf(page);
  await page.addInitScript(WATCH_PEERS);
  // As somebody chose it before: few tiles are looked at as well as many, and decoded sooner.
  if (size !== undefined) await page.addInitScript(`localStorage.setItem('sluice.wall.size', ${size})`);
  if (streams !== undefined) {
    await page.route('**/api/v1/streams', (route) =>
      route.request().method() === 'GET' ? route.fulfill({ json: { streams } }) : route.fallback(),
    );
  }
  await page.goto(`${gateway.url}/${path}`);
  await page
    .getByRole('heading', { name: 'Wall', level: 1 })
    .or(page.getByRole('heading', { name: 'Wand' }))
    .waitFor();
}

const tile = (name: string): Locator => page.locator(`.wall-tile[data-stream="live/${name}"]`);
const titles = (): Promise<string[]> => page.locator('.wall-grid h2').allTextContents();

async function choose(menuOf: Locator, item: string | RegExp): Promise<void> {
  await menuOf.locator('.wall-menu').focus();
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: item }).click();
}

interface Look {
  readonly stream: string;
  readonly state: string;
  readonly width: number;
  readonly timeS: number;
}

const looks = (): Promise<Look[]> =>
  page.evaluate<Look[]>(`[...document.querySelectorAll('.wall-tile sluice-player')].map((player) => ({
    stream: player.src.slice(1),
    state: player.state,
    width: player.video.videoWidth,
    timeS: player.video.currentTime,
  }))`);

const lookOf = async (name: string): Promise<Look | undefined> =>
  (await looks()).find(({ stream }) => stream === `live/${name}`);

async function untilPlaying(count: number): Promise<void> {
  await waitFor(
    `${count} tiles to play`,
    async () => (await looks()).filter(({ state }) => state === 'playing').length === count,
    120_000,
  );
}

async function untilMoving(name: string): Promise<void> {
  const before = await waitFor(`${name} to play`, async () => {
    const look = await lookOf(name);
    return look?.state === 'playing' ? look : undefined;
  });
  await waitFor(`the picture of ${name} to move`, async () => {
    const look = await lookOf(name);
    return look !== undefined && look.state === 'playing' && look.timeS > before.timeS + 0.3;
  });
}

/** What the page holds of the gateway, as its browser sees it. */
const held = (): Promise<{ connections: number; tracks: number }> =>
  page.evaluate(`(() => {
    const open = peers.filter((peer) => peer.connectionState !== 'closed');
    // Not by their figures, which Chromium may keep of what has ended. The probator is mediasoup's, for measuring bandwidth.
    const inbound = open.flatMap((peer) => peer.getTransceivers()).filter(
      ({ mid, currentDirection, receiver }) =>
        mid !== 'probator' && currentDirection === 'recvonly' && receiver.track.readyState === 'live',
    );
    return { connections: open.length, tracks: inbound.length };
  })()`);

/** What the gateway holds for its viewers. */
async function consumers(): Promise<number> {
  const { workers } = (await ask('GET', 'system')) as { workers: { consumers: number }[] };
  return workers.reduce((sum, worker) => sum + worker.consumers, 0);
}

test(
  'a wall of 16 cameras with sound is 16 consumers on one peer connection, and the smaller picture where there is one',
  async () => {
    await waitFor('no viewer of before', async () => (await consumers()) === 0);
    await open();
    await untilPlaying(CAMERAS);
    // Never more; fewer while a starved machine loses so much that the gateway takes pictures away for a time.
    await waitFor(
      'a consumer for each tile',
      async () => {
        const [{ connections, tracks }, count] = await Promise.all([held(), consumers()]);
        expect(connections).toBeLessThanOrEqual(1);
        expect(Math.max(tracks, count)).toBeLessThanOrEqual(CAMERAS);
        const states = await page.locator('.wall-state').allTextContents();
        return (
          connections === 1 &&
          tracks === CAMERAS &&
          count === CAMERAS &&
          states.every((one) => one === 'Live')
        );
      },
      60_000,
    );
    const widths = new Map((await looks()).map(({ stream, width }) => [stream, width]));
    expect(widths.get(`live/${nameOf(1)}`)).toBe(320);
    expect(widths.get(`live/${nameOf(2)}`)).toBe(640);
    await expectAccessibleInBothThemes(page, 'the wall');
    expect(complaints).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'a click enlarges a camera to its full picture, and Escape, keys and the back button lead about',
  async () => {
    await open('', { size: 4 });
    await untilMoving(nameOf(1));
    await tile(nameOf(1)).locator('.wall-picture').click();
    expect(new URL(page.url()).hash).toBe(`#/wall?large=live/${nameOf(1)}`);
    await waitFor('the full picture', async () => (await lookOf(nameOf(1)))?.width === 640);
    await page.getByText(/H\.264 .* 640 × 360/).waitFor();
    await waitFor('the others to rest', async () =>
      (await looks()).every(({ stream, state }) => stream === `live/${nameOf(1)}` || state === 'paused'),
    );
    await expectAccessibleInBothThemes(page, 'an enlarged camera');
    expect(await page.evaluate(`document.activeElement.getAttribute('aria-label')`)).toBe(
      'Back to all cameras',
    );
    await page.keyboard.press('ArrowRight');
    await waitFor('the next camera', async () => (await lookOf(nameOf(2)))?.state === 'playing');
    expect(new URL(page.url()).hash).toBe(`#/wall?large=live/${nameOf(2)}`);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: `Enlarge ${nameOf(2)}` }).waitFor();
    expect(await page.evaluate(`document.activeElement.getAttribute('aria-label')`)).toBe(
      `Enlarge ${nameOf(2)}`,
    );
    await page.goBack();
    await page.getByRole('button', { name: 'Back to all cameras' }).click();
    await untilPlaying(4);
    expect(await held()).toMatchObject({ connections: 1 });
    expect(complaints).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'cameras are arranged by dragging, by keys and by a menu, play on meanwhile, and stay where they were put',
  async () => {
    await open('', { size: 4 });
    await untilMoving(nameOf(2));
    await untilMoving(nameOf(3));
    const [from, to] = [tile(nameOf(2)), tile(nameOf(3))];
    const [a, b] = [await from.boundingBox(), await to.boundingBox()];
    if (a === null || b === null) throw new Error('the tiles are not on the screen');
    await page.mouse.move(a.x + a.width / 2, a.y + a.height / 3);
    await page.mouse.down();
    await page.mouse.move(b.x + b.width / 2, b.y + b.height / 3, { steps: 8 });
    expect(await to.getAttribute('data-over')).toBe('true');
    await page.mouse.up();
    await waitFor('the two to have changed places', async () => (await titles())[2] === nameOf(2));
    expect(await titles()).toEqual([1, 3, 2, 4].map(nameOf));
    // A drag is no click.
    expect(new URL(page.url()).hash).toBe('');
    await untilMoving(nameOf(2));
    await untilMoving(nameOf(3));
    // The keyboard went with it; up is one row of two.
    await page.keyboard.press('Shift+ArrowUp');
    await page.getByText(`${nameOf(2)} stands in place 1 of 16.`).waitFor({ state: 'attached' });
    expect(await titles()).toEqual([2, 3, 1, 4].map(nameOf));
    await page.keyboard.press('ArrowRight');
    expect(await page.evaluate(`document.activeElement.getAttribute('aria-label')`)).toBe(
      `Enlarge ${nameOf(3)}`,
    );
    await choose(tile(nameOf(3)), 'Move…');
    await page.getByText(`Choose where ${nameOf(3)} is to stand.`).waitFor();
    await expectAccessibleInBothThemes(page, 'a camera that is moved');
    await page.getByRole('button', { name: `4. ${nameOf(4)}` }).click();
    expect(await titles()).toEqual([2, 4, 1, 3].map(nameOf));
    await page.reload();
    await page.getByRole('heading', { name: nameOf(1) }).waitFor();
    expect(await titles()).toEqual([2, 4, 1, 3].map(nameOf));
    await page.getByRole('button', { name: 'More about this wall' }).click();
    await page.getByRole('menuitem', { name: 'Arrange by name again' }).click();
    await waitFor(
      'the order of names',
      async () => (await titles()).join() === [1, 2, 3, 4].map(nameOf).join(),
    );
    expect(complaints).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'a wall is saved, changed, renamed, shown in another browser, and removed',
  async () => {
    await open('', { size: 1 });
    await page.getByRole('combobox', { name: 'Tiles' }).selectOption('4');
    await waitFor('four tiles', async () => (await titles()).length === 4);
    const more = page.getByRole('button', { name: 'More about this wall' });
    const pick = async (item: string): Promise<void> => {
      await more.click();
      await page.getByRole('menuitem', { name: item }).click();
    };
    await pick('Save as layout…');
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await page.getByText('Give it a name.').waitFor();
    await page.getByRole('dialog').getByLabel('Name').fill('Entrances');
    await expectAccessibleInBothThemes(page, 'a wall that is saved');
    await page.keyboard.press('Enter');
    await page.getByText('The layout Entrances was saved.').waitFor();
    const { hash } = new URL(page.url());
    expect(hash).toMatch(/^#\/wall\?layout=[\w-]+$/);
    expect(await titles()).toEqual([1, 2, 3, 4].map(nameOf));
    await page.getByRole('combobox', { name: 'Tiles' }).selectOption('6');
    await page
      .getByRole('combobox', { name: 'Choose a camera' })
      .first()
      .selectOption(`live/${nameOf(9)}`);
    await page.getByText('This layout was changed.').waitFor();
    await expectAccessibleInBothThemes(page, 'a wall with an empty place');
    await page.getByRole('button', { name: 'Save layout' }).click();
    await page.getByText('This layout was changed.').waitFor({ state: 'detached' });
    await pick('Rename layout…');
    await page.getByRole('dialog').getByLabel('Name').fill('Doors');
    await page.keyboard.press('Enter');
    await page.getByText('The layout Doors was saved.').waitFor();
    const { layouts } = (await ask('GET', 'layouts')) as { layouts: object[] };
    const tiles = [...[1, 2, 3, 4, 9].map((number) => `live/${nameOf(number)}`), null];
    expect(layouts).toEqual([expect.objectContaining({ title: 'Doors', columns: 3, tiles })]);
    await context.close();

    await open(hash, { size: 1 });
    await waitFor('its cameras', async () => (await titles()).length === 5);
    expect(await page.getByRole('combobox', { name: 'Layout' }).locator('option:checked').textContent()).toBe(
      'Doors',
    );
    await untilMoving(nameOf(9));
    await page.getByRole('button', { name: 'More about this wall' }).click();
    await page.getByRole('menuitem', { name: 'Remove layout…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByText('The layout Doors was removed.').waitFor();
    await page.getByText('1–1 of 16').waitFor();
    expect(((await ask('GET', 'layouts')) as { layouts: object[] }).layouts).toEqual([]);
    expect(complaints).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'a camera that cannot be reached says what to do, is changed, connected anew, reported on, recorded and removed',
  async () => {
    await ask('POST', 'streams', {
      name: 'yard',
      source: { url: 'rtsp://127.0.0.1:9/x', username: 'admin', password: 'secret-of-the-yard' },
    });
    await open('', { size: 4 });
    const yard = tile('yard');
    await page.getByRole('searchbox', { name: 'Search cameras' }).fill('yard');
    await yard.getByText('Camera not reachable').waitFor();
    await yard.getByText('Check that it has power and network, and that its address is right.').waitFor();
    expect(await yard.locator('.wall-state').textContent()).toBe('Waiting');

    await choose(yard, 'Change…');
    const dialog = page.getByRole('dialog');
    expect(await dialog.getByLabel('Address').inputValue()).toBe('rtsp://127.0.0.1:9/x');
    await dialog.getByLabel('Address').fill('http://127.0.0.1/video');
    await dialog.getByLabel('Password').fill('other');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText(/scheme "http:"; expected rtsp:/).waitFor();
    await expectAccessibleInBothThemes(page, 'a camera that is changed');
    await dialog.getByLabel('Address').fill(second.url());
    await dialog.getByLabel('Password').fill('');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText(/has to be typed again/).waitFor();
    await dialog.getByLabel('Password').fill('other-secret');
    await dialog.getByLabel('Shown as').fill('Back yard');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    await yard.getByRole('heading', { name: 'Back yard' }).waitFor();
    await untilMoving('yard');

    const before = second.connections.length;
    await choose(yard, 'Connect anew');
    await page.getByText('Connecting to Back yard anew…').waitFor();
    await waitFor('the camera to be dialled', () => second.connections.length > before);
    await untilMoving('yard');

    // A camera that is switched off and on again is waited for: no reload, no other connection.
    await page.evaluate('globalThis.sameDocument = true');
    await second.stop();
    try {
      await waitFor(
        'the tile to wait',
        async () => (await yard.locator('.wall-state').textContent()) === 'Waiting',
      );
    } finally {
      await second.start();
    }
    await untilMoving('yard');
    expect(await page.evaluate('globalThis.sameDocument')).toBe(true);
    // The track of before goes as soon as the browser has heard of it.
    await waitFor('one track on the one connection', async () => {
      const { connections, tracks } = await held();
      return connections === 1 && tracks === 1;
    });

    await choose(yard, 'Camera report');
    await dialog.getByText(/320 × 180/).waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    // The keyboard goes on from the menu that the dialog came from.
    const focused = 'document.activeElement.getAttribute("aria-label") ?? document.activeElement.id';
    await waitFor('the menu', async () => (await page.evaluate(focused)) === 'Menu of Back yard');

    await choose(yard, 'Start recording');
    await yard.getByText('REC', { exact: true }).waitFor();
    await choose(yard, 'Stop recording');
    await yard.getByText('REC', { exact: true }).waitFor({ state: 'detached' });

    await yard.locator('.wall-menu').focus();
    await page.keyboard.press('Enter');
    await expectAccessibleInBothThemes(page, 'the menu of a camera');
    await page.keyboard.press('End');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Remove camera…');
    await page.keyboard.press('Enter');
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await yard.waitFor({ state: 'detached' });
    await waitFor('the content', async () => (await page.evaluate(focused)) === 'main');
    expect(await page.title()).toBe('Wall · Sluice');
    const { streams } = (await ask('GET', 'streams')) as { streams: StreamStatus[] };
    expect(streams.map(({ name }) => name)).not.toContain('yard');
    expect(await page.content()).not.toMatch(/secret/);
    expect(complaints).toEqual([]);
  },
  TIMEOUT_MS,
);

/** Statuses of cameras that are not there, as the API would list them. */
function listed(
  count: number,
  fields: (number: number) => Partial<StreamStatus> = () => ({}),
): StreamStatus[] {
  return Array.from({ length: count }, (_, index) => ({
    app: 'live',
    name: `none-${index + 1}`,
    source: { url: 'rtsp://10.0.0.5/s1', hasPassword: false, transport: 'auto' },
    onDemand: false,
    readOnly: false,
    state: 'idle',
    tracks: [],
    viewers: 0,
    readers: 0,
    recorder: { state: 'off' },
    ...fields(index + 1),
  }));
}

test(
  '200 cameras are paged, searched and turned over',
  async () => {
    const places = ['Gate', 'Büro', 'Hall', 'Roof'];
    const streams = listed(200, (number) => ({
      labels: { title: `${places[number % 4]} ${number}` },
      ...(number === 5
        ? { state: 'waiting', reason: { code: 'CAMERA_AUTH_FAILED', message: 'The password is wrong.' } }
        : {}),
    }));
    await open('', { streams });
    await page.getByText('1–16 of 200').waitFor();
    expect((await titles()).slice(0, 3)).toEqual(['Büro 1', 'Büro 5', 'Büro 9']);
    await page.getByRole('button', { name: 'Next page' }).click();
    await page.getByText('17–32 of 200').waitFor();
    await page.getByRole('combobox', { name: 'Tiles' }).selectOption('36');
    await page.getByText('1–36 of 200').waitFor();
    // Without its dots, and in any order.
    await page.getByRole('searchbox', { name: 'Search cameras' }).fill('9 buro');
    await waitFor('those that fit', async () => (await titles()).every((title) => /^Büro.*9/.test(title)));
    await page.getByRole('searchbox').fill('nothing like it');
    await page.getByText(/No camera fits/).waitFor();
    await expectAccessibleInBothThemes(page, 'a search that finds nothing');
    await page.getByRole('button', { name: 'Show all' }).click();
    await page.getByRole('combobox', { name: 'Show' }).selectOption('With trouble');
    await waitFor('the one with trouble', async () => (await titles()).join() === 'Büro 5');
    await page.getByRole('combobox', { name: 'Show' }).selectOption('All');
    await page.clock.install();
    await page.getByRole('combobox', { name: 'Turn pages' }).selectOption('10');
    await page.clock.runFor(10_500);
    await page.getByText('37–72 of 200').waitFor();
    expect(complaints).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'without a camera the wall says how to begin, in the browser’s language',
  async () => {
    await open('', { streams: [], locale: 'de-AT', colorScheme: 'dark' });
    await page.getByRole('heading', { name: 'Noch keine Kameras' }).waitFor();
    await expectAccessibleInBothThemes(page, 'an empty wall');
    await page.locator('main').getByRole('link', { name: 'Kamera hinzufügen' }).click();
    expect(new URL(page.url()).hash).toBe('#/add');
    expect(complaints).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'on a phone tiles stand in two columns, a tap enlarges, and a finger that rests on a tile moves it',
  async () => {
    await open('', { size: 6, viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    await untilMoving(nameOf(1));
    const boxes = await Promise.all([1, 2, 3, 4].map((number) => tile(nameOf(number)).boundingBox()));
    expect(new Set(boxes.map((box) => Math.round(box?.x ?? 0))).size).toBe(2);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    await expectAccessibleInBothThemes(page, 'the wall on a phone');

    const [from, to] = [boxes[0], boxes[3]];
    if (from == null || to == null) throw new Error('the tiles are not on the screen');
    const touch = await context.newCDPSession(page);
    const at = ({ x, y, width, height }: typeof from) => [{ x: x + width / 2, y: y + height / 3 }];
    await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: at(from) });
    await waitFor(
      'the tile to be held',
      async () => (await tile(nameOf(1)).getAttribute('data-dragged')) === 'true',
    );
    await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: at(to) });
    await waitFor(
      'the place to be shown',
      async () => (await tile(nameOf(4)).getAttribute('data-over')) === 'true',
    );
    await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    await waitFor('the two to have changed places', async () => (await titles())[3] === nameOf(1));

    await tile(nameOf(2)).locator('.wall-picture').tap();
    await page.getByRole('button', { name: 'Back to all cameras' }).waitFor();
    await waitFor('the camera to play', async () => (await lookOf(nameOf(2)))?.state === 'playing');
    await expectAccessibleInBothThemes(page, 'an enlarged camera on a phone');
    await page.goBack();
    await page.getByRole('button', { name: `Enlarge ${nameOf(2)}` }).waitFor({ state: 'attached' });
    expect(complaints).toEqual([]);
  },
  TIMEOUT_MS,
);
