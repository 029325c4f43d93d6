import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, Page, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expectAccessible, expectAccessibleInBothThemes } from '../support/axe.ts';
import { launchChromium } from '../support/chromium.ts';
import { codedFootage, segmentsOfFootage } from '../support/coded-footage.ts';
import { complaintsOf } from '../support/complaints.ts';
import { GatewayProcess } from '../support/gateway.ts';
import { seedRecordings } from '../support/seeded-recordings.ts';
import { waitFor } from '../support/wait.ts';

/**
 * Recorded time in the browser: an hour ago three cameras recorded pictures that carry their number, with a gap; none of them can
 * be reached now, and one was removed since.
 */

const HLS_JS = fileURLToPath(new URL('../../node_modules/hls.js/dist/hls.min.js', import.meta.url));
const FRAME_MS = 40;
const TIMEOUT_MS = 120_000;
/** A busy machine takes its time to a first picture. */
const PATIENCE_MS = 40_000;
/** When picture number 0 was taken, on all cameras. */
const T0 = Math.floor(Date.now() / 60_000) * 60_000 - 3_600_000;
const SECONDS = 20;
/** The second recording begins that much after the first. */
const AFTER_GAP_MS = 40_000;

let dir: string;
let gateway: GatewayProcess;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let complaints: string[];

/** A camera whose first picture is `delayMs` after that of the others. */
async function footageOf(name: string, delayMs: number, keyFrameEvery: number) {
  const firstCode = delayMs / FRAME_MS;
  const whole = { seconds: SECONDS, keyFrameEvery, firstCode };
  const late = { ...whole, firstCode: firstCode + AFTER_GAP_MS / FRAME_MS };
  const [before, after] = await Promise.all([codedFootage(whole), codedFootage(late)]);
  return [
    ...segmentsOfFootage(before, { name: `${name}1`, startMs: T0 + delayMs }),
    ...segmentsOfFootage(after, { name: `${name}2`, startMs: T0 + delayMs + AFTER_GAP_MS }),
  ];
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sluice-recorded-pages-'));
  const [door, yard, shed] = await Promise.all([
    footageOf('door', 0, 25),
    footageOf('yard', 360, 40),
    footageOf('shed', 0, 25),
  ]);
  await seedRecordings(dir, { 'live/door': door, 'live/yard': yard, 'live/shed': shed.slice(0, 5) });
  [gateway, browser] = await Promise.all([
    GatewayProcess.start({ settings: { dataDir: dir, sources: { allowLoopback: true }, demo: false } }),
    launchChromium(),
  ]);
  for (const [name, title] of [
    ['door', 'Front door'],
    ['yard', 'Back yard'],
  ]) {
    // Nobody is there.
    await post('streams', { name, record: true, labels: { title }, source: { url: 'rtsp://127.0.0.1:9/' } });
  }
}, 60_000);
afterAll(async () => {
  await Promise.all([browser?.close(), gateway?.close()]);
  if (dir !== undefined) await rm(dir, { recursive: true });
});

beforeEach(async () => {
  // Colours that fade into each other would be measured half-way.
  const wide = { width: 1280, height: 800 };
  context = await browser.newContext({ locale: 'en-GB', viewport: wide, reducedMotion: 'reduce' });
  page = await context.newPage();
  complaints = complaintsOf(page);
});
afterEach(async () => {
  await context.close();
  await tidy();
  expect(complaints).toEqual([]);
});

/** What a test that failed leaves behind is not for the next try. */
async function tidy(): Promise<void> {
  const { exports: jobs } = await ask<{ exports: { id: string }[] }>('exports');
  const { locks } = await ask<{ locks: { id: number }[] }>('streams/live/door/locks');
  const paths = [
    // The first time cancels what still runs.
    ...jobs.flatMap(({ id }) => [`exports/${id}`, `exports/${id}`]),
    ...locks.map(({ id }) => `streams/live/door/locks/${id}`),
  ];
  for (const path of paths) await fetch(`${gateway.url}/api/v1/${path}`, { method: 'DELETE' });
}

