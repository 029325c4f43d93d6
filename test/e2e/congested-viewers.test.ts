import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CameraSim, testVideo } from '../support/camera-sim/index.ts';
import { launchChromium } from '../support/chromium.ts';
import { GatewayProcess } from '../support/gateway.ts';
import { anewForAnotherTry } from '../support/tried-again.ts';
import { UdpRelay } from '../support/udp-relay.ts';
import { waitFor } from '../support/wait.ts';

const TIMEOUT_MS = 180_000;
const FULL_WIDTH = 640;
const SUB_WIDTH = 320;

interface Shown {
  readonly state: string;
  readonly code: string | undefined;
  readonly width: number;
  readonly frames: number;
  readonly title: string;
  readonly note: string;
  readonly lost: number;
}

const SHOWN = `(async () => {
  const player = document.querySelector('sluice-player');
  const text = (name) => {
    const found = player.shadowRoot.querySelector(name);
    return found === null || found.hidden || found.closest('[hidden]') !== null ? '' : found.textContent;
  };
  const stats = await player.stats;
  return {
    state: player.state,
    code: player.reason?.code,
    width: player.video.videoWidth,
    frames: frames.count,
    title: text('.title'),
    note: text('.note'),
    lost: stats?.packetsLost ?? 0,
  };
})()`;

/** Counts the pictures on the screen, and sends media another way where a port is given. */
const prepared = (from: number, to: number | undefined) => `
  globalThis.frames = { count: 0 };
  const set = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function (description) {
    const sdp = description.sdp
      .replaceAll(/^a=candidate:.* tcp .*\\r\\n/gim, '')
      .replaceAll(' ${from} typ', ' ${to ?? from} typ');
    return set.call(this, { type: description.type, sdp });
  };
  globalThis.watchFrames = (video) => {
    const onFrame = () => {
      frames.count += 1;
      video.requestVideoFrameCallback(onFrame);
    };
    video.requestVideoFrameCallback(onFrame);
  };
`;

let browser: Browser;
let gateway: GatewayProcess;
let cameras: CameraSim[];
let mediaPort: number;
const relays: UdpRelay[] = [];

const open = async () => {
  const [main, sub] = await Promise.all([
    testVideo({
      codec: 'h264',
      ...{ width: FULL_WIDTH, height: 360, fps: 25, frames: 50, keyFrameEvery: 25 },
      bitrate: '1500k',
      params: 'nal-hrd=cbr:vbv-maxrate=1500:vbv-bufsize=600',
    }),
    testVideo({
      codec: 'h264',
      ...{ width: SUB_WIDTH, height: 180, fps: 15, frames: 30, keyFrameEvery: 15, bitrate: '200k' },
    }),
  ]);
  cameras = await Promise.all([CameraSim.start({ video: main }), CameraSim.start({ video: sub })]);
  const [url, subUrl] = cameras.map((camera) => camera.url());
  gateway = await GatewayProcess.start({
    settings: {
      demo: false,
      streams: {
        'live/two': { source: { url, sub: { url: subUrl } } },
        'live/one': { source: { url } },
      } as object,
    },
  });
  mediaPort = Number(/"port":(\d+),"msg":"media worker runs"/.exec(gateway.output)?.[1]);
  browser = await launchChromium();
};
const close = async () => {
  await browser?.close();
  await gateway?.close();
  for (const relay of relays.splice(0)) relay.close();
  for (const camera of cameras ?? []) await camera.close();
};
beforeAll(open);
afterAll(close);
anewForAnotherTry(close, open);

async function openRelay(seed: number): Promise<UdpRelay> {
  const relay = await UdpRelay.open(mediaPort, seed);
  relays.push(relay);
  return relay;
}

async function watch(stream: string, relay?: UdpRelay): Promise<Page> {
  const page = await browser.newPage();
  await page.addInitScript(prepared(mediaPort, relay?.port));
  // Any page of the gateway's own origin will do.
  await page.goto(`${gateway.url}/healthz`);
  await page.evaluate(`(async () => {
    await import('/sluice-player.js');
    const player = document.createElement('sluice-player');
    for (const [name, value] of [['src', '/${stream}'], ['mode', 'webrtc'], ['muted', ''], ['autoplay', '']]) {
      player.setAttribute(name, value);
    }
    document.body.append(player);
    watchFrames(player.video);
  })()`);
  return page;
}

