import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { waitFor } from '../../support/wait.ts';
import { keepFootage } from '../media/recorded.ts';
import type { Bench, BenchContext } from '../support/bench.ts';
import { monotonicMs } from '../support/clock.ts';
import { type BenchGateway, startGateway } from '../support/gateway.ts';
import type { Figure } from '../support/report.ts';
import { percentile } from '../support/stats.ts';

const MINUTES = 10;
const RUNS = 5;
/** Less is a slice that shows that the bench runs. */
const SHORT_SECONDS = 10;
const CLIP_MS = 10_000;
/** Clips in each second that the bench is given. */
const CLIPS_PER_SECOND = 2;

interface Recorded {
  readonly gateway: BenchGateway;
  readonly dataDir: string;
  readonly startMs: number;
  readonly seconds: number;
}

/** The gateway with 10 minutes of 4 Mbit/s recorded; a short slice of the bench has one minute. */
async function recorded({ closers, seconds, progress }: BenchContext): Promise<Recorded> {
  const footageSeconds = seconds < SHORT_SECONDS ? 60 : MINUTES * 60;
  const startMs = Math.floor(Date.now() / 1000 - 2 * footageSeconds) * 1000;
  let dataDir = '';
  progress(`recording ${footageSeconds} s of footage`);
  const gateway = await startGateway({
    cameras: [],
    settings: { recording: { minFreeBytes: 0 } },
    prepare: async (dir) => {
      dataDir = dir;
      await keepFootage(dir, startMs, footageSeconds);
    },
  });
  closers.add(() => gateway.close());
  const isReady = async (path: string) => (await fetch(`${gateway.url}${path}`)).ok;
  await waitFor('the recordings to be open', () => isReady('/readyz'));
  await waitFor('the exports to be ready', () => isReady('/api/v1/exports'));
  return { gateway, dataDir, startMs, seconds: footageSeconds };
}

/** MP4 of recorded time, beside reading and writing the same bytes. */
export const exportBench: Bench = {
  name: 'export',
  summary: 'time to make an MP4 of 10 min at 4 Mbit/s, beside cat of the same segments',
  async run(context) {
    const place = await recorded(context);
    const figures: Figure[] = [];
    const label = `${place.seconds / 60} min`;
    const runs = context.seconds < SHORT_SECONDS ? 1 : RUNS;
    for (const manifest of [false, true]) {
      const tookMs: number[] = [];
      for (let run = 0; run <= runs; run += 1) {
        context.progress(`${label} ${manifest ? 'with' : 'without'} manifest, ${run} of ${runs}`);
        const took = await timeExport(place, manifest);
        // The first one starts the thread.
        if (run > 0) tookMs.push(took);
        else if (!manifest) figures.push(figure('cold', `${label}, first export after the start`, took));
      }
      const id = manifest ? 'manifest' : 'plain';
      const what = `${label}, ${manifest ? 'with' : 'without'} manifest`;
      const target = manifest ? 2.5 : 1.5;
      figures.push(figure(`${id}.median`, `${what}, median of ${runs}`, percentile(tookMs, 0.5), target));
      figures.push(figure(`${id}.max`, `${what}, slowest`, Math.max(...tookMs)));
    }
    const cats: number[] = [];
    for (let run = 0; run < runs; run += 1) cats.push(await timeCat(place.dataDir));
    figures.push(
      figure('cat', 'reading the segments and writing their bytes to one file', percentile(cats, 0.5)),
    );
    return {
      title: 'Export to MP4',
      figures,
      notes: ['From the request to the state "done", over HTTP; the files are durable (fdatasync) by then.'],
    };
  },
};

/** Clips at random instants. */
export const clipBench: Bench = {
  name: 'clip',
  summary: 'time to the first byte of clip.mp4',
  async run(context) {
    const { gateway, startMs, seconds } = await recorded(context);
    const atRandom = () => startMs + Math.floor(Math.random() * (seconds * 1000 - CLIP_MS));
    const ask = () =>
      timeClip(
        `${gateway.url}/api/v1/streams/live/cam0/clip.mp4?start_time=${atRandom()}&duration=${CLIP_MS}`,
      );
    const cold = await ask();
    const answers = [];
    context.progress('clips one after the other');
    for (let n = 0; n < context.seconds * CLIPS_PER_SECOND; n += 1) answers.push(await ask());
    const first = answers.map(({ firstByteMs }) => firstByteMs);
    const ms = (id: string, what: string, value: number, target?: number): Figure => ({
      ...{ id: `clip.${id}`, what, value, unit: 'ms' },
      ...(target === undefined ? {} : { target }),
    });
    return {
      title: 'Clips',
      figures: [
        ms('first.p50', 'first byte, median', percentile(first, 0.5)),
        ms('first.p95', 'first byte, p95', percentile(first, 0.95), 250),
        ms('cold', 'first byte of the first clip after the start', cold.firstByteMs),
        ms(
          'whole.p50',
          `all of ${CLIP_MS / 1000} s (5 MB), median`,
          percentile(
            answers.map(({ tookMs }) => tookMs),
            0.5,
          ),
        ),
      ],
      notes: ['From the request to the first byte of the body, over HTTP on loopback; at random instants.'],
    };
  },
};

function figure(id: string, what: string, tookMs: number, targetSeconds?: number): Figure {
  return {
    ...{ id: `export.${id}`, what, value: tookMs / 1000, unit: 's' },
    ...(targetSeconds === undefined ? {} : { target: targetSeconds }),
  };
}

async function timeExport({ gateway, startMs, seconds }: Recorded, manifest: boolean): Promise<number> {
  const sinceMs = monotonicMs();
  const begun = await fetch(`${gateway.url}/api/v1/exports`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ app: 'live', name: 'cam0', start: startMs, durationMs: seconds * 1000, manifest }),
  });
  if (!begun.ok) throw new Error(await begun.text());
  const { id } = (await begun.json()) as { id: string };
  const url = `${gateway.url}/api/v1/exports/${id}`;
  const state = await waitFor(
    'the export',
    async () => {
      const job = (await (await fetch(url)).json()) as { state: string };
      return job.state !== 'queued' && job.state !== 'running' && job.state;
    },
    120_000,
  );
  const tookMs = monotonicMs() - sinceMs;
  if (state !== 'done') throw new Error(`the export ended as ${state}`);
  await fetch(url, { method: 'DELETE' });
  return tookMs;
}

async function timeCat(dataDir: string): Promise<number> {
  const recordings = join(dataDir, 'recordings');
  const names = (await readdir(recordings, { recursive: true }))
    .filter((name) => name.endsWith('.ts'))
    .sort();
  const path = join(dataDir, 'cat.ts');
  const sinceMs = monotonicMs();
  const file = openSync(path, 'w');
  for (const name of names) writeSync(file, readFileSync(join(recordings, name)));
  closeSync(file);
  const tookMs = monotonicMs() - sinceMs;
  rmSync(path);
  return tookMs;
}

function timeClip(url: string): Promise<{ firstByteMs: number; tookMs: number }> {
  const sinceMs = monotonicMs();
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${url} was answered by ${response.statusCode}`));
      let firstByteMs = 0;
      response.on('data', () => {
        if (firstByteMs === 0) firstByteMs = monotonicMs() - sinceMs;
      });
      response.once('error', reject);
      response.once('end', () => resolve({ firstByteMs, tookMs: monotonicMs() - sinceMs }));
    }).once('error', reject);
  });
}
