import { startLoadCameras } from '../camera/load-cameras.ts';
import type { SentLog } from '../camera/sent-log.ts';
import { CAMERA_FOOTAGE, type FootageSpec } from '../media/footage.ts';
import type { Bench, BenchContext } from '../support/bench.ts';
import { type BenchBrowser, type Join, launchBrowser, type Way } from '../support/browser.ts';
import { sleep, wallOffsetMs } from '../support/clock.ts';
import { startGateway } from '../support/gateway.ts';
import type { Figure } from '../support/report.ts';
import { percentile } from '../support/stats.ts';
import { withClosers } from '../support/with-closers.ts';
import { startViewers } from '../viewers/viewers.ts';

/** With a key frame every 4 s, as cameras with "smart" codecs have them, waiting for one is what people feel. */
const LONG_GOP: FootageSpec = { ...CAMERA_FOOTAGE, gop: 100, frames: 200 };

interface Part {
  readonly id: string;
  readonly what: string;
  readonly way: Way;
  readonly spec: FootageSpec;
  /** Somebody watches already, so that nothing can be shown to the new viewer that the other would see again. */
  readonly isWatched: boolean;
  readonly targetMs?: number;
}

const PARTS: readonly Part[] = [
  {
    id: 'player.1s',
    what: 'player, key frame every 1 s',
    way: 'player',
    spec: CAMERA_FOOTAGE,
    isWatched: false,
    targetMs: 300,
  },
  {
    id: 'player.1s.watched',
    what: 'player, 1 s, watched by another',
    way: 'player',
    spec: CAMERA_FOOTAGE,
    isWatched: true,
  },
  {
    id: 'player.4s',
    what: 'player, key frame every 4 s',
    way: 'player',
    spec: LONG_GOP,
    isWatched: false,
    targetMs: 300,
  },
  {
    id: 'whep.1s',
    what: 'WHEP page, key frame every 1 s',
    way: 'whep',
    spec: CAMERA_FOOTAGE,
    isWatched: false,
    targetMs: 300,
  },
];

/** From the click to the first picture, at random moments of the camera's GOP. */
export const joinBench: Bench = {
  name: 'join',
  summary: 'time from the click to the first frame in Chromium, and beyond the next key frame',
  async run(context) {
    const browser = await launchBrowser();
    context.closers.add(() => browser.close());
    const figures: Figure[] = [];
    // A slice shows that both ways of watching are measured.
    const parts =
      context.joins === 1 ? PARTS.filter(({ id }) => id === 'player.1s' || id === 'whep.1s') : PARTS;
    for (const part of parts) figures.push(...(await measurePart(context, browser, part)));
    return {
      title: 'Joining: from the click to the first frame in Chromium',
      figures,
      notes: [
        'One 4 Mbit/s camera (1280x720) that answers no request for a key frame.',
        'Beyond the next key frame: from the arrival of the first key frame after the click.',
        'player: the <sluice-player> element in a fresh page each time, its script loaded before the click.',
      ],
    };
  },
};

function measurePart(context: BenchContext, browser: BenchBrowser, part: Part): Promise<Figure[]> {
  return withClosers(context, async (closers) => {
    const camera = await startLoadCameras({ cameras: 1, spec: part.spec });
    closers.add(() => camera.close());
    const gateway = await startGateway({ cameras: camera.urls });
    closers.add(() => gateway.close());
    await gateway.live();
    if (part.isWatched) {
      const viewers = startViewers();
      closers.add(() => viewers.close());
      await viewers.watch(`${gateway.url}/whep/live/cam0`, 0);
    }
    context.progress(`${context.joins} joins: ${part.what}`);
    const joins: Join[] = [];
    for (let count = 0; count < context.joins; count += 1) {
      joins.push(await joinOnce(browser, gateway.url, part));
    }
    const [sent] = await camera.takeLogs();
    return sent === undefined ? [] : figuresOf(part, joins, keyFrameTimes(sent));
  });
}

/** At a random moment between two key frames. */
async function joinOnce(browser: BenchBrowser, url: string, { way, spec }: Part): Promise<Join> {
  const page = await browser.newPage(url);
  try {
    if (way === 'player' && !(await page.loadPlayer())) {
      throw new Error('This bench needs the built player; npm start builds it.');
    }
    await sleep(Math.random() * (spec.gop / spec.fps) * 1000);
    return await page.join(way, 'live/cam0');
  } finally {
    await page.close();
  }
}

/** Unix times at which key frames had come in whole. */
function keyFrameTimes(sent: SentLog): number[] {
  const offsetMs = wallOffsetMs();
  return sent.sentMs.filter((_, index) => sent.isKeyFrame[index] === true).map((ms) => ms + offsetMs);
}

function figuresOf(part: Part, joins: readonly Join[], keyFramesMs: readonly number[]): Figure[] {
  const nextAfter = (ms: number) => keyFramesMs.find((time) => time >= ms) ?? ms;
  const figure = (id: string, what: string, value: number, target?: number): Figure => ({
    id: `join.${part.id}.${id}`,
    what: `${part.what}: ${what}`,
    value,
    unit: 'ms',
    ...(target === undefined ? {} : { target }),
  });
  const spread = (id: string, what: string, timeOf: (join: Join) => number, target?: number) => {
    const times = joins.map(timeOf);
    return [
      figure(`${id}.p50`, `${what} p50`, percentile(times, 0.5)),
      figure(`${id}.p95`, `${what} p95`, percentile(times, 0.95), target),
    ];
  };
  return [
    ...spread('connect', 'click to connected', (join) => join.connectedMs - join.clickMs),
    ...spread('click', 'click to first frame', (join) => join.firstFrameMs - join.clickMs),
    ...spread(
      'beyond',
      'beyond the next key frame',
      (join) => join.firstFrameMs - nextAfter(join.clickMs),
      part.targetMs,
    ),
  ];
}
