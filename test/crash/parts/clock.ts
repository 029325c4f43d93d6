import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Closers } from '../../../server/base/closers.ts';
import type { Figure, Report } from '../../bench/support/report.ts';
import { waitFor } from '../../support/wait.ts';
import { listedSegments } from '../support/listed.ts';
import { watchLive } from '../support/live-watch.ts';
import { crashFolder } from '../support/loop-disk.ts';
import { type CrashContext, type CrashPart, pause } from '../support/part.ts';
import { checkRecordings } from '../support/recordings-check.ts';
import { startSite, statusOf, timelineOf } from '../support/site.ts';

const LIBRARY = ['x86_64', 'aarch64']
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketimeMT.so.1`)
  .find(existsSync);
const SEGMENT_MS = 2_000;
const HOUR_MS = 3_600_000;

/** What the clock does, by how much, and what must come of it. */
interface Scenario {
  readonly name: string;
  readonly what: string;
  /** Where the clock stands at first, against the real one. */
  readonly offsetMs: number;
  readonly timeZone?: string;
  /** After so many seconds each the clock is moved by so much. */
  readonly steps: readonly { readonly afterS: number; readonly byMs: number }[];
  readonly lastS: number;
  /** How many recordings there have to be. */
  readonly recordings: number;
  /** Whether some time has to be there twice. */
  readonly isRepeated: boolean;
  /** Milliseconds that may be missing within what was recorded, besides what the clock jumped over. */
  readonly reasons: readonly string[];
}

/** The clock of the gateway comes to `dayTime` (UTC) some seconds after the start. */
const before = (dayTime: string, seconds: number) => Date.parse(dayTime) - seconds * 1000 - Date.now();

const SHORT: Scenario = {
  name: 'short',
  what: 'twenty seconds back',
  offsetMs: 0,
  steps: [{ afterS: 12, byMs: -20_000 }],
  lastS: 10,
  recordings: 2,
  isRepeated: true,
  reasons: ['CLOCK_STEPPED', 'RECORDER_RESTARTED'],
};

function scenarios(isSlice: boolean): Scenario[] {
  const none = { timeZone: 'Europe/London', steps: [], recordings: 1, isRepeated: false, reasons: [] };
  const all: Scenario[] = [
    {
      name: 'steps',
      what: 'an hour forth, an hour back, and a minute back',
      offsetMs: 0,
      steps: [
        { afterS: 12, byMs: HOUR_MS },
        { afterS: 12, byMs: -HOUR_MS },
        { afterS: 30, byMs: -20_000 },
      ],
      lastS: 30,
      recordings: 4,
      isRepeated: true,
      reasons: ['CLOCK_STEPPED', 'RECORDER_RESTARTED'],
    },
    {
      name: 'slew',
      what: 'three seconds forth and back, which is made good little by little',
      offsetMs: 0,
      steps: [
        { afterS: 12, byMs: 3_000 },
        { afterS: 30, byMs: -3_000 },
      ],
      lastS: 30,
      recordings: 1,
      isRepeated: false,
      reasons: [],
    },
    {
      name: 'spring',
      what: 'the night on which summer time begins',
      offsetMs: before('2026-03-29T01:00:00Z', 20),
      lastS: 40,
      ...none,
    },
    {
      name: 'autumn',
      what: 'the night on which summer time ends',
      offsetMs: before('2026-10-25T01:00:00Z', 20),
      lastS: 40,
      ...none,
    },
    {
      name: 'leap-day',
      what: 'midnight before a 29th of February',
      offsetMs: before('2028-02-29T00:00:00Z', 20),
      lastS: 40,
      ...none,
    },
    {
      name: '2038',
      what: 'the second at which 32 bits end',
      offsetMs: before('2038-01-19T03:14:07Z', 20),
      lastS: 40,
      ...none,
    },
  ];
  return isSlice ? [SHORT] : all;
}

export const clockPart: CrashPart = {
  name: 'clock',
  summary: 'clock steps, both days of summer time, the year 2038 (libfaketime)',
  missing: async () =>
    LIBRARY === undefined ? 'libfaketime is not installed: apt-get install libfaketime.' : undefined,
  async run(context) {
    const reports: Report[] = [];
    for (const scenario of scenarios(context.isSlice)) {
      if (context.only !== undefined && context.only !== scenario.name) continue;
      context.progress(scenario.what);
      reports.push(await runScenario(context, scenario));
    }
    return reports;
  },
};

async function runScenario(context: CrashContext, scenario: Scenario): Promise<Report> {
  const closers = new Closers();
  context.closers.add(() => closers.close());
  const folder = crashFolder();
  closers.add(() => folder.close());
  try {
    return await measure(scenario, { closers, file: join(folder.dir, 'clock') });
  } finally {
    await closers.close();
  }
}

async function measure(
  scenario: Scenario,
  { closers, file }: { closers: Closers; file: string },
): Promise<Report> {
  let offsetMs = scenario.offsetMs;
  const setClock = () => writeFileSync(file, `${offsetMs < 0 ? '-' : '+'}${Math.abs(offsetMs) / 1000}\n`);
  setClock();
  const nowMs = () => Date.now() + offsetMs;
  const beganMs = nowMs();
  const site = await startSite({
    closers,
    env: {
      LD_PRELOAD: LIBRARY ?? '',
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      FAKETIME_NO_CACHE: '1',
      ...(scenario.timeZone === undefined ? {} : { TZ: scenario.timeZone }),
    },
    settings: { recording: { minFreeBytes: 0, segmentMs: SEGMENT_MS } },
  });
  const stream = site.streams[0] ?? '';
  await waitFor(
    'a recording',
    async () => (await statusOf(site, stream)).recorder.newestMs !== undefined,
    30_000,
  );
  const live = await watchLive(site, closers);
  let earliestMs = beganMs;
  let latestMs = beganMs;
  for (const { afterS, byMs } of scenario.steps) {
    await pause(afterS * 1000);
    latestMs = Math.max(latestMs, nowMs());
    offsetMs += byMs;
    setClock();
    earliestMs = Math.min(earliestMs, nowMs());
  }
  await pause(scenario.lastS * 1000);
  latestMs = Math.max(latestMs, nowMs());
  const look = await live.look();
  const timeline = await timelineOf(site, stream, earliestMs - 1_000, latestMs);
  const listed = await listedSegments(site.gateway.url, stream, earliestMs, latestMs);
  await site.gateway.stop();
  const dataDir = join(site.gateway.dir, 'data');
  const violations = await checkRecordings(dataDir, { isStopped: true });
  const kept = readKept(dataDir);
  const inner = timeline.gaps.filter(
    ({ start, end }) => start > (timeline.ranges[0]?.start ?? 0) && end < latestMs,
  );
  const wrong = inner.filter(({ reason }) => !scenario.reasons.includes(reason));
  const isRepeated = timeline.ranges.some(({ repeated }) => repeated === true);
  const id = `clock.${scenario.name}`;
  const figures: Figure[] = [
    {
      id: `${id}.overlaps`,
      what: 'segments of one recording that overlap',
      value: kept.overlaps,
      unit: '',
      target: 0,
    },
    { id: `${id}.holes`, what: 'holes in a recording', value: kept.holes, unit: '', target: 0 },
    {
      id: `${id}.recordings`,
      what: `recordings (${scenario.recordings} are right)`,
      value: kept.recordings,
      unit: '',
    },
    {
      id: `${id}.recordings.off`,
      what: 'recordings too many or too few',
      value: Math.abs(kept.recordings - scenario.recordings),
      unit: '',
      target: 0,
    },
    {
      id: `${id}.repeated`,
      what: 'repeated time is marked wrong',
      value: isRepeated === scenario.isRepeated ? 0 : 1,
      unit: '',
      target: 0,
    },
    {
      id: `${id}.playlist`,
      what: 'segments of the playlist that overlap',
      value: overlapsIn(listed),
      unit: '',
      target: 0,
    },
    { id: `${id}.unexplained`, what: 'gaps with another reason', value: wrong.length, unit: '', target: 0 },
    {
      id: `${id}.violations`,
      what: 'violations found by check:recordings',
      value: violations.length,
      unit: '',
      target: 0,
    },
    {
      id: `${id}.webrtc`,
      what: 'WebRTC, longest pause',
      value: look.webrtcPauseMs,
      unit: 'ms',
      target: 1_000,
    },
    {
      id: `${id}.hls`,
      what: 'HLS, longest wait for a segment',
      value: look.hlsPauseMs,
      unit: 'ms',
      target: 3 * SEGMENT_MS + 1_000,
    },
    { id: `${id}.failures`, what: 'HLS, requests that failed', value: look.hlsFailures, unit: '', target: 0 },
  ];
  return {
    title: `Clock: ${scenario.what}`,
    figures,
    notes: [
      `Causes: ${kept.causes.join(', ')}.`,
      ...timeline.ranges.map(
        ({ start, end, repeated }) =>
          `range: ${start - beganMs} to ${end - beganMs} ms${repeated === true ? ', repeated' : ''}`,
      ),
      ...timeline.gaps.map(
        ({ start, end, reason }) => `gap: ${start - beganMs} to ${end - beganMs} ms, ${reason}`,
      ),
      ...violations.slice(0, 5),
    ],
  };
}

interface Kept {
  readonly recordings: number;
  readonly causes: readonly string[];
  readonly overlaps: number;
  readonly holes: number;
}

/** What the index of a gateway that was stopped tells, recording by recording. */
function readKept(dataDir: string): Kept {
  const database = new DatabaseSync(join(dataDir, 'recordings', 'index.db'), { readOnly: true });
  try {
    const recordings = database.prepare('SELECT id, cause, is_repeat FROM recordings ORDER BY id').all();
    const segments = database.prepare(
      'SELECT start_ms, end_ms, start_pts90k FROM segments WHERE recording_id = ? ORDER BY start_pts90k',
    );
    let overlaps = 0;
    let holes = 0;
    for (const { id } of recordings) {
      const rows = segments.all(Number(id));
      for (const [index, row] of rows.entries()) {
        const next = rows[index + 1];
        if (next === undefined) continue;
        if (Number(next.start_ms) < Number(row.end_ms)) overlaps += 1;
        if (Number(next.start_ms) > Number(row.end_ms)) holes += 1;
      }
    }
    const causes = recordings.map(
      ({ cause, is_repeat }) => `${String(cause)}${is_repeat === 1 ? ' (repeat)' : ''}`,
    );
    return { recordings: recordings.length, causes, overlaps, holes };
  } finally {
    database.close();
  }
}

/** EXTINF says how long a segment plays, which may differ a little from the clock: half a second is no overlap. */
function overlapsIn(listed: readonly { startMs: number; endMs: number }[]): number {
  return listed.filter(({ endMs }, index) => (listed[index + 1]?.startMs ?? Infinity) < endMs - 500).length;
}
