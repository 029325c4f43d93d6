import { waitFor } from '../../support/wait.ts';
import { startLoadCameras } from '../camera/load-cameras.ts';
import type { FootageSpec } from '../media/footage.ts';
import { CAMERA_FOOTAGE } from '../media/footage.ts';
import type { Bench, BenchContext } from '../support/bench.ts';
import { launchChromium } from '../support/browser.ts';
import { startGateway } from '../support/gateway.ts';
import type { Figure } from '../support/report.ts';
import { percentile } from '../support/stats.ts';

const TILES = 16;
const TARGET_MS = 1000;
const PICTURE_TIMEOUT_MS = 60_000;
/** What most cameras have as their second stream. */
const TILE_FOOTAGE: FootageSpec = { ...CAMERA_FOOTAGE, width: 640, height: 360 };

/** Notes in each frame of the page how many tiles show a picture: of the video, or the still one before it. */
const WATCH_TILES = `{
  globalThis.wall = {};
  const note = (name) => { wall[name] ??= performance.now(); };
  const look = () => {
    const screens = [...document.querySelectorAll('sluice-player')].map(({ shadowRoot }) => ({
      still: shadowRoot?.querySelector('.still:not([hidden])') != null,
      video: (shadowRoot?.querySelector('video')?.readyState ?? 0) >= 2,
    }));
    const pictures = screens.filter(({ still, video }) => still || video).length;
    const videos = screens.filter(({ video }) => video).length;
    if (pictures > 0) note('firstPicture');
    if (videos > 0) note('firstVideo');
    if (screens.length > 0 && pictures === screens.length) note('allPictures');
    if (screens.length > 0 && videos === screens.length) note('allVideos');
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}`;

/** Milliseconds since the page was asked for. */
interface Opened {
  readonly firstPicture: number;
  readonly allPictures: number;
  readonly firstVideo: number;
  readonly allVideos: number;
}

/** From opening the control room to its pictures, by a browser that was never there before. */
export const wallBench: Bench = {
  name: 'wall',
  summary: 'time from opening a wall of 16 cameras to its pictures in Chromium',
  async run(context) {
    const cameras = Math.min(TILES, context.cameras);
    const camera = await startLoadCameras({ cameras, spec: TILE_FOOTAGE });
    context.closers.add(() => camera.close());
    const gateway = await startGateway({ cameras: camera.urls });
    context.closers.add(() => gateway.close());
    await gateway.live();
    const opened = await openOften(context, gateway.url);
    const figures = [
      ...spread(opened, 'first', 'first picture', (one) => one.firstPicture, TARGET_MS),
      ...spread(opened, 'all', 'a picture in every tile', (one) => one.allPictures),
      ...spread(opened, 'video.first', 'first live picture', (one) => one.firstVideo),
      ...spread(opened, 'video.all', 'live in every tile', (one) => one.allVideos),
    ];
    return {
      title: `Wall: from opening the page to its pictures, ${cameras} cameras`,
      figures,
      notes: [
        '640x360 at 25 fps; a browser profile without anything kept, of the same machine that serves and decodes.',
        'A picture is the last key frame as a still one, or the live one.',
      ],
    };
  },
};

async function openOften(context: BenchContext, url: string): Promise<Opened[]> {
  const browser = await launchChromium();
  context.closers.add(() => browser.close());
  context.progress(`${context.joins} times a wall is opened`);
  const opened: Opened[] = [];
  for (let count = 0; count < context.joins; count += 1) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.addInitScript(WATCH_TILES);
    await page.goto(url);
    await waitFor(
      'every tile to be live',
      () => page.evaluate<boolean>('wall.allVideos !== undefined'),
      PICTURE_TIMEOUT_MS,
    );
    opened.push(await page.evaluate<Opened>('wall'));
    await page.context().close();
  }
  return opened;
}

function spread(
  opened: readonly Opened[],
  id: string,
  what: string,
  timeOf: (one: Opened) => number,
  target?: number,
): Figure[] {
  const times = opened.map(timeOf);
  const figure = (name: string, value: number, aim?: number): Figure => ({
    id: `wall.${id}.${name}`,
    what: `${what} ${name}`,
    value,
    unit: 'ms',
    ...(aim === undefined ? {} : { target: aim }),
  });
  return [figure('p50', percentile(times, 0.5)), figure('p95', percentile(times, 0.95), target)];
}
