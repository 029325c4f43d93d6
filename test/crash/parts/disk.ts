import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Closers } from '../../../server/base/closers.ts';
import type { Report } from '../../bench/support/report.ts';
import { waitFor } from '../../support/wait.ts';
import { canThrottle, type DiskFault, diskFaults } from '../support/disk-faults.ts';
import { watchLive } from '../support/live-watch.ts';
import { cannotMount, crashFolder } from '../support/loop-disk.ts';
import { type CrashContext, type CrashPart, pause } from '../support/part.ts';
import { checkRecordings } from '../support/recordings-check.ts';
import { SMALL_FOOTAGE, startSite, statusOf, timelineOf, untilRecorded } from '../support/site.ts';

const SEGMENT_MS = 2_000;
const AROUND_MS = { full: 8_000, slice: 3_000 };
const HEAVY_FOOTAGE = { ...SMALL_FOOTAGE, width: 1280, height: 720, kbps: 4_000 };
/** A pause that a viewer would call one; key frames are a second apart here. */
const WEBRTC_PAUSE_MS = 1_000;
const HLS_PAUSE_MS = 2 * SEGMENT_MS + 1_000;
const RESUME_MS = 15_000;
const MIB = 1024 ** 2;

export const diskPart: CrashPart = {
  name: 'disk',
  summary: 'disks that are full, read-only, slow, hung, unmounted or swapped, with live viewers',
  missing: cannotMount,
  async run(context) {
    const reports: Report[] = [];
    for (const fault of diskFaults) {
      const seconds = context.isSlice ? fault.seconds.slice : fault.seconds.full;
      if (seconds === 0 || (fault.isHeavy === true && !canThrottle())) continue;
      if (context.only !== undefined && context.only !== fault.name) continue;
      context.progress(`${fault.name}: ${fault.what}, ${seconds} s`);
      reports.push(await runFault(context, fault, seconds));
    }
    return reports;
  },
};

async function runFault(context: CrashContext, fault: DiskFault, seconds: number): Promise<Report> {
  const closers = new Closers();
  context.closers.add(() => closers.close());
  const failed: { output?: () => string } = {};
  try {
    return await measure(fault, {
      seconds,
      aroundMs: AROUND_MS[context.isSlice ? 'slice' : 'full'],
      closers,
      failed,
    });
  } catch (failure) {
    context.progress(`the gateway wrote: ${failed.output?.() ?? 'nothing'}`);
    throw failure;
  } finally {
    await closers.close();
  }
}

interface MeasureOptions {
  readonly seconds: number;
  /** How long it is watched before and after. */
  readonly aroundMs: number;
  readonly closers: Closers;
  /** For a look at the log where it goes wrong. */
  readonly failed: { output?: () => string };
}

