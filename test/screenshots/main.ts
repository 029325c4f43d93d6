/**
 * `npm run screenshots`: takes the pictures of README.md anew, into docs/images or the folder that is named. Simulated cameras
 * play drawn scenes, a real gateway records and shows them, and Chromium does what a person would do.
 */
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import type { Segment } from '../../server/recording/segment.ts';
import { CameraSim, mediaOfFile, type SimVideo } from '../support/camera-sim/index.ts';
import { launchChromium } from '../support/chromium.ts';
import { segmentsOfFootage } from '../support/coded-footage.ts';
import { leaveOnSignals, runCommand, say } from '../support/command.ts';
import { GatewayProcess } from '../support/gateway.ts';
import { type OnvifSim, startOnvifSim } from '../support/onvif-sim/index.ts';
import { seedRecordings } from '../support/seeded-recordings.ts';
import { waitFor } from '../support/wait.ts';
import { FILM_FPS, filmOf, repeated, smallPng } from './film.ts';
import { scenes } from './scenes.ts';

const HOST = '127.0.61.1';
/** Of the camera that is found and not added yet. */
const NEW_HOST = '127.0.61.2';
const LOGIN = { username: 'admin', password: 'secret' };
const MAX_BYTES = 150_000;
const DESKTOP = { width: 1280, height: 800 };
/** The form and what came of the test, all at once. */
const TALL = { width: 1280, height: 1180 };
const PHONE = { width: 390, height: 844 };
/** It has ONVIF, so it can be turned, and its page is shown. */
const DOME = 'front-door';
const RECORDED: readonly string[] = [DOME, 'yard'];
/** Minutes before now, from and to; between them lies a gap. */
const RECORDED_MIN = [
  [26, 14],
  [11, 1],
] as const;
const HAPPENED = [
  { minutes: 23, seconds: 40, kind: 'motion' },
  { minutes: 18, seconds: 75, kind: 'motion' },
  { minutes: 9, seconds: 20, kind: 'input', label: 'Bell' },
  { minutes: 8, seconds: 90, kind: 'motion' },
  { minutes: 3, seconds: 30, kind: 'motion' },
];

const leaves: Array<() => Promise<unknown>> = [];
async function leave(): Promise<void> {
  for (let next = leaves.pop(); next !== undefined; next = leaves.pop()) await next().catch(() => {});
}

/** A simulated camera; with ONVIF, it is found, turned and logged in to. */
async function cameraOf(video: SimVideo, host = HOST): Promise<CameraSim> {
  const camera = await CameraSim.start({ host, video });
  leaves.push(() => camera.close());
  return camera;
}
async function onvifOf(camera: CameraSim, name: string, host = HOST): Promise<OnvifSim> {
  const url = camera.url();
  const sim = await startOnvifSim({ host, name, main: url, sub: url, auth: LOGIN, discovery: true });
  leaves.push(() => sim.close());
  return sim;
}

/** Draws what the cameras see; gives the videos by name, and puts those that are recorded into the data folder. */
async function makePast(
  browser: Browser,
  dir: string,
  dataDir: string,
  nowMs: number,
): Promise<Map<string, SimVideo>> {
  const videos = new Map<string, SimVideo>();
  for (const scene of scenes) {
    const film = await filmOf(browser, scene, dir);
    const { video } = await mediaOfFile(film);
    if (video === undefined) throw new Error(`${film} has no picture`);
    videos.set(scene.name, video);
    if (!RECORDED.includes(scene.name)) continue;
    const segments: Segment[] = [];
    for (const [from, to] of RECORDED_MIN) {
      const name = `${scene.name.replace('-', '')}${from}`;
      const ts = await repeated(film, (from - to) * 60);
      const startMs = nowMs - from * 60_000;
      segments.push(...segmentsOfFootage(ts, { name, startMs, fps: FILM_FPS, audio: undefined }));
    }
    await seedRecordings(dataDir, { [`live/${scene.name}`]: segments });
  }
  return videos;
}

