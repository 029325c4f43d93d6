import { readFileSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import {
  type FakeRtspServer,
  type FakeServerOptions,
  fakePicture,
  startFakeRtspServer,
} from '../support/fake-rtsp-server.ts';
import { GatewayProcess } from '../support/gateway.ts';
import { HOSTILE_CAMERAS, packet, pump } from '../support/hostile-cameras.ts';
import { waitFor } from '../support/wait.ts';

const CANARY = 'canary-5up3r';
const ATTACK_MS = 4_000;
/** Each of them sends as much as it can; what the gateway keeps of it has to be bounded. */
const MAX_GROWTH_MIB = 600;

const cleanups: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function camera(options: FakeServerOptions): Promise<FakeRtspServer> {
  const server = await startFakeRtspServer(options);
  cleanups.push(() => server.close());
  return server;
}

it('hostile cameras cost neither the gateway nor a good camera beside them', async () => {
  const gateway = await GatewayProcess.start({ settings: { demo: false, sources: { allowLoopback: true } } });
  cleanups.push(() => gateway.close());
  const call = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${gateway.url}/api/v1/streams${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    expect(response.ok).toBe(true);
    return await response.text();
  };
  const add = (name: string, { url }: FakeRtspServer) =>
    call('POST', '', { name, source: { url: url(), transport: 'tcp', username: 'u', password: CANARY } });
  const received = async () => {
    const text = await fetch(`${gateway.url}/metrics`).then((response) => response.text());
    return Number(/sluice_stream_received_packets\{stream="live\/good"\} (\d+)/.exec(text)?.[1] ?? 0);
  };
  const rssMiB = () =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${gateway.pid}/status`, 'utf8'))?.[1]) / 1024;

  await add(
    'good',
    await camera({ onPlay: (c) => pump(c, 40, (n) => packet(n, fakePicture(n % 25 === 0, 1_500))) }),
  );
  await waitFor('the good camera', async () => (await received()) > 0);
  const before = rssMiB();
  const connected = await Promise.all(
    Object.entries(HOSTILE_CAMERAS).map(async ([name, options]) => {
      const server = await camera(options);
      await add(name, server);
      return server;
    }),
  );
  await waitFor('all to be dialled', () => connected.every(({ connections }) => connections.length > 0));
  await new Promise((resolve) => setTimeout(resolve, ATTACK_MS));
  expect(rssMiB() - before).toBeLessThan(MAX_GROWTH_MIB);
  const then = await received();
  await waitFor('more of the good camera', async () => (await received()) > then + 25);
  const streams = await call('GET', '');
  expect(JSON.parse(streams).streams.find(({ name }: { name: string }) => name === 'good').state).toBe(
    'live',
  );
  await waitFor('answers to nothing', async () =>
    /answers to nothing/.test(await call('GET', '/live/answers-without-end')),
  );
  // Between two waits it is dialled again.
  await waitFor('a redirect that is not followed', async () => {
    const { state, reason } = JSON.parse(await call('GET', '/live/redirects-inside'));
    return state === 'waiting' && reason.code === 'ADDRESS_FORBIDDEN';
  });
  for (const name of Object.keys(HOSTILE_CAMERAS)) await call('DELETE', `/live/${name}`);
  for (const text of [streams, gateway.output]) {
    expect(text).not.toContain(CANARY);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal would obey must not get through.
    expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
  }
  expect(await gateway.stop()).toBe(0);
}, 120_000);
