import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ReadPlaylist, readPlaylist } from '../recording/support/m3u8.ts';
import { launchChromium } from '../support/chromium.ts';
import { GatewayProcess } from '../support/gateway.ts';
import { type GstMount, type GstRtspServer, startGstRtspServer } from '../support/gst-rtsp-server.ts';
import { anewForAnotherTry } from '../support/tried-again.ts';
import { waitFor } from '../support/wait.ts';

/** HLS of a real camera through a real gateway in the players that people use. The camera goes away for a while once. */

const TOKEN = 'correct-horse-battery-staple';
const BEARER = { authorization: `Bearer ${TOKEN}` };
const HLS_JS = fileURLToPath(new URL('../../node_modules/hls.js/dist/hls.min.js', import.meta.url));
const VLC = '/usr/bin/vlc';
const AS_NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
const FPS = 25;
const TICKS = 90_000 / FPS;

const run = promisify(execFile);
const MAX_OUTPUT = { maxBuffer: 64 * 1024 * 1024, timeout: 25_000 };

let camera: GstRtspServer;
let gateway: GatewayProcess;
let browser: Browser;
/** The recorded time: before the camera went, and after it came back with another picture size. */
let range: { start_time: number; end_time: number };

const mounts = (cam: GstMount): Record<string, GstMount> => ({
  '/cam': { audio: 'pcmu', gop: 25, ...cam },
  '/spare': { gop: 25 },
});

function urlOf(name: string, times: Readonly<Record<string, number>> = {}): string {
  const query = new URLSearchParams({ access_token: TOKEN });
  for (const [key, value] of Object.entries(times)) query.set(key, String(value));
  return `${gateway.url}/live/${name}/playlist.m3u8?${query}`;
}

