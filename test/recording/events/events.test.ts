import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../server/base/clock.ts';
import { silentLogger } from '../../../server/base/log.ts';
import { eventRoutes } from '../../../server/http/index.ts';
import { EventChore } from '../../../server/recording/events/event-chore.ts';
import {
  endAbandonedEvents,
  findEvents,
  keepEvents,
} from '../../../server/recording/events/event-handlers.ts';
import { type EventChange, Events, type ReportedEvent } from '../../../server/recording/events/events.ts';
import { EVENTS_FILE, EventsDb } from '../../../server/recording/events/events-db.ts';
import { RecordingArchive } from '../../../server/recording/store/recording-archive.ts';
import { setRetentionPolicies } from '../../../server/recording/store/retention.ts';
import { retentionPolicies } from '../../../server/recording/store/retention-policies.ts';
import { type CameraEvent, EVENT_KINDS } from '../../../shared/events.ts';
import type { StreamId } from '../../../shared/names.ts';
import { type EdgeApp, HOST, startEdgeApp } from '../../support/edge-app.ts';
import { waitFor } from '../../support/wait.ts';
import { IndexHouse } from '../support/index-house.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const cleanups: Array<() => unknown> = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-events-'));
  cleanups.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

let count = 0;
function event(given: Partial<CameraEvent> & { start: number }): CameraEvent {
  count += 1;
  return {
    ...{ id: String(count).padStart(8, '0'), app: 'live', name: 'cam', kind: 'motion', isActive: false },
    ...given,
    origin: given.origin ?? 'onvif',
  };
}

