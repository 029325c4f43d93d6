import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StreamStatus } from '../../shared/stream.ts';
import { CameraSim, testAudio, testVideo } from '../support/camera-sim/index.ts';
import { launchChromium } from '../support/chromium.ts';
import { openEmbed } from '../support/embed-page.ts';
import { GatewayProcess } from '../support/gateway.ts';
import { anewForAnotherTry } from '../support/tried-again.ts';
import { waitFor } from '../support/wait.ts';

const run = promisify(execFile);
const TIMEOUT_MS = 120_000;
const PROBE = process.env.FFPROBE_PATH ?? 'ffprobe';

/** The clock of a camera that is trusted. */
const CAMERA_AHEAD_MS = -7_200_000;

const cameras: Record<string, CameraSim> = {};
let gateway: GatewayProcess;
let browser: Browser;
let page: Page;
let startedAtMs = 0;
let liveSinceMs = 0;

const open = async () => {
  const audio = await testAudio('pcmu', 2);
  const start = async (name: string, options: Parameters<typeof CameraSim.start>[0]) => {
    cameras[name] = await CameraSim.start(options);
  };
  await Promise.all([
    testVideo({ bFrames: 2, params: 'b-pyramid=none:b-adapt=0' }).then((video) =>
      start('left-out', { video, audio }),
    ),
    testVideo({ bFrames: 3, params: 'b-pyramid=normal:b-adapt=0' }).then((video) =>
      start('pyramid', { video }),
    ),
    // 21 pictures a second with the timestamps of 25, and sender reports that have nothing to do with anything.
    testVideo({ fps: 21, frames: 42, keyFrameEvery: 21 }).then((video) =>
      start('slow-clock', { video, timestampDriftPpm: -160_000, senderReports: 'nonsense' }),
    ),
    testVideo().then(async (video) => {
      await start('jumping', { video, audio, senderReports: 'nonsense' });
      await start('trusted', { video, clockOffsetMs: CAMERA_AHEAD_MS });
    }),
  ]);
  const streams = Object.entries(cameras).map(([name, camera]) => [
    `live/${name}`,
    {
      source: { url: camera.url(), transport: 'tcp', trustCameraClock: name === 'trusted' },
      record: { segmentMs: 1000 },
    },
  ]);
  startedAtMs = Date.now();
  gateway = await GatewayProcess.start({ settings: { streams: Object.fromEntries(streams) } });
  browser = await launchChromium();
  await waitFor('all cameras to be live', async () => {
    const all = await Promise.all(Object.keys(cameras).map((name) => statusOf(name)));
    return all.every(({ state }) => state === 'live');
  });
  liveSinceMs = Date.now();
  page = await browser.newPage();
  await openEmbed(page, gateway.url, PLAYERS);
};
const close = async () => {
  await browser?.close();
  await gateway?.close();
  for (const camera of Object.values(cameras)) await camera.close();
};
beforeAll(open, TIMEOUT_MS);
afterAll(close);
anewForAnotherTry(close, open, TIMEOUT_MS);

async function get<T>(path: string): Promise<T> {
  return (await (await fetch(`${gateway.url}/api/v1/${path}`)).json()) as T;
}

function statusOf(name: string): Promise<StreamStatus> {
  return get<StreamStatus>(`streams/live/${name}`);
}

const PLAYERS = ['left-out', 'pyramid', 'jumping']
  .map((name) => `<sluice-player src="/live/${name}" muted autoplay></sluice-player>`)
  .join('');

interface Look {
  readonly state: string;
  readonly mode?: string;
  readonly code?: string;
  readonly message?: string;
  readonly frames: number;
  readonly positionS: number;
}

/** The page's player of a stream; as text, since the browser's types are not those of the tests. */
function look(name: string): Promise<Look> {
  return page.evaluate<Look>(`(async () => {
    const player = document.querySelector('sluice-player[src="/live/${name}"]');
    const stats = await player?.stats;
    return {
      state: player?.state ?? 'none',
      mode: stats?.mode,
      code: stats?.fallback?.code,
      message: stats?.fallback?.message,
      frames: stats?.framesDecoded ?? 0,
      positionS: player?.video.currentTime ?? 0,
    };
  })()`);
}

