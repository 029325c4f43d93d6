import type { CameraEvent, EventKind } from '../../../../../shared/events.ts';

/** Events of one kind that follow one another so closely that they are shown as one. Times are Unix milliseconds. */
export interface Bundle {
  readonly kind: EventKind;
  /** The one that began first. */
  readonly first: CameraEvent;
  readonly count: number;
  readonly startMs: number;
  /** Of what goes on: now. */
  readonly endMs: number;
  readonly isActive: boolean;
}

/** How far apart they may lie, and begin. */
export interface Bundling {
  readonly apartMs: number;
  readonly spreadMs: number;
}

/** Joins events of the same kind and name. In the order of their starts. */
export function bundlesOf(
  events: readonly CameraEvent[],
  { apartMs, spreadMs }: Bundling,
  nowMs: number,
): Bundle[] {
  const made: Bundle[] = [];
  /** Where the newest bundle of each kind and name stands in `made`. */
  const newest = new Map<string, number>();
  for (const event of [...events].sort((a, b) => a.start - b.start)) {
    const { kind, label = '', start, isActive } = event;
    const endMs = Math.max(start, event.end ?? (isActive ? nowMs : start));
    const key = `${kind} ${label}`;
    const at = newest.get(key) ?? -1;
    const before = made[at];
    if (before !== undefined && start - before.endMs <= apartMs && start - before.startMs < spreadMs) {
      made[at] = {
        ...before,
        count: before.count + 1,
        endMs: Math.max(before.endMs, endMs),
        isActive: before.isActive || isActive,
      };
    } else {
      newest.set(key, made.length);
      made.push({ kind, first: event, count: 1, startMs: start, endMs, isActive });
    }
  }
  return made;
}