describe('the database of events', () => {
  test('finds exactly what overlaps the asked time, page by page, however long it lasts', () => {
    const spans = fc.record({
      start: fc.integer({ min: 0, max: 10 * HOUR_MS }),
      length: fc.option(fc.integer({ min: 0, max: 9 * HOUR_MS }), { nil: undefined }),
      isActive: fc.boolean(),
      name: fc.constantFrom('cam', 'door'),
      kind: fc.constantFrom(...EVENT_KINDS),
    });
    const asked = fc.record({
      from: fc.integer({ min: 0, max: 10 * HOUR_MS }),
      length: fc.integer({ min: 1, max: 5 * HOUR_MS }),
      stream: fc.constantFrom<StreamId | undefined>('live/cam', 'live/none', undefined),
      kinds: fc.constantFrom(undefined, ['motion' as const, 'input' as const]),
      max: fc.integer({ min: 1, max: 7 }),
    });
    fc.assert(
      fc.property(
        fc.array(spans, { maxLength: 40 }),
        asked,
        (given, { from, length, stream, kinds, max }) => {
          const dir = folder();
          const db = EventsDb.openToWrite(dir);
          const events = given.map(({ start, length: ms, isActive, name, kind }) =>
            event({
              ...{ start, name, kind, isActive: ms === undefined && isActive },
              ...(ms === undefined ? {} : { end: start + ms }),
            }),
          );
          db.put(events);
          const to = from + length;
          const wanted = events
            .filter((one) => stream === undefined || stream === `live/${one.name}`)
            .filter((one) => kinds === undefined || kinds.some((kind) => kind === one.kind))
            .filter(({ start }) => start < to)
            .filter(({ start, end, isActive }) => start >= from || isActive || (end ?? start) > from)
            .sort((a, b) => b.start - a.start || (a.id < b.id ? 1 : -1));
          const found: CameraEvent[] = [];
          for (let before: { startMs: number; id: string } | undefined; ; ) {
            const page = db.find({ stream, fromMs: from, toMs: to, kinds, before, max });
            found.push(...page);
            const last = page.at(-1);
            if (page.length < max || last === undefined) break;
            before = { startMs: last.start, id: last.id };
          }
          db.close();
          expect(found).toEqual(wanted);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('one that is damaged is made anew', () => {
    const dir = folder();
    writeFileSync(join(dir, EVENTS_FILE), Buffer.alloc(8192, 'no database'));
    const db = EventsDb.openToWrite(dir);
    db.put([event({ start: 5 })]);
    expect(db.find({ fromMs: 0, toMs: 10, max: 9 })).toHaveLength(1);
    db.close();
  });
});

describe('the retention of events', () => {
  let house: IndexHouse;
  beforeEach(() => {
    house = new IndexHouse();
    cleanups.push(() => house.close());
  });

  const policies = () =>
    setRetentionPolicies(house.index, {
      policies: retentionPolicies({ recording: { keepDays: 7, minFreeBytes: 0 }, apps: {} }, []),
    });
  const keep = (events: CameraEvent[]) => keepEvents(house.index, { events });
  const starts = (name = 'cam') =>
    findEvents(house.index.reader, { query: { stream: `live/${name}`, fromMs: 0, toMs: 1e12, max: 1e6 } })
      .map(({ start }) => start)
      .reverse();
  function sweep(nowMs: number, max?: number): void {
    const chore = new EventChore(house.index, max);
    while (chore.step({ nowMs, diskFull: false })) {
      // As the store's thread does it between two batches.
    }
  }

  test('a stream that is not recorded keeps them as long as its recordings would be kept', () => {
    keep([
      event({ start: DAY_MS }),
      event({ start: 8 * DAY_MS }),
      event({ start: 2 * DAY_MS, isActive: true }),
    ]);
    sweep(10 * DAY_MS);
    expect(starts(), 'nothing goes before it is known how long it is to be kept').toHaveLength(3);
    policies();
    sweep(10 * DAY_MS);
    expect(starts()).toEqual([2 * DAY_MS, 8 * DAY_MS]);
  });

  test('they go with the footage that retention deletes, and stay with what is locked', () => {
    policies();
    house.record('live/cam', { startMs: 0, count: 600, segmentMs: 10_000 });
    const id = house.index.reader.findStreamId('live/cam') ?? 0;
    const all = Array.from({ length: 600 }, (_, n) =>
      event({ start: n * 10_000 + 500, end: n * 10_000 + 900 }),
    );
    keep(all);
    const old = house.startsOf('live/cam').filter((startMs) => startMs < 5_000_000 && startMs !== 300_000);
    house.index.transaction(() => {
      house.index.toGarbage(id, old);
      house.index.reader
        .statement('UPDATE streams SET expired_before_ms = ? WHERE id = ?')
        .run(5_000_000, id);
    });
    sweep(6_000_000);
    expect(starts()).toEqual([
      300_500,
      ...all.map(({ start }) => start).filter((start) => start > 5_000_000),
    ]);
  });

  test('a stream has at most so many', () => {
    policies();
    keep(Array.from({ length: 1000 }, (_, n) => event({ start: 1000 + n })));
    sweep(5000, 300);
    expect(starts()).toEqual(Array.from({ length: 300 }, (_, n) => 1700 + n));
  });

  test('what was going on when the gateway died goes on no more', () => {
    keep([event({ start: 5, isActive: true })]);
    endAbandonedEvents(house.index);
    const [found] = findEvents(house.index.reader, { query: { fromMs: 0, toMs: 10, max: 5 } });
    expect(found?.isActive).toBe(false);
    expect(found).not.toHaveProperty('end');
  });
});

describe('the events of a gateway', () => {
  let archive: RecordingArchive;
  let events: Events;
  let edge: EdgeApp;
  let changes: EventChange[];
  const headers = { host: HOST };
  const at = Math.floor(Date.now()) - 60_000;

  beforeEach(async () => {
    archive = new RecordingArchive({
      clock: systemClock,
      log: silentLogger,
      dataDir: folder(),
      appDirs: new Map([['yard', folder()]]),
      disks: { diskOf: async () => undefined, rememberDisk: async () => {} },
    });
    await archive.open();
    const known: readonly StreamId[] = ['live/door', 'yard/gate', 'internal/probe-1'];
    const hasStream = (stream: StreamId) => known.includes(stream);
    events = new Events({ clock: systemClock, log: silentLogger, archive, hasStream, maxActiveOfApi: 4 });
    changes = [];
    events.onChange((change) => changes.push(change));
    edge = await startEdgeApp({ routes: eventRoutes(events) });
    cleanups.push(async () => {
      await edge.close();
      await events.close();
      await archive.close();
    });
  });

  const ask = async (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object) => {
    const reply = await edge.app.inject({
      method,
      url,
      headers,
      ...(payload === undefined ? {} : { payload }),
    });
    return {
      status: reply.statusCode,
      location: reply.headers.location,
      body: reply.body === '' ? undefined : reply.json(),
    };
  };
  const reported = (given: Partial<ReportedEvent>): ReportedEvent => ({
    ...{
      key: 'motion',
      kind: 'motion',
      topic: 'tns1:RuleEngine/CellMotionDetector/Motion',
      state: 'start',
      atMs: at,
    },
    ...given,
  });
  const listed = async (query = '') =>
    (await ask('GET', `/api/v1/events${query}`)).body.events as CameraEvent[];

  test('what a camera reports has a start and an end, is told, and is kept', async () => {
    events.report('live/door', reported({ label: 'Window 1' }));
    events.report('live/door', reported({ atMs: at + 10 }));
    expect(events.active().map(({ kind }) => kind)).toEqual(['motion']);
    expect(await listed()).toMatchObject([
      { app: 'live', name: 'door', isActive: true, label: 'Window 1', origin: 'onvif' },
    ]);
    events.report('live/door', reported({ state: 'end', atMs: at + 5000 }));
    events.report('live/door', reported({ state: 'end', atMs: at + 6000 }));
    events.report('live/door', reported({ key: 'bell', kind: 'input', state: 'moment', atMs: at + 7000 }));
    expect(changes.map(({ event: one }) => [one.kind, one.isActive])).toEqual([
      ['motion', true],
      ['motion', false],
      ['input', false],
    ]);
    const kept = await listed();
    expect(kept).toMatchObject([
      { kind: 'input' },
      { kind: 'motion', start: at, end: at + 5000, isActive: false },
    ]);
    expect(events.active()).toEqual([]);
    // From the disk too, once it is written.
    await waitFor('it to be written', async () => {
      const query = { fromMs: 0, toMs: at * 2, max: 10 };
      return (await archive.query('live/door', 'findEvents', { query })).length === 2;
    });
    expect(await listed('?kind=input')).toHaveLength(1);
    expect(events.counts.byKind.get('motion')).toBe(1);
  });

  test('what goes on ends when its stream goes', async () => {
    events.report('live/door', reported({}));
    events.report('yard/gate', reported({}));
    events.endAll('live/door');
    expect(events.active().map(({ app }) => app)).toEqual(['yard']);
    expect(changes.at(-1)?.event).toMatchObject({ app: 'live', isActive: false });
  });

  test('what a program reported goes on when a camera is another one', async () => {
    events.report('live/door', reported({}));
    const url = '/api/v1/streams/live/door/events';
    const { body } = await ask('POST', url, { isActive: true });
    events.endAll('live/door', 'onvif');
    expect(events.active()).toEqual([body]);
  });

  test('a program reports, changes and removes its own', async () => {
    const posted = await ask('POST', '/api/v1/streams/yard/gate/events', {
      kind: 'line',
      isActive: true,
      label: 'Gate',
    });
    expect(posted).toMatchObject({
      status: 201,
      body: { kind: 'line', isActive: true, origin: 'api', app: 'yard' },
    });
    const path = String(posted.location);
    const end = posted.body.start + 1000;
    expect(await ask('PATCH', path, { end: end - 5000 })).toMatchObject({ status: 400 });
    expect((await ask('PATCH', path, { end })).body).toMatchObject({ isActive: false, end, label: 'Gate' });
    expect((await ask('GET', '/api/v1/streams/yard/gate/events')).body.events).toMatchObject([{ end }]);
    expect((await ask('GET', '/api/v1/streams/live/door/events')).body.events).toEqual([]);
    expect((await ask('DELETE', path)).status).toBe(204);
    expect((await ask('DELETE', path)).body.error.code).toBe('EVENT_NOT_FOUND');
    expect(changes.at(-1)).toMatchObject({ removed: true, event: { isActive: false } });
    expect(await listed()).toEqual([]);
  });

  test('a program that ends nothing fills no memory', async () => {
    const url = '/api/v1/streams/yard/gate/events';
    const replies = await Promise.all(
      Array.from({ length: 7 }, () => ask('POST', url, { isActive: true, label: '\u{1f6aa}'.repeat(64) })),
    );
    const kept = replies.filter(({ status }) => status === 201);
    expect([kept.length, events.active().length]).toEqual([4, 4]);
    expect(replies.find(({ status }) => status !== 201)?.body.error.code).toBe('CONFLICT');
    expect((await ask('POST', url, {})).status).toBe(201);
    expect((await ask('POST', '/api/v1/streams/live/door/events', { isActive: true })).status).toBe(201);
    expect((await ask('PATCH', String(kept[0]?.location), { end: kept[0]?.body.start })).status).toBe(200);
    expect((await ask('POST', url, { isActive: true })).status).toBe(201);
  });

  test('pages of several disks are one list', async () => {
    for (let n = 0; n < 7; n += 1) {
      const url = n % 2 === 0 ? '/api/v1/streams/live/door/events' : '/api/v1/streams/yard/gate/events';
      await ask('POST', url, { start: at + n, label: String(n) });
    }
    const labels: string[] = [];
    let next: string | undefined;
    do {
      const { body } = await ask('GET', `/api/v1/events?max=3${next === undefined ? '' : `&before=${next}`}`);
      labels.push(...body.events.map(({ label }: CameraEvent) => label));
      next = body.next;
    } while (next !== undefined);
    expect(labels).toEqual(['6', '5', '4', '3', '2', '1', '0']);
  });

  test('what cannot be done is refused with words', async () => {
    events.report('live/door', reported({ state: 'moment' }));
    const [own] = await waitFor('it to be written', async () => {
      const query = { fromMs: 0, toMs: at * 2, max: 10 };
      const found = await archive.query('live/door', 'findEvents', { query });
      return found.length > 0 ? found : undefined;
    });
    const codes = async (...args: Parameters<typeof ask>) => (await ask(...args)).body.error.code;
    const url = '/api/v1/streams/live/door/events';
    expect(await codes('PATCH', `${url}/${own?.id}`, { label: 'x' })).toBe('CONFLICT');
    expect(await codes('DELETE', `/api/v1/streams/yard/gate/events/${own?.id}`)).toBe('EVENT_NOT_FOUND');
    expect(await codes('GET', '/api/v1/streams/live/nobody/events')).toBe('STREAM_NOT_FOUND');
    expect(await codes('POST', '/api/v1/streams/live/nobody/events', {})).toBe('STREAM_NOT_FOUND');
    expect(await codes('POST', '/api/v1/streams/internal/probe-1/events', {})).toBe('STREAM_NOT_FOUND');
    expect(await codes('POST', url, { kind: 'party' })).toBe('BAD_REQUEST');
    expect(await codes('POST', url, { start: Math.floor(at / 1000) })).toBe('BAD_REQUEST');
    expect(await codes('POST', url, { start: at + DAY_MS })).toBe('BAD_REQUEST');
    for (const query of [
      'kind=party',
      'from=9&to=5',
      `from=1&to=${at}`,
      'before=1',
      'max=0',
      'stream=a/b/c',
    ]) {
      expect(await codes('GET', `/api/v1/events?${query}`), query).toBe('BAD_REQUEST');
    }
  });
});