async function untilPlaying(name: string, condition: (look: Look) => boolean): Promise<Look> {
  let last: Look | undefined;
  return waitFor(
    `${name} to play`,
    async () => {
      last = await look(name);
      return last.state === 'playing' && last.frames > 5 && condition(last) ? last : undefined;
    },
    60_000,
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${JSON.stringify(last)}\n${gateway.output.slice(-3_000)}`);
  });
}

interface Probed {
  readonly packets: ReadonlyArray<{ pts_time: string; dts_time: string }>;
  readonly frames: ReadonlyArray<{ pts_time: string }>;
}

/** Every picture of an MP4 as it lies there and as it is decoded. */
async function probed(bytes: ArrayBuffer): Promise<{ stepsMs: number[]; decoded: number; packets: number }> {
  const file = join(gateway.dir, 'probed.mp4');
  await writeFile(file, Buffer.from(bytes));
  const select = ['-v', 'error', '-select_streams', 'v:0', '-of', 'json'];
  const packets = await run(PROBE, [...select, '-show_entries', 'packet=pts_time,dts_time', file], {
    maxBuffer: 2 ** 26,
  });
  const frames = await run(PROBE, [...select, '-show_entries', 'frame=pts_time', file], {
    maxBuffer: 2 ** 26,
  });
  // What FFmpeg had to complain of while it decoded.
  expect(frames.stderr).toBe('');
  const all = { ...JSON.parse(packets.stdout), ...JSON.parse(frames.stdout) } as Probed;
  for (const { pts_time, dts_time } of all.packets) {
    expect(Number(dts_time)).toBeLessThanOrEqual(Number(pts_time));
  }
  const times = all.packets.map(({ pts_time }) => Number(pts_time) * 1_000).sort((a, b) => a - b);
  return {
    stepsMs: times.slice(1).map((time, i) => Math.round(time - (times[i] ?? 0))),
    decoded: all.frames.length,
    packets: all.packets.length,
  };
}

/** Eight pictures in a row, B-frames among them: each is had by its time, and they are all different. */
async function expectFrames(name: string, startMs: number): Promise<void> {
  const pictures = new Set<string>();
  for (let n = 0; n < 8; n += 1) {
    const at = startMs + n * 40;
    const frame = await fetch(`${gateway.url}/api/v1/streams/live/${name}/frame?at=${at}`);
    expect(frame.status).toBe(200);
    const apartMs = at - Number(frame.headers.get('x-frame-time'));
    expect(apartMs).toBeGreaterThanOrEqual(0);
    expect(apartMs).toBeLessThan(45);
    pictures.add(Buffer.from(await frame.arrayBuffer()).toString('base64'));
  }
  expect(pictures.size).toBe(8);
}

async function expectExport(name: string, startMs: number): Promise<void> {
  const asked = await fetch(`${gateway.url}/api/v1/exports`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ app: 'live', name, start: startMs, durationMs: 2_000 }),
  });
  expect(asked.status).toBe(202);
  const { id } = (await asked.json()) as { id: string };
  await waitFor('the export', async () => (await get<{ state: string }>(`exports/${id}`)).state === 'done');
  const file = await fetch(`${gateway.url}/api/v1/exports/${id}/file`);
  const { stepsMs, decoded } = await probed(await file.arrayBuffer());
  // Exact to the picture: no more are shown than were asked for.
  expect(Math.abs(decoded - 50)).toBeLessThanOrEqual(1);
  expect(new Set(stepsMs.slice(0, -8))).toEqual(new Set([40]));
}

test(
  'a camera with B-frames plays over WebRTC without them, and the status says so',
  async () => {
    const first = await untilPlaying('left-out', ({ mode }) => mode === 'webrtc');
    await untilPlaying('left-out', ({ mode, frames }) => mode === 'webrtc' && frames > first.frames + 15);
    const { webrtc, fps } = await statusOf('left-out');
    expect(webrtc).toMatchObject({
      video: 'without-b-pictures',
      reason: expect.stringContaining('B-frames'),
    });
    // All pictures, of which the B-frames are two in three.
    expect(fps).toBeGreaterThan(15);
  },
  TIMEOUT_MS,
);

test(
  'where other pictures need them the player goes over to HLS with the reason; other players stay',
  async () => {
    const first = await untilPlaying('pyramid', ({ mode }) => mode === 'hls');
    expect(first).toMatchObject({
      code: 'WEBRTC_UNSUITABLE',
      message: expect.stringMatching(/B-frames.*camera/),
    });
    await untilPlaying('pyramid', ({ positionS }) => positionS > first.positionS + 1);
    expect((await statusOf('pyramid')).webrtc).toMatchObject({ video: 'unavailable' });
    for (const name of ['left-out', 'jumping']) {
      expect((await untilPlaying(name, () => true)).mode).toBe('webrtc');
    }
    await page.evaluate(`document.querySelector('sluice-player[src="/live/pyramid"]').toggleStats()`);
    const figures = page.getByRole('region', { name: 'Figures' });
    await figures.getByText('HLS, some seconds behind').waitFor();
    await figures.getByText(/^The camera sends B-frames/).waitFor();
  },
  TIMEOUT_MS,
);

test(
  'clips, exports and single pictures of both are right to the picture',
  async () => {
    for (const name of ['left-out', 'pyramid']) {
      const { ranges } = await waitFor('four seconds to be recorded', async () => {
        const timeline = await get<{ ranges: Array<{ start: number; end: number }> }>(
          `streams/live/${name}/timeline`,
        );
        const [range] = timeline.ranges;
        return range !== undefined && range.end - range.start > 4_000 ? timeline : undefined;
      });
      const startMs = (ranges[0]?.start ?? 0) + 500;
      const clip = await fetch(
        `${gateway.url}/api/v1/streams/live/${name}/clip.mp4?start_time=${startMs}&duration=3000`,
      );
      expect(clip.status).toBe(200);
      const { stepsMs, decoded, packets } = await probed(await clip.arrayBuffer());
      expect(packets).toBeGreaterThan(60);
      expect(decoded).toBe(packets);
      // The last may be cut off in the middle of pictures that are not in order.
      expect(new Set(stepsMs.slice(0, -8))).toEqual(new Set([40]));
      await expectFrames(name, startMs);
      await expectExport(name, startMs);
    }
  },
  TIMEOUT_MS,
);

test(
  'clocks that jump, wrap and go at a wrong pace neither stop the picture nor leave gaps or overlaps in recordings',
  async () => {
    const { cues } = cameras.jumping ?? {};
    // Of another century, and of tomorrow.
    cameras.trusted?.cues.senderReport(-1_000_000_000_000, 12_345);
    cameras.trusted?.cues.senderReport(Date.now() + 86_400_000, 12_345);
    await openEmbed(page, gateway.url, PLAYERS);
    await untilPlaying('jumping', ({ mode }) => mode === 'webrtc');
    const turns: Array<() => void> = [
      () => cues?.jumpTimestamp(3_600_000),
      () => cues?.jumpTimestamp(-7_200_000),
      () => cues?.wrapTimestampIn(300),
      () => cues?.jumpTimestamp(-500),
      () => cues?.jumpTimestamp(4_900),
      () => cues?.jumpTimestamp(4_900),
      () => cues?.jumpTimestamp(4_900),
    ];
    for (const turn of turns) {
      const before = await look('jumping');
      turn();
      await untilPlaying('jumping', ({ frames, mode }) => mode === 'webrtc' && frames > before.frames + 15);
    }
    // What three windows in a row say is believed, and what was lost till then made good.
    await waitFor('the slow clock to be known', () => Date.now() - liveSinceMs > 22_000, 30_000);
    for (const name of ['slow-clock', 'jumping', 'trusted']) {
      const aheadMs = name === 'trusted' ? CAMERA_AHEAD_MS : 0;
      const { ranges } = await get<{ ranges: Array<{ start: number; end: number }> }>(
        `streams/live/${name}/timeline?to=${Date.now() + 3_600_000}`,
      );
      expect(ranges, name).toHaveLength(1);
      const [{ start, end } = { start: 0, end: 0 }] = ranges;
      const behindMs = Date.now() + aheadMs - end;
      expect(behindMs, name).toBeLessThan(6_000);
      expect(behindMs, name).toBeGreaterThan(-1_500);
      expect(start - aheadMs - startedAtMs, name).toBeGreaterThan(0);
      expect(start - aheadMs - liveSinceMs, name).toBeLessThan(10_000);
    }
    const { webrtc, fps } = await statusOf('slow-clock');
    expect(webrtc?.video).toBe('as-is');
    expect(fps).toBeLessThan(22);
  },
  TIMEOUT_MS,
);
