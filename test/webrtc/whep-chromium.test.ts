import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { PLAYOUT_DELAY_URI } from '../../server/webrtc/rtp-parameters.ts';
import { launchChromium } from '../support/chromium.ts';
import { ClipCamera, OPUS } from '../support/clip-camera.ts';
import { encodeClip } from '../support/h264-clip.ts';
import { encodeReorderedClip } from '../support/reordered-clip.ts';
import { waitFor } from '../support/wait.ts';
import { openHouse, TestSession, untilLive, type WebRtcHouse } from '../support/webrtc-house.ts';
import { offerOf, VIEWER_CAPABILITIES } from '../support/werift-viewer.ts';

let browser: Browser;
const cleanups: Array<() => Promise<unknown>> = [];

beforeAll(async () => {
  browser = await launchChromium();
}, 60_000);
afterAll(() => browser?.close());
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface PageStats {
  readonly framesDecoded: number;
  readonly width: number;
  readonly payloadType: number;
  readonly audioPackets: number;
  readonly playedSeconds: number;
  /** Of the gateway's candidate in use. */
  readonly protocol: string;
  readonly framesReceived: number;
  readonly framesDropped: number;
  /** Tracks of which a sender report came. */
  readonly reports: number;
}

/** Offer and answer may be rewritten on their ways. */
async function playInPage(
  house: WebRtcHouse,
  changeOffer: (sdp: string) => string,
  changeAnswer: (sdp: string) => string = (sdp) => sdp,
): Promise<Page> {
  const page = await openPage();
  await page.exposeFunction('whep', async (offer: string) => {
    const { answerSdp } = await house.webrtc.whep.create('live/cam', changeOffer(offer));
    return changeAnswer(answerSdp);
  });
  await page.evaluate('play()');
  return page;
}

async function openPage(): Promise<Page> {
  const page = await browser.newPage();
  cleanups.push(() => page.close());
  await page.setContent(await readFile(new URL('whep-page.html', import.meta.url), 'utf8'));
  return page;
}

const statsOf = (page: Page) => page.evaluate<PageStats>('stats()');

/** Leaves only the H.264 payload type that the gateway's routers do not use, and its RTX. */
function withoutPayloadType(sdp: string, payloadType: number): string {
  const rtx = new RegExp(`a=fmtp:(\\d+) apt=${payloadType}\\r\\n`).exec(sdp)?.[1];
  const gone = new Set([String(payloadType), rtx]);
  return sdp
    .split('\r\n')
    .filter((line) => !gone.has(/^a=(?:rtpmap|fmtp|rtcp-fb):(\d+)/.exec(line)?.[1] ?? ''))
    .map((line) => {
      if (!line.startsWith('m=video ')) return line;
      return line
        .split(' ')
        .filter((part) => !gone.has(part))
        .join(' ');
    })
    .join('\r\n');
}

test('a stream with B-frames is shown without them, each picture as soon as it comes', async () => {
  const house = await openHouse({ cam: new ClipCamera(await encodeReorderedClip({ bFrames: 2 }), OPUS) });
  cleanups.push(() => house.close());
  await untilLive(house.hub, 'live/cam');
  const page = await playInPage(house, (sdp) => sdp);
  const first = await waitFor('a picture', async () => (await statsOf(page)).framesDecoded || undefined);
  await waitFor('twenty more', async () => (await statsOf(page)).framesDecoded >= first + 20);
  // A decoder that holds pictures back for B-pictures to come is always behind by some.
  await waitFor('the latest picture, with none held back', async () => {
    const { framesReceived, framesDecoded, framesDropped } = await statsOf(page);
    // A starved browser gives some up without decoding them.
    return framesDecoded + framesDropped >= framesReceived;
  });
  expect((await statsOf(page)).audioPackets).toBeGreaterThan(10);
});

test.each(['baseline', 'main', 'high'] as const)(
  'a plain page shows a %s stream under a payload type that the routers do not use by default',
  async (profile) => {
    const house = await openHouse({ cam: new ClipCamera(await encodeClip({ profile }), OPUS) });
    cleanups.push(() => house.close());
    await untilLive(house.hub, 'live/cam');
    const page = await playInPage(house, (sdp) => withoutPayloadType(sdp, 102));
    const first = await waitFor('picture and sound', async () => {
      const stats = await statsOf(page);
      return stats.framesDecoded > 10 && stats.audioPackets > 10 ? stats : undefined;
    });
    expect(first.width).toBe(320);
    expect(first.payloadType).not.toBe(102);
    const later = await waitFor('more frames', async () => {
      const stats = await statsOf(page);
      return stats.framesDecoded > first.framesDecoded + 20 ? stats : undefined;
    });
    expect(later.playedSeconds).toBeGreaterThan(first.playedSeconds);
  },
);

test('two pages that offer the same payload types share a router, and the pipe into it', async () => {
  const house = await openHouse({ cam: new ClipCamera(await encodeClip()) });
  cleanups.push(() => house.close());
  await untilLive(house.hub, 'live/cam');
  const pages = [await playInPage(house, (sdp) => sdp), await playInPage(house, (sdp) => sdp)];
  for (const page of pages) {
    await waitFor('frames', async () => (await statsOf(page)).framesDecoded > 10);
  }
  const stats = await house.webrtc.stats();
  expect(stats.pipes).toBe(1);
  expect(stats.workers[0]?.routers).toBe(2);
});

test('a page whose network lets no UDP through plays over TCP', async () => {
  const house = await openHouse({ cam: new ClipCamera(await encodeClip()) });
  cleanups.push(() => house.close());
  await untilLive(house.hub, 'live/cam');
  const withoutUdp = (sdp: string) => sdp.replace(/a=candidate:\S+ 1 udp .*\r\n/g, '');
  const page = await playInPage(house, (sdp) => sdp, withoutUdp);
  const stats = await waitFor('frames', async () => {
    const now = await statsOf(page);
    return now.framesDecoded > 25 ? now : undefined;
  });
  expect(stats.protocol).toBe('tcp');
});

test('a browser of the signaling protocol takes the playout delay, shows the stream and gets sender reports', async () => {
  const house = await openHouse({ cam: new ClipCamera(await encodeClip(), OPUS) });
  cleanups.push(() => house.close());
  await untilLive(house.hub, 'live/cam');
  const page = await openPage();
  const { session } = new TestSession(house.webrtc);
  const watch = await session.startWatch({ stream: 'live/cam', rtpCapabilities: VIEWER_CAPABILITIES });
  if (watch.transport === undefined) throw new Error('no transport');
  const offer = offerOf(watch.transport, watch.consumers);
  const answer = await page.evaluate<string>(`answer(${JSON.stringify(offer)})`);
  expect(answer).toContain(`a=extmap:11 ${PLAYOUT_DELAY_URI}`);
  const value = /a=fingerprint:sha-256 (\S+)/.exec(answer)?.[1] ?? '';
  await session.connectTransport({
    transportId: watch.transport.id,
    dtlsParameters: { role: 'client', fingerprints: [{ algorithm: 'sha-256', value }] },
  });
  await session.resumeWatch({ watchId: watch.watchId });
  await waitFor('pictures, sound and a report of each', async () => {
    const now = await statsOf(page);
    return now.framesDecoded > 50 && now.audioPackets > 50 && now.reports === 2 ? now : undefined;
  });
});
