import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { codedFootage, segmentsOfFootage } from '../support/coded-footage.ts';
import { GatewayProcess } from '../support/gateway.ts';
import { seedRecordings } from '../support/seeded-recordings.ts';

/** Recorded time in the browser: an hour ago two cameras recorded pictures that carry their number, with a gap. */

const HLS_JS = fileURLToPath(new URL('../../node_modules/hls.js/dist/hls.min.js', import.meta.url));
const FRAME_MS = 40;
/** When picture number 0 was taken, on all cameras. */
const T0 = Math.floor(Date.now() / 60_000) * 60_000 - 3_600_000;
const SECONDS = 30;
/** The second recording begins that much after the first. */
const AFTER_GAP_MS = 50_000;

let dir: string;
let gateway: GatewayProcess;
let browser: Browser;

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
  const [door, yard] = await Promise.all([footageOf('door', 0, 25), footageOf('yard', 360, 40)]);
  await seedRecordings(dir, { 'live/door': door, 'live/yard': yard });
  [gateway, browser] = await Promise.all([
    GatewayProcess.start({ settings: { dataDir: dir, sources: { allowLoopback: true }, demo: false } }),
    launchChromium(),
  ]);
}, 60_000);
afterAll(async () => {
  await Promise.all([browser?.close(), gateway?.close()]);
  if (dir !== undefined) await rm(dir, { recursive: true });
});

describe('the key frames of recorded time', () => {
  it('play in hls.js at 16 times the speed, over the gap and without a hole', async () => {
    const page = await browser.newPage();
    await page.goto(`${gateway.url}/healthz`);
    await page.evaluate(await readFile(HLS_JS, 'utf8'));
    const seen = await playFast(
      page,
      `/live/door/playlist.m3u8?start_time=${T0}&end_time=${T0 + 150_000}&key_frames=true`,
    );
    expect(seen.errors).toEqual([]);
    expect(seen.buffered).toEqual([[0, 2 * SECONDS]]);
    // A busy machine may pass some over; the last one of each stretch is there twice.
    expect(new Set(seen.times.filter(Number.isInteger)).size).toBeGreaterThan(SECONDS / 2);
    expect(seen.times).toEqual(seen.times.toSorted((a, b) => a - b));
    await page.close();
  });
});

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
    hls.on(Hls.Events.ERROR, (_, error) => errors.push(error.details));
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
