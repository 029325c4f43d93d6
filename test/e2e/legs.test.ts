import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { StreamStatus } from '../../shared/stream.ts';
import { CameraSim } from '../support/camera-sim/index.ts';
import { launchChromium } from '../support/chromium.ts';
import { flashAndBeep } from '../support/flash-and-beep.ts';
import { GatewayProcess } from '../support/gateway.ts';
import { anewForAnotherTry } from '../support/tried-again.ts';
import { waitFor } from '../support/wait.ts';

/** ITU-R BT.1359: nobody notices sound that is so much early or late. */
const EARLIEST_MS = -45;
const LATEST_MS = 125;
/** Beeps in a row that have to be in time. A browser that has just started takes some seconds to get its sound going. */
const IN_A_ROW = 3;

let gateway: GatewayProcess;
let browser: Browser;
const cameras: CameraSim[] = [];

const open = async () => {
  const [h264, h265] = await Promise.all([flashAndBeep('h264'), flashAndBeep('h265')]);
  const streams: Record<string, object> = {};
  for (const [name, media] of Object.entries({ h264, h265 })) {
    const camera = await CameraSim.start(media);
    cameras.push(camera);
    streams[`live/${name}`] = { source: { url: camera.url() } };
  }
  [gateway, browser] = await Promise.all([
    GatewayProcess.start({ settings: { sources: { allowLoopback: true }, streams } }),
    launchChromium(),
  ]);
};
const close = async () => {
  await browser?.close();
  await gateway?.close();
  await Promise.all(cameras.splice(0).map((camera) => camera.close()));
};
beforeAll(open);
afterAll(close);
// Legs run on while a page is open, and there may be none at the start.
anewForAnotherTry(close, open);

interface Seen {
  /** By the page's clock, in ms. */
  readonly flashes: number[];
  readonly beeps: number[];
  readonly frames: number;
}

const seenBy = (page: Page) => page.evaluate<Seen>('seen');

async function play(stream: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`${gateway.url}/healthz`);
  await page.evaluate(await readFile(new URL('../support/flash-and-beep-page.js', import.meta.url), 'utf8'));
  await page.evaluate(`watch(${JSON.stringify(`${gateway.url}/whep/${stream}`)})`);
  return page;
}

async function status(stream: string): Promise<StreamStatus> {
  return (await (await fetch(`${gateway.url}/api/v1/streams/${stream}`)).json()) as StreamStatus;
}

/** How much later than its flash each beep is heard, in ms; negative: earlier. */
function lateness({ flashes, beeps }: Seen): number[] {
  return beeps.flatMap((beep) => {
    const apart = flashes.map((flash) => beep - flash).filter((ms) => Math.abs(ms) < 500);
    return apart.length === 0 ? [] : [apart.reduce((a, b) => (Math.abs(b) < Math.abs(a) ? b : a))];
  });
}

it.each(['h264', 'h265'] as const)(
  'sound of a camera with %s and AAC is in time with its picture',
  async (codec) => {
    const stream = `live/${codec}`;
    expect((await status(stream)).legs).toBeUndefined();
    const page = await play(stream);
    const inTime = (ms: number) => ms >= EARLIEST_MS && ms <= LATEST_MS;
    await waitFor(
      `${IN_A_ROW} beeps that are in time`,
      async () => {
        const last = lateness(await seenBy(page)).slice(-IN_A_ROW);
        return last.length === IN_A_ROW && last.every(inTime);
      },
      80_000,
    ).catch(async (failure: unknown) => {
      const all = lateness(await seenBy(page)).map(Math.round);
      throw new Error(`sound was late by ${all.join(' ')} ms`, { cause: failure });
    });
    if (process.env.SLUICE_TEST_FIGURES)
      console.log(
        codec,
        lateness(await seenBy(page))
          .map(Math.round)
          .join(' '),
      );

    const { webrtc, legs } = await status(stream);
    const opus = { kind: 'opus', state: 'running', encoder: 'libopus' };
    if (codec === 'h264') {
      expect(webrtc).toEqual({
        video: 'as-is',
        audio: 'transcoded',
        reason: expect.stringMatching(/AAC/),
      });
      expect(legs).toEqual([opus]);
    } else {
      expect(webrtc).toMatchObject({
        video: 'transcoded',
        audio: 'transcoded',
        reason: expect.stringMatching(/H\.265/),
      });
      expect(legs).toEqual([{ kind: 'h264', state: 'running', encoder: 'libx264' }, opus]);
    }
    // A second viewer is served by the same.
    const second = await play(stream);
    await waitFor('the second picture', async () => (await seenBy(second)).frames > 0);
    expect((await status(stream)).legs).toHaveLength(legs?.length ?? 0);
    await Promise.all([page.close(), second.close()]);
  },
  120_000,
);
