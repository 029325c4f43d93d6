import { cpus } from 'node:os';
import { type Clock, sleep } from '../base/clock.ts';

/** An older look says nothing of now. */
const STALE_MS = 60_000;
/** Two looks closer together say nothing at all. */
const SHORTEST_MS = 400;

interface Look {
  readonly atMs: number;
  readonly gatewayUs: number;
  readonly busyMs: number;
  readonly allMs: number;
}

export interface Load {
  /** Cores' worth that this process takes. */
  readonly gateway: number;
  /** Of all cores, 0..1. */
  readonly machine: number;
}

/** How busy this process and the machine are, between one question and the next. */
export class LoadMeter {
  readonly #clock: Clock;
  #last: Look | undefined;
  #latest: Load = { gateway: 0, machine: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async read(): Promise<Load> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#last === undefined || nowMs - this.#last.atMs > STALE_MS) {
      this.#last = look(nowMs);
      await sleep(this.#clock, SHORTEST_MS);
    }
    const now = look(this.#clock.monotonicMs());
    const before = this.#last;
    const overMs = now.atMs - before.atMs;
    if (overMs < SHORTEST_MS) return this.#latest;
    this.#last = now;
    const allMs = now.allMs - before.allMs;
    this.#latest = {
      gateway: (now.gatewayUs - before.gatewayUs) / 1000 / overMs,
      machine: allMs <= 0 ? 0 : Math.min(1, Math.max(0, (now.busyMs - before.busyMs) / allMs)),
    };
    return this.#latest;
  }
}

function look(atMs: number): Look {
  const { user, system } = process.cpuUsage();
  let busyMs = 0;
  let allMs = 0;
  for (const { times } of cpus()) {
    const busy = times.user + times.nice + times.sys + times.irq;
    busyMs += busy;
    allMs += busy + times.idle;
  }
  return { atMs, gatewayUs: user + system, busyMs, allMs };
}
