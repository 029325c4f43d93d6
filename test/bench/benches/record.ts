import { readFileSync } from 'node:fs';
import { waitFor } from '../../support/wait.ts';
import { startLoadCameras } from '../camera/load-cameras.ts';
import { CAMERA_FOOTAGE } from '../media/footage.ts';
import type { Bench, BenchContext } from '../support/bench.ts';
import { monotonicMs, sleep } from '../support/clock.ts';
import { type BenchGateway, startGateway } from '../support/gateway.ts';
import { sampleTree } from '../support/proc.ts';
import type { Figure } from '../support/report.ts';
import { percentile } from '../support/stats.ts';

const ROLES = ['gateway', 'branches', 'thumbnails', 'workers'] as const;
type Role = (typeof ROLES)[number];
const WHAT: Readonly<Record<Role, string>> = {
  gateway: 'the gateway',
  branches: 'the FFmpegs that make MPEG-TS',
  thumbnails: 'the FFmpeg that decodes thumbnails',
  workers: 'the media workers',
};

interface Usage {
  cpuPercent: number;
  rssMib: number;
  pssMib: number;
}

const MEBIBYTE = 1024 ** 2;
/** Pictures asked for one after the other, for each second the bench is given. */
const FRAMES_PER_SECOND = 2;

/** What it costs to record cameras, and how long pictures of them take. */
export const recordBench: Bench = {
  name: 'record',
  summary: 'CPU and memory per recorded camera; time to get a picture of now and of a recorded instant',
  async run(context) {
    const { cameras, closers } = context;
    const load = await startLoadCameras({ cameras, spec: CAMERA_FOOTAGE });
    closers.add(() => load.close());
    const figures: Figure[] = [];
    for (const thumbnails of [false, true]) {
      const gateway = await startGateway({
        cameras: load.urls,
        settings: {
          recording: { minFreeBytes: 0, thumbnails },
          apps: { live: { record: true } },
        },
      });
      closers.add(() => gateway.close());
      await gateway.live();
      await waitFor('all to be recorded', () => allRecorded(gateway, cameras), 60_000);
      context.progress(`${cameras} recorded cameras, thumbnails ${thumbnails ? 'on' : 'off'}`);
      await sleep(context.settleMs);
      const usages = await measure(gateway.pid, context.seconds);
      figures.push(...usageFigures(cameras, usages, thumbnails));
      if (thumbnails) figures.push(...(await pictureFigures(gateway, context)));
      await gateway.close();
    }
    return {
      title: `Recording: ${cameras} cameras of 4 Mbit/s with a key frame each second`,
      figures,
      notes: [
        'CPU: user and system time of /proc/PID/stat, in percent of one core; PSS counts memory that processes share once.',
        'Pictures: 1280x720, over HTTP, one after the other, each of another key frame or instant; the recording goes on.',
      ],
    };
  },
};

async function allRecorded({ url }: BenchGateway, count: number): Promise<boolean> {
  const answer = await fetch(`${url}/api/v1/streams`);
  // The API's own shape; only the recorder is looked at.
  const body = (await answer.json()) as { streams: { recorder?: { segments?: number } }[] };
  return body.streams.filter(({ recorder }) => (recorder?.segments ?? 0) > 0).length >= count;
}

async function measure(pid: number, seconds: number): Promise<Map<Role, Usage>> {
  const startMs = monotonicMs();
  const before = new Map(sampleTree(pid).map((sample) => [sample.pid, sample.cpuMs]));
  await sleep(seconds * 1000);
  const after = sampleTree(pid);
  const elapsedMs = monotonicMs() - startMs;
  const usages = new Map<Role, Usage>(ROLES.map((role) => [role, { cpuPercent: 0, rssMib: 0, pssMib: 0 }]));
  for (const sample of after) {
    const usage = usages.get(sample.pid === pid ? 'gateway' : roleOf(sample.pid));
    if (usage === undefined) continue;
    usage.cpuPercent += ((sample.cpuMs - (before.get(sample.pid) ?? 0)) / elapsedMs) * 100;
    usage.rssMib += sample.rssBytes / MEBIBYTE;
    usage.pssMib += (sample.pssBytes ?? sample.rssBytes) / MEBIBYTE;
  }
  return usages;
}

