import type { SegmentRow } from '../archive.ts';

/**
 * Where time was recorded twice (the clock was set back), the newest recording only: a segment goes if one of a
 * recording with a higher id overlaps it. What is left never overlaps. Takes and gives segments by `startMs`; gives
 * the same array where nothing overlaps.
 */
export function newestWins<T extends Pick<SegmentRow, 'startMs' | 'endMs' | 'recordingId'>>(
  segments: readonly T[],
): readonly T[] {
  if (!overlaps(segments)) return segments;
  const byRecording = new Map<number, T[]>();
  for (const segment of segments) {
    const group = byRecording.get(segment.recordingId);
    if (group === undefined) byRecording.set(segment.recordingId, [segment]);
    else group.push(segment);
  }
  let kept: readonly T[] = [];
  for (const id of [...byRecording.keys()].sort((a, b) => b - a)) {
    kept = fillIn(kept, byRecording.get(id) ?? []);
  }
  return kept;
}

function overlaps(segments: readonly Pick<SegmentRow, 'startMs' | 'endMs'>[]): boolean {
  let endMs = Number.NEGATIVE_INFINITY;
  for (const segment of segments) {
    if (segment.startMs < endMs) return true;
    endMs = segment.endMs;
  }
  return false;
}

/** Merges into `kept`, which does not overlap, those of `older` that overlap nothing of it (nor one another). */
function fillIn<T extends Pick<SegmentRow, 'startMs' | 'endMs'>>(
  kept: readonly T[],
  older: readonly T[],
): readonly T[] {
  const merged: T[] = [];
  let next = 0;
  let endMs = Number.NEGATIVE_INFINITY;
  for (const segment of older) {
    for (
      let newer = kept[next];
      newer !== undefined && newer.startMs <= segment.startMs;
      newer = kept[next]
    ) {
      merged.push(newer);
      endMs = newer.endMs;
      next += 1;
    }
    const after = kept[next];
    if (segment.startMs < endMs || (after !== undefined && after.startMs < segment.endMs)) continue;
    merged.push(segment);
    endMs = segment.endMs;
  }
  for (const newer of kept.slice(next)) merged.push(newer);
  return merged;
}
