import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { GAP, HlsSite, RECORDED_MS, SEGMENT_MS } from '../support/hls-site.ts';
import { waitFor } from '../support/wait.ts';

const TIMEOUT_MS = 60_000;

let browser: Browser;
let site: HlsSite;
let page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

beforeEach(async () => {
  site = await HlsSite.start();
  page = await browser.newPage();
  complaints.length = 0;
  page.on('pageerror', (error) => complaints.push(error.message));
});
afterEach(async () => {
  await page.close();
  await site.close();
  expect(complaints).toEqual([]);
});

interface Look {
  readonly state: string;
  readonly reason: string | undefined;
  readonly message: string | undefined;
  readonly timeMs: number | undefined;
  readonly positionS: number;
  readonly mode: string | undefined;
  readonly fallback: string | undefined;
  readonly frames: number;
  readonly latencyMs: number | undefined;
  /** Every state since the page was opened, with the picture's time when it began. */
  readonly seen: readonly { readonly state: string; readonly timeMs: number | undefined }[];
}

/** The page's player, by its public face; as text, since the browser's types are not those of the tests. */
function look(): Promise<Look> {
  return page.evaluate<Look>(`(async () => {
    const player = document.querySelector('sluice-player');
    const stats = await player.stats;
    return {
      state: player.state,
      reason: player.reason?.code,
      message: player.reason?.message,
      timeMs: player.time,
      positionS: player.video.currentTime,
      mode: stats?.mode,
      fallback: stats?.fallback?.code,
      frames: stats?.framesDecoded ?? 0,
      latencyMs: stats?.latencyMs,
      seen: globalThis.seen,
    };
  })()`);
}

async function open(attributes: string): Promise<void> {
  site.html = `<!doctype html><meta charset="utf-8"><title>Test</title>
    <style>sluice-player { width: 640px }</style>
    <script>globalThis.seen = [];
      addEventListener('statechange', (event) => seen.push({ state: event.detail.state, timeMs: event.target.time }), { capture: true });</script>
    <script type="module" src="/sluice-player.js"></script>
    <sluice-player src="/live/cam" muted autoplay controls ${attributes}></sluice-player>`;
  await page.goto(site.url);
  await page.waitForFunction(`customElements.get('sluice-player') !== undefined`);
}

async function untilPlaying(): Promise<Look> {
  return waitFor(
    'the player to play',
    async () => {
      const now = await look();
      return now.state === 'playing' && now.frames > 5 ? now : undefined;
    },
    30_000,
  );
}

const run = (script: string) => page.evaluate(`document.querySelector('sluice-player').${script}`);

test(
  'where signaling is blocked it plays live over HLS by itself, near the edge, and says why',
  async () => {
    await open('');
    const now = await untilPlaying();
    expect(now).toMatchObject({ mode: 'hls', fallback: 'SIGNALING_BLOCKED' });
    expect(now.timeMs).toBeGreaterThan(site.beganMs + RECORDED_MS - 6 * SEGMENT_MS);
    expect(now.latencyMs).toBeGreaterThan(0);
    expect(now.latencyMs).toBeLessThan(6 * SEGMENT_MS);
    await waitFor('the picture to move', async () => (await look()).positionS > now.positionS + 1);
    expect(now.seen.map(({ state }) => state)).not.toContain('failed');
  },
  TIMEOUT_MS,
);

