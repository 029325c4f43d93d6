import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { RecordingTimeline } from '../../shared/recording.ts';
import {
  CameraSim,
  type SimAudio,
  type SimVideo,
  testAudio,
  testVideo,
} from '../support/camera-sim/index.ts';
import { launchChromium } from '../support/chromium.ts';
import { openEmbed } from '../support/embed-page.ts';
import { GatewayProcess } from '../support/gateway.ts';
import { waitFor } from '../support/wait.ts';

/** Keeps every peer connection that the page ever makes, and each picture's time and size once it is shown. */
const WATCH_PAGE = `{
  globalThis.peers = [];
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...args) {
      super(...args);
      peers.push(this);
    }
  };
  globalThis.shown = [];
  const note = (video) => (_now, { presentationTime, width }) => {
    shown.push({ atMs: performance.timeOrigin + presentationTime, width });
    video.requestVideoFrameCallback(note(video));
  };
  globalThis.watchVideo = (video) => video.requestVideoFrameCallback(note(video));
}`;

const CONNECTION = `(async () => {
  const open = peers.filter((peer) => peer.connectionState !== 'closed');
  const stats = await Promise.all(open.map(async (peer) => [...(await peer.getStats()).values()]));
  const inbound = stats.flat().filter((entry) => entry.type === 'inbound-rtp' && entry.kind === 'video');
  return {
    states: open.map((peer) => peer.connectionState),
    made: peers.length,
    // 1234 is mediasoup's bandwidth prober.
    ssrcs: inbound.map((entry) => entry.ssrc).filter((ssrc) => ssrc !== 1234),
  };
})()`;

interface Shown {
  readonly atMs: number;
  readonly width: number;
}

const SILENCE_TIMEOUT_MS = 1_500;
/** The last picture stands so long, also behind the moment in which its camera went. */
const PICTURE_MS = 100;
/** A picture that missed the first key frame would have to wait so long for the next: over ten seconds. */
const KEY_FRAME_EVERY = 300;

const films = new Map<string, SimVideo>();
let sound: SimAudio;
let browser: Browser;
let gateway: GatewayProcess;
let camera: CameraSim;
/** The same device after its router has given it another address. */
let moved: CameraSim;

const film = (name: string): SimVideo => {
  const found = films.get(name);
  if (found === undefined) throw new Error(`no film ${name}`);
  return found;
};

beforeAll(async () => {
  const encode = async (name: string, width: number, height: number, profile: 'baseline' | 'high') => {
    const options = { width, height, profile, frames: KEY_FRAME_EVERY, keyFrameEvery: KEY_FRAME_EVERY };
    films.set(name, await testVideo(options));
  };
  const making = Promise.all([
    encode('small', 320, 240, 'baseline'),
    encode('large', 640, 480, 'high'),
    encode('wide', 480, 272, 'baseline'),
    testVideo({
      codec: 'h265',
      width: 352,
      height: 288,
      frames: KEY_FRAME_EVERY,
      keyFrameEvery: KEY_FRAME_EVERY,
    }).then((video) => films.set('h265', video)),
  ]);
  sound = await testAudio('pcmu');
  await making;
  browser = await launchChromium();
}, 90_000);

// Whoever tries again begins with the camera as it was at first.
beforeEach(async () => {
  camera = await CameraSim.start({ video: film('small'), audio: sound, seed: 9 });
  moved = await CameraSim.start({ host: '127.0.0.7', video: film('small'), audio: sound, seed: 10 });
  gateway = await GatewayProcess.start({
    settings: {
      sources: { allowLoopback: true },
      demo: false,
      recording: { segmentMs: 1_000, minFreeBytes: 0 },
    },
  });
  const source = { url: camera.url(), silenceTimeoutMs: SILENCE_TIMEOUT_MS };
  await change('POST', '', { name: 'cam', source, record: true });
});

afterEach(async () => {
  for (const context of browser?.contexts() ?? []) await context.close();
  await gateway?.close();
  await camera?.close();
  await moved?.close();
});

afterAll(() => browser?.close());