/** By the command line: what decodes pictures writes SMJPEG. */
function roleOf(pid: number): Role {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    if (line.includes('smjpeg')) return 'thumbnails';
    return line.includes('ffmpeg') ? 'branches' : 'workers';
  } catch {
    // It has ended just now.
    return 'workers';
  }
}

function usageFigures(cameras: number, usages: ReadonlyMap<Role, Usage>, thumbnails: boolean): Figure[] {
  const id = thumbnails ? 'record.thumbnails' : 'record';
  const when = thumbnails ? 'with thumbnails' : 'without thumbnails';
  const all = [...usages.values()];
  const sum = (pick: (usage: Usage) => number) => all.reduce((total, usage) => total + pick(usage), 0);
  const cpu = sum(({ cpuPercent }) => cpuPercent);
  const pss = sum(({ pssMib }) => pssMib);
  return [
    { id: `${id}.cpu`, what: `${when}: CPU of all`, value: cpu, unit: '%' },
    ...[...usages].map(([role, usage]) => ({
      id: `${id}.cpu.${role}`,
      what: `${when}: CPU of ${WHAT[role]}`,
      value: usage.cpuPercent,
      unit: '%',
    })),
    { id: `${id}.cpu.camera`, what: `${when}: CPU per camera`, value: cpu / cameras, unit: '%' },
    { id: `${id}.pss`, what: `${when}: PSS of all`, value: pss, unit: 'MiB' },
    ...[...usages].map(([role, usage]) => ({
      id: `${id}.pss.${role}`,
      what: `${when}: PSS of ${WHAT[role]}`,
      value: usage.pssMib,
      unit: 'MiB',
    })),
    { id: `${id}.pss.camera`, what: `${when}: PSS per camera`, value: pss / cameras, unit: 'MiB' },
    {
      id: `${id}.rss`,
      what: `${when}: resident memory of all`,
      value: sum(({ rssMib }) => rssMib),
      unit: 'MiB',
    },
  ];
}

async function pictureFigures(gateway: BenchGateway, context: BenchContext): Promise<Figure[]> {
  const count = Math.max(4, context.seconds * FRAMES_PER_SECOND);
  const stream = (n: number) => `${gateway.url}/api/v1/streams/live/cam${n % context.cameras}`;
  context.progress('pictures of now and of recorded instants');
  const now: number[] = [];
  const recorded: number[] = [];
  const small: number[] = [];
  for (let n = 0; n < count; n += 1) {
    // Another width each time, so that nothing comes from what is kept; few, so that processes are not started anew.
    now.push(await timed(`${stream(n)}/frame?width=${n % 2 === 0 ? 1280 : 640}`));
    const { ranges } = (await (await fetch(`${stream(n)}/timeline`)).json()) as {
      ranges: { start: number; end: number }[];
    };
    const { start = 0, end = 0 } = ranges[0] ?? {};
    const at = start + Math.floor(Math.random() * (end - start));
    recorded.push(await timed(`${stream(n)}/frame?at=${at}`));
    small.push(await timed(`${stream(n)}/thumbnail?at=${at}`));
  }
  return [
    ...percentiles('now', 'picture of now', now),
    ...percentiles('at', 'picture of a recorded instant', recorded),
    ...percentiles('thumbnail', 'thumbnail', small),
  ];
}

async function timed(url: string): Promise<number> {
  const sinceMs = monotonicMs();
  const answer = await fetch(url);
  const bytes = (await answer.arrayBuffer()).byteLength;
  if (!answer.ok || bytes < 500) throw new Error(`${url} was answered by ${answer.status}`);
  return monotonicMs() - sinceMs;
}

function percentiles(id: string, what: string, times: readonly number[]): Figure[] {
  return [
    { id: `record.frame.${id}.p50`, what: `${what}, median`, value: percentile(times, 0.5), unit: 'ms' },
    { id: `record.frame.${id}.p95`, what: `${what}, p95`, value: percentile(times, 0.95), unit: 'ms' },
  ];
}
