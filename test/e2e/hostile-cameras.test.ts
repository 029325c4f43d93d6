import { readFileSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import {
  FAKE_PPS,
  FAKE_SDP,
  FAKE_SDP_WITH_AUDIO,
  type FakeConnection,
  type FakeRtspServer,
  type FakeServerOptions,
  fakePicture,
  interleaved,
  rtpPacket,
  senderReport,
  startFakeRtspServer,
} from '../support/fake-rtsp-server.ts';
import { GatewayProcess } from '../support/gateway.ts';
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

/** Writes what `make` gives every `everyMs`, no faster than it is read, until the connection goes. */
function pump({ socket }: FakeConnection, everyMs: number, make: (n: number) => Buffer | string): void {
  let n = 0;
  const timer = setInterval(() => {
    if (socket.destroyed) clearInterval(timer);
    else if (socket.writableLength === 0) socket.write(make(n++));
  }, everyMs);
}

function packet(n: number, payload: Buffer, timestamp = n * 3600): Buffer {
  return interleaved(0, rtpPacket({ sequence: n & 0xffff, timestamp, marker: true, payload }));
}

/** An IDR picture of so many bytes, in fragments. */
function hugePicture(n: number, sizeBytes: number): Buffer {
  const count = Math.ceil(sizeBytes / 60_000);
  const fragments = Array.from({ length: count }, (_, i) => {
    const isLast = i === count - 1;
    const header = Buffer.from([0x7c, (i === 0 ? 0x80 : 0) | (isLast ? 0x40 : 0) | 5]);
    const payload = Buffer.concat([header, Buffer.alloc(60_000, 0x88)]);
    const sequence = (n * count + i) & 0xffff;
    return interleaved(0, rtpPacket({ sequence, timestamp: n * 3600, marker: isLast, payload }));
  });
  return Buffer.concat(fragments);
}

const floodOfTiny = (n: number) =>
  Buffer.concat(
    Array.from({ length: 500 }, (_, i) =>
      packet(n * 500 + i, fakePicture(n + i === 0, 2), (n * 500 + i) * 9),
    ),
  );

const HOSTILE: Readonly<Record<string, FakeServerOptions>> = {
  'headers-without-end': {
    onConnection: (c) =>
      pump(c, 5, (n) => `${n === 0 ? 'RTSP/1.0 200 OK\r\n' : ''}X-${n}: ${'y'.repeat(1000)}\r\n`),
  },
  'a-line-without-end': { onConnection: (c) => pump(c, 5, () => Buffer.alloc(65_536, 0x52)) },
  'a-huge-body': { onRequest: () => ({ headers: { 'Content-Length': '99999999999' } }) },
  'one-byte-at-a-time': { onConnection: (c) => pump(c, 100, (n) => 'RTSP/1.0 200 OK\r\n'[n % 17] ?? 'R') },
  'refusals-without-end': {
    onRequest: () => ({
      status: 401,
      reason: '\x1b[2J<script>',
      headers: { 'WWW-Authenticate': 'Digest realm="\x1b[31m", nonce="n", stale=true' },
    }),
  },
  'many-tracks': { sdp: FAKE_SDP + 'm=video 0 RTP/AVP 96\r\na=control:x\r\n'.repeat(1_000) },
  'requests-without-end': {
    onPlay: (c) => pump(c, 2, () => 'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n'.repeat(300)),
  },
  'frames-on-every-channel': {
    onPlay: (c) => pump(c, 5, (n) => interleaved(n & 255, Buffer.alloc(65_535, n))),
  },
  'times-at-random': {
    sdp: FAKE_SDP_WITH_AUDIO,
    onPlay: (c) =>
      pump(c, 10, (n) => {
        const time = Math.imul(n, 0x9e37_79b1) >>> 0;
        const report = senderReport({ ntpMs: time, rtpTimestamp: ~time >>> 0 });
        return Buffer.concat([packet(n, fakePicture(n % 5 === 0, 500), time), interleaved(1, report)]);
      }),
  },
  'pictures-too-large': { onPlay: (c) => pump(c, 200, (n) => hugePicture(n, 32 * 1024 * 1024)) },
  'pictures-too-small': { onPlay: (c) => pump(c, 1, floodOfTiny) },
  'another-format-each-time': {
    onPlay: (c) =>
      pump(c, 5, (n) => {
        const pps = Buffer.concat([FAKE_PPS, Buffer.from([n & 255, 0x80])]);
        return Buffer.concat([packet(2 * n, pps, n), packet(2 * n + 1, fakePicture(true, 300), n)]);
      }),
  },
  'the-end-in-the-middle': {
    onPlay: (c) => {
      c.write(Buffer.from([0x24, 0, 0xff]));
      c.socket.resetAndDestroy();
    },
  },
  noise: { onConnection: (c) => pump(c, 5, (n) => Buffer.alloc(5_000, n * 31)) },
};

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
    Object.entries(HOSTILE).map(async ([name, options]) => {
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
  for (const name of Object.keys(HOSTILE)) await call('DELETE', `/live/${name}`);
  for (const text of [streams, gateway.output]) {
    expect(text).not.toContain(CANARY);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal would obey must not get through.
    expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
  }
  expect(await gateway.stop()).toBe(0);
}, 60_000);
