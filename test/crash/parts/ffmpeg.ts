import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Closers } from '../../../server/base/closers.ts';
import type { Report } from '../../bench/support/report.ts';
import { watchLive } from '../support/live-watch.ts';
import { ffmpegsOf, zombiesOf } from '../support/orphans.ts';
import { type CrashContext, type CrashPart, pause, randomBetween } from '../support/part.ts';
import { checkRecordings } from '../support/recordings-check.ts';
import { type Site, startSite, timelineOf, untilRecorded } from '../support/site.ts';

const TIMES = 20;
const SEGMENT_MS = 2_000;
const WEBRTC_PAUSE_MS = 1_000;
/** What a player holds in reserve. */
const HLS_PAUSE_MS = 3 * SEGMENT_MS;

interface FfmpegFault {
  readonly name: string;
  readonly what: string;
  /** Put in FFmpeg's place. */
  readonly script?: (ffmpeg: string) => string;
  /** Done to the recorder's FFmpeg, again and again. */
  readonly signal?: NodeJS.Signals;
}

const FAULTS: readonly FfmpegFault[] = [
  { name: 'killed', what: 'FFmpeg killed (SIGKILL)', signal: 'SIGKILL' },
  { name: 'stopped', what: 'FFmpeg stopped (SIGSTOP)', signal: 'SIGSTOP' },
  {
    name: 'flood',
    what: 'FFmpeg that complains as fast as its pipe takes it',
    script: (ffmpeg) => `#!/bin/sh\nyes 'something is wrong here' >&2 &\nexec '${ffmpeg}' "$@"\n`,
  },
];

export const ffmpegPart: CrashPart = {
  name: 'ffmpeg',
  summary: 'FFmpegs that are killed, stopped or flood their log, with live viewers',
  async run(context) {
    const reports: Report[] = [];
    for (const fault of FAULTS) {
      if (context.only !== undefined && context.only !== fault.name) continue;
      const closers = new Closers();
      context.closers.add(() => closers.close());
      try {
        reports.push(await measure(context, fault, closers));
      } finally {
        await closers.close();
      }
    }
    return reports;
  },
};

async function measure(context: CrashContext, fault: FfmpegFault, closers: Closers): Promise<Report> {
  const times = context.times ?? TIMES;
  const dir = await mkdtemp(join(tmpdir(), 'sluice-ffmpeg-'));
  closers.add(() => rm(dir, { recursive: true }));
  const site = await startSite({
    closers,
    settings: { recording: { minFreeBytes: 0, segmentMs: SEGMENT_MS } },
    ...(fault.script === undefined ? {} : { env: { FFMPEG_PATH: await inPlace(dir, fault.script) } }),
  });
  const beganMs = Date.now();
  await untilRecorded(site, beganMs);
  const live = await watchLive(site, closers);
  // What was recorded before the first fault is complete whatever happens.
  const fromMs = Date.now();
  let zombies = 0;
  for (let n = 0; n < times; n += 1) {
    if (fault.signal !== undefined) strike(site, fault.signal);
    await untilRecorded(site, Date.now());
    await pause(randomBetween(0, 3_000));
    zombies = Math.max(zombies, zombiesOf(site.gateway.pid ?? 0).length);
    if (n % 10 === 9) context.progress(`${fault.name}: ${n + 1} of ${times}`);
  }
  const look = await live.look();
  const [stream = ''] = site.streams;
  const { gaps, ranges } = await timelineOf(site, stream, fromMs, Date.now());
  const { rtspPort, dir: gatewayDir } = site.gateway;
  await site.gateway.stop();
  const id = `ffmpeg.${fault.name}`;
  const figure = (name: string, what: string, value: number, unit: string, target?: number) => ({
    id: `${id}.${name}`,
    what,
    value,
    unit,
    ...(target === undefined ? {} : { target }),
  });
  return {
    title: `${fault.what}, ${times} times, segments of ${SEGMENT_MS} ms`,
    figures: [
      figure('lost', 'longest time not recorded', longest(gaps), 'ms', 2 * SEGMENT_MS),
      figure('gaps', 'gaps', gaps.length, '', 0),
      figure('recorded', 'recorded meanwhile', longest(ranges), 'ms'),
      figure('webrtc', 'WebRTC, longest pause', look.webrtcPauseMs, 'ms', WEBRTC_PAUSE_MS),
      figure('webrtc.lost', `WebRTC, pictures lost of ${look.picturesSent}`, look.picturesLost, '', 0),
      figure('hls', 'HLS, longest wait for a segment', look.hlsPauseMs, 'ms', HLS_PAUSE_MS),
      figure('hls.failures', 'HLS, requests that failed', look.hlsFailures, '', 0),
      figure('zombies', 'zombies', zombies, '', 0),
      figure('left', 'FFmpegs left after the stop', ffmpegsOf(rtspPort).length, '', 0),
      figure(
        'violations',
        'violations found by check:recordings',
        await violations(context, gatewayDir),
        '',
        0,
      ),
    ],
    notes: gaps.slice(0, 10).map(({ start, end, reason }) => `${reason}: ${end - start} ms`),
  };
}

async function inPlace(dir: string, script: (ffmpeg: string) => string): Promise<string> {
  const file = join(dir, 'ffmpeg');
  await writeFile(file, script(process.env.FFMPEG_PATH ?? 'ffmpeg'), { mode: 0o755 });
  return file;
}

function strike(site: Site, signal: NodeJS.Signals): void {
  for (const pid of ffmpegsOf(site.gateway.rtspPort)) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has just been replaced.
    }
  }
}

async function violations(context: CrashContext, gatewayDir: string): Promise<number> {
  const lines = await checkRecordings(join(gatewayDir, 'data'), { isStopped: true });
  for (const line of lines) context.progress(line);
  return lines.length;
}

function longest(spans: readonly { readonly start: number; readonly end: number }[]): number {
  return Math.max(0, ...spans.map(({ start, end }) => end - start));
}