async function post(path: string, body: object): Promise<Record<string, unknown>> {
  const answer = await fetch(`${gateway.url}/api/v1/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as Record<string, unknown>;
}

async function ask<T>(path: string): Promise<T> {
  return (await (await fetch(`${gateway.url}/api/v1/${path}`)).json()) as T;
}

const noSidewaysScroll = async () =>
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);

describe('the key frames of recorded time', () => {
  it(
    'play in hls.js at 16 times the speed, over the gap and without a hole',
    async () => {
      await page.goto(`${gateway.url}/healthz`);
      await page.evaluate(await readFile(HLS_JS, 'utf8'));
      const seen = await playFast(
        page,
        `/live/door/playlist.m3u8?start_time=${T0}&end_time=${T0 + 120_000}&key_frames=true`,
      );
      expect(seen.errors).toEqual([]);
      expect(seen.buffered).toEqual([[0, 2 * SECONDS]]);
      // A busy machine may pass some over; the last one of each stretch is there twice.
      expect(new Set(seen.times.filter(Number.isInteger)).size).toBeGreaterThan(SECONDS / 2);
      expect(seen.times).toEqual(seen.times.toSorted((a, b) => a - b));
    },
    TIMEOUT_MS,
  );
});

describe('cameras that play together', () => {
  const open = async (streams: string, offsetMs: number) => {
    await page.goto(`${gateway.url}/#/sync?streams=${streams}&t=${T0 + offsetMs}`);
    await page.evaluate(SHOWN_TIMES);
  };
  /** When what is on the screens was taken, in milliseconds after the first picture; undefined while some have none. */
  const shown = async () => {
    const times = await page.evaluate<(number | null)[]>('shownTimes()');
    return times.length > 0 && times.every((time) => time !== null) ? (times as number[]) : undefined;
  };
  const spread = (times: readonly number[]) => Math.max(...times) - Math.min(...times);
  /** So many looks in a row at pictures that moved on, each within a tenth of a second. */
  const together = async (count: number, fromMs = 0, toMs = Number.POSITIVE_INFINITY) => {
    let looks: number[][] = [];
    await waitFor(
      'pictures within 100 ms of each other',
      async () => {
        const times = await shown();
        const last = looks.at(-1);
        if (times === undefined || spread(times) > 100 || Math.min(...times) < fromMs) looks = [];
        else if (last === undefined || times.every((time, at) => time > (last[at] ?? 0))) looks.push(times);
        return looks.length >= count || Math.max(...(times ?? [0])) > toMs;
      },
      40_000,
    );
    expect(looks.length).toBeGreaterThanOrEqual(count);
  };

  it(
    'are within 100 ms of each other, stand still together, and go over a gap together',
    async () => {
      await open('live/door,live/yard', 4_000);
      await page.getByRole('listitem').filter({ hasText: 'Front door' }).first().waitFor();
      await together(10, 4_000);
      // Keys work wherever one is.
      await page.keyboard.press('k');
      await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
      await waitFor('the same picture on both', async () => {
        const times = await shown();
        return times !== undefined && spread(times) <= FRAME_MS;
      });
      const [stoodMs = 0] = (await shown()) ?? [];
      await page.getByRole('button', { name: 'One picture forward' }).click();
      await page.keyboard.press('.');
      await waitFor('the pictures after that', async () => {
        const times = await shown();
        return times !== undefined && spread(times) <= FRAME_MS && Math.max(...times) > stoodMs;
      });
      // To the end of the first recording, and on from there fast.
      await page.getByLabel('Date and time').fill(localIso(T0 + 16_000));
      await page.getByRole('button', { name: 'Go', exact: true }).click();
      await waitFor('the pictures of that time', async () => {
        const times = await shown();
        return times !== undefined && Math.min(...times) >= 16_000 - 100 && Math.max(...times) < 17_000;
      });
      expect(stoodMs).toBeLessThan(16_000);
      await page.getByLabel('Speed').selectOption('4');
      await page.getByRole('button', { name: 'Play', exact: true }).click();
      await waitFor('the second recording', async () => Math.min(...((await shown()) ?? [0])) > AFTER_GAP_MS);
      await page.getByLabel('Speed').selectOption('1');
      await together(5, AFTER_GAP_MS);
      expect(await page.evaluate('location.hash')).toContain('streams=live/door,live/yard');
    },
    TIMEOUT_MS,
  );

  it(
    'are chosen, taken out, looked for along the time and set to live, in both languages and on a phone',
    async () => {
      await page.goto(`${gateway.url}/#/sync`);
      await page.getByRole('button', { name: 'Choose cameras' }).click();
      const dialog = page.getByRole('dialog', { name: 'Play these together' });
      await dialog.getByLabel('Front door').check();
      // One that was removed, but of which something is kept.
      await dialog.getByLabel('shed').check();
      await dialog.getByLabel('Back yard').check();
      await expectAccessibleInBothThemes(page, 'choosing cameras');
      await dialog.getByRole('button', { name: 'Done' }).click();
      await page.evaluate(SHOWN_TIMES);
      await page.getByRole('button', { name: 'Take shed out' }).click();
      await waitFor('the address', async () =>
        /streams=live\/door,live\/yard&t=/.test(String(await page.evaluate('location.hash'))),
      );
      const slider = page.getByRole('slider', { name: 'Recorded times of all cameras' });
      await page.getByLabel('Date and time').fill(localIso(T0 + 4_000));
      await page.getByRole('button', { name: 'Go', exact: true }).click();
      await waitFor('both pictures', shown);
      await page.keyboard.press('k');
      await slider.press('ArrowRight');
      await waitFor('10 s later', async () => Math.min(...((await shown()) ?? [0])) >= 13_500);
      await waitFor('what is there to be told', async () =>
        (await slider.getAttribute('aria-valuetext'))?.includes('recorded: Front door, Back yard'),
      );
      await expectAccessibleInBothThemes(page, 'playback');
      await page.getByRole('button', { name: 'Hear Back yard' }).click();
      await waitFor('the one to be heard', () =>
        page.evaluate(
          `String([...document.querySelectorAll('sluice-player')].map(({ muted }) => muted)) === 'true,false'`,
        ),
      );
      const live = page.getByRole('button', { name: 'Live', exact: true });
      await live.click();
      expect(await live.getAttribute('aria-pressed')).toBe('true');
      await waitFor('the players to be live', () =>
        page.evaluate(
          `[...document.querySelectorAll('sluice-player')].every(({ startTime }) => startTime === '')`,
        ),
      );
      expect(await page.getByLabel('Speed').isDisabled()).toBe(true);
      await page.setViewportSize({ width: 390, height: 844 });
      await noSidewaysScroll();
      await page.evaluate(`localStorage.setItem('sluice.language', 'de')`);
      await page.reload();
      await page.getByRole('heading', { name: 'Gemeinsame Wiedergabe' }).waitFor();
      await page.getByRole('button', { name: 'Kameras (2)' }).waitFor();
      await expectAccessible(page, 'playback on a phone');
      await noSidewaysScroll();
    },
    TIMEOUT_MS,
  );
});