async function load(url: string): Promise<ReadPlaylist> {
  const answer = await fetch(url);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.status}: ${text}`);
  return readPlaylist(text);
}

/** A playlist that comes to fulfil `isEnough`, as the gateway goes on. */
function loadUntil(what: string, url: () => string, isEnough: (playlist: ReadPlaylist) => boolean) {
  return waitFor(
    what,
    async () => {
      const playlist = await load(url()).catch(() => undefined);
      return playlist !== undefined && isEnough(playlist) ? playlist : undefined;
    },
    40_000,
  );
}

const lengthS = (playlist: ReadPlaylist) =>
  playlist.segments.reduce((sum, { durationS }) => sum + durationS, 0);

const open = async () => {
  [camera, browser] = await Promise.all([
    startGstRtspServer({ mounts: mounts({ width: 320, height: 240 }) }),
    launchChromium(),
  ]);
  gateway = await GatewayProcess.start({
    settings: { sources: { allowLoopback: true }, auth: { apiToken: TOKEN }, demo: false },
  });
  for (const [name, record] of [
    ['cam', { segmentMs: 1000 }],
    ['spare', false],
  ] as const) {
    const answer = await fetch(`${gateway.url}/api/v1/streams`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...BEARER },
      body: JSON.stringify({
        name,
        record,
        onDemand: name === 'spare',
        source: { url: camera.url(`/${name}`) },
      }),
    });
    if (!answer.ok) throw new Error(await answer.text());
  }
  const since = Date.now() - 60_000;
  const recorded = () => urlOf('cam', { start_time: since, end_time: Date.now() });
  const before = await loadUntil('six segments', recorded, ({ segments }) => segments.length >= 6);
  await camera.kill();
  camera = await startGstRtspServer({ port: camera.port, mounts: mounts({ width: 480, height: 272 }) });
  const breaks = ({ segments }: ReadPlaylist) => segments.at(-1)?.discontinuity ?? 0;
  const after = await loadUntil(
    'three segments after the gap',
    recorded,
    (playlist) =>
      playlist.segments.filter(({ discontinuity }) => discontinuity === breaks(playlist)).length >= 3 &&
      breaks(playlist) >= 1,
  );
  const last = after.segments.at(-1);
  range = {
    start_time: before.segments[0]?.dateMs ?? 0,
    end_time: Math.round((last?.dateMs ?? 0) + (last?.durationS ?? 0) * 1000),
  };
};
const close = async () => {
  await Promise.all([browser?.close(), gateway?.close()]);
  await camera?.close();
};
beforeAll(open, 120_000);
afterAll(close);
// The last test gives the camera another picture, and each player may leave it away.
anewForAnotherTry(close, open, 120_000);

describe('recorded time over a gap', () => {
  it('is a playlist with the dates of all segments and a break at the gap', async () => {
    const vod = await load(urlOf('cam', range));
    expect(vod).toMatchObject({ type: 'VOD', isEnded: true });
    expect(vod.segments[0]?.dateMs).toBe(range.start_time);
    for (const [at, segment] of vod.segments.entries()) {
      const before = vod.segments[at - 1];
      if (before === undefined) continue;
      const apartMs = segment.dateMs - before.dateMs - before.durationS * 1000;
      // Within a recording the dates follow the clock, and the clock the pictures.
      if (segment.discontinuity === before.discontinuity) expect(Math.abs(apartMs)).toBeLessThan(120);
      else expect(apartMs).toBeGreaterThan(200);
    }
  });

  it('comes to Chromium as one gzip stream that says the same', async () => {
    const page = await browser.newPage();
    const url = urlOf('cam', range);
    await page.goto(`${gateway.url}/healthz`);
    const inPage = await page.evaluate<{ text: string; bytes: number }>(
      `fetch(${JSON.stringify(url)}).then(async (answer) => ({
        text: await answer.text(),
        bytes: performance.getEntriesByType('resource').at(-1).encodedBodySize,
      }))`,
    );
    await page.close();
    const plain = await fetch(url, { headers: { 'accept-encoding': 'identity' } });
    expect(plain.headers.get('content-encoding')).toBe(null);
    expect(inPage.text).toBe(await plain.text());
    expect(inPage.bytes).toBeLessThan(inPage.text.length);
  });

  it('has every picture once, and segments that play alone, by ffprobe', async () => {
    const vod = await load(urlOf('cam', range));
    const times = await picturesOf(urlOf('cam', range));
    const expected = vod.segments.reduce((sum, { durationS }) => sum + Math.round(durationS * FPS), 0);
    expect(times).toHaveLength(expected);
    const steps = times.slice(1).map((time, at) => time - (times[at] ?? 0));
    const breaks = new Set(vod.segments.map(({ discontinuity }) => discontinuity)).size - 1;
    expect(steps.filter((step) => Math.abs(step - TICKS) > 90).length).toBeLessThanOrEqual(breaks);
    const [first] = vod.segments;
    const alone = await picturesOf(new URL(first?.uri ?? '', urlOf('cam')).href);
    expect(alone).toHaveLength(Math.round((first?.durationS ?? 0) * FPS));
  });

  it.each(['hlsdemux', 'hlsdemux2'])('plays in GStreamer (%s) with every picture', async (demuxer) => {
    const vod = await load(urlOf('cam', range));
    const expected = vod.segments.reduce((sum, { durationS }) => sum + Math.round(durationS * FPS), 0);
    const source =
      demuxer === 'hlsdemux'
        ? ['souphttpsrc', `location=${urlOf('cam', range)}`, '!', 'hlsdemux', '!', 'tsdemux']
        : ['uridecodebin3', `uri=${urlOf('cam', range)}`, 'caps=video/x-h264'];
    const counter = ['!', 'h264parse', '!', 'avdec_h264', '!', 'fakesink', 'silent=false', 'sync=false'];
    const { stdout } = await run('gst-launch-1.0', ['-v', ...source, ...counter], MAX_OUTPUT);
    expect(stdout.match(/last-message = .*chain/g)?.length).toBe(expected);
  });

  it.skipIf(!existsSync(VLC))('plays in VLC (where that is installed) to the end', async () => {
    const vod = await load(urlOf('cam', range));
    const dir = await mkdtemp(join(tmpdir(), 'sluice-vlc-'));
    try {
      await chmod(dir, 0o777);
      const file = join(dir, 'played.ts');
      const played = [
        '-I',
        'dummy',
        urlOf('cam', range),
        '--sout',
        `#std{access=file,mux=ts,dst=${file}}`,
        'vlc://quit',
      ];
      // It does not run as root.
      const command = process.getuid?.() === 0 ? [...AS_NOBODY, VLC] : [VLC];
      await run('env', [`HOME=${dir}`, ...command, ...played], MAX_OUTPUT);
      // Its muxer leaves out the last pictures, and some where the stream breaks: more on a busy machine, never as many as lie on one side.
      expect((await picturesOf(file)).length).toBeGreaterThan(lengthS(vod) * FPS * 0.75);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });

  it('plays in hls.js to the end, with the other picture size behind the gap', async () => {
    const vod = await load(urlOf('cam', range));
    const player = await openPlayer(urlOf('cam', range));
    try {
      const begun = await player.until('pictures', ({ frames }) => frames > 0);
      expect(begun.width).toBe(320);
      expect(begun.durationS).toBeCloseTo(lengthS(vod), 0);
      const ended = await player.until('the end', ({ isEnded }) => isEnded);
      expect(ended.width).toBe(480);
      expect(ended.frames).toBeGreaterThan(lengthS(vod) * FPS * 0.9);
      expect(ended.errors).toEqual([]);
    } finally {
      await player.close();
    }
  });

  it('begins in hls.js at the very instant that was asked for', async () => {
    const start_time = range.start_time + 2_400;
    const player = await openPlayer(urlOf('cam', { start_time, duration: 3_000 }), { isPaused: true });
    try {
      const { dateMs } = await player.until('pictures', ({ dateMs }) => dateMs > 0);
      expect(Math.abs(dateMs - start_time)).toBeLessThan(60);
    } finally {
      await player.close();
    }
  });
});

