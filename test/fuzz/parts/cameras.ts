import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { resolveAnyAddress } from '../../../server/base/address-policy.ts';
import { systemClock } from '../../../server/base/clock.ts';
import { Closers } from '../../../server/base/closers.ts';
import { GatewayRtspConnection } from '../../../server/rtsp/client/connection.ts';
import { parseRtp } from '../../../server/rtsp/parse/index.ts';
import type { Figure } from '../../bench/support/report.ts';
import { type FakeConnection, fakePicture, startFakeRtspServer } from '../../support/fake-rtsp-server.ts';
import { GatewayProcess } from '../../support/gateway.ts';
import { HOSTILE_CAMERAS, packet } from '../../support/hostile-cameras.ts';
import { waitFor } from '../../support/wait.ts';
import type { FuzzPart } from './part.ts';

/** Long enough for a flood to be cut off (5 s) and to come back. */
const ATTACK_MS = 12_000;
const PICTURE_EVERY_MS = 40;
/** Of a picture that shares its machine with an attacker; without one it is about a millisecond. */
const MAX_P99_MS = 50;
const MAX_GROWTH_MIB = 200;

/** A real gateway with a good camera and its viewer; hostile cameras come one after another. */
export const cameras: FuzzPart = {
  name: 'cameras',
  summary: 'hostile cameras, and what they cost another stream',
  isWished: (context) => context.isWished('cameras'),
  async run(context) {
    const closers = new Closers();
    try {
      const figures: Figure[] = [];
      const site = await openSite(closers);
      await site.measure('alone', ATTACK_MS / 2, figures);
      for (const name of Object.keys(HOSTILE_CAMERAS)) {
        context.progress(`cameras: ${name}`);
        const stop = await site.addHostile(name);
        await site.measure(name, ATTACK_MS, figures);
        await stop();
      }
      return {
        title: 'Hostile cameras: what a picture of another camera takes through the gateway meanwhile',
        figures,
        notes: [
          `each for ${ATTACK_MS / 1000} s; the other camera sends a picture every ${PICTURE_EVERY_MS} ms`,
        ],
      };
    } finally {
      await closers.close();
    }
  },
};

async function openSite(closers: Closers) {
  const gateway = await GatewayProcess.start({ settings: { demo: false, sources: { allowLoopback: true } } });
  closers.add(() => gateway.close());
  let sent = 0;
  const onPlay = (connection: FakeConnection) =>
    sendTimes(connection, () => {
      sent += 1;
    });
  const good = await startFakeRtspServer({ onPlay });
  closers.add(() => good.close());
  await call(gateway, 'POST', '', { name: 'good', source: { url: good.url(), transport: 'tcp' } });
  let latenciesMs: number[] = [];
  const viewer = new GatewayRtspConnection({
    ...{ transport: 'tcp', clock: systemClock, resolveAddress: resolveAnyAddress, random: Math.random },
    ...{ udpPorts: { min: 20_000, max: 29_999 }, connectTimeoutMs: 10_000, requestTimeoutMs: 10_000 },
    listener: {
      onRtp(_track, bytes) {
        const payload = parseRtp(bytes)?.payload;
        // Only the picture itself, behind its parameter sets, has its time in it.
        if (payload === undefined || payload.length < 100) return;
        latenciesMs.push(performance.now() - payload.readDoubleBE(2));
      },
      onRtcp() {},
      onUnassigned() {},
    },
  });
  await viewer.connect(`rtsp://127.0.0.1:${gateway.rtspPort}/live/good`);
  await viewer.play();
  closers.add(async () => void (await viewer.close()));
  await waitFor('the first picture', () => latenciesMs.length > 0);

  return {
    async measure(name: string, forMs: number, figures: Figure[]): Promise<void> {
      latenciesMs = [];
      sent = 0;
      const before = rssMib(gateway);
      await new Promise((resolve) => setTimeout(resolve, forMs));
      const sorted = latenciesMs.toSorted((a, b) => a - b);
      const at = (part: number) =>
        sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
      // One may be on its way.
      const missing = Math.max(0, sent - 1 - sorted.length);
      const figure = (id: string, what: string, value: number, unit: string, target?: number): Figure => ({
        ...{ id: `fuzz.cameras.${name}.${id}`, what: `${name}: ${what}`, value, unit },
        ...(target === undefined ? {} : { target }),
      });
      figures.push(
        figure('p50', 'half of the pictures within', at(0.5), 'ms'),
        figure('p99', '99 of 100 pictures within', at(0.99), 'ms', MAX_P99_MS),
        figure('missing', 'pictures missing', missing, '', 1),
        figure('growth', 'memory more than before', rssMib(gateway) - before, 'MiB', MAX_GROWTH_MIB),
      );
    },

    async addHostile(name: string): Promise<() => Promise<void>> {
      const thread = new Worker(new URL('../support/hostile-thread.ts', import.meta.url), {
        workerData: name,
      });
      closers.add(async () => void (await thread.terminate()));
      const [url] = (await once(thread, 'message')) as [string];
      await call(gateway, 'POST', '', {
        name,
        source: { url, transport: 'tcp', username: 'u', password: 'p' },
      });
      return async () => {
        await call(gateway, 'DELETE', `/live/${name}`);
        await thread.terminate();
      };
    },
  };
}

/** A picture every 40 ms, with the time at which it was sent inside. */
function sendTimes(connection: FakeConnection, onSent: () => void): void {
  let n = 0;
  const timer = setInterval(() => {
    if (connection.socket.destroyed) {
      clearInterval(timer);
      return;
    }
    const picture = fakePicture(n % 25 === 0, 1_000);
    picture.writeDoubleBE(performance.now(), 2);
    // What follows the head is no start code, whatever the time is.
    picture[1] = 0x88;
    connection.write(packet(n, picture));
    n += 1;
    onSent();
  }, PICTURE_EVERY_MS);
}

async function call(gateway: GatewayProcess, method: string, path: string, body?: object): Promise<void> {
  const response = await fetch(`${gateway.url}/api/v1/streams${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
}

function rssMib({ pid }: GatewayProcess): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
