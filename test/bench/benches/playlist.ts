import { mkdirSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { systemClock } from '../../../server/base/clock.ts';
import { openStore } from '../../../server/recording/store/opened-store.ts';
import { addRows } from '../../recording/support/rows.ts';
import { waitFor } from '../../support/wait.ts';
import type { Bench } from '../support/bench.ts';
import { monotonicMs } from '../support/clock.ts';
import { startGateway } from '../support/gateway.ts';
import type { Figure } from '../support/report.ts';
import { percentile } from '../support/stats.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SEGMENT_MS = 2_000;
const DAYS = 7;
/** Requests of each kind in each second that the bench is given. */
const PER_SECOND = 15;
const AT_ONCE = 4;

interface Answer {
  readonly tookMs: number;
  readonly bytes: number;
}

/** Playlists of recorded time, as a player gets them from the gateway. */
export const playlistBench: Bench = {
  name: 'playlist',
  summary: 'time to get the HLS playlist of 24 h of 2 s segments (43,200 rows)',
  async run({ closers, seconds, progress }) {
    // Behind everything, so that the hours are closed.
    const endMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - HOUR_MS;
    const gateway = await startGateway({
      cameras: [],
      settings: { recording: { minFreeBytes: 0, keepDays: 30 } },
      prepare: (dataDir) => fill(dataDir, endMs - DAYS * DAY_MS),
    });
    closers.add(() => gateway.close());
    const agent = new Agent({ keepAlive: true });
    closers.add(() => agent.destroy());

    const ask = (path: string, gzip: boolean) =>
      load(agent, `${gateway.url}${path}`, gzip ? { 'accept-encoding': 'gzip' } : {});
    const playlist = (startMs: number, spanMs: number) =>
      `/live/cam0/playlist.m3u8?start_time=${startMs}&duration=${spanMs}`;
    // Nobody begins at the full hour, so the first and the last hour are never there ready made.
    const startAtRandom = () => endMs - DAY_MS - Math.floor(Math.random() * HOUR_MS);

    const isOpen = () => ask(playlist(endMs - DAY_MS, SEGMENT_MS), false).catch(() => undefined);
    await waitFor('the index to be open', isOpen);
    const count = seconds * PER_SECOND;
    const figures: Figure[] = [];
    progress('a day, for the first time');
    const cold = await ask(playlist(startAtRandom(), DAY_MS), true);
    figures.push({
      id: 'playlist.24h.cold',
      what: '24 h, first time after the start',
      value: cold.tookMs,
      unit: 'ms',
    });
    for (const gzip of [true, false]) {
      progress(`a day, again and again, ${gzip ? 'gzip' : 'plain'}`);
      const answers: Answer[] = [];
      for (let n = 0; n < count; n += 1) answers.push(await ask(playlist(startAtRandom(), DAY_MS), gzip));
      figures.push(...figuresOf(gzip ? 'gzip' : 'plain', answers));
    }
    progress('a day, by several at once, and a small request meanwhile');
    figures.push(
      ...(await measureBystander(
        () => ask(playlist(startAtRandom(), DAY_MS), true),
        () => ask('/healthz', false),
        count,
      )),
    );
    progress('seven days');
    const week = await ask(playlist(endMs - DAYS * DAY_MS, DAYS * DAY_MS), true);
    const weekAgain = await ask(playlist(endMs - DAYS * DAY_MS, DAYS * DAY_MS), true);
    figures.push(
      { id: 'playlist.7d.cold', what: '7 d (302,400 rows), first time', value: week.tookMs, unit: 'ms' },
      { id: 'playlist.7d.warm', what: '7 d, second time', value: weekAgain.tookMs, unit: 'ms' },
    );
    return {
      title: 'HLS playlists of recorded time',
      figures,
      notes: [
        'From the request to the last byte, over HTTP on loopback; a new start time each time.',
        `Bystander: /healthz, asked again and again while ${AT_ONCE} clients load playlists of 24 h without a pause.`,
      ],
    };
  },
};

function figuresOf(form: 'gzip' | 'plain', answers: readonly Answer[]): Figure[] {
  const times = answers.map(({ tookMs }) => tookMs);
  const id = `playlist.24h.${form}`;
  return [
    { id: `${id}.p50`, what: `24 h, ${form}, median`, value: percentile(times, 0.5), unit: 'ms' },
    { id: `${id}.p99`, what: `24 h, ${form}, p99`, value: percentile(times, 0.99), unit: 'ms', target: 20 },
    { id: `${id}.size`, what: `24 h, ${form}, size`, value: (answers[0]?.bytes ?? 0) / 1000, unit: 'kB' },
  ];
}

async function measureBystander(
  loadPlaylist: () => Promise<Answer>,
  loadSmall: () => Promise<Answer>,
  count: number,
): Promise<Figure[]> {
  let isDone = false;
  const others = Array.from({ length: AT_ONCE }, async () => {
    while (!isDone) await loadPlaylist();
  });
  const times: number[] = [];
  for (let n = 0; n < count; n += 1) times.push((await loadSmall()).tookMs);
  isDone = true;
  await Promise.all(others);
  return [
    { id: 'playlist.bystander.p50', what: 'bystander, median', value: percentile(times, 0.5), unit: 'ms' },
    { id: 'playlist.bystander.p99', what: 'bystander, p99', value: percentile(times, 0.99), unit: 'ms' },
  ];
}

/** A recordings folder as the gateway leaves it, with rows only: nobody reads the files here. */
function fill(dataDir: string, startMs: number): void {
  const recordingsDir = join(dataDir, 'recordings');
  mkdirSync(recordingsDir, { recursive: true });
  const store = openStore({
    isNewRun: true,
    recordingsDir,
    expectedUuid: undefined,
    isIndexDamaged: false,
    clock: systemClock,
    log: () => {},
  });
  addRows(store.index, 'live/cam0', { startMs, count: (DAYS * DAY_MS) / SEGMENT_MS, segmentMs: SEGMENT_MS });
  store.close();
}

function load(agent: Agent, url: string, headers: Record<string, string>): Promise<Answer> {
  const sinceMs = monotonicMs();
  return new Promise((resolve, reject) => {
    const request = get(url, { agent, headers }, (response) => {
      let bytes = 0;
      let start = '';
      response.on('data', (chunk: Buffer) => {
        if (bytes === 0) start = chunk.toString('latin1', 0, 300);
        bytes += chunk.length;
      });
      response.once('error', reject);
      response.once('end', () => {
        if (response.statusCode === 200) resolve({ tookMs: monotonicMs() - sinceMs, bytes });
        else reject(new Error(`${url} was answered by ${response.statusCode}: ${start}`));
      });
    });
    request.once('error', reject);
  });
}
