import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../server/base/clock.ts';
import { type OpenedStore, openStore } from '../../../server/recording/store/opened-store.ts';
import { writeBatch } from '../../../server/recording/store/write-batch.ts';
import type { StreamId } from '../../../shared/names.ts';
import { addRows } from '../../recording/support/rows.ts';
import { recordingOf, segmentOf } from '../../support/recorded-segments.ts';
import { waitFor } from '../../support/wait.ts';
import { startLoadCameras } from '../camera/load-cameras.ts';
import { CAMERA_FOOTAGE } from '../media/footage.ts';
import type { Bench, BenchContext } from '../support/bench.ts';
import { monotonicMs, sleep } from '../support/clock.ts';
import { type BenchGateway, startGateway } from '../support/gateway.ts';
import type { Figure } from '../support/report.ts';

/** A million with the default of 20 s. */
const ROWS_PER_SECOND = 50_000;
const STREAMS = 20;
const SEGMENT_MS = 2_000;
/** 2 s of 4 Mbit/s, in whole packets. */
const SEGMENT_BYTES = 188 * 5_320;
const HOUR_MS = 3_600_000;
const READY_TARGET_MS = 2_000;
const STARTS = 3;
/** A shorter run starts each once: it only shows that it can. */
const SHORT_SECONDS = 5;

type StartTimes = Pick<BenchGateway, 'startMs' | 'startCpuMs'>;

/** How fast the index takes segments, and what a large one costs at the start. */
export const indexBench: Bench = {
  name: 'index',
  summary: 'index rows a second, and the start of the gateway with 1,000,000 of them',
  async run(context) {
    const top = await mkdtemp(join(tmpdir(), 'sluice-bench-index-'));
    context.closers.add(() => rm(top, { recursive: true, force: true }));
    const rows = Math.min(1_000_000, context.seconds * ROWS_PER_SECOND);
    return {
      title: `The index of recordings: ${rows.toLocaleString('en')} rows of ${STREAMS} streams`,
      figures: [...measureWriting(top, context), ...(await measureStarts(top, rows, context))],
      notes: [
        'Rows: committed durably (synchronous FULL), one by one or 100 at once. Segments: file written, synced, renamed, folder synced, row committed, 20 at once.',
        'Ready: from the start of the process till /readyz says so. After kill -9: in mid-recording, with all cameras.',
      ],
    };
  },
};

function open(dataDir: string): OpenedStore {
  const recordingsDir = join(dataDir, 'recordings');
  mkdirSync(recordingsDir, { recursive: true });
  return openStore({
    isNewRun: true,
    recordingsDir,
    expectedUuid: undefined,
    isIndexDamaged: false,
    clock: systemClock,
    log: () => {},
  });
}

function measureWriting(top: string, { seconds, progress }: BenchContext): Figure[] {
  progress('rows and segments');
  const store = open(join(top, 'writing'));
  const forMs = Math.min(5_000, seconds * 250);
  let startMs = Math.floor(systemClock.wallMs()) - 48 * HOUR_MS;
  const insert = (count: number) => {
    addRows(store.index, 'live/rows', { startMs, count, key: 'a'.repeat(16) });
    startMs += count * SEGMENT_MS;
    return count;
  };
  const one = rate(forMs, () => insert(1));
  const hundred = rate(forMs, () => insert(100));
  const recording = recordingOf('b', 0);
  const segments = Array.from({ length: STREAMS }, () =>
    segmentOf(recording, 0, { sizeBytes: SEGMENT_BYTES }),
  );
  let atMs = startMs;
  const files = rate(forMs, () => {
    atMs += SEGMENT_MS;
    writeBatch(
      store.index,
      segments.map((segment, n) => {
        const stream: StreamId = `live/cam${n}`;
        const of = recordingOf(`cam${n}x`, startMs);
        return {
          kind: 'segment' as const,
          stream,
          segment: { ...segment, recording: of, startMs: atMs, endMs: atMs + SEGMENT_MS },
        };
      }),
    );
    return segments.length;
  });
  store.close();
  return [
    { id: 'index.rows.1', what: 'rows a second, one to a commit', value: one, unit: '/s' },
    { id: 'index.rows.100', what: 'rows a second, 100 to a commit', value: hundred, unit: '/s' },
    { id: 'index.segments', what: 'segments of 1 MB a second, files and all', value: files, unit: '/s' },
    { id: 'index.megabytes', what: 'the same in bytes', value: (files * SEGMENT_BYTES) / 1e6, unit: 'MB/s' },
  ];
}

