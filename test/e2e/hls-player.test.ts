import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { openEmbed } from '../support/embed-page.ts';
import { GatewayProcess } from '../support/gateway.ts';
import { waitFor } from '../support/wait.ts';

const TIMEOUT_MS = 120_000;
const TOKEN = 'correct-horse-battery-staple';

let browser: Browser;
let context: BrowserContext;
let page: Page;
/** Records, and serves all tests that do it no harm. */
let shared: GatewayProcess;
/** Records too, for those who have its token. */
let guarded: GatewayProcess;
/** The one of a test that needs its own. */
let own: GatewayProcess | undefined;

beforeAll(async () => {
  const settings = { demo: true, apps: { live: { record: true } } };
  [browser, shared, guarded] = await Promise.all([
    launchChromium(),
    GatewayProcess.start({ settings }),
    GatewayProcess.start({ settings: { ...settings, auth: { apiToken: TOKEN } } }),
  ]);
}, TIMEOUT_MS);
afterAll(async () => {
  await Promise.all([browser, shared, guarded].map((one) => one?.close()));
});

beforeEach(async () => {
  context = await browser.newContext();
  page = await context.newPage();
});
afterEach(async () => {
  await context.close();
  await own?.close();
  own = undefined;
});

interface Look {
  readonly state: string;
  readonly reason: string | undefined;
  readonly message: string | undefined;
  readonly startTime: string;
  readonly timeMs: number | undefined;
  readonly positionS: number;
  readonly mode: string | undefined;
  readonly fallback: string | undefined;
  readonly transport: string | undefined;
  readonly frames: number;
}

/** The page's player, by its public face; as text, since the browser's types are not those of the tests. */
function look(): Promise<Look> {
  return page.evaluate<Look>(`(async () => {
    const player = document.querySelector('sluice-player');
    const stats = await player?.stats;
    return {
      state: player?.state ?? 'none',
      reason: player?.reason?.code,
      message: player?.reason?.message,
      startTime: player?.startTime ?? '',
      timeMs: player?.time,
      positionS: player?.video.currentTime,
      mode: stats?.mode,
      fallback: stats?.fallback?.code,
      transport: stats?.transport,
      frames: stats?.framesDecoded ?? 0,
    };
  })()`);
}

async function untilPlaying(what: string, condition: (look: Look) => boolean = () => true): Promise<Look> {
  let last: Look | undefined;
  return waitFor(
    what,
    async () => {
      last = await look();
      return last.state === 'playing' && last.frames > 5 && condition(last) ? last : undefined;
    },
    60_000,
  ).catch((error: unknown) => {
    throw new Error(
      `${String(error)}\n${JSON.stringify(last)}\n${[shared, guarded, own].map((one) => one?.output.slice(-2_000)).join('\n')}`,
    );
  });
}

async function untilRecorded(
  gateway: GatewayProcess,
  forMs: number,
): Promise<{ start: number; end: number }> {
  return waitFor(
    'something to be recorded',
    async () => {
      const response = await fetch(`${gateway.url}/api/v1/streams/live/demo/timeline?access_token=${TOKEN}`);
      // While the disk is being opened there is none.
      const { ranges } = (await response.json()) as { ranges?: { start: number; end: number }[] };
      return ranges?.find(({ start, end }) => end - start >= forMs);
    },
    60_000,
  );
}

test(
  'with UDP and TCP blocked the picture comes over HLS by itself, and as soon as TCP gets through over WebRTC again',
  async () => {
    // A network that lets nothing through of what it is told: an address for documentation leads nowhere.
    await page.addInitScript(`{
      globalThis.blocked = 'udp|tcp';
      const set = RTCPeerConnection.prototype.setRemoteDescription;
      RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp }) {
        const ways = new RegExp('^(a=candidate:\\\\S+ \\\\d (?:' + globalThis.blocked + ') \\\\d+ )\\\\S+', 'gim');
        return set.call(this, { type, sdp: sdp.replace(ways, '$1192.0.2.1') });
      };
    }`);
    const html = ['auto', 'webrtc'].map(
      (mode) => `<sluice-player src="/live/demo" mode="${mode}" muted autoplay controls></sluice-player>`,
    );
    await openEmbed(page, shared.url, html.join(''));
    const now = await untilPlaying('HLS', ({ mode }) => mode === 'hls');
    expect(now.fallback).toBe('NO_MEDIA_PATH');
    await waitFor('WebRTC to say why there is no picture where it is all there may be', () =>
      page.evaluate<boolean>(`document.querySelector('[mode="webrtc"]').reason?.code === 'NO_MEDIA_PATH'`),
    );
    await untilPlaying('the picture to move', ({ positionS }) => positionS > now.positionS + 2);
    await page.locator('sluice-player').first().press('i');
    const figures = page.getByRole('region', { name: 'Figures' });
    await figures.getByText('HLS, some seconds behind').waitFor();
    await figures.getByText(/^No media /).waitFor();
    await page.evaluate(`globalThis.blocked = 'udp'`);
    const back = await untilPlaying('WebRTC', ({ mode }) => mode === 'webrtc');
    expect(back).toMatchObject({ fallback: undefined, transport: 'tcp' });
    await figures.getByText('WebRTC over TCP, as UDP does not get through').waitFor();
    await untilPlaying('the picture to move', ({ frames }) => frames > back.frames + 10);
  },
  TIMEOUT_MS,
);

