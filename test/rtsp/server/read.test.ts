import { beforeAll, describe, expect, it } from 'vitest';
import { parseRtpInfo } from '../../../server/rtsp/parse/index.ts';
import type { AudioFormat } from '../../../server/stream/index.ts';
import { waitFor } from '../../support/wait.ts';
import { readWithGStreamer } from './gstreamer-reader.ts';
import { type Clip, define, makeClip, Probe, readFrames, sourceOf, start, startServer } from './support.ts';

const PCMA: AudioFormat = { kind: 'audio', codec: 'pcma', clockRate: 8000, channels: 1 };

let clip: Clip;
let fullHdClip: Clip;

beforeAll(async () => {
  [clip, fullHdClip] = await Promise.all([makeClip(), makeClip('1920x1080')]);
});

async function liveServer(audio?: AudioFormat, picture = clip) {
  const fixture = await startServer([define('cam')]);
  const source = sourceOf(fixture, 'live/cam');
  source.loop(picture, audio);
  return { ...fixture, source, cam: fixture.url('live/cam') };
}

/** The video frames of FFmpeg's framecrc output: stream, dts, pts, duration, size, checksum. */
function framesOf(stdout: string, stream = 0) {
  return stdout
    .split('\n')
    .filter((line) => line.startsWith(`${stream},`))
    .map((line) => line.split(',').map((field) => field.trim()))
    .map(([, dts, pts, , sizeBytes]) => ({
      dts: Number(dts),
      pts: Number(pts),
      sizeBytes: Number(sizeBytes),
    }));
}

describe('FFmpeg as a reader', () => {
  it.each(['tcp', 'udp'])('plays picture and sound over %s, whole and in step', async (transport) => {
    const { cam } = await liveServer(PCMA);
    const reader = readFrames(cam, 40, { transport, input: ['-copyts'] });
    const { code, stdout, stderr } = await reader.done;
    expect(stderr).not.toMatch(/corrupt|missing|lost|error/i);
    expect(code).toBe(0);
    const video = framesOf(stdout, 0);
    const audio = framesOf(stdout, 1);
    expect(video.length).toBe(40);
    expect(audio.length).toBeGreaterThan(20);
    // 25 frames a second on a clock of 90 kHz, without a gap.
    const steps = video.slice(1).map(({ pts }, n) => pts - (video[n]?.pts ?? 0));
    expect(new Set(steps)).toEqual(new Set([3600]));
    // FFmpeg counts from RTP-Info's rtptime, so the first packet lies at 0 and sound in step with it.
    expect(video[0]?.pts).toBe(0);
    expect(audio[0]?.pts).toBe(0);
  });

  it.each(['tcp', 'udp'])('takes a full HD key frame over %s without loss', async (transport) => {
    const { cam } = await liveServer(undefined, fullHdClip);
    const { code, stdout, stderr } = await readFrames(cam, 30, { transport }).done;
    expect(stderr).not.toMatch(/corrupt|missing|lost|error/i);
    expect(code).toBe(0);
    const keyFrameBytes = fullHdClip.units[0]?.payloads.reduce((sum, { length }) => sum + length, 0) ?? 0;
    expect(framesOf(stdout)[0]?.sizeBytes).toBeGreaterThanOrEqual(keyFrameBytes);
  });

  it('starts with the kept group of pictures, before another key frame comes', async () => {
    const { cam, source } = await liveServer();
    source.pauseMedia();
    const probe = new Probe(Number(new URL(cam).port));
    const response = await probe.play(cam);
    expect(parseRtpInfo(response.headers.get('RTP-Info') ?? '')).toHaveLength(1);
    await waitFor('the kept key frame', () => probe.packets.some(({ channel }) => channel === 0));
  });

  it('sees the end of a removed stream over UDP', async () => {
    const { cam, hub } = await liveServer();
    const reader = readFrames(cam, 100_000, { transport: 'udp' });
    await waitFor('frames', () => framesOf(reader.stdout()).length > 5);
    await hub.remove('live/cam');
    expect((await reader.done).code).toBe(0);
  });

  it.each(['tcp', 'udp'])('leaves no reader behind when it is killed, over %s', async (transport) => {
    const { cam, hub } = await liveServer();
    const reader = readFrames(cam, 100_000, { transport });
    await waitFor('frames', () => framesOf(reader.stdout()).length > 5);
    expect(hub.get('live/cam')?.readerCounts.viewers).toBe(1);
    reader.kill('SIGKILL');
    await waitFor('the reader to be gone', () => hub.get('live/cam')?.readerCounts.viewers === 0);
  });

  it('ffprobe sees the tracks', async () => {
    const { cam } = await liveServer(PCMA);
    const { stdout, code } = await start('ffprobe', [
      ...['-v', 'error', '-rtsp_transport', 'tcp', '-of', 'csv=p=0'],
      ...['-show_entries', 'stream=codec_name,width,height,sample_rate', cam],
    ]).done;
    expect(code).toBe(0);
    expect(stdout.trim().split('\n')).toEqual(['h264,320,240', 'pcm_alaw,8000']);
  });
});

describe('GStreamer as a reader', () => {
  it.each([
    ['tcp', '4'],
    ['udp', '1'],
  ])('plays over %s', async (_name, protocols) => {
    const { cam, hub } = await liveServer(PCMA);
    const { pictures, stdout, stderr } = await readWithGStreamer({
      source: [`location=${cam}`, `protocols=${protocols}`],
      elements: ['application/x-rtp,media=video', '!', 'rtph264depay', '!', 'h264parse', '!', 'avdec_h264'],
      count: 20,
    });
    expect(pictures, stderr).toBe(20);
    // Decoded pictures of the right size reached the sink.
    expect(stdout).toMatch(/width=\(int\)320/);
    await waitFor('the reader to be gone', () => hub.get('live/cam')?.readerCounts.viewers === 0);
  });
});
