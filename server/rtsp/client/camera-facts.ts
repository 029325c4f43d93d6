import type { Drift, SourceReport } from '../../../shared/report.ts';
import { ClockDrift } from '../../base/clock-drift.ts';

/** What a connection tells of its camera; the parts that it does not know yet are left out. */
export interface ConnectionFacts {
  readonly connection: SourceReport['connection'];
  readonly received: SourceReport['received'];
}

/**
 * What is known of a camera over all its connections: of the present one as far as that got, of the last one beside
 * that, so that the report says something of a camera that is away.
 */
export class CameraFacts {
  readonly #wallClock = new ClockDrift();
  #read: (() => ConnectionFacts | undefined) | undefined;
  #last: ConnectionFacts | undefined;
  #connections = 0;

  /** A connection begins; `read` tells what it knows at that moment. Returns its undo: what it knew last is kept. */
  connected(read: () => ConnectionFacts | undefined): () => void {
    this.#read = read;
    return () => {
      if (this.#read !== read) return;
      this.#last = this.#merged();
      this.#read = undefined;
    };
  }

  /** Media flows: the camera agreed to play. */
  playing(): void {
    this.#connections += 1;
    this.#wallClock.restart();
  }

  /** A sender report of the video, or of the sound where there is no other. */
  senderReport(ntpMs: number, receivedAtMs: number): void {
    this.#wallClock.add(ntpMs, receivedAtMs);
  }

  /** Undefined before the first connection. */
  get report(): SourceReport | undefined {
    const facts = this.#merged();
    if (facts === undefined) return undefined;
    const drift: Drift | undefined = this.#wallClock.drift;
    return {
      ...facts,
      ...(drift === undefined ? {} : { wallClockDrift: drift }),
      connections: this.#connections,
    };
  }

  #merged(): ConnectionFacts | undefined {
    const now = this.#read?.();
    const last = this.#last;
    if (now === undefined || last === undefined) return now ?? last;
    const hasMedia = now.received.some(({ packets }) => packets.count > 0);
    const hasTracks = now.connection.offered.length > 0;
    return {
      connection: hasTracks
        ? now.connection
        : { ...now.connection, offered: last.connection.offered, methods: last.connection.methods },
      received: hasMedia ? now.received : last.received,
    };
  }
}
