import { randomUUID } from 'node:crypto';
import { ApiError } from '../../../shared/errors.ts';
import type { CameraEvent, EventKind, EventPage, EventPatch, NewEvent } from '../../../shared/events.ts';
import { isInternalStream, parseStreamId, type StreamId, streamId } from '../../../shared/names.ts';
import { looksLikeSeconds } from '../../../shared/time.ts';
import type { Clock } from '../../base/clock.ts';
import { Listeners } from '../../base/emitter.ts';
import type { Logger } from '../../base/log.ts';
import { noSuchStream, nothingKeptOf } from '../../base/no-such-stream.ts';
import type { RecordingArchive } from '../store/recording-archive.ts';
import { EventQueue } from './event-queue.ts';
import type { EventQuery } from './events-db.ts';

const DAY_MS = 86_400_000;
const DEFAULT_MAX = 100;
const MAX_SPAN_MS = 366 * DAY_MS;
const MAX_LENGTH_MS = 31 * DAY_MS;
const MAX_TOPIC_CHARS = 256;
const MAX_LABEL_CHARS = 128;
/** What may go on at once at a stream by what programs say: all of it is told to each page that is opened. */
const MAX_ACTIVE_OF_API = 256;
/** A program's clock may go a little fast. */
const FUTURE_MS = 60_000;

export interface EventsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly archive: Pick<RecordingArchive, 'command' | 'query' | 'queryRoot' | 'roots' | 'rootOf' | 'kept'>;
  hasStream(stream: StreamId): boolean;
  /** How many may go on at once at a stream by what programs say; default 256. */
  readonly maxActiveOfApi?: number;
}

/** Which events are asked for; times in Unix milliseconds, by default the last day. */
export interface AskedEvents {
  readonly stream?: StreamId;
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly kinds?: readonly EventKind[];
  /** `next` of the page before. */
  readonly before?: string;
  readonly max?: number;
}

/** What a camera reports; `key` is the same at the start and the end of one thing. */
export interface ReportedEvent {
  readonly key: string;
  readonly kind: EventKind;
  readonly topic: string;
  readonly label?: string | undefined;
  readonly state: 'start' | 'end' | 'moment';
  readonly atMs: number;
}

/** An event began, changed or ended; or it was removed. */
export interface EventChange {
  readonly event: CameraEvent;
  readonly removed: boolean;
}

/**
 * What happened at the cameras: kept beside their recordings for as long as these are, whether they are recorded or not,
 * and told to whoever listens.
 */
export class Events {
  readonly #options: EventsOptions;
  readonly #queue: EventQueue;
  readonly #changes = new Listeners<EventChange>();
  /** What goes on now, by id. */
  readonly #active = new Map<string, CameraEvent>();
  /** Ids of what cameras told the start of, by stream and key. */
  readonly #open = new Map<string, string>();
  readonly #counts = new Map<EventKind, number>();
  /** Of those that go on, how many are being written for the first time, by stream. */
  readonly #adding = new Map<StreamId, number>();

  constructor(options: EventsOptions) {
    this.#options = options;
    this.#queue = new EventQueue(options);
  }