/** A player by WHEP, which is told nothing; its pictures are counted. */
async function watchByWhep(stream: string, relay: UdpRelay): Promise<Page> {
  const page = await browser.newPage();
  await page.addInitScript(prepared(mediaPort, relay.port));
  await page.goto(`${gateway.url}/healthz`);
  await page.evaluate(`(async () => {
    const video = document.createElement('video');
    video.muted = true;
    document.body.append(video);
    watchFrames(video);
    const peer = new RTCPeerConnection();
    peer.addTransceiver('video', { direction: 'recvonly' });
    peer.ontrack = ({ track }) => {
      video.srcObject = new MediaStream([track]);
      video.play();
    };
    await peer.setLocalDescription(await peer.createOffer());
    const headers = { 'content-type': 'application/sdp' };
    const body = peer.localDescription.sdp;
    const answer = await fetch('/whep/${stream}', { method: 'POST', headers, body });
    await peer.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
    globalThis.received = async () => {
      const all = [...(await peer.getStats()).values()];
      const video = all.find((entry) => entry.type === 'inbound-rtp' && entry.kind === 'video' && entry.ssrc !== 1234);
      return { packets: video?.packetsReceived ?? 0, frames: frames.count };
    };
  })()`);
  return page;
}

const receivedByWhep = (page: Page) => page.evaluate<{ packets: number; frames: number }>('received()');

/** Nothing has come for a second. */
async function rests(page: Page): Promise<void> {
  let last = -1;
  await waitFor(
    'the player by WHEP to be sent nothing',
    async () => {
      const { packets } = await receivedByWhep(page);
      const isSame = packets === last;
      last = packets;
      if (!isSame) await new Promise((resolve) => setTimeout(resolve, 1000));
      return isSame;
    },
    40_000,
  );
}

const playsByWhep = (page: Page, since = 0) =>
  waitFor('the player by WHEP to play', async () => (await receivedByWhep(page)).frames > since + 10, 40_000);

const look = (page: Page) => page.evaluate<Shown>(SHOWN);

async function until(what: string, page: Page, is: (shown: Shown) => boolean): Promise<Shown> {
  let last: Shown | undefined;
  try {
    return await waitFor(
      what,
      async () => {
        last = await look(page);
        return is(last) ? last : undefined;
      },
      40_000,
    );
  } catch (error) {
    throw new Error(`${String(error)}, but: ${JSON.stringify(last)}`);
  }
}

const plays = (page: Page, width: number, since = 0) =>
  until(
    `a picture ${width} wide`,
    page,
    (shown) => shown.state === 'playing' && shown.width === width && shown.frames > since + 10,
  );

test(
  'viewers on a thin, a lossy and a dead link get less, are told so, and get it all back by themselves; others notice nothing',
  async () => {
    const [thin, lossy, dead] = [await openRelay(1), await openRelay(2), await openRelay(3)];
    const [onThin, onLossy, onDead, other, byWhep] = await Promise.all([
      watch('live/two', thin),
      watch('live/one', lossy),
      watch('live/one', dead),
      watch('live/one'),
      watchByWhep('live/one', lossy),
    ]);
    await playsByWhep(byWhep);
    for (const page of [onThin, onLossy, onDead, other]) await plays(page, FULL_WIDTH);
    const before = await look(other);

    thin.set({ bitsPerSecond: 500_000 });
    lossy.set({ lossFraction: 0.3 });
    dead.set({ isCut: true });
    const [smaller, paused] = await Promise.all([
      plays(onThin, SUB_WIDTH),
      until('the pause', onLossy, ({ state, code }) => state === 'waiting' && code === 'VIEWER_LOSES_DATA'),
      rests(byWhep),
      until('the dead link to be seen', onDead, ({ state }) => state !== 'playing'),
    ]);
    expect(smaller).toMatchObject({
      code: expect.stringMatching(/^VIEWER_/),
      note: 'Smaller picture: slow connection',
    });
    expect(paused).toMatchObject({ state: 'waiting', title: 'Connection too slow' });

    const during = await plays(other, FULL_WIDTH, before.frames + 50);
    expect(during.lost).toBe(before.lost);
    for (const relay of [thin, lossy, dead])
      relay.set({ bitsPerSecond: undefined, lossFraction: 0, isCut: false });
    await playsByWhep(byWhep, (await receivedByWhep(byWhep)).frames);
    for (const page of [onThin, onLossy, onDead]) {
      const { frames } = await look(page);
      const back = await plays(page, FULL_WIDTH, frames);
      expect(back).toMatchObject({ title: '', note: '' });
    }
    const after = await look(other);
    expect(after.lost).toBe(before.lost);
    expect(after.state).toBe('playing');
  },
  TIMEOUT_MS,
);
