import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../server/base/clock.ts';
import { silentLogger } from '../../../server/base/log.ts';
import {
  bitrateKbps,
  legSize,
  pictureArguments,
  soundArguments,
} from '../../../server/transcode/legs/leg-arguments.ts';
import {
  candidates,
  type Devices,
  probeArguments,
  VideoEncoders,
} from '../../../server/transcode/legs/video-encoders.ts';
import { AAC } from '../../support/clip-camera.ts';
import { h265Clip } from '../../support/h265-clip.ts';

const devices = (fields: Partial<Devices> = {}): Devices => ({
  dev: [],
  dri: [],
  platform: 'linux',
  ...fields,
});
const names = (of: Devices) => candidates(of).map(({ name }) => name);
const { format } = h265Clip('closed-gop');

describe('the encoder', () => {
  it('is looked for among what the machine has devices for, hardware first', () => {
    expect(names(devices())).toEqual(['libx264', 'libopenh264']);
    expect(names(devices({ dri: ['card0', 'renderD129', 'renderD128'] }))).toEqual([
      'h264_vaapi',
      'h264_vaapi',
      'h264_qsv',
      'libx264',
      'libopenh264',
    ]);
    expect(names(devices({ dev: ['nvidia0', 'nvidiactl'] }))[0]).toBe('h264_nvenc');
    expect(names(devices({ dev: ['video0'] }))[0]).toBe('libx264');
    expect(names(devices({ dev: ['video11'] }))[0]).toBe('h264_v4l2m2m');
    expect(names(devices({ platform: 'darwin' }))[0]).toBe('h264_videotoolbox');
    const [vaapi] = candidates(devices({ dri: ['renderD128'] }));
    if (vaapi === undefined) throw new Error('no encoder');
    const args = pictureArguments(format, vaapi);
    // The device before the input, the upload behind every other filter.
    expect(args.indexOf('/dev/dri/renderD128')).toBeLessThan(args.indexOf('-i'));
    expect(args[args.indexOf('-vf') + 1]).toMatch(/^select=.*,format=nv12,hwupload$/);
    expect(probeArguments(vaapi)).toContain('format=nv12,hwupload');
  });

  it('is the first that really encodes: a device that is there and does not work costs one try', async () => {
    const encoders = new VideoEncoders({
      clock: systemClock,
      log: silentLogger,
      ffmpegPath: process.env.FFMPEG_PATH ?? 'ffmpeg',
      // None of these is behind its name here.
      devices: async () => devices({ dev: ['nvidia7', 'video19'], dri: ['renderD199'] }),
    });
    const [first, again] = await Promise.all([encoders.choose(), encoders.choose()]);
    expect(first?.name).toBe('libx264');
    expect(again).toBe(first);
  }, 20_000);

  it('is looked for anew when hardware fails later, and there is none where FFmpeg is not', async () => {
    let looks = 0;
    const encoders = new VideoEncoders({
      clock: systemClock,
      log: silentLogger,
      ffmpegPath: process.env.FFMPEG_PATH ?? 'ffmpeg',
      devices: async () => {
        looks += 1;
        return devices();
      },
    });
    const software = await encoders.choose();
    if (software === undefined) throw new Error('no encoder');
    encoders.failed(software);
    await encoders.choose();
    expect(looks).toBe(1);
    encoders.failed({ ...software, name: 'h264_vaapi', isHardware: true });
    await encoders.choose();
    expect(looks).toBe(2);
    const none = new VideoEncoders({ clock: systemClock, log: silentLogger, ffmpegPath: '/nowhere/ffmpeg' });
    expect(await none.choose()).toBeUndefined();
  }, 20_000);
});

describe('what a leg makes', () => {
  it('keeps the shape of the picture, in even numbers, with no more pixels than Full HD', () => {
    expect(legSize({ width: 1920, height: 1080 })).toEqual({ width: 1920, height: 1080 });
    expect(legSize({ width: 3840, height: 2160 })).toEqual({ width: 1920, height: 1080 });
    expect(legSize({ width: 1080, height: 1920 })).toEqual({ width: 1080, height: 1920 });
    expect(legSize({ width: 641, height: 361 })).toEqual({ width: 640, height: 360 });
    for (const [width, height] of [
      [2592, 1944],
      [8000, 400],
      [3, 3],
    ] as const) {
      const size = legSize({ width, height });
      expect(size.width % 2 === 0 && size.height % 2 === 0 && size.width * size.height <= 1920 * 1080).toBe(
        true,
      );
      if (width > 100) expect((size.width / size.height) * (height / width)).toBeCloseTo(1, 1);
    }
    expect(bitrateKbps({ width: 1920, height: 1080 })).toBe(4000);
  });

  it('is told by arguments that hold no address, no file and nothing a camera has said but numbers', () => {
    const [software] = candidates(devices());
    if (software === undefined) throw new Error('no encoder');
    for (const args of [pictureArguments(format, software), soundArguments(AAC)]) {
      expect(args.filter((arg) => /:\/\/|pipe/.test(arg))).toEqual(['pipe', 'pipe:0', 'pipe:1']);
      expect(args[args.indexOf('-protocol_whitelist') + 1]).toBe('pipe');
      expect(args.indexOf('-protocol_whitelist')).toBeLessThan(args.indexOf('-i'));
    }
  });
});
