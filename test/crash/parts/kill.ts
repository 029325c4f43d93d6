import { join } from 'node:path';
import { waitFor } from '../../support/wait.ts';
import { isStillListed, type ListedSegment, listedSegments, whyItDoesNotPlay } from '../support/listed.ts';
import { ffmpegsOf } from '../support/orphans.ts';
import { type CrashContext, type CrashPart, pause, randomBetween } from '../support/part.ts';
import { checkRecordings } from '../support/recordings-check.ts';
import { type Site, startSite, untilRecorded } from '../support/site.ts';
import { spread } from '../support/spread.ts';

const TIMES = 100;
const SEGMENT_MS = 2_000;
/** One in so many is killed while it starts. */
const KILL_AT_START_SHARE = 0.2;
/** Small enough for retention to be at work all the while. */
const KEPT_BYTES = 4_000_000;

/** What one kill has cost. */
interface Kill {
  readonly readyMs: number;
  readonly lostMs: number;
  readonly outageMs: number;
}

export const killPart: CrashPart = {
  name: 'kill',
  summary: 'kill -9 of the gateway at random instants, also while it starts',
  async run(context) {
    const times = context.times ?? TIMES;
    const site = await startSite({
      closers: context.closers,
      cameras: 2,
      settings: { recording: { minFreeBytes: 0, segmentMs: SEGMENT_MS, maxBytes: KEPT_BYTES } },
    });
    const beganMs = Date.now();
    await untilRecorded(site, beganMs);
    const book = new Book(site, beganMs);
    const kills: Kill[] = [];
    for (let index = 0; index < times; index += 1) {
      kills.push(await killOnce(context, site, book));
      if (index % 10 === 9) context.progress(`${index + 1} of ${times}`);
    }
    await book.look();
    await site.gateway.stop();
    const violations = await checkRecordings(join(site.gateway.dir, 'data'), { isStopped: true });
    for (const line of violations) context.progress(line);
    return [
      {
        title: `kill -9 at ${times} random instants, two cameras, segments of ${SEGMENT_MS} ms`,
        figures: [
          {
            id: 'kill.unplayable',
            what: 'listed segments that do not play',
            value: book.problems.length,
            unit: '',
            target: 0,
          },
          {
            id: 'kill.vanished',
            what: 'listed segments that were gone afterwards',
            value: book.vanished,
            unit: '',
            target: 0,
          },
          { id: 'kill.listed', what: 'segments looked at', value: book.seen, unit: '' },
          {
            id: 'kill.orphans',
            what: 'FFmpegs that outlived the gateway by 3 s',
            value: book.orphans,
            unit: '',
            target: 0,
          },
          {
            id: 'kill.violations',
            what: 'violations found by check:recordings',
            value: violations.length,
            unit: '',
            target: 0,
          },
          ...spread(
            'kill.ready',
            'ready after',
            kills.map(({ readyMs }) => readyMs),
            2_000,
          ),
          // The piece that FFmpeg was filling, the one being written, and the times between.
          ...spread(
            'kill.lost',
            'recorded before the kill and lost',
            kills.map(({ lostMs }) => lostMs),
            2 * SEGMENT_MS + 1_000,
          ),
          ...spread(
            'kill.outage',
            'not recorded in all, from the kill on',
            kills.map(({ outageMs }) => outageMs),
          ),
        ],
        notes: book.problems.slice(0, 10),
      },
    ];
  },
};

async function killOnce(context: CrashContext, site: Site, book: Book): Promise<Kill> {
  await pause(randomBetween(0, context.isSlice ? 2_000 : 5_000));
  await book.look();
  const killedMs = Date.now();
  await site.gateway.kill();
  if (Math.random() < KILL_AT_START_SHARE) {
    const start = site.gateway.startAgain().catch(() => {});
    await pause(randomBetween(0, 1_200));
    await site.gateway.kill();
    await start;
  }
  await book.countOrphans();
  const startMs = performance.now();
  await site.gateway.startAgain();
  const readyMs = performance.now() - startMs;
  await untilRecorded(site, Date.now());
  const { lostMs, outageMs } = await book.lossAround(killedMs);
  return { readyMs, lostMs, outageMs };
}

/** Every segment that a player was ever offered, and what became of it. */
class Book {
  readonly problems: string[] = [];
  vanished = 0;
  orphans = 0;
  readonly #site: Site;
  readonly #fromMs: number;
  readonly #known = new Map<string, ListedSegment>();
  readonly #played = new Set<string>();

  constructor(site: Site, fromMs: number) {
    this.#site = site;
    this.#fromMs = fromMs;
  }

  get seen(): number {
    return this.#played.size;
  }

  /** Plays what is new, and misses what was listed before and is not any more. */
  async look(): Promise<void> {
    for (const stream of this.#site.streams) {
      const listed = await listedSegments(this.#site.gateway.url, stream, this.#fromMs, Date.now());
      this.#missFrom(stream, listed);
      for (const segment of listed) await this.#play(stream, segment);
    }
  }

  async countOrphans(): Promise<void> {
    await waitFor('FFmpeg to end', () => ffmpegsOf(this.#site.gateway.rtspPort).length === 0).catch(() => {
      this.orphans += ffmpegsOf(this.#site.gateway.rtspPort).length;
    });
  }

  /** Of the stream that has lost most. */
  async lossAround(killedMs: number): Promise<{ lostMs: number; outageMs: number }> {
    let lostMs = 0;
    let outageMs = 0;
    for (const stream of this.#site.streams) {
      const listed = await listedSegments(this.#site.gateway.url, stream, killedMs - 60_000, Date.now());
      const before = listed.filter(({ startMs }) => startMs < killedMs).at(-1);
      const after = listed.find(({ startMs }) => startMs >= killedMs);
      const endMs = before?.endMs ?? Number.NaN;
      lostMs = Math.max(lostMs, killedMs - endMs);
      outageMs = Math.max(outageMs, (after?.startMs ?? Number.NaN) - endMs);
    }
    return { lostMs, outageMs };
  }

  /** Retention takes the oldest; nothing else may go. */
  #missFrom(stream: string, listed: readonly ListedSegment[]): void {
    const urls = new Set(listed.map(({ url }) => url));
    const oldestMs = listed[0]?.startMs ?? Number.POSITIVE_INFINITY;
    for (const [url, segment] of this.#known) {
      if (!url.includes(`/${stream}/`) || urls.has(url)) continue;
      this.#known.delete(url);
      if (segment.startMs < oldestMs) continue;
      this.vanished += 1;
      this.problems.push(`${url} was listed and is gone`);
    }
    for (const segment of listed) this.#known.set(segment.url, segment);
  }

  async #play(stream: string, segment: ListedSegment): Promise<void> {
    if (this.#played.has(segment.url)) return;
    this.#played.add(segment.url);
    const problem = await whyItDoesNotPlay(segment);
    if (problem === undefined) return;
    if (await isStillListed(this.#site.gateway.url, stream, segment)) this.problems.push(problem);
  }
}