async function post(url: string, body: object): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${url}: ${await response.text()}`);
}

/** So many players show a picture; what is still loading would not do for a screenshot. */
async function untilPlaying(page: Page, players: number): Promise<void> {
  await waitFor(
    `${players} pictures`,
    () =>
      page.evaluate<boolean>(`(async () => {
        const players = [...document.querySelectorAll('sluice-player')];
        const frames = await Promise.all(players.map(async (player) => (await player.stats)?.framesDecoded ?? 0));
        return frames.filter((count, index) => count > 15 && players[index].state === 'playing').length >= ${players};
      })()`),
    60_000,
  );
}

async function main(): Promise<number> {
  const folder = process.argv[2] ?? fileURLToPath(new URL('../../docs/images', import.meta.url));
  await mkdir(folder, { recursive: true });
  const dir = await mkdtemp(join(tmpdir(), 'sluice-screenshots-'));
  leaves.push(() => rm(dir, { recursive: true, force: true }));
  const browser = await launchChromium();
  leaves.push(() => browser.close());

  say('drawing what the cameras see');
  const nowMs = Date.now();
  const dataDir = join(dir, 'data');
  const videos = await makePast(browser, dir, dataDir, nowMs);
  const gateway = await GatewayProcess.start({
    settings: { dataDir, demo: false, sources: { allowLoopback: true } },
  });
  leaves.push(() => gateway.close());
  const api = `${gateway.url}/api/v1`;
  for (const { name, title } of scenes) {
    const camera = await cameraOf(seen(videos, name));
    const source =
      name === DOME ? { url: (await onvifOf(camera, title)).url, ...LOGIN } : { url: camera.url() };
    await post(`${api}/streams`, { name, labels: { title }, source, record: RECORDED.includes(name) });
  }
  for (const { minutes, seconds, ...event } of HAPPENED) {
    const start = nowMs - minutes * 60_000;
    await post(`${api}/streams/live/${DOME}/events`, { ...event, start, end: start + seconds * 1000 });
  }

  const take = async (
    name: string,
    viewport: { width: number; height: number },
    place: string,
    make: (page: Page) => Promise<void>,
  ): Promise<void> => {
    const page = await browser.newPage({ viewport, locale: 'en-GB', reducedMotion: 'reduce' });
    try {
      await page.goto(`${gateway.url}/${place}`);
      await make(page);
      const path = join(folder, `${name}.png`);
      await smallPng(await page.screenshot(), path);
      const { size } = await stat(path);
      say(`${path}: ${Math.round(size / 1000)} kB`);
      if (size > MAX_BYTES) throw new Error(`${path} is larger than ${MAX_BYTES / 1000} kB`);
    } finally {
      await page.close();
    }
  };
  await take('wall', DESKTOP, '', (page) => untilPlaying(page, scenes.length));
  await take('phone', PHONE, '', (page) => untilPlaying(page, 2));
  await take('camera', DESKTOP, `#/camera/live/${DOME}?t=${nowMs - 8 * 60_000}`, async (page) => {
    await page.getByRole('button', { name: '1 h', exact: true }).click();
    await untilPlaying(page, 1);
  });
  const streams = RECORDED.map((name) => `live/${name}`).join(',');
  await take('playback', DESKTOP, `#/sync?streams=${streams}&t=${nowMs - 6 * 60_000}`, (page) =>
    untilPlaying(page, RECORDED.length),
  );
  await onvifOf(await cameraOf(seen(videos, 'garden'), NEW_HOST), 'Garden gate', NEW_HOST);
  await take('add', TALL, '#/add', async (page) => {
    await page.getByRole('button', { name: 'Choose Garden gate' }).click();
    await page.getByLabel('User name').fill(LOGIN.username);
    await page.getByLabel('Password').fill(LOGIN.password);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('button', { name: 'Test camera' }).click();
    await page.getByText('The camera works.').waitFor();
    await page.getByText('The second stream works').waitFor();
    const shown = `[...document.querySelectorAll('main img')].some(({ naturalWidth }) => naturalWidth > 0)`;
    await waitFor('the picture of the test', () => page.evaluate<boolean>(shown));
    await page.evaluate('scrollTo(0, 0)');
  });
  await leave();
  return 0;
}

function seen(videos: ReadonlyMap<string, SimVideo>, name: string): SimVideo {
  const video = videos.get(name);
  if (video === undefined) throw new Error(`nothing is drawn for ${name}`);
  return video;
}

leaveOnSignals(leave);
runCommand(main, leave);
