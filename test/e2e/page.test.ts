import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { StreamStatus } from '../../shared/stream.ts';
import { expectAccessible } from '../support/axe.ts';
import { launchChromium } from '../support/chromium.ts';
import { complaintsOf } from '../support/complaints.ts';
import { GatewayProcess } from '../support/gateway.ts';
import { anewForAnotherTry } from '../support/tried-again.ts';
import { waitFor } from '../support/wait.ts';

const TOKEN = 'correct-horse-battery-staple';
const TIMEOUT_MS = 90_000;

let browser: Browser;
/** With the demo camera, open to all. */
let shared: GatewayProcess;
/** Only for who has the token; `site` may embed its player. */
let locked: GatewayProcess;
let site: Site;
const undo: Array<() => Promise<unknown>> = [];

const open = async () => {
  site = await startSite();
  const settings = { auth: { apiToken: TOKEN }, http: { allowedOrigins: [site.origin] } };
  [shared, locked] = await Promise.all([GatewayProcess.start(), GatewayProcess.start({ settings })]);
};
const close = () => Promise.all([shared?.close(), locked?.close(), site?.close()]);

beforeAll(async () => {
  [browser] = await Promise.all([launchChromium(), open()]);
}, TIMEOUT_MS);
afterAll(() => Promise.all([browser?.close(), close()]));
anewForAnotherTry(close, open, TIMEOUT_MS);

afterEach(async () => {
  for (const undone of undo.splice(0).reverse()) await undone();
});

interface OpenPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the browser complained about: scripts that threw, and what a policy blocked. */
  readonly complaints: string[];
}

async function openPage(url: string): Promise<OpenPage> {
  const context = await browser.newContext();
  undo.push(() => context.close());
  const page = await context.newPage();
  const complaints = complaintsOf(page);
  await page.goto(url);
  return { page, context, complaints };
}

interface PlayerLook {
  readonly state: string;
  readonly reason: string | undefined;
  readonly timeS: number;
  readonly frames: number;
  readonly keepsPicture: boolean;
}

/** The page's player, by its public face; as text, since the browser's types are not those of the tests. */
function look(page: Page, selector = 'sluice-player'): Promise<PlayerLook | undefined> {
  return page.evaluate<PlayerLook | undefined>(`(async () => {
    const player = document.querySelector(${JSON.stringify(selector)});
    if (!player || player.state === undefined) return undefined;
    const stats = await player.stats;
    return {
      state: player.state,
      reason: player.reason?.code,
      timeS: player.video.currentTime,
      frames: stats?.framesDecoded ?? 0,
      keepsPicture: !player.shadowRoot.querySelector('.still').hidden,
    };
  })()`);
}

async function untilPlaying(page: Page, selector?: string): Promise<PlayerLook> {
  return waitFor(
    'the player to play',
    async () => {
      const now = await look(page, selector);
      return now?.state === 'playing' && now.frames > 0 ? now : undefined;
    },
    30_000,
  );
}

/** Frames are decoded and time goes on. */
async function expectAdvance(page: Page, selector?: string): Promise<void> {
  const before = await untilPlaying(page, selector);
  await waitFor('more frames and later times', async () => {
    const now = await look(page, selector);
    return now !== undefined && now.frames >= before.frames + 10 && now.timeS > before.timeS + 0.2;
  });
}