test(
  'mode="hls" asks for no WebRTC at all',
  async () => {
    await open('mode="hls"');
    expect(await untilPlaying()).toMatchObject({ mode: 'hls' });
    expect(site.requests.filter((request) => request.includes('/api/'))).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'the code for HLS is fetched only when it is needed, and with mode="webrtc" never',
  async () => {
    await open('mode="webrtc"');
    await waitFor('WebRTC to be refused', async () => (await look()).reason === 'SIGNALING_BLOCKED');
    expect(site.requests.filter((request) => request.includes('/assets/'))).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'a recorded range begins at its very millisecond, leaps over the gap, ends, and plays again',
  async () => {
    const startMs = site.beganMs + GAP.fromMs - 3_300;
    const endMs = site.beganMs + GAP.toMs + 2_000;
    await open(`start-time="${startMs}" end-time="${new Date(endMs).toISOString()}"`);
    await untilPlaying();
    const starts = async () => (await look()).seen.filter(({ state }) => state === 'playing');
    const [first] = await starts();
    expect(first?.timeMs).toBeGreaterThanOrEqual(startMs - 40);
    expect(first?.timeMs).toBeLessThan(site.beganMs + GAP.fromMs);
    const behind = await waitFor('the gap to be over', async () => {
      const now = await look();
      return (now.timeMs ?? 0) >= site.beganMs + GAP.toMs ? now : undefined;
    });
    // The first segment begins 4 s before the gap, which itself takes no time.
    const behindMs = (behind.timeMs ?? 0) - (site.beganMs + GAP.toMs);
    expect(Math.abs(behind.positionS * 1000 - 4_000 - behindMs)).toBeLessThan(200);
    await waitFor('the end', async () => (await look()).state === 'ended');
    await page.getByRole('button', { name: 'Play again' }).click();
    const second = await waitFor('it to play again', async () => (await starts())[1]);
    expect(second.timeMs).toBeLessThan(site.beganMs + GAP.fromMs);
  },
  TIMEOUT_MS,
);

test(
  'seeking goes to times inside and outside of what is loaded, and into a gap means behind it',
  async () => {
    await open(`start-time="${site.beganMs + GAP.toMs}"`);
    await untilPlaying();
    await run(`seek(${site.beganMs + 5_000})`);
    const earlier = await waitFor('the earlier time', async () => {
      const now = await look();
      return now.state === 'playing' && (now.timeMs ?? Infinity) < site.beganMs + GAP.fromMs
        ? now
        : undefined;
    });
    expect(earlier.timeMs).toBeGreaterThanOrEqual(site.beganMs + 5_000 - 40);
    await run(`seek(${site.beganMs + GAP.fromMs + 4_000})`);
    const behind = await waitFor('the time behind the gap', async () => {
      const now = await look();
      return now.state === 'playing' && (now.timeMs ?? 0) >= site.beganMs + GAP.toMs - 40 ? now : undefined;
    });
    await page.locator('sluice-player').press('ArrowRight');
    await waitFor(
      'ten seconds later',
      async () => ((await look()).timeMs ?? 0) > (behind.timeMs ?? 0) + 9_000,
    );
  },
  TIMEOUT_MS,
);

test(
  'a start without an end plays into live, and the live button leaves it',
  async () => {
    await open(`start-time="${site.beganMs + RECORDED_MS - 6_000}"`);
    const first = await untilPlaying();
    expect(first.timeMs).toBeLessThan(site.beganMs + RECORDED_MS);
    await waitFor(
      'pictures that are newer than the page',
      async () => ((await look()).timeMs ?? 0) > site.beganMs + RECORDED_MS + 4_000,
      30_000,
    );
    // What is yet to come cannot be sought; the newest is shown.
    await run('seek(Date.now() + 60_000)');
    await run('seek(Date.now() - 200)');
    const newest = await untilPlaying();
    expect(newest.timeMs).toBeGreaterThan(site.beganMs + RECORDED_MS);
    expect(newest.seen.map(({ state }) => state)).not.toContain('failed');
    await page.getByRole('button', { name: 'Back to live' }).click();
    await untilPlaying();
    expect(await run('startTime')).toBe('');
    await page.getByText('LIVE', { exact: true }).waitFor();
  },
  TIMEOUT_MS,
);

test(
  'a pause keeps the place, also while nothing is loaded for a while',
  async () => {
    await open(`start-time="${site.beganMs}" end-time="${site.beganMs + GAP.fromMs}"`);
    await untilPlaying();
    await run('pause()');
    const paused = await look();
    expect(paused.state).toBe('paused');
    // Half a second of pictures, had it gone on.
    await page.waitForTimeout(500);
    expect((await look()).positionS).toBeCloseTo(paused.positionS, 1);
    await run('play()');
    await waitFor('it to go on', async () => (await look()).positionS > paused.positionS + 0.5);
  },
  TIMEOUT_MS,
);

test(
  "a browser without MediaSource plays by its own HLS, from the start's very place",
  async () => {
    await page.addInitScript(`delete globalThis.MediaSource; delete globalThis.ManagedMediaSource;`);
    site.token = 'correct-horse';
    // Chromium plays HLS by itself too, so it can stand in for an old iPhone.
    await open(
      `token="correct-horse" start-time="${site.beganMs + 3_500}" end-time="${site.beganMs + 8_000}"`,
    );
    expect(await page.evaluate(`'MediaSource' in globalThis`)).toBe(false);
    const first = await untilPlaying();
    expect(first.timeMs).toBeGreaterThanOrEqual(site.beganMs + 3_450);
    expect(first.timeMs).toBeLessThan(site.beganMs + 8_000);
    await waitFor('the end', async () => (await look()).state === 'ended');
    // Who goes back from the end wants to see it.
    await run(`seek(${site.beganMs + 4_000})`);
    await untilPlaying();
    await run(`setAttribute('token', 'wrong-horse')`);
    await run('play()');
    await waitFor('the refusal', async () => (await look()).reason === 'UNAUTHORIZED');
  },
  TIMEOUT_MS,
);

test('damaged segments of a recording are passed over', async () => {
  for (const atMs of [4_000, 6_000]) site.damaged.add(site.beganMs + atMs);
  await open(`start-time="${site.beganMs}" end-time="${site.beganMs + GAP.fromMs}"`);
  await waitFor(
    'what lies behind the damage',
    async () => {
      const { state, timeMs = 0 } = await look();
      return state === 'playing' && timeMs > site.beganMs + 8_500;
    },
    50_000,
  );
}, 90_000);

test(
  'what cannot be played is said in a sentence',
  async () => {
    await open(`start-time="1000" end-time="2000"`);
    await waitFor('the reason', async () => (await look()).reason === 'NOT_RECORDED');
    expect(await look()).toMatchObject({ state: 'failed', message: 'Nothing was recorded at that time.' });
    await run(`setAttribute('start-time', 'yesterday')`);
    await waitFor('the reason', async () => (await look()).reason === 'BAD_TIME');
    await run(`removeAttribute('end-time')`);
    await run(`setAttribute('start-time', '1000')`);
    // Nothing was recorded that long ago, but later something was.
    const now = await untilPlaying();
    expect(now.timeMs).toBeLessThan(site.beganMs + GAP.fromMs);
  },
  TIMEOUT_MS,
);

test(
  'the token goes in a header, never in an address, and a wrong one is told',
  async () => {
    site.token = 'correct-horse';
    await open('mode="hls" token="correct-horse"');
    await untilPlaying();
    expect(site.requests.join(' ')).not.toContain('correct-horse');
    await run(`setAttribute('token', 'wrong-horse')`);
    await waitFor('the refusal', async () => (await look()).reason === 'UNAUTHORIZED');
    expect((await look()).state).toBe('failed');
  },
  TIMEOUT_MS,
);

test('a camera that goes away is waited for with its reason, and plays on when it is back', async () => {
  await open('mode="hls"');
  await untilPlaying();
  site.goneSinceMs = Date.now();
  await waitFor('the reason', async () => (await look()).reason === 'CAMERA_UNREACHABLE', 40_000);
  expect((await look()).state).toBe('waiting');
  site.goneSinceMs = undefined;
  await untilPlaying();
}, 90_000);
