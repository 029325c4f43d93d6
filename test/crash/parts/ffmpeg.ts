import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Closers } from '../../../server/base/closers.ts';
import type { Report } from '../../bench/support/report.ts';
import { waitFor } from '../../support/wait.ts';
import { watchLive } from '../support/live-watch.ts';
import { crashFolder } from '../support/loop-disk.ts';
import { ffmpegsOf, zombiesOf } from '../support/orphans.ts';
import { type CrashContext, type CrashPart, pause, randomBetween } from '../support/part.ts';
import { checkRecordings } from '../support/recordings-check.ts';
import { type Site, startSite, timelineOf, untilRecorded } from '../support/site.ts';
import { spread } from '../support/spread.ts';

const TIMES = 10;
const SEGMENT_MS = 2_000;
const PAUSE_TARGET_MS = 1_000;
const HLS_PAUSE_MS = 3 * SEGMENT_MS + 1_000;
const FLOOD_S = 20;

type Blow = 'SIGKILL' | 'SIGSTOP';

export const ffmpegPart: CrashPart = {
  name: 'ffmpeg',
  summary: 'FFmpeg killed, stopped and flooding its stderr, with live viewers',
  async run(context) {
    const reports: Report[] = [];
    for (const [only, run] of [
      ['kill', () => strike(context, 'SIGKILL')],
      ['stop', () => strike(context, 'SIGSTOP')],
      ['flood', () => flood(context)],
    ] as const) {
      if (context.only === undefined || context.only === only) reports.push(await run());
    }
    return reports;
  },
};

/** Sends FFmpeg a signal again and again, and looks at what each has cost. */
async function strike(context: CrashContext, blow: Blow): Promise<Report> {
  const times = context.times ?? TIMES;
  return inSite(context, {}, async (site, live) => {
    const stream = site.streams[0] ?? '';
    const lostMs: number[] = [];
    for (let index = 0; index < times; index += 1) {
      await pause(randomBetween(4_000, 8_000));
      const [pid] = ffmpegsOf(site.gateway.rtspPort);
      if (pid === undefined) throw new Error('no FFmpeg runs');
      const struckMs = Date.now();
      process.kill(pid, blow);
      await waitFor(
        'another FFmpeg',
        () => ffmpegsOf(site.gateway.rtspPort).some((other) => other !== pid),
        30_000,
      );
      await untilRecorded(site, Date.now() + SEGMENT_MS);
      const { gaps } = await timelineOf(site, stream, struckMs - 10_000, Date.now());
      lostMs.push(gaps.reduce((sum, { start, end }) => sum + end - start, 0));
      context.progress(`${blow} ${index + 1} of ${times}: ${lostMs.at(-1)} ms missing`);
    }
    return {
      id: blow.toLowerCase(),
      title: `FFmpeg gets ${blow}, ${times} times, segments of ${SEGMENT_MS} ms`,
      figures: [...spread(`ffmpeg.${blow}.lost`, 'not recorded', lostMs, 2 * SEGMENT_MS)],
      live,
    };
  });
}

/** An FFmpeg whose stderr never ends, as that of a broken camera does. */
async function flood(context: CrashContext): Promise<Report> {
  const folder = crashFolder();
  context.closers.add(() => folder.close());
  const program = join(folder.dir, 'ffmpeg');
  // The noise ends with the pipe that it goes to.
  const lines = ['#!/bin/sh', "yes 'Error: damaged picture, again and again' >&2 &", 'exec ffmpeg "$@"', ''];
  writeFileSync(program, lines.join('\n'));
  chmodSync(program, 0o755);
  const seconds = context.isSlice ? 5 : FLOOD_S;
  return inSite(context, { FFMPEG_PATH: program }, async (site, live) => {
    const beganMs = Date.now();
    await pause(seconds * 1000);
    const { gaps } = await timelineOf(site, site.streams[0] ?? '', beganMs, Date.now());
    const lostMs = gaps.reduce((sum, { start, end }) => sum + end - start, 0);
    return {
      id: 'flood',
      title: `FFmpeg floods its stderr for ${seconds} s`,
      figures: [
        { id: 'ffmpeg.flood.lost', what: 'not recorded', value: lostMs, unit: 'ms', target: 2 * SEGMENT_MS },
        {
          id: 'ffmpeg.flood.log',
          what: 'of the flood in the log',
          value: site.gateway.output.split('damaged picture').length - 1,
          unit: 'lines',
          target: 100,
        },
      ],
      live,
    };
  });
}

type Live = Awaited<ReturnType<typeof watchLive>>;
type Work = (
  site: Site,
  live: Live,
) => Promise<{ id: string; title: string; figures: Report['figures']; live: Live }>;

async function inSite(context: CrashContext, env: Record<string, string>, work: Work): Promise<Report> {
  const closers = new Closers();
  context.closers.add(() => closers.close());
  try {
    const site = await startSite({
      closers,
      env,
      settings: { recording: { minFreeBytes: 0, segmentMs: SEGMENT_MS } },
    });
    await untilRecorded(site, Date.now());
    const watched = await watchLive(site, closers);
    const { id, title, figures, live } = await work(site, watched);
    const look = await live.look();
    const gatewayPid = site.gateway.pid ?? 0;
    const zombies = zombiesOf(gatewayPid).length;
    const running = ffmpegsOf(site.gateway.rtspPort).length;
    await site.gateway.stop();
    const violations = await checkRecordings(join(site.gateway.dir, 'data'), { isStopped: true });
    return {
      title,
      figures: [
        ...figures,
        {
          id: `ffmpeg.${id}.webrtc`,
          what: 'WebRTC, longest pause',
          value: look.webrtcPauseMs,
          unit: 'ms',
          target: PAUSE_TARGET_MS,
        },
        {
          id: `ffmpeg.${id}.pictures`,
          what: `WebRTC, pictures lost of ${look.picturesSent}`,
          value: look.picturesLost,
          unit: '',
          target: 2,
        },
        {
          id: `ffmpeg.${id}.hls`,
          what: 'HLS, longest wait for a segment',
          value: look.hlsPauseMs,
          unit: 'ms',
          target: HLS_PAUSE_MS,
        },
        {
          id: `ffmpeg.${id}.failures`,
          what: 'HLS, requests that failed',
          value: look.hlsFailures,
          unit: '',
          target: 0,
        },
        {
          id: `ffmpeg.${id}.zombies`,
          what: 'processes that ended and were not waited for',
          value: zombies,
          unit: '',
          target: 0,
        },
        {
          id: `ffmpeg.${id}.running`,
          what: 'FFmpegs that run in the end',
          value: running,
          unit: '',
          target: 1,
        },
        {
          id: `ffmpeg.${id}.violations`,
          what: 'violations found by check:recordings',
          value: violations.length,
          unit: '',
          target: 0,
        },
      ],
      notes: violations.slice(0, 5),
    };
  } finally {
    await closers.close();
  }
}