test(
  'the page lists the demo camera and plays it',
  async () => {
    const { page, complaints } = await openPage(shared.url);
    await page.getByRole('heading', { name: 'Demo camera' }).waitFor();
    await expectAdvance(page);
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByText('This is a demo picture.', { exact: false }).waitFor();
    expect(complaints).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'enlarging a camera is a place of its own in the address, with its figures',
  async () => {
    const { page, complaints } = await openPage(shared.url);
    await untilPlaying(page);
    await page.getByRole('button', { name: 'Enlarge Demo camera' }).click();
    expect(new URL(page.url()).hash).toBe('#/wall?large=live/demo');
    await page.getByText(/H\.264 .* 1280 × 720/).waitFor();
    await page.getByText('1 viewer', { exact: false }).waitFor();
    await page.locator('sluice-player').press('i');
    await page.getByRole('region', { name: 'Figures' }).getByText(/UDP/).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Enlarge Demo camera' }).waitFor();
    await page.goBack();
    await page.getByRole('button', { name: 'Back to all cameras' }).waitFor();
    await expectAdvance(page);
    expect(complaints).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'a gateway that is killed and started again is found without a reload, and the last picture stays',
  async () => {
    const { page } = await openPage(shared.url);
    await untilPlaying(page);
    await page.evaluate('globalThis.sameDocument = true');
    await shared.kill();
    await waitFor('the player to see it', async () => (await look(page))?.state === 'reconnecting');
    expect((await look(page))?.keepsPicture).toBe(true);
    await page.getByRole('alert').getByText('The gateway cannot be reached.').waitFor();
    await shared.startAgain();
    await expectAdvance(page);
    expect((await look(page))?.keepsPicture).toBe(false);
    await page.getByRole('alert').waitFor({ state: 'hidden' });
    expect(await page.evaluate('globalThis.sameDocument')).toBe(true);
  },
  TIMEOUT_MS,
);

test(
  'with a token the page asks for it, and keeps it from scripts and from the address',
  async () => {
    const { page, context, complaints } = await openPage(locked.url);
    await expectAccessible(page, 'the log-in');
    await page.getByLabel('Token').fill('not-the-right-token');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('That is not the token.').waitFor();
    expect(await look(page)).toBeUndefined();
    await page.getByLabel('Token').fill(TOKEN);
    await page.keyboard.press('Enter');
    await expectAdvance(page);
    const cookies = await context.cookies();
    expect(cookies.map(({ httpOnly, sameSite }) => [httpOnly, sameSite])).toEqual([[true, 'Strict']]);
    expect(JSON.stringify([await page.content(), cookies, page.url()])).not.toContain(TOKEN);
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('Token').waitFor();
    expect(await look(page)).toBeUndefined();
    expect(complaints).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'a camera is changed by form, with readable errors, and removed again, and the demo comes back',
  async () => {
    const { page, complaints } = await openPage(shared.url);
    const added = await fetch(`${shared.url}/api/v1/streams`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        name: 'back-yard',
        source: { url: 'rtsp://192.0.2.7/video', username: 'viewer', password: 'secret-of-the-camera' },
      }),
    });
    expect(added.status).toBe(201);
    const tile = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: 'back-yard' }) });
    await tile
      .getByText(/Connecting|Waiting/)
      .first()
      .waitFor();
    const choose = async (item: string): Promise<void> => {
      await tile.getByRole('button', { name: 'Menu of back-yard' }).click();
      await page.getByRole('menuitem', { name: item }).click();
    };
    await choose('Change…');
    const dialog = page.getByRole('dialog');
    expect(await dialog.getByLabel('Address').inputValue()).toBe('rtsp://192.0.2.7/video');
    const fingerprint = dialog.getByLabel('Certificate fingerprint');
    expect(await fingerprint.isVisible()).toBe(false);
    await dialog.getByLabel('Password').fill('another-secret');
    await dialog.getByLabel('Address').fill('http://192.0.2.7/video');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText(/scheme "http:"; expected rtsp:/).waitFor();
    await dialog.getByLabel('Address').fill('rtsps://192.0.2.7/video');
    await fingerprint.fill('no-fingerprint');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText(/64 hex digits/).waitFor();
    await dialog.getByLabel('Address').fill('rtsp://192.0.2.8/video');
    await dialog.getByLabel('Second stream').fill('rtsp://192.0.2.8/small');
    await dialog.getByLabel('Password').fill('');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText(/has to be typed again/).waitFor();
    await dialog.getByLabel('Password').fill('another-secret');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await page.content()).not.toMatch(/secret/);
    const changed = (await (
      await fetch(`${shared.url}/api/v1/streams/live/back-yard`)
    ).json()) as StreamStatus;
    expect(changed.source).toMatchObject({
      url: 'rtsp://192.0.2.8/video',
      username: 'viewer',
      hasPassword: true,
      sub: { url: 'rtsp://192.0.2.8/small' },
    });
    await choose('Remove camera…');
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await tile.waitFor({ state: 'detached' });
    await page.getByRole('heading', { name: 'Demo camera' }).waitFor();
    expect(complaints).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'a page of another, allowed origin embeds the player with a token',
  async () => {
    site.html = `<!doctype html><title>A shop</title>
    <script type="module" src="${locked.url}/sluice-player.js"></script>
    <sluice-player id="good" src="/live/demo" token="${TOKEN}" autoplay muted controls></sluice-player>
    <sluice-player id="bad" src="/live/demo" token="some-other-token" autoplay muted></sluice-player>
    <sluice-player id="hls" src="/live/demo" token="${TOKEN}" mode="hls" autoplay muted></sluice-player>
    <sluice-player id="idle" src="/live/demo" token="${TOKEN}"></sluice-player>`;
    const { page } = await openPage(site.origin);
    await expectAdvance(page, '#good');
    await waitFor('the other player to be refused', async () => {
      const bad = await look(page, '#bad');
      return bad?.state === 'failed' && bad.reason === 'UNAUTHORIZED';
    });
    expect((await look(page, '#idle'))?.state).toBe('idle');
    await page.locator('#idle').getByRole('button', { name: 'Play' }).first().click();
    await expectAdvance(page, '#idle');
    await page.locator('#good').press(' ');
    expect((await look(page, '#good'))?.state).toBe('paused');
    await page.locator('#good').press(' ');
    await expectAdvance(page, '#good');
    await page.locator('#hls').scrollIntoViewIfNeeded();
    await expectAdvance(page, '#hls');
  },
  TIMEOUT_MS,
);