  /** Since the start, by kind; and how many could not be kept. */
  get counts(): { readonly byKind: ReadonlyMap<EventKind, number>; readonly lost: number } {
    return { byKind: this.#counts, lost: this.#queue.lost };
  }

  /** What goes on now, at some streams or at all. */
  active(streams?: ReadonlySet<StreamId>): CameraEvent[] {
    const all = [...this.#active.values()];
    return streams === undefined ? all : all.filter((event) => streams.has(idOf(event)));
  }

  onChange(listener: (change: EventChange) => void): () => void {
    return this.#changes.add(listener);
  }

  /** A camera told of something. Never throws; the disk is not waited for. */
  report(stream: StreamId, reported: ReportedEvent): void {
    const { key, kind, state } = reported;
    const topic = reported.topic.slice(0, MAX_TOPIC_CHARS);
    const label = reported.label?.slice(0, MAX_LABEL_CHARS);
    const atMs = Math.round(reported.atMs);
    const openKey = `${stream} ${key}`;
    const openId = this.#open.get(openKey);
    const open = openId === undefined ? undefined : this.#active.get(openId);
    if (state === 'end' || open !== undefined) {
      // A start that is told twice, or an end of what never began, is no news.
      if (open === undefined || state !== 'end') return;
      this.#open.delete(openKey);
      this.#change({ ...open, isActive: false, end: Math.max(atMs, open.start) });
      return;
    }
    const { app = '', name = '' } = parseStreamId(stream) ?? {};
    const event: CameraEvent = {
      ...{ id: randomUUID(), app, name, kind, start: atMs, isActive: state === 'start', topic },
      ...(label === undefined ? {} : { label }),
      origin: 'onvif',
    };
    if (state === 'start') this.#open.set(openKey, event.id);
    this.#begin(event);
  }

  /** BAD_REQUEST, STREAM_NOT_FOUND, STORAGE_UNAVAILABLE. */
  async list(asked: AskedEvents): Promise<EventPage> {
    const { clock, archive } = this.#options;
    if (asked.stream !== undefined) this.#mustBeKnown(asked.stream);
    const toMs = asked.toMs ?? Math.floor(clock.wallMs()) + FUTURE_MS;
    const fromMs = asked.fromMs ?? Math.max(0, toMs - DAY_MS);
    if (toMs <= fromMs) {
      throw new ApiError('BAD_REQUEST', '"to" has to be later than "from" (both in Unix milliseconds).');
    }
    if (toMs - fromMs > MAX_SPAN_MS) {
      throw new ApiError(
        'BAD_REQUEST',
        '"from" and "to" may lie at most 366 days apart; ask for less at once.',
      );
    }
    const max = asked.max ?? DEFAULT_MAX;
    const { stream, kinds } = asked;
    const before = asked.before === undefined ? undefined : cursorOf(asked.before);
    const query: EventQuery = { stream, fromMs, toMs, kinds, before, max: max + 1 };
    // Taken first: what is written meanwhile is in one of the two. It waits where a disk is away, and is known all the same.
    const waiting = this.#queue.waiting(stream);
    const roots = archive
      .roots()
      .filter(({ dir, state }) =>
        stream === undefined
          ? state.kind === 'ready' || state.kind === 'failing'
          : dir === archive.rootOf(stream),
      );
    const found = await Promise.all(roots.map(({ dir }) => archive.queryRoot(dir, 'findEvents', { query })));
    const byId = new Map(found.flat().map((event) => [event.id, event]));
    for (const event of waiting) if (fits(event, query)) byId.set(event.id, event);
    const events = [...byId.values()].sort(newestFirst);
    const page = events.slice(0, max);
    const last = page.at(-1);
    return events.length > max && last !== undefined
      ? { events: page, next: `${last.start}_${last.id}` }
      : { events: page };
  }

  /** Resolves when it is kept. BAD_REQUEST, CONFLICT, STREAM_NOT_FOUND, STORAGE_UNAVAILABLE. */
  async add(stream: StreamId, { kind, start, end, isActive, label }: NewEvent): Promise<CameraEvent> {
    if (!this.#has(stream)) throw noSuchStream(stream);
    const nowMs = Math.floor(this.#options.clock.wallMs());
    const { app = '', name = '' } = parseStreamId(stream) ?? {};
    const event: CameraEvent = {
      ...{ id: randomUUID(), app, name, kind, start: start ?? nowMs },
      ...(end === undefined ? {} : { end }),
      isActive: isActive && end === undefined,
      ...(label === undefined ? {} : { label }),
      origin: 'api',
    };
    checkTimes(event, nowMs);
    if (event.isActive) this.#mustHaveRoom(stream);
    await this.#keepNew(stream, event);
    this.#begin(event, 'kept');
    return event;
  }

  /** Of those that a program has reported. BAD_REQUEST, STREAM_NOT_FOUND, EVENT_NOT_FOUND, CONFLICT, STORAGE_UNAVAILABLE. */
  async patch(stream: StreamId, id: string, { kind, end, label }: EventPatch): Promise<CameraEvent> {
    const event = await this.#ofApi(stream, id, 'changed');
    const changed: CameraEvent = {
      ...event,
      ...(kind === undefined ? {} : { kind }),
      ...(label === undefined ? {} : { label }),
      ...(end === undefined ? {} : { end, isActive: false }),
    };
    checkTimes(changed, Math.floor(this.#options.clock.wallMs()));
    await this.#options.archive.command(stream, 'keepEvents', { events: [changed] });
    this.#change(changed, 'kept');
    return changed;
  }

  /** Of those that a program has reported. STREAM_NOT_FOUND, EVENT_NOT_FOUND, CONFLICT, STORAGE_UNAVAILABLE. */
  async remove(stream: StreamId, id: string): Promise<void> {
    const event = await this.#ofApi(stream, id, 'removed');
    await this.#options.archive.command(stream, 'removeEvents', { ids: [id] });
    this.#queue.forget(id);
    this.#active.delete(id);
    this.#changes.emit({ event: { ...event, isActive: false }, removed: true });
  }

  /** Nothing goes on any more at a stream that is removed; or, of one `origin`, nobody tells of it any more. */
  endAll(stream: StreamId, origin?: CameraEvent['origin']): void {
    const nowMs = Math.floor(this.#options.clock.wallMs());
    for (const key of this.#open.keys()) if (key.startsWith(`${stream} `)) this.#open.delete(key);
    for (const event of this.active(new Set([stream]))) {
      if (origin !== undefined && event.origin !== origin) continue;
      this.#change({ ...event, isActive: false, end: Math.max(nowMs, event.start) });
    }
  }

  /** Ends what goes on, as nobody will tell its end, and keeps it. Idempotent. */
  async close(): Promise<void> {
    const streams = new Set([...this.#active.values()].map(idOf));
    for (const stream of streams) this.endAll(stream);
    await this.#queue.close();
    this.#changes.clear();
  }

  /** CONFLICT. */
  #mustHaveRoom(stream: StreamId): void {
    let count = this.#adding.get(stream) ?? 0;
    for (const event of this.#active.values())
      if (event.origin === 'api' && idOf(event) === stream) count += 1;
    const { maxActiveOfApi = MAX_ACTIVE_OF_API } = this.#options;
    if (count < maxActiveOfApi) return;
    throw new ApiError(
      'CONFLICT',
      `${maxActiveOfApi} events go on at ${stream} already; end some of them with PATCH, or report what has an end.`,
    );
  }

  async #keepNew(stream: StreamId, event: CameraEvent): Promise<void> {
    if (event.isActive) this.#adding.set(stream, (this.#adding.get(stream) ?? 0) + 1);
    try {
      await this.#options.archive.command(stream, 'keepEvents', { events: [event] });
    } finally {
      const left = event.isActive ? (this.#adding.get(stream) ?? 1) - 1 : undefined;
      if (left === 0) this.#adding.delete(stream);
      else if (left !== undefined) this.#adding.set(stream, left);
    }
  }

  #begin(event: CameraEvent, how: 'to-keep' | 'kept' = 'to-keep'): void {
    this.#counts.set(event.kind, (this.#counts.get(event.kind) ?? 0) + 1);
    this.#change(event, how);
  }

  #change(event: CameraEvent, how: 'to-keep' | 'kept' = 'to-keep'): void {
    if (event.isActive) this.#active.set(event.id, event);
    else this.#active.delete(event.id);
    if (how === 'to-keep') this.#queue.add(event);
    this.#changes.emit({ event, removed: false });
  }

  async #ofApi(stream: StreamId, id: string, done: string): Promise<CameraEvent> {
    this.#mustBeKnown(stream);
    const event = await this.#options.archive.command(stream, 'eventById', { id });
    if (event === undefined || idOf(event) !== stream) {
      throw new ApiError(
        'EVENT_NOT_FOUND',
        `There is no such event of ${stream}; GET …/events lists those there are.`,
      );
    }
    if (event.origin !== 'api') {
      throw new ApiError(
        'CONFLICT',
        `The camera itself reported this event; only those that a program reported can be ${done}.`,
      );
    }
    return event;
  }

  /** The gateway's own streams have no events: a test of a camera has none to keep. */
  #has(stream: StreamId): boolean {
    return !isInternalStream(stream) && this.#options.hasStream(stream);
  }

  #mustBeKnown(stream: StreamId): void {
    const { archive } = this.#options;
    if (this.#has(stream) || (archive.kept(stream).segments ?? 0) > 0) return;
    throw nothingKeptOf(stream);
  }
}

const idOf = ({ app, name }: CameraEvent): StreamId => streamId(app, name);

function newestFirst(a: CameraEvent, b: CameraEvent): number {
  if (a.start !== b.start) return b.start - a.start;
  return a.id < b.id ? 1 : -1;
}

function fits(event: CameraEvent, { fromMs, toMs, kinds, before }: EventQuery): boolean {
  if (event.start >= toMs) return false;
  if (event.start < fromMs && !event.isActive && (event.end ?? event.start) <= fromMs) return false;
  if (kinds !== undefined && !kinds.includes(event.kind)) return false;
  if (before === undefined) return true;
  return event.start < before.startMs || (event.start === before.startMs && event.id < before.id);
}

function cursorOf(text: string): { startMs: number; id: string } {
  const match = /^(\d{1,15})_([0-9a-f-]{1,64})$/.exec(text);
  if (match === null) {
    throw new ApiError('BAD_REQUEST', '"before" has to be the "next" of the page before.');
  }
  return { startMs: Number(match[1]), id: match[2] ?? '' };
}

function checkTimes({ start, end }: CameraEvent, nowMs: number): void {
  if (looksLikeSeconds(start, nowMs)) {
    throw new ApiError('BAD_REQUEST', '"start" is a Unix time in milliseconds; this looks like seconds.');
  }
  if (start > nowMs + FUTURE_MS || (end !== undefined && end > nowMs + FUTURE_MS)) {
    throw new ApiError(
      'BAD_REQUEST',
      '"start" and "end" may not lie ahead; check the clock of the machine that reports.',
    );
  }
  if (end === undefined) return;
  if (end < start) throw new ApiError('BAD_REQUEST', '"end" may not be earlier than "start".');
  if (end - start > MAX_LENGTH_MS) {
    throw new ApiError('BAD_REQUEST', 'An event lasts at most 31 days; report a new one.');
  }
}
