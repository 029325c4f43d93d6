import { isInternalStream, NAME_PATTERN, type StreamId, streamId } from '../../shared/names.ts';
import type { Clock } from '../base/clock.ts';

/** A player that has asked for nothing of a stream for so long is gone; live ones ask every few seconds. */
const GONE_AFTER_MS = 20_000;
const MAX_KEPT = 2_000;

export interface HlsViewer {
  readonly stream: StreamId;
  readonly address: string;
  readonly sinceMs: number;
}

/**
 * Who plays over HLS: a player has no connection of its own there, so it is whoever asks for a stream's playlist or segments
 * again and again.
 */
export class HlsViewers {
  readonly #clock: Clock;
  /** The last to have asked is the last here. */
  readonly #seen = new Map<string, HlsViewer & { lastMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A request for a stream's playlist or segment was answered. `agent` tells players at one address apart. */
  note(app: unknown, name: unknown, from: { address: string; agent: string | undefined }): void {
    if (typeof app !== 'string' || typeof name !== 'string') return;
    if (!NAME_PATTERN.test(app) || !NAME_PATTERN.test(name)) return;
    const stream = streamId(app, name);
    if (isInternalStream(stream)) return;
    const key = `${stream} ${from.address} ${from.agent?.slice(0, 200) ?? ''}`;
    const nowMs = this.#clock.monotonicMs();
    const known = this.#seen.get(key);
    this.#seen.delete(key);
    const isBack = known !== undefined && nowMs - known.lastMs < GONE_AFTER_MS;
    const sinceMs = isBack ? known.sinceMs : this.#clock.wallMs();
    this.#seen.set(key, { stream, address: from.address, sinceMs, lastMs: nowMs });
    this.#forgetOld(nowMs);
  }

  list(): HlsViewer[] {
    this.#forgetOld(this.#clock.monotonicMs());
    return [...this.#seen.values()].map(({ stream, address, sinceMs }) => ({ stream, address, sinceMs }));
  }

  #forgetOld(nowMs: number): void {
    for (const [key, { lastMs }] of this.#seen) {
      if (nowMs - lastMs < GONE_AFTER_MS && this.#seen.size <= MAX_KEPT) return;
      this.#seen.delete(key);
    }
  }
}