test(
  'a page of an origin that is not allowed gets nothing',
  async () => {
    site.html = `<!doctype html><title>A stranger</title>
    <sluice-player src="/live/demo" server="${shared.url}" autoplay muted></sluice-player>
    <script type="module" src="${shared.url}/sluice-player.js"></script>`;
    const { page } = await openPage(site.origin);
    const opened = await page.evaluate(`new Promise((done) => {
    const socket = new WebSocket(${JSON.stringify(shared.url.replace('http', 'ws'))} + '/api/v1/signaling', ['sluice.v1']);
    socket.onopen = () => done(true);
    socket.onerror = () => done(false);
  })`);
    expect(opened).toBe(false);
    expect(await look(page)).toBeUndefined();
  },
  TIMEOUT_MS,
);

interface Site {
  readonly origin: string;
  html: string;
  close(): Promise<unknown>;
}

/** A web site of somebody else. */
async function startSite(): Promise<Site> {
  const server: Server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(made.html);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const made = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    html: '',
    close() {
      server.closeAllConnections();
      return once(server.close(), 'close');
    },
  };
  return made;
}

test(
  'a part of the page that could not be loaded says so, and comes with a reload',
  async () => {
    const { page, complaints } = await openPage(shared.url);
    await page.getByRole('heading', { name: 'Demo camera' }).waitFor();
    await page.route(/\/assets\/system-[^/]*\.js$/, (route) => route.abort());
    await page.getByRole('link', { name: 'System' }).click();
    const told = page.getByRole('alert').filter({ hasText: 'could not be loaded' });
    await told.waitFor();
    await page.unroute(/\/assets\/system-[^/]*\.js$/);
    await told.getByRole('button', { name: 'Reload' }).click();
    await page.getByRole('heading', { name: 'System' }).waitFor();
    // Where it is the gateway that is away, it comes by itself when that is back.
    const away = [/\/assets\/exports-[^/]*\.js$/, /\/api\/v1\/streams$/];
    for (const address of away) await page.route(address, (route) => route.abort());
    const askAgain = () => page.evaluate(`dispatchEvent(new Event('online'))`);
    await askAgain();
    await page.getByRole('alert').filter({ hasText: 'goes on by itself' }).waitFor();
    await page.getByRole('link', { name: 'Recordings' }).click();
    await told.waitFor();
    for (const address of away) await page.unroute(address);
    await askAgain();
    await page.getByRole('heading', { name: 'Recordings', level: 1 }).waitFor();
    expect(complaints).toEqual([]);
  },
  TIMEOUT_MS,
);