test(
  'a browser without H.264 in WebRTC plays over HLS',
  async () => {
    await page.addInitScript(`{
      const withoutH264 = ({ codecs, ...rest }) => ({ ...rest, codecs: codecs.filter(({ mimeType }) => !/h264/i.test(mimeType)) });
      const capabilities = RTCRtpReceiver.getCapabilities.bind(RTCRtpReceiver);
      RTCRtpReceiver.getCapabilities = (kind) => withoutH264(capabilities(kind));
      const createOffer = RTCPeerConnection.prototype.createOffer;
      RTCPeerConnection.prototype.createOffer = async function (...options) {
        for (const transceiver of this.getTransceivers()) {
          if (transceiver.receiver.track.kind === 'video') {
            transceiver.setCodecPreferences(RTCRtpReceiver.getCapabilities('video').codecs);
          }
        }
        return createOffer.apply(this, options);
      };
    }`);
    await openEmbed(page, shared.url);
    const now = await untilPlaying('HLS', ({ mode }) => mode === 'hls');
    expect(now.fallback).toBe('NO_COMMON_CODEC');
  },
  TIMEOUT_MS,
);

test(
  'WebRTC that works is used, and no line of HLS is fetched',
  async () => {
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await openEmbed(page, shared.url);
    const now = await untilPlaying('WebRTC');
    expect(now).toMatchObject({ mode: 'webrtc', fallback: undefined });
    expect(asked.filter((path) => /player-hls|\.m3u8/.test(path))).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'a live player goes back into the recording, plays on into live, and returns to WebRTC',
  async () => {
    const { start } = await untilRecorded(shared, 8_000);
    await openEmbed(page, shared.url);
    await untilPlaying('live', ({ mode }) => mode === 'webrtc');
    const wantedMs = start + 2_500;
    await page.evaluate(`document.querySelector('sluice-player').seek(${wantedMs})`);
    const then = await untilPlaying('the recording', ({ timeMs }) => timeMs !== undefined);
    expect(then.timeMs).toBeGreaterThanOrEqual(wantedMs - 50);
    expect(then.timeMs).toBeLessThan(wantedMs + 10_000);
    const nowMs = Date.now();
    await page.evaluate(`document.querySelector('sluice-player').seek(${nowMs - 4_000})`);
    await untilPlaying('what was not recorded yet', ({ timeMs = 0 }) => timeMs > nowMs);
    await page.getByRole('button', { name: 'Back to live' }).click();
    await untilPlaying('live again', ({ mode, startTime }) => mode === 'webrtc' && startTime === '');
  },
  TIMEOUT_MS,
);

test(
  'a gateway that is killed and started again is found, live over HLS, and the last picture stays meanwhile',
  async () => {
    own = await GatewayProcess.start();
    await openEmbed(
      page,
      own.url,
      '<sluice-player src="/live/demo" mode="hls" muted autoplay></sluice-player>',
    );
    await untilPlaying('HLS', ({ mode }) => mode === 'hls');
    await own.kill();
    await waitFor('the loss to be seen', async () => (await look()).state === 'reconnecting', 30_000);
    const black = await page.evaluate(`document.querySelector('sluice-player').video.readyState < 2 &&
      document.querySelector('sluice-player').shadowRoot.querySelector('.still').hidden`);
    expect(black).toBe(false);
    await own.startAgain();
    const back = await untilPlaying('HLS again');
    await untilPlaying('the picture to move', ({ positionS }) => positionS > back.positionS + 2);
  },
  TIMEOUT_MS,
);

test(
  'a recorded range plays to its end with a token, and one without anything is explained',
  async () => {
    const { start } = await untilRecorded(guarded, 6_500);
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    const times = `start-time="${start + 1_000}" end-time="${start + 5_000}"`;
    const html = `<sluice-player src="/live/demo" token="${TOKEN}" muted autoplay controls ${times}></sluice-player>`;
    await openEmbed(page, guarded.url, html);
    const first = await untilPlaying('the range', ({ timeMs }) => timeMs !== undefined);
    expect(first.timeMs).toBeGreaterThanOrEqual(start + 1_000 - 50);
    await waitFor('its end', async () => (await look()).state === 'ended');
    expect(requests.filter((url) => url.includes(TOKEN))).toEqual([]);
    await page.evaluate(`{
      const player = document.querySelector('sluice-player');
      player.startTime = ${start - 7_200_000};
      player.endTime = ${start - 3_600_000};
    }`);
    await waitFor('the reason', async () => (await look()).reason === 'NOT_RECORDED');
    expect((await look()).message).toMatch(/^Nothing of live\/demo is recorded/);
  },
  TIMEOUT_MS,
);
