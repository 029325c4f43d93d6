import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StreamStatus, streamStatusSchema } from '../../shared/stream.ts';
import { launchChromium } from '../support/chromium.ts';
import { GatewayProcess } from '../support/gateway.ts';
import { type GstRtspServer, startGstRtspServer } from '../support/gst-rtsp-server.ts';
import { anewForAnotherTry } from '../support/tried-again.ts';
import { waitFor } from '../support/wait.ts';

const PASSWORD = 'canary-p4ss/w@rd';

interface PageStats {
  readonly framesDecoded: number;
  readonly width: number;
  readonly audioPackets: number;
  readonly playedSeconds: number;
}

/** Foreign cameras on one side, Chromium on the other, one real gateway in between. */
describe('cameras', () => {
  let cameras: GstRtspServer;
  let guarded: GstRtspServer;
  let noise: Server;
  let gateway: GatewayProcess;
  let browser: Browser;

  const open = async () => {
    cameras = await startGstRtspServer({
      mounts: {
        '/baseline': { profile: 'constrained-baseline', parameterSets: 'both', transport: 'udp' },
        '/main': { profile: 'main', parameterSets: 'both', audio: 'pcmu' },
        '/high': { profile: 'high', parameterSets: 'both', width: 640, height: 480 },
        '/sdp-only': { profile: 'high', parameterSets: 'sdp', audio: 'opus' },
        '/huge-packets': {
          profile: 'main',
          mtu: 65_000,
          kbps: 6_000,
          width: 1280,
          height: 720,
          pattern: 'snow',
          fps: 10,
          gop: 10,
        },
        '/long-gop': { gop: 10_000, feedback: true },
        '/jpeg': { video: 'jpeg' },
      },
    });
    guarded = await startGstRtspServer({
      auth: 'digest',
      username: 'admin',
      password: PASSWORD,
      mounts: { '/cam': {} },
    });
    noise = createServer((socket) => {
      socket.on('error', () => {});
      socket.write(Buffer.alloc(100_000, 0x5a));
    });
    await new Promise<void>((resolve) => noise.listen(0, '127.0.0.1', resolve));
    const address = noise.address();
    const noisePort = typeof address === 'object' && address !== null ? address.port : 0;
    const plain = ['baseline', 'main', 'high', 'sdp-only', 'huge-packets', 'long-gop', 'jpeg'].map((name) => [
      `live/${name}`,
      { source: { url: cameras.url(`/${name}`), ...(name === 'huge-packets' ? { transport: 'tcp' } : {}) } },
    ]);
    gateway = await GatewayProcess.start({
      settings: {
        streams: {
          ...Object.fromEntries(plain),
          'live/guarded': { source: { url: guarded.url('/cam'), username: 'admin', password: PASSWORD } },
          'live/wrong-password': {
            source: { url: guarded.url('/cam'), username: 'admin', password: `${PASSWORD}-not` },
          },
          'live/no-password': { source: { url: guarded.url('/cam') } },
          'live/no-such-path': { source: { url: cameras.url('/nothing') } },
          'live/nobody': { source: { url: 'rtsp://127.0.0.1:9/x' } },
          'live/no-such-name': { source: { url: 'rtsp://camera.invalid/x' } },
          'live/garbage': { source: { url: `rtsp://127.0.0.1:${noisePort}/x` } },
        },
      },
    });
    browser = await launchChromium();
  };
  const close = async () => {
    await browser?.close();
    await gateway?.close();
    await Promise.all([cameras?.close(), guarded?.close()]);
    noise?.close();
  };
  beforeAll(open, 90_000);
  afterAll(close);
  // Viewers are counted, and a page that is left open is one.
  anewForAnotherTry(close, open, 90_000);

  const statusOf = async (name: string): Promise<StreamStatus> => {
    const response = await fetch(`${gateway.url}/api/v1/streams/live/${name}`);
    return streamStatusSchema.parse(await response.json());
  };

  async function play(name: string): Promise<{ page: Page; stats(): Promise<PageStats> }> {
    const page = await browser.newPage();
    await page.exposeFunction('whep', async (offer: string) => {
      const headers = { 'content-type': 'application/sdp' };
      const response = await fetch(`${gateway.url}/whep/live/${name}`, {
        method: 'POST',
        headers,
        body: offer,
      });
      if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
      return response.text();
    });
    await page.setContent(await readFile(new URL('../webrtc/whep-page.html', import.meta.url), 'utf8'));
    await page.evaluate('play()');
    return { page, stats: () => page.evaluate<PageStats>('stats()') };
  }

  it('a second viewer of a camera with a key frame in 400 s sees it at once, for the camera is asked for one', async () => {
    const first = await play('long-gop');
    await waitFor('the first viewer', async () => (await first.stats()).framesDecoded > 25);
    const second = await play('long-gop');
    await waitFor('the second viewer', async () => (await second.stats()).framesDecoded > 10);
    expect((await statusOf('long-gop')).viewers).toBe(2);
    await Promise.all([first.page.close(), second.page.close()]);
  });

  it.each([
    ['baseline', 'Constrained Baseline', 320, 'udp', false],
    ['main', 'Main', 320, 'tcp', true],
    ['high', 'High', 640, 'tcp', false],
    ['sdp-only', 'High', 320, 'tcp', true],
    ['huge-packets', 'Main', 1280, 'tcp', false],
    ['guarded', 'Constrained Baseline', 320, 'tcp', false],
  ])('%s plays in Chromium', async (name, profile, width, transport, hasSound) => {
    const { page, stats } = await play(name);
    await waitFor('frames to decode and time to go on', async () => {
      const seen = await stats();
      return seen.framesDecoded > 10 && seen.playedSeconds > 0.5 && (!hasSound || seen.audioPackets > 10);
    });
    expect((await stats()).width).toBe(width);
    const status = await statusOf(name);
    expect(status).toMatchObject({ state: 'live', codec: 'h264', width, transport, viewers: 1 });
    expect(status.profile).toContain(profile);
    await page.close();
  });

  it.each([
    ['wrong-password', 'CAMERA_AUTH_FAILED', /password/i],
    ['no-password', 'CAMERA_AUTH_FAILED', /password/i],
    ['no-such-path', 'CAMERA_REFUSED', /404|path|not found/i],
    ['nobody', 'CAMERA_UNREACHABLE', /refused/i],
    ['no-such-name', 'CAMERA_UNREACHABLE', /name/i],
    ['jpeg', 'CAMERA_NO_H264', /Motion JPEG/],
    ['garbage', 'CAMERA_NOT_RTSP', /RTSP/],
  ])('%s waits with the reason %s, in words', async (name, code, words) => {
    const status = await waitFor(`the reason ${code}`, async () => {
      const now = await statusOf(name);
      return now.state === 'waiting' ? now : undefined;
    });
    expect(status.reason?.code).toBe(code);
    expect(status.reason?.message).toMatch(words);
  });

  it('a URL that is no RTSP at all waits with a reason, and the gateway stays up', async () => {
    const port = new URL(gateway.url).port;
    const body = JSON.stringify({ name: 'web', source: { url: `rtsp://127.0.0.1:${port}/` } });
    const headers = { 'content-type': 'application/json' };
    const created = await fetch(`${gateway.url}/api/v1/streams`, { method: 'POST', headers, body });
    expect(created.status).toBe(201);
    // Added through the API, it may not even point at this machine.
    const status = await waitFor('a reason', async () => {
      const now = await statusOf('web');
      return now.state === 'waiting' ? now : undefined;
    });
    expect(status.reason?.code).toBe('ADDRESS_FORBIDDEN');
    expect((await statusOf('main')).state).toBe('live');
  });

  it('a stream that is not live answers WHEP with what to do', async () => {
    const headers = { 'content-type': 'application/sdp' };
    const response = await fetch(`${gateway.url}/whep/live/nothing-here`, {
      method: 'POST',
      headers,
      body: 'v=0\r\n',
    });
    expect([400, 404]).toContain(response.status);
    expect(await response.json()).toMatchObject({ error: { message: expect.any(String) } });
  });

  it('shows a password nowhere: not in the log, the API, the metrics or the process list', async () => {
    const [list, metrics, openApi] = await Promise.all(
      ['/api/v1/streams', '/metrics', '/api/openapi.json'].map(async (path) =>
        (await fetch(gateway.url + path)).text(),
      ),
    );
    const commandLine = await readFile(`/proc/${gateway.pid}/cmdline`, 'utf8');
    for (const text of [list, metrics, openApi, commandLine, gateway.output]) {
      expect(text).not.toContain('canary');
    }
    expect(list).toContain('"hasPassword":true');
  });
});
