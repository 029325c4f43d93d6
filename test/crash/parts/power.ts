import { execFile } from 'node:child_process';
import { constants, copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Closers } from '../../../server/base/closers.ts';
import { GatewayProcess } from '../../support/gateway.ts';
import { isStillListed, type ListedSegment, listedSegments, whyItDoesNotPlay } from '../support/listed.ts';
import { cannotMount, crashFolder, type LoopDisk, mountLoopDisk } from '../support/loop-disk.ts';
import { type CrashContext, type CrashPart, pause, randomBetween } from '../support/part.ts';
import { checkRecordings } from '../support/recordings-check.ts';
import { type Site, startSite, untilRecorded } from '../support/site.ts';
import { spread } from '../support/spread.ts';

const run = promisify(execFile);
const TIMES = 20;
const SEGMENT_MS = 2_000;
const READY_MS = 2_000;
const DISK_MB = 256;
const KEPT_BYTES = 4_000_000;

interface Cut {
  readonly readyMs: number;
  readonly lostMs: number;
  readonly problems: readonly string[];
  readonly missing: number;
  readonly listed: number;
  readonly violations: readonly string[];
}

export const powerPart: CrashPart = {
  name: 'power',
  summary: 'power cuts: copies of the disk at random instants, each started from',
  missing: cannotMount,
  async run(context) {
    const times = context.times ?? TIMES;
    const { closers } = context;
    const folder = crashFolder();
    closers.add(() => folder.close());
    // The disk of the recordings is a file on another one, which can be held still while the file is copied: what the
    // copy has is what had reached the disk at one instant.
    const below = await mountLoopDisk({
      image: join(folder.dir, 'below.img'),
      sizeMb: 2 * DISK_MB,
      dir: join(folder.dir, 'below'),
    });
    closers.add(() => below.close());
    const disk = await mountLoopDisk({
      image: join(below.dir, 'disk.img'),
      sizeMb: DISK_MB,
      dir: join(folder.dir, 'disk'),
    });
    closers.add(() => disk.close());
    const site = await startSite({ closers, cameras: 2, settings: settingsFor(disk) });
    const beganMs = Date.now();
    await untilRecorded(site, beganMs);
    const cuts: Cut[] = [];
    for (let index = 0; index < times; index += 1) {
      await pause(randomBetween(0, context.isSlice ? 2_000 : 6_000));
      cuts.push(
        await cutOnce({ context, site, below, disk, beganMs, folder: join(folder.dir, `cut${index}`) }),
      );
      context.progress(`${index + 1} of ${times}`);
    }
    const problems = cuts.flatMap((cut) => cut.problems);
    const violations = cuts.flatMap((cut) => cut.violations);
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    return [
      {
        title: `power cut at ${times} random instants, two cameras, segments of ${SEGMENT_MS} ms, ext4`,
        figures: [
          {
            id: 'power.missing',
            what: 'segments listed before the cut and not after it',
            value: sum(cuts.map((cut) => cut.missing)),
            unit: '',
            target: 0,
          },
          {
            id: 'power.unplayable',
            what: 'listed segments that do not play',
            value: problems.length,
            unit: '',
            target: 0,
          },
          {
            id: 'power.listed',
            what: 'segments looked at',
            value: sum(cuts.map((cut) => cut.listed)),
            unit: '',
          },
          {
            id: 'power.violations',
            what: 'violations found by check:recordings',
            value: violations.length,
            unit: '',
            target: 0,
          },
          ...spread(
            'power.ready',
            'ready after',
            cuts.map((cut) => cut.readyMs),
            READY_MS,
          ),
          ...spread(
            'power.lost',
            'recorded before the cut and lost',
            cuts.map((cut) => cut.lostMs),
            2 * SEGMENT_MS + 1_000,
          ),
        ],
        notes: [...problems, ...violations].slice(0, 10),
      },
    ];
  },
};

function settingsFor(disk: LoopDisk) {
  return {
    dataDir: join(disk.dir, 'data'),
    recording: { minFreeBytes: 0, segmentMs: SEGMENT_MS, maxBytes: KEPT_BYTES },
  };
}

async function cutOnce(parts: {
  context: CrashContext;
  site: Site;
  below: LoopDisk;
  disk: LoopDisk;
  beganMs: number;
  folder: string;
}): Promise<Cut> {
  const { context, site, below, disk, beganMs, folder } = parts;
  const closers = new Closers();
  context.closers.add(() => closers.close());
  await mkdir(folder, { recursive: true });
  const image = join(folder, 'cut.img');
  try {
    const before = await listAll(site.gateway.url, site.streams, beganMs, Date.now());
    await run('fsfreeze', ['-f', below.dir]);
    const cutMs = Date.now();
    try {
      await copyFile(disk.image, image, constants.COPYFILE_FICLONE);
    } finally {
      await run('fsfreeze', ['-u', below.dir]);
    }
    // Mounting replays the journal, as after a real cut.
    const copy = await mountLoopDisk({ image, dir: join(folder, 'disk') });
    closers.add(() => copy.close());
    const startMs = performance.now();
    const gateway = await GatewayProcess.start({
      settings: {
        demo: false,
        // No camera there: nothing new is recorded over what is looked at.
        streams: Object.fromEntries(
          site.streams.map((stream) => [
            stream,
            { source: { url: 'rtsp://127.0.0.1:1/none' }, record: true },
          ]),
        ),
        ...settingsFor(copy),
      },
    });
    closers.add(() => gateway.close());
    const readyMs = performance.now() - startMs;
    if (readyMs > READY_MS) context.progress(`ready after ${Math.round(readyMs)} ms:\n${gateway.output}`);
    const after = await listAll(gateway.url, site.streams, beganMs, Date.now());
    const oldestMs = new Map(
      site.streams.map((stream) => [stream, after.get(stream)?.[0]?.startMs ?? Infinity]),
    );
    const missing = site.streams.flatMap((stream) => {
      const kept = new Set(after.get(stream)?.map(({ startMs }) => startMs));
      // Retention may have been at work between the list and the cut.
      return (before.get(stream) ?? []).filter(
        ({ startMs }) => !kept.has(startMs) && startMs >= (oldestMs.get(stream) ?? 0),
      );
    });
    const problems: string[] = [];
    for (const [stream, segments] of after) {
      for (const segment of segments) {
        const problem = await whyItDoesNotPlay(segment);
        if (problem !== undefined && (await isStillListed(gateway.url, stream, segment)))
          problems.push(problem);
      }
    }
    const ends = site.streams.map((stream) => after.get(stream)?.at(-1)?.endMs ?? Number.NaN);
    await gateway.stop();
    const violations = await checkRecordings(join(copy.dir, 'data'), { isStopped: true });
    return {
      readyMs,
      lostMs: cutMs - Math.min(...ends),
      problems,
      missing: missing.length,
      listed: [...after.values()].flat().length,
      violations,
    };
  } finally {
    await closers.close();
    await run('rm', ['-rf', folder]);
  }
}

async function listAll(
  url: string,
  streams: readonly string[],
  fromMs: number,
  toMs: number,
): Promise<Map<string, ListedSegment[]>> {
  const lists = await Promise.all(streams.map((stream) => listedSegments(url, stream, fromMs, toMs)));
  return new Map(streams.map((stream, index) => [stream, lists[index] ?? []]));
}
