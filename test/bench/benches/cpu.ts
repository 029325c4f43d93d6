import { startLoadCameras } from '../camera/load-cameras.ts';
import { CAMERA_FOOTAGE } from '../media/footage.ts';
import type { Bench, BenchContext } from '../support/bench.ts';
import { monotonicMs, sleep } from '../support/clock.ts';
import { type BenchGateway, startGateway } from '../support/gateway.ts';
import { type ProcessSample, sampleTree } from '../support/proc.ts';
import type { Figure } from '../support/report.ts';
import { slope } from '../support/stats.ts';
import { startViewers, type Viewers } from '../viewers/viewers.ts';

/** Viewers of each camera, step by step. */
const STEPS = [0, 1, 2] as const;

type Role = 'gateway' | 'worker';

interface Usage {
  readonly role: Role;
  /** Percent of one core. */
  readonly cpuPercent: number;
  readonly rssBytes: number;
  readonly pssBytes: number;
}

interface Step {
  readonly viewers: number;
  readonly usages: readonly Usage[];
}

/** What cameras and viewers cost, of each process. */
export const cpuBench: Bench = {
  name: 'cpu',
  summary: 'CPU and memory per camera and per viewer, of each process',
  async run(context) {
    const { cameras, closers } = context;
    const load = await startLoadCameras({ cameras, spec: CAMERA_FOOTAGE });
    closers.add(() => load.close());
    const gateway = await startGateway({ cameras: load.urls });
    closers.add(() => gateway.close());
    await gateway.live();
    const viewers = startViewers();
    closers.add(() => viewers.close());
    const steps: Step[] = [];
    for (const perCamera of STEPS) {
      if (perCamera > 0) await addViewers(context, gateway, viewers);
      context.progress(`${cameras} cameras, ${perCamera} viewers each`);
      await sleep(context.settleMs);
      steps.push({ viewers: perCamera * cameras, usages: await measure(gateway.pid, context.seconds) });
    }
    return {
      title: `CPU and memory: ${cameras} cameras of 4 Mbit/s with a key frame each second`,
      figures: [...restFigures(cameras, steps), ...viewerFigures(cameras, steps)],
      notes: [
        'CPU: user and system time of /proc/PID/stat, in percent of one core.',
        'Memory: what is resident of all processes; PSS counts what they share only once.',
      ],
    };
  },
};

async function addViewers({ cameras }: BenchContext, gateway: BenchGateway, viewers: Viewers): Promise<void> {
  for (let camera = 0; camera < cameras; camera += 1) {
    await viewers.watch(`${gateway.url}/whep/live/cam${camera}`, camera);
  }
}

async function measure(pid: number, seconds: number): Promise<Usage[]> {
  const startMs = monotonicMs();
  const before = new Map(sampleTree(pid).map((sample) => [sample.pid, sample]));
  await sleep(seconds * 1000);
  const after = sampleTree(pid);
  const elapsedMs = monotonicMs() - startMs;
  return after.map((sample) => usageOf(sample, before.get(sample.pid)?.cpuMs ?? 0, { pid, elapsedMs }));
}

function usageOf(
  sample: ProcessSample,
  cpuBeforeMs: number,
  { pid, elapsedMs }: { pid: number; elapsedMs: number },
): Usage {
  return {
    role: sample.pid === pid ? 'gateway' : 'worker',
    cpuPercent: ((sample.cpuMs - cpuBeforeMs) / elapsedMs) * 100,
    rssBytes: sample.rssBytes,
    pssBytes: sample.pssBytes ?? sample.rssBytes,
  };
}

function sum(step: Step, pick: (usage: Usage) => number, role?: Role): number {
  const usages = step.usages.filter((usage) => role === undefined || usage.role === role);
  return usages.reduce((total, usage) => total + pick(usage), 0);
}

const cpuOf = (usage: Usage) => usage.cpuPercent;
const MEBIBYTE = 1024 ** 2;

function restFigures(cameras: number, steps: readonly Step[]): Figure[] {
  const [rest] = steps;
  if (rest === undefined) return [];
  const workers = rest.usages.filter((usage) => usage.role === 'worker').length;
  const processes = `gateway and ${workers} workers`;
  return [
    {
      id: 'cpu.rest',
      what: `no viewer: CPU of ${processes}`,
      value: sum(rest, cpuOf),
      unit: '%',
      target: 30,
    },
    {
      id: 'cpu.rest.gateway',
      what: 'no viewer: CPU of the gateway',
      value: sum(rest, cpuOf, 'gateway'),
      unit: '%',
    },
    {
      id: 'cpu.rest.worker',
      what: 'no viewer: CPU of the workers',
      value: sum(rest, cpuOf, 'worker'),
      unit: '%',
    },
    { id: 'cpu.camera', what: 'CPU per camera', value: sum(rest, cpuOf) / cameras, unit: '%' },
    ...memoryFigures('rest', 'no viewer', rest, 250),
  ];
}

function memoryFigures(id: string, when: string, step: Step, target?: number): Figure[] {
  const rss = (usage: Usage) => usage.rssBytes / MEBIBYTE;
  const pss = (usage: Usage) => usage.pssBytes / MEBIBYTE;
  const figure = (name: string, what: string, value: number, goal?: number): Figure => ({
    id: `memory.${id}.${name}`,
    what: `${when}: ${what}`,
    value,
    unit: 'MiB',
    ...(goal === undefined ? {} : { target: goal }),
  });
  return [
    figure('rss', 'resident memory of all', sum(step, rss), target),
    figure('rss.gateway', 'resident memory of the gateway', sum(step, rss, 'gateway')),
    figure('rss.worker', 'resident memory of the workers', sum(step, rss, 'worker')),
    figure('pss', 'PSS of all', sum(step, pss)),
  ];
}

function viewerFigures(cameras: number, steps: readonly Step[]): Figure[] {
  const [, watched, ...more] = steps;
  const last = more.at(-1) ?? watched;
  if (watched === undefined || last === undefined) return [];
  const perViewer = (role?: Role) =>
    slope([watched, ...more].map((step) => ({ x: step.viewers, y: sum(step, cpuOf, role) })));
  const [rest] = steps;
  const firstViewer = rest === undefined ? Number.NaN : (sum(watched, cpuOf) - sum(rest, cpuOf)) / cameras;
  return [
    { id: 'cpu.watched', what: `each watched once: CPU of all`, value: sum(watched, cpuOf), unit: '%' },
    {
      id: 'cpu.watched.gateway',
      what: 'each watched once: CPU of the gateway',
      value: sum(watched, cpuOf, 'gateway'),
      unit: '%',
    },
    {
      id: 'cpu.watched.worker',
      what: 'each watched once: CPU of the workers',
      value: sum(watched, cpuOf, 'worker'),
      unit: '%',
    },
    { id: 'cpu.viewer.first', what: 'CPU per first viewer of a camera', value: firstViewer, unit: '%' },
    { id: 'cpu.viewer', what: 'CPU per further viewer', value: perViewer(), unit: '%' },
    {
      id: 'cpu.viewer.gateway',
      what: 'CPU per further viewer: gateway',
      value: perViewer('gateway'),
      unit: '%',
    },
    {
      id: 'cpu.viewer.worker',
      what: 'CPU per further viewer: workers',
      value: perViewer('worker'),
      unit: '%',
    },
    ...memoryFigures('watched', `${last.viewers} viewers`, last),
  ];
}
