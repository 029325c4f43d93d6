import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SignalingServer } from '../../server/signaling/index.ts';
import { launchChromium } from '../support/chromium.ts';
import { type EdgeApp, startEdgeApp, TOKEN } from '../support/edge-app.ts';
import { capturedLog, FakeCameras, FakeGateway } from '../support/edge-fakes.ts';
import { waitFor } from '../support/wait.ts';

/** What the page below does, one after the other; it puts the outcome into its title. */
const SCRIPT = `
const status = async (method, path, body) => (await fetch(path, { method, headers: { 'content-type': 'application/json' },
  ...(body ? { body: JSON.stringify(body) } : {}) })).status;
const hello = () => new Promise((resolve) => {
  const socket = new WebSocket('/api/v1/signaling', ['sluice.v1']);
  socket.onmessage = ({ data }) => resolve(JSON.parse(data).event);
  socket.onerror = () => resolve('refused');
});
const seen = [];
seen.push(await status('GET', 'api/v1/streams'), await hello());
seen.push(await status('POST', 'api/v1/login', { token: '${TOKEN}' }), document.cookie === '');
seen.push(await status('GET', 'api/v1/streams'), await hello(), await status('DELETE', 'api/v1/streams/live/x'));
seen.push(await status('POST', 'api/v1/logout'), await status('GET', 'api/v1/streams'));
document.title = seen.join(' ');
`;

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

let edge: EdgeApp;
let signaling: SignalingServer;
let url: string;
beforeEach(async () => {
  edge = await startEdgeApp({ apiToken: TOKEN });
  const { clock, gate: guard, ports } = edge;
  const gateway = new FakeGateway();
  const cameras = new FakeCameras();
  signaling = new SignalingServer({
    ...{ clock, guard, gateway, cameras, streams: ports.streams, log: capturedLog().log },
  });
  edge.app.server.on('upgrade', (...upgrade) => signaling.handleUpgrade(...upgrade));
  await writeFile(
    join(edge.staticDir, 'index.html'),
    '<!doctype html><title></title><script type="module" src="/assets/page.js"></script><script>document.title = "inline"</script>',
  );
  await writeFile(join(edge.staticDir, 'assets', 'page.js'), SCRIPT);
  url = await edge.app.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  const closed = signaling.closeAll(1000);
  edge.clock.advance(5000);
  await closed;
  await edge.close();
});

describe('a real browser', () => {
  it('logs in, reads, changes, opens the WebSocket and logs out by the cookie alone; inline scripts do not run', async () => {
    const page = await browser.newPage();
    try {
      await page.goto(url);
      const title = await waitFor('the script to be through', async () => {
        const text = await page.title();
        return text.includes(' ') ? text : undefined;
      });
      expect(title).toBe('401 refused 200 true 200 hello 404 204 401');
    } finally {
      await page.close();
    }
  });
});
