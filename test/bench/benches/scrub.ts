import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { ThumbnailsDb } from '../../../server/recording/frames/thumbnails-db.ts';
import { waitFor } from '../../support/wait.ts';
import { startLoadCameras } from '../camera/load-cameras.ts';
import { CAMERA_FOOTAGE, footageFile } from '../media/footage.ts';
import { keepFootage } from '../media/recorded.ts';
import type { Bench } from '../support/bench.ts';
import { launchChromium } from '../support/browser.ts';
import { type BenchGateway, startGateway } from '../support/gateway.ts';
import type { Figure } from '../support/report.ts';
import { percentile } from '../support/stats.ts';

const run = promisify(execFile);
const TARGET_KEPT_MS = 150;
const TARGET_EXACT_MS = 400;
const STREAM = 'live/cam0';
const PICTURE_TIMEOUT_MS = 30_000;
/** One is kept of each so much time, as the recorder does. */
const THUMBNAIL_EVERY_MS = 10_000;
/** Of what is recorded the last part has none, as where they could not be made. */
const BARE_SHARE = 0.2;
/** The time line shows ten minutes, of which some pass until it is measured. */
const RECORDED_S = 420;
/** The row of the time line that is dragged to move the picture. */
const BAND_Y = 50;

interface Recorded {
  readonly startMs: number;
  readonly endMs: number;
  /** From there on no small pictures are kept. */
  readonly bareMs: number;
}

/** What a move of the pointer brought: milliseconds from it to the frame with the first picture of that time, by its kind. */
interface Scrubbed {
  readonly kept?: number;
  readonly exact?: number;
}

const WATCH_SCRUBBING = `{
  globalThis.scrub = { movedMs: 0, before: undefined, shown: {} };
  const preview = () => document.querySelector('.camera-preview')?.dataset;
  addEventListener('pointermove', ({ timeStamp }) => {
    globalThis.scrub = { movedMs: timeStamp, before: preview()?.time, shown: {} };
  }, true);
  const look = () => {
    const now = preview();
    if (now !== undefined && now.time !== scrub.before) scrub.shown[now.kind] ??= performance.now() - scrub.movedMs;
  };
  new MutationObserver(() => requestAnimationFrame(look)).observe(document, {
    ...{ subtree: true, childList: true, attributes: true, attributeFilter: ['data-kind', 'data-time'] },
  });
}`;

/** Dragging along the time line of a camera's page. */
export const scrubBench: Bench = {
  name: 'scrub',
  summary: 'time from a move over the time line to a picture of that time, in Chromium',
  async run(context) {
    const { closers, progress, joins } = context;
    // A slice takes what other benches have encoded already.
    const isSlice = context.seconds < 10;
    const seconds = isSlice ? 60 : RECORDED_S;
    const size = isSlice ? {} : { width: 1280, height: 720 };
    progress(`recording ${seconds} s of footage`);
    const endMs = Math.floor(Date.now() / 1000) * 1000 - 30_000;
    const startMs = endMs - seconds * 1000;
    const recorded: Recorded = { startMs, endMs, bareMs: endMs - seconds * 1000 * BARE_SHARE };
    const camera = await startLoadCameras({ cameras: 1, spec: CAMERA_FOOTAGE });
    closers.add(() => camera.close());
    const gateway = await startGateway({
      cameras: camera.urls,
      settings: { recording: { minFreeBytes: 0 } },
      prepare: async (dataDir) => {
        await keepFootage(dataDir, startMs, seconds, { stream: STREAM, ...size });
        await keepThumbnails(dataDir, recorded);
      },
    });
    closers.add(() => gateway.close());
    await gateway.live();
    const browser = await launchChromium();
    closers.add(() => browser.close());
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    const line = await openTimeline(page, gateway, recorded);
    const measured = { kept: [] as number[], exact: [] as number[] };
    progress(`${joins} moves to times with a kept picture, ${joins} without`);
    // By the golden ratio: neighbours are far apart, and none comes twice.
    for (let move = 0; move < joins; move += 1) {
      const share = ((move * 0.618_034) % 1) * 0.96 + 0.02;
      const kept = await scrubTo(page, line, startMs + share * (recorded.bareMs - startMs), 'kept');
      measured.kept.push(kept);
      const bareFromMs = recorded.bareMs + THUMBNAIL_EVERY_MS;
      measured.exact.push(await scrubTo(page, line, bareFromMs + share * (endMs - bareFromMs), 'exact'));
    }
    const told = await page.evaluate<{ name: string; duration: number }[]>(
      `performance.getEntriesByType('measure').map(({ name, duration }) => ({ name, duration }))`,
    );
    await page.mouse.up();
    const toldOf = (kind: string) =>
      told.filter(({ name }) => name === `sluice scrub ${kind}`).map(({ duration }) => duration);
    return {
      title: 'Scrubbing: from a move over the time line to a picture',
      figures: [
        ...spread('kept', 'a small picture is kept: first picture', measured.kept, TARGET_KEPT_MS),
        ...spread('exact', 'none is kept: first picture', measured.exact, TARGET_EXACT_MS),
        ...spread('told.kept', 'kept picture, as the page tells', toldOf('kept')),
        ...spread('told.exact', 'very picture, as the page tells (all moves)', toldOf('exact')),
      ],
      notes: [
        'Recorded: 1280x720 at 25 fps, 4 Mbit/s, a key frame every 2 s. The camera stays live behind the dragged picture.',
        'From the time stamp of the pointer event to the frame that the picture is drawn in; each move goes to another time.',
      ],
    };
  },
};

