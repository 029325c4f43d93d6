import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StreamStatus, streamStatusSchema } from '../../shared/stream.ts';
import { CameraSim, testAudio, testVideo } from '../support/camera-sim/index.ts';
import { launchChromium } from '../support/chromium.ts';
import { openEmbed } from '../support/embed-page.ts';
import { GatewayProcess } from '../support/gateway.ts';
import { decodeJpeg } from '../support/levels-clip.ts';
import { waitFor } from '../support/wait.ts';

/** A camera that sends H.265, and one that also reorders its pictures, through a real gateway. */

const run = promisify(execFile);
const FFMPEG = process.env.FFMPEG_PATH ?? 'ffmpeg';
const FFPROBE = FFMPEG.replace(/ffmpeg$/, 'ffprobe');
/** Exports step back for all else, so on a busy machine they take their time. */
const WAIT_MS = 60_000;
const LIMITS = { maxBuffer: 64 * 1024 * 1024, timeout: WAIT_MS };

let cameras: Record<'plain' | 'reordered', CameraSim>;
let gateway: GatewayProcess;
let dir: string;

beforeAll(async () => {
  const options = { codec: 'h265', width: 320, height: 192, frames: 50, keyFrameEvery: 25 } as const;
  const [plain, reordered, audio] = await Promise.all([
    testVideo(options),
    testVideo({ ...options, bFrames: 3 }),
    testAudio('aac'),
  ]);
  cameras = {
    plain: await CameraSim.start({ video: plain, audio }),
    reordered: await CameraSim.start({ video: reordered }),
  };
  dir = await mkdtemp(join(tmpdir(), 'sluice-h265-'));
  gateway = await GatewayProcess.start({
    settings: {
      recording: { segmentMs: 1000 },
      streams: {
        'live/plain': { record: true, source: { url: cameras.plain.url() } },
        'live/reordered': { record: true, source: { url: cameras.reordered.url() } },
      },
    },
  });
}, 90_000);

afterAll(async () => {
  await gateway?.close();
  await Promise.all(Object.values(cameras ?? {}).map((camera) => camera.close()));
  await rm(dir, { recursive: true, force: true });
});

type Name = keyof typeof cameras;
const NAMES: Name[] = ['plain', 'reordered'];

const get = (path: string, init?: RequestInit) => fetch(`${gateway.url}${path}`, init);

async function statusOf(name: Name): Promise<StreamStatus> {
  return streamStatusSchema.parse(await (await get(`/api/v1/streams/live/${name}`)).json());
}

/** The first recorded time, once there is so much. */
async function recordedFrom(name: Name, forMs: number): Promise<number> {
  return waitFor(
    'recorded time',
    async () => {
      const { oldestMs, newestMs } = (await statusOf(name)).recorder;
      return oldestMs !== undefined && newestMs !== undefined && newestMs - oldestMs >= forMs
        ? oldestMs
        : undefined;
    },
    WAIT_MS,
  );
}

interface Film {
  readonly video: { codec_name: string; codec_tag_string: string; width: number };
  readonly hasSound: boolean;
  /** When pictures are shown, in ticks of 90 kHz. */
  readonly times: readonly number[];
  readonly trouble: string;
}

/** What FFmpeg makes of a file or an address. */
async function watch(url: string, args: readonly string[] = []): Promise<Film> {
  const probed = await run(FFPROBE, ['-v', 'error', '-show_streams', '-of', 'json', ...args, url], LIMITS);
  const { streams } = JSON.parse(probed.stdout) as { streams: ({ codec_type: string } & Film['video'])[] };
  const video = streams.find(({ codec_type }) => codec_type === 'video');
  if (video === undefined) throw new Error('no picture');
  const { stdout, stderr } = await run(
    FFMPEG,
    [
      ...['-v', 'error', ...args, '-i', url, '-map', '0:v', '-fps_mode', 'passthrough'],
      ...['-enc_time_base', '1/90000', '-t', '3', '-f', 'framecrc', '-'],
    ],
    LIMITS,
  );
  const lines = stdout.split('\n').filter((line) => /^0,/.test(line));
  return {
    video,
    hasSound: streams.some(({ codec_type }) => codec_type === 'audio'),
    times: lines.map((line) => Number(line.split(',')[2])),
    trouble: stderr,
  };
}

/** How many VPS a file has: as `hvc1` one, which is not among the pictures. */
async function parameterSetsIn(path: string): Promise<number> {
  const trace = ['-v', 'info', '-i', path, '-map', '0:v', '-c', 'copy', '-bsf:v', 'trace_headers'];
  const { stderr } = await run(FFMPEG, [...trace, '-f', 'null', '-'], LIMITS);
  return stderr.split('Video Parameter Set').length - 1;
}

/** Every picture is there, in its place. */
function expectEven({ times, trouble }: Film): void {
  expect(trouble).toBe('');
  expect(times.length).toBeGreaterThan(50);
  const steps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  expect(steps.filter((step) => Math.abs(step - 3600) > 20)).toEqual([]);
}