describe('the page of recordings', () => {
  const openPage = async () => {
    await page.goto(`${gateway.url}/#/exports`);
    await page.getByRole('heading', { name: 'Recordings', exact: true }).waitFor();
  };
  const kept = (title: string) =>
    page.getByRole('list', { name: 'Kept recordings' }).getByRole('listitem').filter({ hasText: title });

  it(
    'plays what is kept, makes an MP4 of it, plays that, gives it away and removes it',
    async () => {
      await openPage();
      const shed = kept('shed');
      await shed.getByText('Camera removed').waitFor();
      await shed.getByRole('button', { name: 'Play shed' }).click();
      await waitFor(
        'the recording to play',
        () => page.evaluate(`document.querySelector('dialog sluice-player')?.time > ${T0}`),
        PATIENCE_MS,
      );
      await page.keyboard.press('Escape');
      await shed.getByRole('button', { name: 'Export from shed' }).click();
      const form = page.getByRole('dialog', { name: 'Export a recorded time' });
      await form.getByLabel('From').fill(localIso(T0));
      await form.getByLabel('To', { exact: true }).fill(localIso(T0 - 60_000));
      await form.getByRole('button', { name: 'Export MP4' }).click();
      await form.getByText('Give the date and time where it ends, after the begin.').waitFor();
      await form.getByLabel('To', { exact: true }).fill(localIso(T0 + 6_000));
      await form.getByLabel('File name').fill('the-shed');
      await expectAccessibleInBothThemes(page, 'export form');
      await form.getByRole('button', { name: 'Export MP4' }).click();
      const job = page
        .getByRole('list', { name: 'Exports' })
        .getByRole('listitem')
        .filter({ hasText: 'the-shed.mp4' });
      await job.getByRole('button', { name: 'Play the-shed.mp4' }).click();
      await waitFor(
        'the film to play',
        () => page.evaluate(`document.querySelector('dialog video')?.currentTime > 0`),
        PATIENCE_MS,
      );
      const film = page.getByRole('dialog', { name: 'the-shed.mp4' });
      const download = page.waitForEvent('download');
      await film.getByRole('link', { name: 'Download the-shed.mp4' }).click();
      const bytes = await readFile(await (await download).path());
      expect(bytes.toString('latin1', 4, 8)).toBe('ftyp');
      await film.getByRole('button', { name: 'Close' }).click();
      await job.getByRole('button', { name: 'Remove the-shed.mp4' }).click();
      await job.waitFor({ state: 'detached' });
      expect(await ask('exports')).toEqual({ exports: [] });
    },
    TIMEOUT_MS,
  );

  it(
    'shows how far exports are, and lets go of those that wait or failed',
    async () => {
      const asked: string[] = [];
      const job = { app: 'live', name: 'door', start: T0, end: T0 + 60_000, gapMode: 'skip', createdAt: T0 };
      const more = { attempts: 1, gaps: [], files: [] };
      const failed = { code: 'INSUFFICIENT_STORAGE', message: 'The disk is full.' };
      await page.route('**/api/v1/exports**', (route: Route) => {
        asked.push(`${route.request().method()} ${new URL(route.request().url()).pathname}`);
        if (route.request().method() !== 'GET') return route.fulfill({ status: 204 });
        return route.fulfill({
          json: {
            exports: [
              {
                ...job,
                ...more,
                id: 'a',
                state: 'running',
                progress: 0.42,
                etaMs: 65_000,
                fileName: 'a.mp4',
              },
              { ...job, ...more, id: 'b', state: 'queued', progress: 0, fileName: 'b.mp4' },
              { ...job, ...more, id: 'c', state: 'failed', progress: 0, fileName: 'c.mp4', error: failed },
            ],
          },
        });
      });
      const period = { app: 'live', start: T0, end: T0 + 60_000, sizeBytes: 5_000_000, durationMs: 60_000 };
      const files = ['door', 'yard'].map((name) => ({ ...period, name, id: name, fileName: `${name}.mp4` }));
      await page.route('**/api/v1/period-files?*', (route: Route) => route.fulfill({ json: { files } }));
      await openPage();
      await page.getByText('42 %, 1 min 5 s left').waitFor();
      expect(await page.getByRole('progressbar', { name: 'Progress of a.mp4' }).getAttribute('value')).toBe(
        '0.42',
      );
      await page.getByText('The disk is full.').waitFor();
      await page.getByRole('button', { name: 'Cancel b.mp4' }).click();
      await page.getByRole('button', { name: 'Try again: c.mp4' }).click();
      await waitFor('both to be asked for', () =>
        ['DELETE /api/v1/exports/b', 'POST /api/v1/exports/c/retry'].every((one) => asked.includes(one)),
      );
      // Files that are made by the clock; this one has gone.
      const clocked = page.getByRole('list', { name: 'Files by the clock' }).getByRole('listitem');
      expect(await clocked.count()).toBe(2);
      await page.getByLabel('Show', { exact: true }).selectOption('Back yard');
      await waitFor('one camera', async () => (await clocked.count()) === 1);
      await expectAccessible(page, 'exports');
      await clocked.getByRole('button', { name: 'Play yard.mp4' }).click();
      await page.getByRole('dialog').getByText('This browser cannot play the file.').waitFor();
    },
    TIMEOUT_MS,
  );

  it(
    'tells of locked times and lets them go, also on a phone and in German',
    async () => {
      await post('streams/live/door/locks', { start: T0 + 2_000, end: T0 + 5_000, label: 'Parcel' });
      await page.setViewportSize({ width: 390, height: 844 });
      await openPage();
      await kept('Front door').getByText('Locked times').click();
      const lock = page.getByRole('listitem').filter({ hasText: 'Parcel' }).last();
      await lock.getByText('3 s, locked').waitFor();
      await expectAccessible(page, 'locks on a phone');
      await noSidewaysScroll();
      await page.evaluate(`localStorage.setItem('sluice.language', 'de')`);
      await page.reload();
      await page.getByRole('heading', { name: 'Aufbewahrte Aufnahmen' }).waitFor();
      await noSidewaysScroll();
      await page.getByText('Gesperrte Zeiten').nth(1).click();
      await page.getByRole('button', { name: 'Parcel freigeben' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Freigeben', exact: true }).click();
      await page.getByText('Keine. Sperren Sie eine Zeit').waitFor();
      expect(await ask('streams/live/door/locks')).toEqual({ locks: [] });
    },
    TIMEOUT_MS,
  );

  it(
    'says what to do while the gateway cannot read its disk',
    async () => {
      const error = { code: 'STORAGE_UNAVAILABLE', message: 'The disk is not there.' };
      await page.route('**/api/v1/recordings', (route: Route) =>
        route.fulfill({ status: 503, json: { error } }),
      );
      await openPage();
      await page.getByRole('alert').getByText('The disk is not there.').waitFor();
    },
    TIMEOUT_MS,
  );
});

/** What a date field takes, in the time zone of browser and test alike. */
function localIso(timeMs: number): string {
  const date = new Date(timeMs - new Date(timeMs).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 19);
}

/** Reads the numbers in the pictures that are on the screen (see coded-footage.ts). */
const SHOWN_TIMES = `globalThis.shownTimes = () => {
  const readNumber = (video) => {
    if (video === undefined || video.readyState < 2 || video.videoWidth === 0) return null;
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [video.videoWidth, 40];
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(video, 0, 0);
    let number = 0;
    for (let bit = 0; bit < 20; bit += 1) {
      const [level] = context.getImageData(bit * 8 + 4, 32, 1, 1).data;
      if (level > 128) number |= 1 << bit;
    }
    return number * ${FRAME_MS};
  };
  return [...document.querySelectorAll('sluice-player')].map(({ video }) => readNumber(video));
}`;

/** What hls.js makes of a playlist, at 16 times the speed to its end. */
interface FastPlay {
  readonly errors: readonly string[];
  /** Media times of the pictures that were shown, in seconds. */
  readonly times: readonly number[];
  /** Seconds of media, to a tenth. */
  readonly buffered: readonly (readonly number[])[];
}

function playFast(page: Page, url: string): Promise<FastPlay> {
  return page.evaluate<FastPlay>(`(async () => {
    const video = document.body.appendChild(document.createElement('video'));
    video.muted = true;
    const hls = new Hls({ maxBufferLength: 120 });
    const errors = [];
    // A busy machine may stall; what tells of a hole, or ends it, may not come.
    hls.on(Hls.Events.ERROR, (_, { fatal, details }) => {
      if (fatal || details === 'bufferSeekOverHole') errors.push(details);
    });
    hls.loadSource(${JSON.stringify(url)});
    hls.attachMedia(video);
    const times = [];
    const look = (_, { mediaTime }) => {
      times.push(mediaTime);
      video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
    const event = (name) => new Promise((resolve) => video.addEventListener(name, resolve, { once: true }));
    await event('loadeddata');
    video.playbackRate = 16;
    const ended = event('ended');
    await video.play();
    await ended;
    const tenth = (second) => Math.round(second * 10) / 10;
    const buffered = Array.from({ length: video.buffered.length }, (_, at) => [
      tenth(video.buffered.start(at)),
      tenth(video.buffered.end(at)),
    ]);
    hls.destroy();
    return { errors, times, buffered };
  })()`);
}