async function keepThumbnails(dataDir: string, { startMs, bareMs }: Recorded): Promise<void> {
  const picture = ['-v', 'error', '-i', await footageFile(CAMERA_FOOTAGE), '-frames:v', '1'];
  const { stdout } = await run(
    process.env.FFMPEG_PATH ?? 'ffmpeg',
    [...picture, '-vf', 'scale=320:-2', '-f', 'mjpeg', '-'],
    { encoding: 'buffer' },
  );
  const recordingsDir = join(dataDir, 'recordings');
  mkdirSync(recordingsDir, { recursive: true });
  const db = ThumbnailsDb.openToWrite(recordingsDir);
  for (let atMs = startMs; atMs < bareMs; atMs += THUMBNAIL_EVERY_MS) db.put(STREAM, { atMs, jpeg: stdout });
  db.close();
}

/** Where on the screen a time is. */
interface Line {
  readonly y: number;
  xOf(timeMs: number): number;
}

/** The camera's page with all that is recorded on the time line, and the pointer pressed on it. */
async function openTimeline(page: Page, gateway: BenchGateway, recorded: Recorded): Promise<Line> {
  await page.addInitScript(WATCH_SCRUBBING);
  await page.goto(`${gateway.url}/#/camera/${STREAM}`);
  const slider = page.locator('.timeline-slider');
  await slider.waitFor();
  await waitFor(
    'the live picture',
    () => page.evaluate(`document.querySelector('sluice-player')?.state === 'playing'`),
    PICTURE_TIMEOUT_MS,
  );
  const view = async () => {
    const [from, to] = await Promise.all([
      slider.getAttribute('aria-valuemin'),
      slider.getAttribute('aria-valuemax'),
    ]);
    return { fromMs: Number(from) * 1000, toMs: Number(to) * 1000 };
  };
  const kept = page.waitForResponse((answer) => answer.url().includes('/thumbnails?'));
  await page.getByRole('button', { name: '10 min' }).click();
  await kept;
  const box = await slider.boundingBox();
  if (box === null) throw new Error('The page shows no time line.');
  // From now on the view stands still.
  await page.mouse.move(box.x + box.width / 2, box.y + BAND_Y);
  await page.mouse.down();
  const { fromMs, toMs } = await view();
  if (fromMs > recorded.startMs)
    throw new Error('What was recorded is no longer to be seen on the time line.');
  return {
    y: box.y + BAND_Y,
    xOf: (timeMs) => box.x + ((timeMs - fromMs) / (toMs - fromMs)) * box.width,
  };
}

/** Milliseconds until a frame showed that kind of picture; the other kind is waited for too, so that moves do not mix. */
async function scrubTo(page: Page, line: Line, timeMs: number, kind: keyof Scrubbed): Promise<number> {
  await page.mouse.move(line.xOf(timeMs), line.y);
  const what = `a picture of ${new Date(timeMs).toISOString()}`;
  const shown = await waitFor(
    what,
    async () => {
      const { exact, kept } = await page.evaluate<Scrubbed>('scrub.shown');
      return exact !== undefined && { exact, kept };
    },
    PICTURE_TIMEOUT_MS,
  );
  // The very picture may be the quicker one.
  const first = Math.min(shown.exact, shown.kept ?? shown.exact);
  if (kind === 'exact' && shown.kept !== undefined) throw new Error(`${what} is kept, and should not be`);
  return first;
}

function spread(id: string, what: string, times: readonly number[], target?: number): Figure[] {
  const figure = (name: string, value: number, aim?: number): Figure => ({
    ...{ id: `scrub.${id}.${name}`, what: `${what}, ${name}`, value, unit: 'ms' },
    ...(aim === undefined ? {} : { target: aim }),
  });
  return [figure('p50', percentile(times, 0.5)), figure('p95', percentile(times, 0.95), target)];
}