describe.concurrent('a camera that sends H.265', { timeout: 2 * WAIT_MS }, () => {
  it('is told of as what it is, and browsers are told of the conversion', async () => {
    for (const name of NAMES) {
      const status = await waitFor('it to be live', async () => {
        const now = await statusOf(name);
        return now.state === 'live' && now.codec !== undefined ? now : undefined;
      });
      expect(status).toMatchObject({ codec: 'h265', width: 320, height: 192 });
      expect(status.profile).toMatch(/^Main \d\.\d$/);
      expect(status.webrtc?.video).toBe('transcoded');
    }
  });

  it.each(NAMES)('plays as live HLS, untouched: %s', async (name) => {
    await recordedFrom(name, 4_000);
    const film = await watch(`${gateway.url}/live/${name}/playlist.m3u8`, ['-live_start_index', '0']);
    expect(film.video).toMatchObject({ codec_name: 'hevc', width: 320 });
    expect(film.hasSound).toBe(name === 'plain');
    expectEven(film);
  });

  it.each(NAMES)('is recorded, played back and exported as MP4 that Apple players take: %s', async (name) => {
    const startMs = (await recordedFrom(name, 5_000)) + 700;
    const times = `start_time=${startMs}&duration=3000`;
    expectEven(await watch(`${gateway.url}/live/${name}/playlist.m3u8?${times}`));

    const clip = join(dir, `${name}-clip.mp4`);
    await writeFile(clip, await (await get(`/api/v1/streams/live/${name}/clip.mp4?${times}`)).bytes());
    const clipped = await watch(clip);
    expect(clipped.video).toMatchObject({ codec_name: 'hevc', codec_tag_string: 'hvc1' });
    expectEven(clipped);

    const body = JSON.stringify({
      app_name: 'live',
      stream_name: name,
      start_time: startMs,
      duration: 3000,
    });
    const headers = { 'content-type': 'application/json' };
    const made = await get('/v1/nvr/convert2mp4', { method: 'POST', headers, body });
    const { status_url } = (await made.json()) as { status_url: string };
    await waitFor(
      'the export',
      async () => {
        const { state } = (await (await get(status_url)).json()) as { state: string };
        if (state === 'failed') throw new Error('the export failed');
        return state === 'done';
      },
      WAIT_MS,
    );
    const file = join(dir, `${name}.mp4`);
    await writeFile(file, await (await get(`${status_url}/file`)).bytes());
    const exported = await watch(file);
    expect(exported.video).toMatchObject({ codec_name: 'hevc', codec_tag_string: 'hvc1' });
    expect(exported.hasSound).toBe(name === 'plain');
    expectEven(exported);
    expect(exported.times.length).toBeGreaterThanOrEqual(75);
    for (const path of [clip, file]) expect(await parameterSetsIn(path)).toBe(1);
  });

  it.each(NAMES)('gives pictures of now and of recorded time: %s', async (name) => {
    const atMs = (await recordedFrom(name, 2_000)) + 900;
    for (const query of ['', `?at=${atMs}`, '?width=160']) {
      const response = await get(`/api/v1/streams/live/${name}/frame${query}`);
      expect(response.status).toBe(200);
      const jpeg = await decodeJpeg(Buffer.from(await response.bytes()));
      expect(jpeg.width).toBe(query.includes('width') ? 160 : 320);
    }
    const thumbnail = await get(`/api/v1/streams/live/${name}/thumbnail?at=${atMs}`);
    expect((await decodeJpeg(Buffer.from(await thumbnail.bytes()))).width).toBe(320);
  });

  it('is handed on over RTSP as it is: FFmpeg and GStreamer decode it', async () => {
    const url = `rtsp://127.0.0.1:${gateway.rtspPort}/live/plain`;
    const film = await watch(url, ['-rtsp_transport', 'tcp']);
    expect(film.video.codec_name).toBe('hevc');
    expect(film.trouble).toBe('');
    expect(film.times.length).toBeGreaterThan(50);
    // Ends by itself after 20 pictures; standard error tells of what could not be decoded.
    const { stderr } = await run(
      'gst-launch-1.0',
      [
        ...['-q', 'rtspsrc', `location=${url}`, 'protocols=tcp', '!', 'rtph265depay', '!', 'h265parse', '!'],
        ...['avdec_h265', '!', 'identity', 'eos-after=20', '!', 'fakesink', 'sync=false'],
      ],
      LIMITS,
    );
    expect(stderr).not.toMatch(/ERROR|WARN/);
  });

  it('in a browser that cannot decode it HLS says so in words, and what to do', async () => {
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      await openEmbed(
        page,
        gateway.url,
        '<sluice-player src="/live/plain" mode="hls" muted autoplay></sluice-player>',
      );
      const reason = await waitFor(
        'the reason',
        () =>
          page.evaluate<{ code: string; message: string } | undefined>(
            `document.querySelector('sluice-player').reason`,
          ),
        WAIT_MS,
      );
      expect(reason.code).toBe('UNSUPPORTED_BROWSER');
      expect(reason.message).toMatch(/cannot decode H\.265.*WebRTC/);
    } finally {
      await browser.close();
    }
  });
});