async function measure(
  fault: DiskFault,
  { seconds, aroundMs, closers, failed }: MeasureOptions,
): Promise<Report> {
  const folder = crashFolder();
  closers.add(() => folder.close());
  const disk = await fault.prepare(folder.dir, closers);
  const dataDir = join(disk.dir, 'data');
  const site = await startSite({
    closers,
    cameras: fault.cameras ?? 1,
    ...(fault.isHeavy === true ? { footage: HEAVY_FOOTAGE } : {}),
    settings: {
      ...(fault.isDataDisk === true ? { apps: { live: { dir: dataDir } } } : { dataDir }),
      recording: { minFreeBytes: 0, segmentMs: SEGMENT_MS },
    },
  });
  const stream = site.streams[0] ?? '';
  failed.output = () => site.gateway.output;
  await untilRecorded(site, Date.now());
  const live = await watchLive(site, closers);
  await pause(aroundMs);
  const before = await live.look();
  const rssBefore = rssMib(site.gateway.pid);

  await disk.begin();
  const beganMs = Date.now();
  const status = await reasonDuring(() => statusOf(site, stream), beganMs + seconds * 1000);
  const during = await live.look();
  const rssDuring = rssMib(site.gateway.pid);
  const endedMs = Date.now();
  await disk.end();
  await untilRecorded(site, endedMs, 120_000);
  const resumedMs = Date.now() - endedMs;
  await pause(aroundMs);
  const after = await live.look();
  // What waited in memory is written first; then the ledger is as it stays.
  const upToMs = Date.now() - aroundMs / 2;
  const timeline = await waitFor(
    'the timeline to be answered',
    () => timelineOf(site, stream, beganMs - aroundMs, upToMs).catch(() => undefined),
    60_000,
  );
  const missingMs = timeline.gaps.reduce((sum, { start, end }) => sum + end - start, 0);
  const wrong = timeline.gaps.filter(({ reason }) => !fault.reasons.includes(reason));
  const pid = site.gateway.pid;
  await site.gateway.stop();
  if (pid === undefined) throw new Error('the gateway had ended by itself');
  const violations = await checkRecordings(dataDir, { isStopped: true });
  const id = `disk.${fault.name}`;
  return {
    title: `${fault.what}, for ${seconds} s`,
    figures: [
      {
        id: `${id}.webrtc.before`,
        what: 'WebRTC, longest pause before',
        value: before.webrtcPauseMs,
        unit: 'ms',
      },
      {
        id: `${id}.webrtc.during`,
        what: 'WebRTC, longest pause during',
        value: during.webrtcPauseMs,
        unit: 'ms',
        target: WEBRTC_PAUSE_MS,
      },
      {
        id: `${id}.webrtc.after`,
        what: 'WebRTC, longest pause after',
        value: after.webrtcPauseMs,
        unit: 'ms',
        target: WEBRTC_PAUSE_MS,
      },
      {
        id: `${id}.webrtc.lost`,
        what: `WebRTC, pictures lost of ${during.picturesSent + after.picturesSent}`,
        value: during.picturesLost + after.picturesLost,
        unit: '',
        target: 2,
      },
      {
        id: `${id}.hls.before`,
        what: 'HLS, longest wait for a segment before',
        value: before.hlsPauseMs,
        unit: 'ms',
      },
      {
        id: `${id}.hls.during`,
        what: 'HLS, longest wait for a segment during',
        value: during.hlsPauseMs,
        unit: 'ms',
        target: HLS_PAUSE_MS,
      },
      {
        id: `${id}.hls.after`,
        what: 'HLS, longest wait for a segment after',
        value: after.hlsPauseMs,
        unit: 'ms',
        target: HLS_PAUSE_MS,
      },
      {
        id: `${id}.hls.failures`,
        what: 'HLS, requests that failed',
        value: during.hlsFailures + after.hlsFailures,
        unit: '',
        target: 0,
      },
      {
        id: `${id}.resumed`,
        what: 'recording again after the fault',
        value: resumedMs,
        unit: 'ms',
        target: fault.resumeMs ?? RESUME_MS,
      },
      { id: `${id}.missing`, what: 'not recorded in all', value: missingMs, unit: 'ms' },
      { id: `${id}.unexplained`, what: 'gaps with another reason', value: wrong.length, unit: '', target: 0 },
      {
        id: `${id}.violations`,
        what: 'violations found by check:recordings',
        value: violations.length,
        unit: '',
        target: 0,
      },
      { id: `${id}.memory`, what: 'memory that it took', value: rssDuring - rssBefore, unit: 'MiB' },
    ],
    notes: [
      `The stream's status during the fault: ${status ?? 'no reason'}.`,
      ...timeline.gaps.map(
        ({ start, end, reason }) => `gap: ${end - start} ms, ${reason}, ${start - beganMs} ms after it began`,
      ),
      ...violations.slice(0, 5),
    ],
  };
}

/** Waits for the fault's time to pass; gives the reason that the stream's status told meanwhile. */
async function reasonDuring(
  status: () => Promise<{ recorder: { reason?: { code: string } } }>,
  untilMs: number,
): Promise<string | undefined> {
  let reason: string | undefined;
  while (Date.now() < untilMs) {
    reason = (await status()).recorder.reason?.code ?? reason;
    await pause(500);
  }
  return reason;
}

function rssMib(pid: number | undefined): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return (pages * 4096) / MIB;
}
