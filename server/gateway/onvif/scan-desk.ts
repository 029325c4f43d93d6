import { randomBytes } from 'node:crypto';
import { ApiError } from '../../../shared/errors.ts';
import { isInternalStream } from '../../../shared/names.ts';
import type { Scan, ScanRequest } from '../../../shared/onvif.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { Hub } from '../../stream/index.ts';
import { deviceError, type RunningScan } from './ports.ts';

const MAX_RUNNING = 2;
const MAX_KEPT = 16;
/** However long it has still to ask. */
const MAX_RUN_MS = 10 * 60_000;
const FORGET_AFTER_MS = 10 * 60_000;

export interface ScanDeskOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly hub: Pick<Hub, 'list'>;
  /** Throws where the request names addresses that cannot be read, or are not asked. */
  open(request: ScanRequest): RunningScan;
}

interface HeldScan {
  readonly id: string;
  readonly running: RunningScan;
  readonly startedAt: number;
  readonly stop: AbortController;
  state: Scan['state'];
  trouble: string | undefined;
  cancelTimer: () => void;
}

/** Searches for ONVIF devices: begun, looked at while they run, and cancelled. */
export class ScanDesk {
  readonly #options: ScanDeskOptions;
  readonly #scans = new Map<string, HeldScan>();
  /** Those that have not ended, however they are to be: names that are being looked up cannot be called back. */
  #running = 0;

  constructor(options: ScanDeskOptions) {
    this.#options = options;
  }

  /** BAD_REQUEST, FORBIDDEN, TOO_MANY_SCANS. */
  start(request: ScanRequest): Scan {
    if (this.#running >= MAX_RUNNING) {
      throw new ApiError(
        'TOO_MANY_SCANS',
        `${MAX_RUNNING} searches run already; wait for one of them, or cancel it.`,
      );
    }
    if (!request.multicast && request.hosts.length === 0) {
      throw new ApiError('BAD_REQUEST', 'There is nobody to ask: give hosts, or set multicast to true.');
    }
    const { clock } = this.#options;
    const held: HeldScan = {
      id: randomBytes(9).toString('hex'),
      running: this.#open(request),
      ...{ startedAt: Math.floor(clock.wallMs()), stop: new AbortController(), state: 'running' },
      trouble: undefined,
      cancelTimer: clock.after(MAX_RUN_MS, () => this.#cancel(held)),
    };
    this.#scans.set(held.id, held);
    for (const [id, { state }] of this.#scans) {
      if (this.#scans.size <= MAX_KEPT) break;
      if (state !== 'running') this.#forget(id);
    }
    void this.#run(held);
    return this.#shown(held);
  }

  /** Newest first. */
  list(): Scan[] {
    const known = this.#knownHosts();
    return [...this.#scans.values()].reverse().map((held) => this.#shown(held, known));
  }

  /** SCAN_NOT_FOUND. */
  get(id: string): Scan {
    return this.#shown(this.#require(id));
  }

  /** Cancels one that runs, and forgets it. SCAN_NOT_FOUND. */
  remove(id: string): void {
    this.#cancel(this.#require(id));
    this.#forget(id);
  }

  close(): void {
    for (const [id, held] of this.#scans) {
      this.#cancel(held);
      this.#forget(id);
    }
  }

  #open(request: ScanRequest): RunningScan {
    try {
      return this.#options.open(request);
    } catch (failure) {
      throw deviceError(failure);
    }
  }

  async #run(held: HeldScan): Promise<void> {
    this.#running += 1;
    try {
      await held.running.run(held.stop.signal);
    } catch (failure) {
      this.#options.log.warn({ err: failure }, 'a search for cameras failed');
      held.trouble = failure instanceof Error ? failure.message : String(failure);
    } finally {
      this.#running -= 1;
    }
    if (held.state === 'running') held.state = 'done';
    held.cancelTimer();
    if (!this.#scans.has(held.id)) return;
    held.cancelTimer = this.#options.clock.after(FORGET_AFTER_MS, () => this.#forget(held.id));
  }

  #cancel(held: HeldScan): void {
    if (held.state === 'running') held.state = 'cancelled';
    held.stop.abort();
  }

  #forget(id: string): void {
    this.#scans.get(id)?.cancelTimer();
    this.#scans.delete(id);
  }

  #require(id: string): HeldScan {
    const held = this.#scans.get(id);
    if (held === undefined) {
      throw new ApiError('SCAN_NOT_FOUND', 'There is no such search (any more); begin another one.');
    }
    return held;
  }

  #shown({ id, running, startedAt, state, trouble }: HeldScan, known = this.#knownHosts()): Scan {
    const { devices, notes, interfaces, asked, toAsk } = running.progress();
    return {
      ...{ id, state, startedAt, asked, toAsk },
      interfaces: [...interfaces],
      devices: devices.map((device) => ({ ...device, knownAs: known.get(device.host.toLowerCase()) ?? [] })),
      notes: trouble === undefined ? [...notes] : [...notes, trouble],
    };
  }

  /** Streams by the host that they are dialled at. */
  #knownHosts(): ReadonlyMap<string, string[]> {
    const known = new Map<string, string[]>();
    for (const { id, definition } of this.#options.hub.list()) {
      if (isInternalStream(id) || !URL.canParse(definition.source.url)) continue;
      const host = new URL(definition.source.url).hostname.replace(/^\[|\]$/g, '').toLowerCase();
      if (host !== '') known.set(host, [...(known.get(host) ?? []), id]);
    }
    return known;
  }
}