async function change(method: string, path: string, body: object): Promise<void> {
  const response = await fetch(`${gateway.url}/api/v1/streams${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.ok).toBe(true);
}

async function openPlayer(): Promise<Page> {
  const page = await browser.newPage();
  await page.addInitScript(WATCH_PAGE);
  // With its sound: a muted player asks for none.
  await openEmbed(page, gateway.url, '<sluice-player src="/live/cam" autoplay></sluice-player>');
  await page.evaluate(`watchVideo(document.querySelector('sluice-player').video)`);
  return page;
}

async function openWhepPage(): Promise<Page> {
  const page = await browser.newPage();
  await page.exposeFunction('whep', async (body: string) => {
    const headers = { 'content-type': 'application/sdp' };
    const response = await fetch(`${gateway.url}/whep/live/cam`, { method: 'POST', headers, body });
    return response.text();
  });
  // A page without an address runs no init script before its own.
  const html = await readFile(new URL('../webrtc/whep-page.html', import.meta.url), 'utf8');
  await page.setContent(html.replace('<script>', `<script>${WATCH_PAGE}</script><script>`));
  await page.evaluate(`play(); watchVideo(document.querySelector('video'))`);
  return page;
}

/** The first picture of that width that was shown after the instant. */
function pictureAfter(what: string, page: Page, afterMs: number, width: number): Promise<Shown> {
  return waitFor(what, async () => {
    const shown = await page.evaluate<Shown[]>('shown');
    return shown.find((one) => one.width === width && one.atMs > afterMs);
  });
}

/** A WHEP player's offer stands, so it cannot be given a track that comes back; ours can. */
const audioPackets = (room: Page) =>
  room.evaluate<number>(`(async () => {
    const open = peers.filter((peer) => peer.connectionState === 'connected');
    const stats = await Promise.all(open.map(async (peer) => [...(await peer.getStats()).values()]));
    const sound = stats.flat().filter((entry) => entry.type === 'inbound-rtp' && entry.kind === 'audio');
    return sound.reduce((sum, entry) => sum + entry.packetsReceived, 0);
  })()`);

/** One thing that befalls the camera, and how wide its picture is from then on. */
interface Fate {
  readonly what: string;
  readonly width: number;
  /** Whether the connection to the camera ends, so that the viewer is told. */
  readonly goes: boolean;
  readonly isMute?: boolean;
  readonly go?: () => void | Promise<void>;
  readonly back: () => void | Promise<void>;
}

const FATES: readonly Fate[] = [
  {
    what: 'unplugged, without a word',
    width: 320,
    goes: true,
    go: () => camera.cues.silence(),
    back: async () => {
      await camera.stop();
      await camera.start();
    },
  },
  {
    what: 'killed, and rebooted with another picture size, profile and payload type',
    width: 640,
    goes: true,
    go: () => camera.stop(),
    back: () => camera.reboot({ video: film('large'), payloadTypes: { video: 107, audio: 0 } }),
  },
  {
    what: 'another picture size on the same connection',
    width: 480,
    goes: false,
    back: () => camera.cues.switchMedia(film('wide')),
  },
  {
    what: 'another SSRC, sequence and time on the same connection',
    width: 640,
    goes: false,
    back: () => {
      camera.cues.newSsrc();
      camera.cues.switchMedia(film('large'));
    },
  },
  {
    what: 'rebooted with H.265 and no sound',
    width: 352,
    goes: true,
    isMute: true,
    go: () => camera.stop(),
    back: () => camera.reboot({ video: film('h265'), audio: undefined, payloadTypes: {} }),
  },
  {
    what: 'at another address, with H.264 and sound again',
    width: 320,
    goes: true,
    go: () => camera.stop(),
    back: () =>
      change('PATCH', '/live/cam', {
        source: { url: moved.url(), silenceTimeoutMs: SILENCE_TIMEOUT_MS },
      }),
  },
];

it('whatever becomes of a camera, viewers keep their connection and see its first key frame', async () => {
  const room = await openPlayer();
  const whep = await openWhepPage();
  await pictureAfter('the player', room, 0, 320);
  await pictureAfter('WHEP', whep, 0, 320);
  const before = await room.evaluate<{ made: number; ssrcs: number[] }>(CONNECTION);
  expect(before.ssrcs).toHaveLength(1);

  const away: number[] = [];
  for (const fate of FATES) {
    await fate.go?.();
    if (fate.goes) {
      await waitFor(`the player to notice: ${fate.what}`, () =>
        room.evaluate<boolean>(`document.querySelector('sluice-player').state === 'waiting'`),
      );
    }
    const keyFramesBefore = keyFrames();
    if (fate.goes && fate.go !== undefined) away.push(Date.now());
    await fate.back();
    await waitFor(`a key frame: ${fate.what}`, () => keyFrames() > keyFramesBefore);
    const keyFrameAtMs = lastKeyFrameAtMs();
    for (const [viewer, page] of [
      ['the player', room],
      ['WHEP', whep],
    ] as const) {
      await pictureAfter(`${viewer}: ${fate.what}`, page, keyFrameAtMs, fate.width);
    }
    // Nobody had to wait for the second key frame, which would have come ten seconds later.
    expect([fate.what, keyFrames()]).toEqual([fate.what, keyFramesBefore + 1]);
    // Long enough to be recorded, and to be heard again.
    await pictureAfter(`more of it: ${fate.what}`, room, keyFrameAtMs + 500, fate.width);
    if (fate.isMute === true) continue;
    const heard = await audioPackets(room);
    await waitFor(`sound: ${fate.what}`, async () => (await audioPackets(room)) > heard);
  }
  expect(await room.evaluate(CONNECTION)).toEqual({ ...before, states: ['connected'] });
  expect(await whep.evaluate('peers.map((peer) => peer.connectionState)')).toEqual(['connected']);

  const { ranges } = await waitFor('each time without a picture as a gap, with its reason', async () => {
    const timeline = await recorded();
    const lost = timeline.gaps.filter(({ reason }) => reason.startsWith('CAMERA_'));
    // The last one is a change of the source, which has a reason of its own.
    return away
      .slice(0, -1)
      .every((atMs) => lost.some(({ start, end }) => start < atMs + PICTURE_MS && atMs < end))
      ? timeline
      : undefined;
  });
  for (const [index, range] of ranges.entries()) {
    expect(range.start).toBeGreaterThanOrEqual(ranges[index - 1]?.end ?? 0);
    expect(range.repeated).toBeUndefined();
  }
}, 120_000);

const sessions = () =>
  [camera, moved].flatMap(({ connections }) => connections.map(({ session }) => session));
const keyFrames = () => sessions().reduce((sum, session) => sum + session.keyFrames, 0);
const lastKeyFrameAtMs = () =>
  performance.timeOrigin + Math.max(...sessions().map((session) => session.lastKeyFrameAtMs ?? 0));

async function recorded(): Promise<RecordingTimeline> {
  const from = Date.now() - 600_000;
  const response = await fetch(
    `${gateway.url}/api/v1/streams/live/cam/timeline?from=${from}&to=${Date.now()}`,
  );
  expect(response.ok).toBe(true);
  return (await response.json()) as RecordingTimeline;
}
