import { readdir } from 'node:fs/promises';
import { runProcess } from '../../base/child-process.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';

/** An H.264 encoder of FFmpeg, and how it is told to give out each picture at once. */
export interface VideoEncoder {
  /** As FFmpeg calls it. */
  readonly name: string;
  readonly isHardware: boolean;
  /** Before the input, e.g. the device. */
  readonly global: readonly string[];
  /** Behind the others: what brings a picture to where the encoder takes it. */
  readonly filters: readonly string[];
  readonly options: readonly string[];
}

/** Where a device of this machine is looked for. */
export interface Devices {
  /** Names in `/dev`. */
  readonly dev: readonly string[];
  /** Names in `/dev/dri`. */
  readonly dri: readonly string[];
  readonly platform: NodeJS.Platform;
}

/** As Chromium takes it; full-range pictures stay what they are. */
const TO_MEMORY = ['format=yuv420p|yuvj420p'];
const PROBE_TIMEOUT_MS = 10_000;

/** All encoders that this machine might have, the cheapest for its processor first. Pure. */
export function candidates(devices: Devices): VideoEncoder[] {
  const found: VideoEncoder[] = [];
  const hardware = (name: string, rest: Partial<VideoEncoder> & Pick<VideoEncoder, 'options'>) =>
    found.push({ name, isHardware: true, global: [], filters: ['format=nv12'], ...rest });
  if (devices.platform === 'darwin')
    hardware('h264_videotoolbox', { options: ['-realtime', '1', '-allow_sw', '0'] });
  if (devices.dev.some((name) => /^nvidia\d+$/.test(name) || name === 'dxg')) {
    hardware('h264_nvenc', {
      options: ['-preset', 'p2', '-tune', 'ull', '-zerolatency', '1', '-delay', '0', '-forced-idr', '1'],
    });
  }
  const render = devices.dri.filter((name) => name.startsWith('renderD')).sort();
  for (const name of render) {
    hardware('h264_vaapi', {
      global: ['-vaapi_device', `/dev/dri/${name}`],
      filters: ['format=nv12', 'hwupload'],
      options: ['-async_depth', '1'],
    });
  }
  if (render.length > 0) {
    hardware('h264_qsv', { options: ['-preset', 'veryfast', '-async_depth', '1', '-forced_idr', '1'] });
  }
  if (devices.dev.some((name) => /^video1\d$/.test(name))) hardware('h264_v4l2m2m', { options: [] });
  const software = { isHardware: false, global: [], filters: TO_MEMORY };
  found.push(
    {
      ...software,
      name: 'libx264',
      options: ['-preset', 'superfast', '-tune', 'zerolatency', '-threads', '1'],
    },
    { ...software, name: 'libopenh264', filters: ['format=yuv420p'], options: ['-allow_skip_frames', '1'] },
  );
  return found;
}

/** FFmpeg's arguments that encode a few pictures to nowhere: an encoder that is listed may have no device behind it. Pure. */
export function probeArguments(encoder: VideoEncoder): string[] {
  return [
    ...['-nostdin', '-hide_banner', '-loglevel', 'error', ...encoder.global],
    ...['-f', 'lavfi', '-i', 'testsrc2=s=640x360:r=25', '-frames:v', '5', '-vf', encoder.filters.join(',')],
    ...['-c:v', encoder.name, ...encoder.options, '-bf', '0', '-b:v', '1M', '-f', 'null', '-'],
  ];
}

export interface VideoEncodersOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly ffmpegPath: string;
  /** Default: those of this machine. */
  devices?(): Promise<Devices>;
}

/** Finds the encoder to use when the first one is needed, by trying; one that fails later is not tried again. */
export class VideoEncoders {
  readonly #options: VideoEncodersOptions;
  readonly #failed = new Set<string>();
  #choice: Promise<VideoEncoder | undefined> | undefined;

  constructor(options: VideoEncodersOptions) {
    this.#options = options;
  }

  /** Undefined where FFmpeg has none that works, or cannot be started. */
  choose(): Promise<VideoEncoder | undefined> {
    this.#choice ??= this.#find();
    return this.#choice;
  }

  /** A device can be lost, or have no room for one stream more: from now on the next one is used. */
  failed(encoder: VideoEncoder): void {
    if (!encoder.isHardware || this.#failed.has(keyOf(encoder))) return;
    this.#failed.add(keyOf(encoder));
    this.#choice = undefined;
    this.#options.log.warn({ encoder: encoder.name }, 'this encoder failed; another takes its place');
  }

  async #find(): Promise<VideoEncoder | undefined> {
    const { clock, log, ffmpegPath } = this.#options;
    const devices = await (this.#options.devices ?? ownDevices)();
    for (const encoder of candidates(devices)) {
      if (this.#failed.has(keyOf(encoder))) continue;
      const exit = await runProcess(
        {
          command: ffmpegPath,
          args: probeArguments(encoder),
          stallTimeoutMs: PROBE_TIMEOUT_MS,
          stopGraceMs: 0,
        },
        clock,
        new AbortController().signal,
      );
      if (exit.code === 0) {
        log.info({ encoder: encoder.name }, 'H.264 is encoded with this');
        return encoder;
      }
      log.debug({ encoder: encoder.name, lastLines: exit.lastLines }, 'this encoder does not work here');
    }
    // Asked again when it is needed again: FFmpeg may be installed meanwhile.
    this.#choice = undefined;
    return undefined;
  }
}

function keyOf({ name, global }: VideoEncoder): string {
  return [name, ...global].join(' ');
}

async function ownDevices(): Promise<Devices> {
  const names = (folder: string) => readdir(folder).catch((): string[] => []);
  const [dev, dri] = await Promise.all([names('/dev'), names('/dev/dri')]);
  return { dev, dri, platform: process.platform };
}