describe('live', () => {
  // On a starved machine hls.js has stood still behind its first segment, with nothing asked for that was not answered.
  it('plays in hls.js, close to now', { retry: 1 }, async () => {
    const player = await openPlayer(urlOf('cam'));
    try {
      const { dateMs, errors } = await player.until('two seconds', ({ frames }) => frames > 50);
      expect(Date.now() - dateMs).toBeLessThan(15_000);
      expect(errors).toEqual([]);
    } finally {
      await player.close();
    }
  });

  it('plays in FFmpeg with picture and sound', async () => {
    const { stderr } = await run(
      process.env.FFMPEG_PATH ?? 'ffmpeg',
      ['-hide_banner', '-nostdin', '-i', urlOf('cam'), '-t', '3', '-f', 'null', '-'],
      MAX_OUTPUT,
    );
    expect(stderr).toMatch(/Video: h264/);
    expect(stderr).toMatch(/Audio: aac/);
    expect(Number(/frame= *(\d+)[^\n]*\n(?!.*frame=)/s.exec(stderr)?.[1])).toBeGreaterThan(3 * FPS * 0.9);
  });

  it('starts a camera that nobody watched, which is not recorded, and tells so', async () => {
    const live = await load(urlOf('spare'));
    expect(live.segments.length).toBeGreaterThan(0);
    const past = await fetch(urlOf('spare', { start_time: range.start_time, duration: 1000 }));
    expect(past.status).toBe(404);
    const { error } = (await past.json()) as { error: { code: string; message: string } };
    expect(error.code).toBe('NOT_RECORDED');
    expect(error.message).toContain('recording was switched off');
  });

  it('asks for the token at playlists and at every segment', async () => {
    const bare = (url: string) => fetch(url.replace(/\?access_token=[^&]*/, ''));
    expect((await bare(urlOf('cam'))).status).toBe(401);
    const { segments } = await load(urlOf('cam'));
    const uri = new URL(segments[0]?.uri ?? '', urlOf('cam')).href;
    expect(uri).toContain('access_token=');
    expect((await bare(uri)).status).toBe(401);
    expect((await fetch(uri, { headers: { range: 'bytes=0-187' } })).status).toBe(206);
    expect(gateway.output).not.toContain(TOKEN);
  });
});

it('rewinds in hls.js to a past instant and plays on from there into live', async () => {
  const start_time = range.end_time - 1_500;
  const player = await openPlayer(urlOf('cam', { start_time }));
  try {
    // hls.js may show the segment's first picture before it goes to the instant that was asked for.
    const begun = await player.until('pictures', ({ dateMs }) => dateMs > start_time - 100);
    expect(begun.dateMs - start_time).toBeLessThan(2_000);
    const knownUntilS = begun.edgeS;
    const later = await player.until(
      'growth',
      ({ edgeS, dateMs }) => edgeS > knownUntilS + 2 && dateMs > start_time + 3_000,
    );
    expect(later.errors).toEqual([]);
    // To the live edge at once.
    await player.seekToEdge();
    const live = await player.until(
      'live',
      ({ dateMs, frames }) => dateMs > later.dateMs && frames > later.frames + FPS,
    );
    expect(Date.now() - live.dateMs).toBeLessThan(12_000);
  } finally {
    await player.close();
  }
});

