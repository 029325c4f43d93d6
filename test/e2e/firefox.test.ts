import type { Browser, Page } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchFirefox } from '../support/firefox.ts';
import { GatewayProcess } from '../support/gateway.ts';
import { waitFor } from '../support/wait.ts';

const TIMEOUT_MS = 120_000;

let browser: Browser;
let gateway: GatewayProcess;
let page: Page;
/** What the browser had to complain of. */
let complaints: string[];

beforeAll(async () => {
  [browser, gateway] = await Promise.all([
    launchFirefox(),
    GatewayProcess.start({ settings: { demo: true, apps: { live: { record: true } } } }),
  ]);
}, TIMEOUT_MS);
afterAll(async () => {
  await browser?.close();
  await gateway?.close();
});

beforeEach(async () => {
  page = await browser.newPage();
  complaints = [];
  page.on('pageerror', (error) => complaints.push(error instanceof Error ? error.message : String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
});
afterEach(async () => {
  await page.close();
});

interface Look {
  readonly state: string;
  readonly mode: string | undefined;
  readonly fallback: string | undefined;
  readonly time: number | undefined;
  readonly frames: number;
  readonly positionS: number;
  /** What is seen, very small: brightness of 16x9 places. */
  readonly picture: number[];
}

/** The page's first player and its picture; as text, since the browser's types are not those of the tests. */
function look(): Promise<Look> {
  return page.evaluate(`(async () => {
    const player = document.querySelector('sluice-player');
    const stats = await player?.stats;
    const canvas = new OffscreenCanvas(16, 9);
    const context = canvas.getContext('2d');
    if (player?.video?.videoWidth > 0) context.drawImage(player.video, 0, 0, 16, 9);
    const { data } = context.getImageData(0, 0, 16, 9);
    return {
      state: player?.state ?? 'none',
      mode: stats?.mode,
      fallback: stats?.fallback?.code,
      time: player?.time,
      frames: stats?.framesDecoded ?? 0,
      positionS: player?.video?.currentTime ?? 0,
      picture: Array.from({ length: 144 }, (_, index) => data[index * 4] + data[index * 4 + 1] + data[index * 4 + 2]),
    };
  })()`) as Promise<Look>;
}

async function untilPlaying(what: string, condition: (look: Look) => boolean): Promise<Look> {
  let last: Look | undefined;
  return waitFor(
    what,
    async () => {
      last = await look();
      return last.state === 'playing' && condition(last) ? last : undefined;
    },
    60_000,
  ).catch((error: unknown) => {
    throw new Error(
      `${String(error)}\n${JSON.stringify(last)}\n${complaints.join('\n')}\n${gateway.output.slice(-2_000)}`,
    );
  });
}

/** That much of the picture has changed: no still, no grey, no black. */
function hasMoved(before: Look, now: Look): boolean {
  return now.picture.filter((value, index) => Math.abs(value - (before.picture[index] ?? 0)) > 60).length > 5;
}

test(
  'Firefox shows a camera by itself: over HLS, as it has no H.264 in WebRTC of its own',
  async () => {
    await page.goto(gateway.url, { waitUntil: 'domcontentloaded' });
    // One that has fetched OpenH264 from the internet has it.
    const hasH264 = await page.evaluate(
      `RTCRtpReceiver.getCapabilities('video').codecs.some(({ mimeType }) => /h264/i.test(mimeType))`,
    );
    const mode = hasH264 ? 'webrtc' : 'hls';
    const first = await untilPlaying(mode, (now) => now.mode === mode && now.frames > 5);
    expect(first.fallback).toBe(hasH264 ? undefined : 'NO_COMMON_CODEC');
    await untilPlaying(
      'the picture to move',
      (now) => now.frames > first.frames + 10 && hasMoved(first, now),
    );
    expect(complaints).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'Firefox plays HLS where it is told to, goes back into the recording and returns to live',
  async () => {
    await page.goto(`${gateway.url}/#/live/demo`, { waitUntil: 'domcontentloaded' });
    await waitFor('the player', () => page.evaluate(`document.querySelector('sluice-player') !== null`));
    await page.evaluate(`document.querySelector('sluice-player').mode = 'hls'`);
    const live = await untilPlaying('HLS', ({ mode, frames }) => mode === 'hls' && frames > 5);
    await untilPlaying(
      'the picture to move',
      (now) => now.positionS > live.positionS + 1 && hasMoved(live, now),
    );

    const range = await waitFor('a recording', async () => {
      const response = await fetch(`${gateway.url}/api/v1/streams/live/demo/timeline`);
      const { ranges } = (await response.json()) as { ranges?: { start: number; end: number }[] };
      return ranges?.find(({ start, end }) => end - start > 4_000);
    });
    const wantedMs = range.start + 1_500;
    await page.evaluate(`document.querySelector('sluice-player').seek(${wantedMs})`);
    const past = await untilPlaying(
      'what was recorded',
      ({ time }) => time !== undefined && Math.abs(time - wantedMs) < 3_000,
    );
    await untilPlaying(
      'it to move',
      (now) => (now.time ?? 0) > (past.time ?? 0) + 500 && hasMoved(past, now),
    );

    await page.evaluate(`document.querySelector('sluice-player').goLive()`);
    await untilPlaying('live again', ({ time, mode }) => mode === 'hls' && (time ?? 0) > range.end);
    expect(complaints).toEqual([]);
  },
  TIMEOUT_MS,
);
