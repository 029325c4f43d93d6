import { type ProcessSpec, runProcess } from '../base/child-process.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import { ProcessSupervisor } from '../base/process-supervisor.ts';
import { demoGraph } from './demo-picture.ts';
import { FfmpegProgress } from './ffmpeg-progress.ts';

/** Where the demo camera publishes, and as whom. */
export interface DemoCameraOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Default `ffmpeg`, found by PATH. */
  readonly ffmpegPath?: string;
  /** The gateway's own RTSP server on the loopback address. */
  readonly rtspPort: number;
  /** The address that server listens at; default `127.0.0.1`. */
  readonly rtspHost?: string;
  /** The `publish:` stream's secret, made anew at each start; see `demoArguments` on who can see it. */
  readonly username: string;
  readonly password: string;
  /** Default `internal/demo`. */
  readonly stream?: string;
}

/** The demo camera while it runs. */
export interface DemoCamera {
  /** Stops FFmpeg; resolves when it is gone. Idempotent. */
  close(): Promise<void>;
}

const STALL_TIMEOUT_MS = 10_000;
const PROBE_TIMEOUT_MS = 10_000;

/** Starts one supervised FFmpeg that publishes a moving picture with a running clock, and a soft tone. */
export function startDemoCamera(options: DemoCameraOptions): DemoCamera {
  const stop = new AbortController();
  const started = (async () => {
    const withText = await canDrawText(options, stop.signal);
    if (stop.signal.aborted) return undefined;
    return new ProcessSupervisor({
      clock: options.clock,
      log: options.log,
      name: 'demo camera',
      spec: () => demoSpec(options, withText),
    });
  })();
  return {
    close: async () => {
      stop.abort();
      const supervisor = await started;
      await supervisor?.close();
    },
  };
}

/** Draws one frame to nowhere: an FFmpeg without drawtext and a machine without a font both fail at it. */
async function canDrawText(options: DemoCameraOptions, stop: AbortSignal): Promise<boolean> {
  const graph = demoGraph({ withText: true });
  const exit = await runProcess(
    {
      command: options.ffmpegPath ?? 'ffmpeg',
      args: ['-nostdin', '-hide_banner', '-loglevel', 'error', '-f', 'lavfi', '-i', graph].concat([
        '-map',
        '0:v',
        '-frames:v',
        '1',
        '-f',
        'null',
        '-',
      ]),
      stallTimeoutMs: PROBE_TIMEOUT_MS,
    },
    options.clock,
    stop,
  );
  if (exit.code !== 0 && exit.cause === 'exited') {
    options.log.info(
      { lastLines: exit.lastLines },
      'this FFmpeg draws no text; the demo shows a plain picture',
    );
  }
  return exit.code === 0;
}

function demoSpec(options: DemoCameraOptions, withText: boolean): ProcessSpec {
  const progress = new FfmpegProgress();
  return {
    command: options.ffmpegPath ?? 'ffmpeg',
    args: demoArguments(options, withText),
    secrets: [options.password],
    stallTimeoutMs: STALL_TIMEOUT_MS,
    onStdout: (chunk, report) => progress.push(chunk, report),
  };
}

/**
 * FFmpeg's RTSP muxer takes credentials only as part of the output URL, so other users of this machine can
 * read this secret in the process list. It is made at random for each start, is good only on the loopback
 * address, and lets its finder do no more than show another picture in the demo.
 */
function demoArguments(options: DemoCameraOptions, withText: boolean): string[] {
  const user = `${encodeURIComponent(options.username)}:${encodeURIComponent(options.password)}`;
  const url = `rtsp://${user}@${options.rtspHost ?? '127.0.0.1'}:${options.rtspPort}/${options.stream ?? 'internal/demo'}`;
  return [
    ...['-nostdin', '-hide_banner', '-loglevel', 'warning', '-progress', 'pipe:1', '-stats_period', '1'],
    ...['-re', '-f', 'lavfi', '-i', demoGraph({ withText })],
    // The cheapest preset: about 7 % of one core in all, 1 Mbit/s. Baseline without B-frames plays everywhere.
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-profile:v', 'baseline'],
    ...['-pix_fmt', 'yuv420p', '-g', '25', '-keyint_min', '25', '-sc_threshold', '0', '-threads', '1'],
    ...['-crf', '20', '-maxrate', '2M', '-bufsize', '1M'],
    ...['-c:a', 'libopus', '-b:a', '32k', '-ac', '2'],
    ...['-f', 'rtsp', '-rtsp_transport', 'tcp', url],
  ];
}
