import type { Page } from 'playwright-core';
import { waitFor } from '../../support/wait.ts';
import { keepFootage, ROUND_SECONDS } from '../media/recorded.ts';
import type { Bench } from '../support/bench.ts';
import { launchChromium } from '../support/browser.ts';
import { startGateway } from '../support/gateway.ts';
import type { Figure } from '../support/report.ts';
import { percentile } from '../support/stats.ts';

const TARGET_MS = 100;
const CAMERAS = 4;
const SPEEDS = [0.5, 1, 2, 4] as const;
/** Cameras do not take their pictures at the same instants. */
const APART_MS = 137;
/** From where a speed is measured on. */
const LEAD_MS = 4_000;
const START_TIMEOUT_MS = 30_000;

/** What the page noted at each frame of the browser while the group played. */
interface Measured {
  /** Milliseconds between the earliest and the latest of the pictures on the screen. */
  readonly spreads: readonly number[];
  /** Pictures shown on all the screens, and how many of them were not as old as the player says. */
  readonly pictures: number;
  /** Milliseconds by which the number drawn in a picture and the player's time differ at most. */
  readonly worstTimeMs: number;
}

/**
 * Players, and what reads the time of each picture that is on the screen: `mediaTime` of the frame that was handed to the
 * compositor, on the player's own map from media to time; now and then checked by the number drawn in the picture.
 */
const PAGE = `(async () => {
  const { SyncGroup } = await import('/sluice-player.js');
  document.body.replaceChildren();
  document.body.style.cssText = 'margin: 0; display: grid; grid-template-columns: 1fr 1fr';
  const players = Array.from({ length: ${CAMERAS} }, (_, at) => {
    const player = document.createElement('sluice-player');
    Object.assign(player, { src: '/live/cam' + at, muted: true });
    player.toggleAttribute('bare', true);
    document.body.append(player);
    return player;
  });
  const group = new SyncGroup(players);
  const shown = players.map(() => undefined);
  let pictures = 0;
  for (const [at, player] of players.entries()) {
    const look = (_, { mediaTime }) => {
      const { time, video } = player;
      shown[at] = time === undefined ? undefined : time + (mediaTime - video.currentTime) * 1000;
      pictures += 1;
      video.requestVideoFrameCallback(look);
    };
    player.video.requestVideoFrameCallback(look);
  }
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [160, 1];
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const numberOf = (video) => {
    context.drawImage(video, 0, 32, 160, 1, 0, 0, 160, 1);
    const { data } = context.getImageData(0, 0, 160, 1);
    let number = 0;
    for (let bit = 0; bit < 20; bit += 1) if (data[(bit * 8 + 4) * 4] > 128) number |= 1 << bit;
    return number;
  };
  const measure = (startsMs, lengthMs, roundMs) => new Promise((resolve) => {
    const spreads = [];
    const endMs = performance.now() + lengthMs;
    const beforePictures = pictures;
    let worstTimeMs = 0;
    let frames = 0;
    const look = () => {
      const known = shown.filter((time) => time !== undefined);
      if (group.state === 'playing' && known.length === players.length) {
        spreads.push(Math.max(...known) - Math.min(...known));
      }
      frames += 1;
      if (frames % 60 === 0) {
        const at = (frames / 60) % players.length;
        const drawnMs = numberOf(players[at].video) * 40;
        const told = ((shown[at] - startsMs[at]) % roundMs + roundMs) % roundMs;
        const off = Math.abs(told - drawnMs);
        worstTimeMs = Math.max(worstTimeMs, Math.min(off, roundMs - off));
      }
      if (performance.now() < endMs) requestAnimationFrame(look);
      else resolve({ spreads, pictures: pictures - beforePictures, worstTimeMs });
    };
    requestAnimationFrame(look);
  });
  globalThis.sync = { group, players, measure };
})()`;

/** Cameras that are played together, at several speeds. */
export const syncBench: Bench = {
  name: 'sync',
  summary: 'how far 4 cameras are apart that are played on one clock, in Chromium',
  async run({ closers, progress, seconds, settleMs }) {
    const lengthS = Math.ceil(
      ((seconds * 1000 + settleMs) * Math.max(...SPEEDS) + LEAD_MS) / 1000 + ROUND_SECONDS / 2,
    );
    const startMs = Math.floor(Date.now() / 1000) * 1000 - lengthS * 1000 - 60_000;
    const startsMs = Array.from({ length: CAMERAS }, (_, at) => startMs + at * APART_MS);
    progress(`recording ${lengthS} s of ${CAMERAS} cameras`);
    const gateway = await startGateway({
      cameras: [],
      settings: { recording: { minFreeBytes: 0 } },
      prepare: async (dataDir) => {
        for (const [at, beginMs] of startsMs.entries()) {
          await keepFootage(dataDir, beginMs, lengthS, { stream: `live/cam${at}`, width: 1280, height: 720 });
        }
      },
    });
    closers.add(() => gateway.close());
    const browser = await launchChromium();
    closers.add(() => browser.close());
    const page = await browser.newPage({ bypassCSP: true, viewport: { width: 1280, height: 720 } });
    await page.goto(`${gateway.url}/healthz`);
    await page.evaluate(PAGE);
    const figures: Figure[] = [];
    for (const speed of SPEEDS) {
      progress(`${seconds} s at ${speed}x`);
      await play(page, startMs + LEAD_MS, speed);
      await page.waitForTimeout(settleMs);
      const call = `sync.measure(${JSON.stringify(startsMs)}, ${seconds * 1000}, ${ROUND_SECONDS * 1000})`;
      figures.push(...figuresOf(speed, seconds, await page.evaluate<Measured>(call)));
    }
    return {
      title: `Synchronised playback: ${CAMERAS} cameras`,
      figures,
      notes: [
        '1280x720 at 25 fps and 4 Mbit/s each, shown at 640x360; decoded without a graphics card, on the machine that serves.',
        'Looked at in each of the browser’s frames: the times of the pictures on the screens, in milliseconds of recorded time (at 4x one picture in 60 a second is 67 ms later than the one before).',
      ],
    };
  },
};

async function play(page: Page, timeMs: number, speed: number): Promise<void> {
  await page.evaluate(`{
    sync.group.pause();
    sync.group.speed = ${speed};
    sync.group.seek(${timeMs});
    sync.group.play();
  }`);
  await waitFor(
    'the group to play',
    () =>
      page.evaluate(
        `sync.group.state === 'playing' && sync.players.every(({ time }) => time > ${timeMs - 1_000})`,
      ),
    START_TIMEOUT_MS,
  );
}

function figuresOf(speed: number, seconds: number, { spreads, pictures, worstTimeMs }: Measured): Figure[] {
  const figure = (name: string, what: string, value: number, unit: string, target?: number): Figure => ({
    ...{ id: `sync.${speed}.${name}`, what: `${speed}x: ${what}`, value, unit },
    ...(target === undefined ? {} : { target }),
  });
  return [
    figure('p50', 'apart p50', percentile(spreads, 0.5), 'ms'),
    figure('p95', 'apart p95', percentile(spreads, 0.95), 'ms', TARGET_MS),
    figure('max', 'apart at most', Math.max(...spreads), 'ms'),
    figure('fps', 'pictures a second on each screen', pictures / CAMERAS / seconds, ''),
    figure('time', 'picture’s own number and the player’s time differ by at most', worstTimeMs, 'ms'),
  ];
}
