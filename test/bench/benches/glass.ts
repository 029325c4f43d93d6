import { startTimeCodeCamera } from '../camera/time-code-camera.ts';
import type { EncodedLog } from '../camera/time-code-process.ts';
import type { Bench } from '../support/bench.ts';
import { type Glass, launchBrowser, type Way } from '../support/browser.ts';
import { startGateway } from '../support/gateway.ts';
import type { Figure } from '../support/report.ts';
import { percentile } from '../support/stats.ts';

const CAMERA = { width: 1280, height: 720, fps: 25, gop: 25 };

/** From the moment a picture is painted to the moment Chromium shows it. */
export const glassBench: Bench = {
  name: 'glass',
  summary: 'glass to glass in Chromium, from a time code drawn into the picture',
  async run({ closers, seconds, settleMs, progress }) {
    const camera = await startTimeCodeCamera(CAMERA);
    closers.add(() => camera.close());
    const gateway = await startGateway({ cameras: [camera.url] });
    closers.add(() => gateway.close());
    const browser = await launchBrowser();
    closers.add(() => browser.close());
    await gateway.live();
    const figures: Figure[] = [];
    const page = await browser.newPage(gateway.url);
    const ways: Way[] = (await page.loadPlayer()) ? ['player', 'whep'] : ['whep'];
    for (const way of ways) {
      progress(`watching by ${way} for ${seconds} s`);
      const glass = await page.glass(way, 'live/cam0', { warmUpMs: settleMs, lengthMs: seconds * 1000 });
      figures.push(...figuresOf(way, glass, await camera.takeLog()));
    }
    return {
      title: 'Glass to glass: from painting a picture to Chromium showing it, on one machine',
      figures,
      notes: [
        'The camera is a Node process that paints 1280x720 pictures 25 times a second and libx264 (ultrafast, zerolatency).',
        'player: the <sluice-player> element; whep: a plain RTCPeerConnection page.',
        'Shown: when Chromium expects the picture to be seen, at the earliest when the page saw it (requestVideoFrameCallback).',
      ],
    };
  },
};

function figuresOf(way: Way, glass: Glass, encoded: EncodedLog): Figure[] {
  const byCode = new Map(
    encoded.codes.map((code, index) => [
      code,
      { drawnMs: encoded.drawnMs[index] ?? Number.NaN, encodedMs: encoded.encodedMs[index] ?? Number.NaN },
    ]),
  );
  const known = glass.frames.flatMap((frame) => {
    const origin = byCode.get(frame.code);
    return origin === undefined ? [] : [{ ...frame, ...origin }];
  });
  type Known = (typeof known)[number];
  const spread = (id: string, what: string, pick: (frame: Known) => number, target?: number): Figure[] => {
    const values = known.map(pick).filter(Number.isFinite);
    const figure = (name: string, share: number, goal?: number): Figure => ({
      id: `glass.${way}.${id}.${name}`,
      what: `${way}: ${what} ${name}`,
      value: percentile(values, share),
      unit: 'ms',
      ...(goal === undefined ? {} : { target: goal }),
    });
    return [figure('median', 0.5, target), figure('p95', 0.95)];
  };
  const count = (id: string, what: string, value: number): Figure => ({
    id: `glass.${way}.${id}`,
    what: `${way}: ${what}`,
    value,
    unit: '',
  });
  return [
    ...spread('total', 'painted to shown', (frame) => frame.shownMs - frame.drawnMs, 150),
    ...spread('afterEncode', 'encoded to shown', (frame) => frame.shownMs - frame.encodedMs),
    ...spread('encode', 'painting and encoding', (frame) => frame.encodedMs - frame.drawnMs),
    ...spread('transit', 'encoded to received by Chromium', (frame) => frame.receivedMs - frame.encodedMs),
    ...spread('render', 'received to shown', (frame) => frame.shownMs - frame.receivedMs),
    count('frames', 'pictures read', known.length),
    count('unread', 'pictures whose code was unreadable', glass.unread),
  ];
}
