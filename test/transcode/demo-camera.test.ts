import { readdirSync } from 'node:fs';
import { mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../server/base/clock.ts';
import { silentLogger } from '../../server/base/log.ts';
import { type DemoCameraOptions, startDemoCamera } from '../../server/transcode/index.ts';
import { afterTest, define, readFrames, start, startServer } from '../rtsp/server/support.ts';
import { waitFor } from '../support/wait.ts';

const PASSWORD = 'demo-test-password';

async function startDemo(options: Partial<DemoCameraOptions> = {}) {
  const definition = {
    ...define('demo', { url: 'publish:', username: 'demo', password: PASSWORD }),
    app: 'internal',
  };
  const fixture = await startServer([definition]);
  const camera = startDemoCamera({
    clock: systemClock,
    log: silentLogger,
    rtspPort: fixture.port,
    username: 'demo',
    password: PASSWORD,
    ...options,
  });
  afterTest(() => camera.close());
  const stream = fixture.hub.get('internal/demo');
  if (stream === undefined) throw new Error('no stream');
  const isLive = () => waitFor('the demo to be live', () => stream.state.state === 'live');
  return { ...fixture, camera, stream, isLive, demo: fixture.url('internal/demo') };
}

/** Pids of the FFmpegs that publish to this server. */
async function publishers(port: number): Promise<number[]> {
  const found: number[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const program = await readlink(`/proc/${name}/exe`).catch(() => '');
    const args = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (program.endsWith('ffmpeg') && args.includes(`:${port}/internal/demo`)) found.push(Number(name));
  }
  return found;
}

describe('demo camera', () => {
  it('shows a picture with sound that browsers can take as they are', async () => {
    const { stream, isLive, demo } = await startDemo();
    await isLive();
    const [video, audio] = stream.tracks;
    expect(video).toMatchObject({ codec: 'h264', width: 1280, height: 720, declaredFps: 25 });
    // Baseline, so no B-frames, and every browser lists it.
    expect(video?.codec === 'h264' && video.profileLevelId).toMatch(/^42/);
    expect(audio).toMatchObject({ codec: 'opus', clockRate: 48_000, channels: 2 });
    const { stdout } = await readFrames(demo, 60).done;
    const lines = stdout.split('\n').filter((line) => line.startsWith('0,'));
    // framecrc marks every packet that is no key frame.
    const keyFrames = lines.map((line) => !line.includes('F=0x0')).flatMap((isKey, n) => (isKey ? [n] : []));
    expect(keyFrames.slice(0, 2)).toEqual([0, 25]);
  });

  it('draws a picture that moves, and sound that is not silence', async () => {
    const { isLive, demo } = await startDemo();
    await isLive();
    const { stderr } = await start('ffmpeg', [
      ...['-nostdin', '-hide_banner', '-rtsp_transport', 'tcp', '-i', demo, '-t', '2'],
      ...['-vf', 'mpdecimate,metadata=print', '-af', 'volumedetect', '-f', 'null', '-'],
    ]).done;
    expect(stderr).toMatch(/frame= *(4\d|5\d)/);
    const loudestDb = Number(/max_volume: (-?[\d.]+) dB/.exec(stderr)?.[1]);
    expect(loudestDb).toBeGreaterThan(-40);
    expect(loudestDb).toBeLessThan(-6);
  });

  it('comes back when its FFmpeg is killed', async () => {
    const { port, stream, isLive } = await startDemo();
    await isLive();
    const [pid] = await publishers(port);
    if (pid === undefined) throw new Error('no FFmpeg');
    process.kill(pid, 'SIGKILL');
    await waitFor('the stream to notice', () => stream.state.state === 'waiting');
    await isLive();
    expect(await publishers(port)).not.toContain(pid);
  });

  it('leaves no process behind', async () => {
    const { port, camera, isLive } = await startDemo();
    await isLive();
    expect(await publishers(port)).toHaveLength(1);
    await camera.close();
    expect(await publishers(port)).toEqual([]);
  });

  it('can be closed at once', async () => {
    const { port, camera } = await startDemo();
    await camera.close();
    expect(await publishers(port)).toEqual([]);
  });

  it('shows a plain picture where FFmpeg draws no text', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-demo-'));
    afterTest(() => rm(folder, { recursive: true }));
    const ffmpegPath = join(folder, 'ffmpeg');
    const script =
      '#!/bin/sh\ncase "$*" in *drawtext*) echo "No such filter" >&2; exit 1;; esac\nexec ffmpeg "$@"\n';
    await writeFile(ffmpegPath, script, { mode: 0o755 });
    const { isLive, port } = await startDemo({ ffmpegPath });
    await isLive();
    expect(await publishers(port)).toHaveLength(1);
  });
});