it('plays in hls.js what is not over yet up to its end, and ends there', async () => {
  const nowMs = Date.now();
  const times = { start_time: nowMs - 3_000, end_time: nowMs + 4_000 };
  expect(await load(urlOf('cam', times))).toMatchObject({ type: 'EVENT', isEnded: false });
  const player = await openPlayer(urlOf('cam', times));
  try {
    const end = await player.until('the end', ({ isEnded }) => isEnded, 40_000);
    expect(end.fatal).toEqual([]);
    const list = await load(urlOf('cam', times));
    expect(list).toMatchObject({ type: 'EVENT', isEnded: true });
    const last = list.segments.at(-1);
    expect((last?.dateMs ?? 0) + (last?.durationS ?? 0) * 1000).toBeGreaterThanOrEqual(times.end_time - 1);
    expect(end.durationS).toBeGreaterThan(6.9);
  } finally {
    await player.close();
  }
}, 60_000);

it('goes on in hls.js when the camera was away and comes back with another picture size', async () => {
  const player = await openPlayer(urlOf('cam'));
  try {
    const before = await player.until('pictures', ({ frames }) => frames > 10);
    expect(before.width).toBe(480);
    await camera.kill();
    camera = await startGstRtspServer({ port: camera.port, mounts: mounts({ width: 640, height: 360 }) });
    const after = await player.until('the other pictures', ({ width }) => width === 640, 40_000);
    await player.until('more of them', ({ frames }) => frames > after.frames + FPS);
    expect(after.fatal).toEqual([]);
  } finally {
    await player.close();
  }
}, 60_000);

/** PTS of all pictures in order of decoding, in 1/90000 s. */
async function picturesOf(url: string): Promise<number[]> {
  const ffprobe = (process.env.FFMPEG_PATH ?? 'ffmpeg').replace(/ffmpeg$/, 'ffprobe');
  const { stdout } = await run(
    ffprobe,
    ['-v', 'error', '-select_streams', 'v', '-show_entries', 'packet=pts', '-of', 'csv=p=0', url],
    MAX_OUTPUT,
  );
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map(Number.parseFloat);
}

interface Playing {
  readonly frames: number;
  readonly width: number;
  readonly durationS: number;
  /** How far the playlist reaches. */
  readonly edgeS: number;
  readonly isEnded: boolean;
  /** By EXT-X-PROGRAM-DATE-TIME; 0 while nothing plays. */
  readonly dateMs: number;
  readonly errors: readonly string[];
  /** Those of them that end it all. */
  readonly fatal: readonly string[];
}

/** hls.js as any page uses it. */
async function openPlayer(url: string, { isPaused = false } = {}) {
  const page: Page = await browser.newPage({ bypassCSP: true });
  await page.goto(`${gateway.url}/healthz`);
  await page.addScriptTag({ path: HLS_JS });
  await page.evaluate(`{
    globalThis.errors = [];
    globalThis.fatal = [];
    globalThis.video = document.body.appendChild(document.createElement('video'));
    video.muted = true;
    globalThis.hls = new Hls();
    hls.on(Hls.Events.ERROR, (_, data) => {
      if (data.fatal) fatal.push(data.details);
      // Sound may begin a moment after the picture where a recording begins; hls.js tells that it steps over it.
      if (data.details !== 'bufferSeekOverHole') errors.push(data.details + ' ' + (data.error?.message ?? ''));
    });
    hls.loadSource(${JSON.stringify(url)});
    hls.attachMedia(video);
    ${isPaused ? '' : 'hls.on(Hls.Events.MANIFEST_PARSED, () => void video.play());'}
  }`);
  const look = () =>
    page.evaluate<Playing>(`({
      frames: video.getVideoPlaybackQuality().totalVideoFrames,
      width: video.videoWidth,
      durationS: video.duration,
      edgeS: hls.levels?.[0]?.details?.edge ?? 0,
      isEnded: video.ended,
      dateMs: video.readyState >= 2 ? (hls.playingDate?.getTime() ?? 0) : 0,
      errors,
      fatal,
    })`);
  return {
    async until(
      what: string,
      condition: (playing: Playing) => boolean,
      timeoutMs = 15_000,
    ): Promise<Playing> {
      let seen: Playing | undefined;
      try {
        return await waitFor(
          what,
          async () => {
            seen = await look();
            return condition(seen) ? seen : undefined;
          },
          timeoutMs,
        );
      } catch (failure) {
        throw new Error(`${String(failure)}: ${JSON.stringify(seen)}`);
      }
    },
    seekToEdge: () => page.evaluate('void (video.currentTime = hls.liveSyncPosition)'),
    close: () => page.close(),
  };
}
