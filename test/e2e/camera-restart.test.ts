import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { GatewayProcess } from '../support/gateway.ts';
import { type GstMount, type GstRtspServer, startGstRtspServer } from '../support/gst-rtsp-server.ts';
import { waitFor } from '../support/wait.ts';

interface Picture {
  readonly framesDecoded: number;
  readonly width: number;
}

/** Keeps every peer connection that the page ever makes, and marks the page, so that a reload would show. */
const WATCH_CONNECTIONS = `{
  globalThis.peers = [];
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...args) {
      super(...args);
      peers.push(this);
    }
  };
}`;

const CONNECTION = `(async () => {
  const stats = await Promise.all(peers.map(async (peer) => [...(await peer.getStats()).values()]));
  const inbound = stats.flat().filter((entry) => entry.type === 'inbound-rtp' && entry.kind === 'video');
  // 1234 is mediasoup's bandwidth prober.
  const video = inbound.filter((entry) => entry.ssrc !== 1234);
  return {
    states: peers.map((peer) => peer.connectionState).filter((state) => state !== 'closed'),
    made: peers.length,
    ssrcs: video.map((entry) => entry.ssrc),
    framesDecoded: video.reduce((sum, entry) => sum + (entry.framesDecoded ?? 0), 0),
    width: document.querySelector('sluice-player')?.video.videoWidth ?? 0,
  };
})()`;

interface Connection extends Picture {
  /** Of the connections that are not closed. */
  readonly states: readonly string[];
  /** Connections so far, also those that mediasoup-client made to find out what the browser can do. */
  readonly made: number;
  readonly ssrcs: readonly number[];
}

let browser: Browser;
let gateway: GatewayProcess;
let camera: GstRtspServer;

const OTHER: GstMount = { width: 480, height: 272, audio: 'pcmu', profile: 'main' };

const startCamera = (mount: GstMount, port = 0) =>
  startGstRtspServer({ port, mounts: { '/cam': mount, '/other': OTHER } });

beforeAll(async () => {
  camera = await startCamera({ width: 320, height: 240, audio: 'pcmu' });
  gateway = await GatewayProcess.start({ settings: { sources: { allowLoopback: true }, demo: false } });
  await change('POST', '', { name: 'cam', source: { url: camera.url('/cam') } });
  browser = await launchChromium();
}, 90_000);

afterAll(async () => {
  await browser?.close();
  await gateway?.close();
  await camera?.close();
});

async function change(method: string, path: string, body: object): Promise<void> {
  const response = await fetch(`${gateway.url}/api/v1/streams${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.ok).toBe(true);
}

async function openRoom(): Promise<Page> {
  const page = await browser.newPage();
  await page.addInitScript(WATCH_CONNECTIONS);
  await page.goto(gateway.url);
  return page;
}

async function openWhepPage(): Promise<Page> {
  const page = await browser.newPage();
  await page.exposeFunction('whep', async (body: string) => {
    const headers = { 'content-type': 'application/sdp' };
    const response = await fetch(`${gateway.url}/whep/live/cam`, { method: 'POST', headers, body });
    return response.text();
  });
  await page.setContent(await readFile(new URL('../webrtc/whep-page.html', import.meta.url), 'utf8'));
  await page.evaluate('play()');
  return page;
}

/** Waits for 10 more frames than there were, of that width. */
function morePictures<T extends Picture>(what: string, look: () => Promise<T>, width: number): Promise<T> {
  let first: number | undefined;
  return waitFor(
    `${what}: pictures ${width} wide`,
    async () => {
      const now = await look();
      if (now.width !== width) return undefined;
      first ??= now.framesDecoded;
      return now.framesDecoded > first + 10 ? now : undefined;
    },
    30_000,
  );
}

it('a camera that restarts, with another picture size too, or is switched, costs viewers a pause and nothing else', async () => {
  const room = await openRoom();
  const whep = await openWhepPage();
  const lookAtRoom = () => room.evaluate<Connection>(CONNECTION);
  const lookAtWhep = () => whep.evaluate<Picture>('stats()');
  const before = await morePictures('the player', lookAtRoom, 320);
  await morePictures('WHEP', lookAtWhep, 320);
  expect(before.states).toEqual(['connected']);
  expect(before.ssrcs).toHaveLength(1);

  for (const [width, height] of [
    [320, 240],
    [640, 480],
  ] as const) {
    await camera.kill();
    await waitFor('the player to notice', async () => {
      const state = await room.evaluate<string>(`document.querySelector('sluice-player').state`);
      return state === 'waiting';
    });
    camera = await startCamera({ width, height, audio: 'pcmu' }, camera.port);
    const now = await morePictures('the player', lookAtRoom, width);
    expect(now.states).toEqual(['connected']);
    expect(now.made).toBe(before.made);
    expect(now.ssrcs).toEqual(before.ssrcs);
    await morePictures('WHEP', lookAtWhep, width);
  }

  await change('PATCH', '/live/cam', { source: { url: camera.url('/other') } });
  const after = await morePictures('the player', lookAtRoom, 480);
  expect(after).toMatchObject({ states: ['connected'], made: before.made, ssrcs: before.ssrcs });
  await morePictures('WHEP', lookAtWhep, 480);
}, 120_000);
