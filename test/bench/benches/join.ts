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

/** With a key frame every 4 s, as cameras with "smart" codecs have them, waiting for one is what people feel. */
const LONG_GOP: FootageSpec = { ...CAMERA_FOOTAGE, gop: 100, frames: 200 };

interface Part {
  readonly way: Way;
  readonly spec: FootageSpec;
}

/** From the click to the first picture, at random moments of the camera's GOP. */
export const joinBench: Bench = {
  name: 'join',
  summary: 'time from the click to the first frame in Chromium, and beyond the next key frame',
  async run(context) {
    const browser = await launchBrowser();
    context.closers.add(() => browser.close());
    const figures: Figure[] = [];
    for (const spec of [CAMERA_FOOTAGE, LONG_GOP]) {
      figures.push(...(await measureCamera(context, browser, spec)));
    }
    return {
      title: 'Joining: from the click to the first frame in Chromium',
      figures,
      notes: [
        'One 4 Mbit/s camera (1280x720) that answers no request for a key frame; nobody else watches.',
        'Beyond the next key frame: from the arrival of the first key frame that ends after the click; below zero where a kept one was shown.',
        'player: a fresh page each time, its script loaded before the click; whep: a new RTCPeerConnection each time.',
      ],
    };
  },
};

async function measureCamera(
  context: BenchContext,
  browser: BenchBrowser,
  spec: FootageSpec,
): Promise<Figure[]> {
  return withClosers(context, async (closers) => {
    const camera = await startLoadCameras({ cameras: 1, spec });
    closers.add(() => camera.close());
    const gateway = await startGateway({ cameras: camera.urls });
    closers.add(() => gateway.close());
    await gateway.live();
    const probe = await browser.newPage(gateway.url);
    const hasPlayer = await probe.loadPlayer();
    await probe.close();
    const ways: Way[] = hasPlayer
      ? spec.gop === CAMERA_FOOTAGE.gop
        ? ['player', 'whep']
        : ['player']
      : ['whep'];
    const figures: Figure[] = [];
    for (const way of ways) {
      context.progress(`${context.joins} joins by ${way}, a key frame every ${spec.gop / spec.fps} s`);
      await camera.takeLogs();
      const joins = await joinOften(context, { browser, url: gateway.url, part: { way, spec } });
      const [sent] = await camera.takeLogs();
      if (sent !== undefined) figures.push(...figuresOf({ way, spec }, joins, keyFrameTimes(sent)));
    }
    return figures;
  });
}

async function joinOften(
  context: BenchContext,
  { browser, url, part }: { browser: BenchBrowser; url: string; part: Part },
): Promise<Join[]> {
  const joins: Join[] = [];
  for (let count = 0; count < context.joins; count += 1) {
    const page = await browser.newPage(url);
    if (part.way === 'player') await page.loadPlayer();
    await sleep(Math.random() * (part.spec.gop / part.spec.fps) * 1000);
    joins.push(await page.join(part.way, 'live/cam0'));
    await page.close();
  }
  return joins;
}

/** Unix times at which key frames had come in whole. */
function keyFrameTimes(sent: SentLog): number[] {
  const offsetMs = wallOffsetMs();
  return sent.sentMs.filter((_, index) => sent.isKeyFrame[index] === true).map((ms) => ms + offsetMs);
}

function figuresOf({ way, spec }: Part, joins: readonly Join[], keyFramesMs: readonly number[]): Figure[] {
  const gopS = spec.gop / spec.fps;
  const nextAfter = (ms: number) => keyFramesMs.find((time) => time >= ms) ?? ms;
  const total = joins.map((join) => join.firstFrameMs - join.clickMs);
  const beyond = joins.map((join) => join.firstFrameMs - nextAfter(join.clickMs));
  const connected = joins.filter((join) => join.connectedMs > 0);
  const figure = (id: string, what: string, value: number, target?: number): Figure => ({
    id: `join.${way}.${gopS}s.${id}`,
    what: `${way}, key frame every ${gopS} s: ${what}`,
    value,
    unit: 'ms',
    ...(target === undefined ? {} : { target }),
  });
  const spread = (id: string, what: string, values: readonly number[], target?: number) => [
    figure(`${id}.p50`, `${what} p50`, percentile(values, 0.5)),
    figure(`${id}.p95`, `${what} p95`, percentile(values, 0.95), target),
  ];
  return [
    ...spread('click', 'click to first frame', total),
    ...spread('beyond', 'beyond the next key frame', beyond, 300),
    ...(connected.length === 0
      ? []
      : spread(
          'connect',
          'click to connected',
          connected.map((join) => join.connectedMs - join.clickMs),
        )),
  ];
}
