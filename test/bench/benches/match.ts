import type { SentLog } from '../camera/sent-log.ts';
import type { ReceivedLog } from '../viewers/received-log.ts';

export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Matched {
  /** From a picture's last packet at the camera to its last packet at the viewer. */
  readonly latenciesMs: number[];
  /** Pictures that were sent within the window and never came whole. */
  readonly lost: number;
}

/**
 * Pairs what was sent with what came. The footage is a loop, so of several times at which a picture was sent the
 * last one before its arrival counts. Pure.
 */
export function matchPictures(sent: SentLog, received: ReceivedLog, window: TimeWindow): Matched {
  const timesByTail = new Map<string, number[]>();
  sent.tails.forEach((tail, index) => {
    const sentMs = sent.sentMs[index] ?? 0;
    const times = timesByTail.get(tail);
    if (times === undefined) timesByTail.set(tail, [sentMs]);
    else times.push(sentMs);
  });
  const latenciesMs: number[] = [];
  const arrived = new Set<number>();
  received.tails.forEach((tail, index) => {
    const receivedMs = received.receivedMs[index] ?? 0;
    const sentMs = timesByTail.get(tail)?.findLast((time) => time <= receivedMs);
    if (sentMs === undefined || arrived.has(sentMs)) return;
    arrived.add(sentMs);
    if (isWithin(sentMs, window)) latenciesMs.push(receivedMs - sentMs);
  });
  const expected = sent.sentMs.filter((sentMs) => isWithin(sentMs, window));
  return { latenciesMs, lost: expected.filter((sentMs) => !arrived.has(sentMs)).length };
}

function isWithin(timeMs: number, { fromMs, toMs }: TimeWindow): boolean {
  return timeMs >= fromMs && timeMs <= toMs;
}