/** How many a second `work` did, which tells how many it did in one go. */
function rate(forMs: number, work: () => number): number {
  const sinceMs = monotonicMs();
  let done = 0;
  while (monotonicMs() - sinceMs < forMs) done += work();
  return (done * 1000) / (monotonicMs() - sinceMs);
}

async function measureStarts(top: string, rows: number, context: BenchContext): Promise<Figure[]> {
  const { closers, cameras, settleMs, progress } = context;
  const settings = { recording: { minFreeBytes: 0 } };
  const starts = context.seconds < SHORT_SECONDS ? 1 : STARTS;
  const start = async (dataDir: string) => {
    const gateway = await startGateway({ cameras: [], dataDir, settings });
    closers.add(() => gateway.close());
    await gateway.close();
    return gateway;
  };
  const worst = async (dataDir: string) => {
    const began: BenchGateway[] = [];
    for (let n = 0; n < starts; n += 1) began.push(await start(dataDir));
    return {
      startMs: Math.max(...began.map(({ startMs }) => startMs)),
      startCpuMs: Math.max(...began.map(({ startCpuMs }) => startCpuMs)),
    };
  };
  const dataDir = join(top, 'full');
  mkdirSync(join(top, 'empty'));
  progress('the start with an empty index');
  const empty = await worst(join(top, 'empty'));
  progress(`filling the index with ${rows} rows`);
  fill(dataDir, rows);
  progress('the start with a full index');
  const full = await worst(dataDir);
  progress('the start after kill -9');
  const load = await startLoadCameras({ cameras, spec: CAMERA_FOOTAGE });
  closers.add(() => load.close());
  const recorded = { ...settings, apps: { live: { record: true } } };
  const first = await startGateway({ cameras: load.urls, dataDir, settings: recorded });
  closers.add(() => first.close());
  await first.live();
  await waitFor('all to be recorded', () => allRecorded(first.url, cameras), 60_000);
  await sleep(settleMs);
  process.kill(first.pid, 'SIGKILL');
  await first.close();
  const second = await startGateway({ cameras: load.urls, dataDir, settings: recorded });
  closers.add(() => second.close());
  await second.close();
  const figures = (id: string, what: string, began: StartTimes): Figure[] => [
    {
      id: `index.start.${id}`,
      what: `ready, ${what}`,
      value: began.startMs,
      unit: 'ms',
      target: READY_TARGET_MS,
    },
    { id: `index.start.${id}.cpu`, what: 'CPU used by then', value: began.startCpuMs, unit: 'ms' },
  ];
  return [
    ...figures('empty', `empty index (worst of ${starts})`, empty),
    ...figures('full', `full index (worst of ${starts})`, full),
    ...figures('killed', `full index, after kill -9 with ${cameras} recorded cameras`, second),
  ];
}

function fill(dataDir: string, rows: number): void {
  const store = open(dataDir);
  const count = rows / STREAMS;
  const startMs = Math.floor(systemClock.wallMs()) - HOUR_MS - count * SEGMENT_MS;
  for (let n = 0; n < STREAMS; n += 1) {
    addRows(store.index, `live/cam${n}`, { startMs, count, segmentMs: SEGMENT_MS });
  }
  store.close();
}

async function allRecorded(url: string, count: number): Promise<boolean> {
  const answer = await fetch(`${url}/api/v1/streams`);
  // The API's own shape; only the recorder is looked at.
  const { streams } = (await answer.json()) as { streams: { recorder?: { state: string } }[] };
  return streams.filter(({ recorder }) => recorder?.state === 'recording').length >= count;
}
