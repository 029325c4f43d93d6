import type { GapReason, RecordingTimeline } from '../../../shared/recording.ts';
import type { TimeRange } from './plan.ts';

/** A time that is missing, and why. */
export interface ExplainedGap extends TimeRange {
  readonly reason: GapReason;
}

/**
 * Says of each gap why it is one, by the ledger; a gap with several reasons becomes several. What the ledger holds for
 * recorded (two recordings that overlap by less than a segment) is told as a restart of the recorder.
 */
export function explainGaps(
  gaps: readonly TimeRange[],
  ledger: Pick<RecordingTimeline, 'gaps'>,
): ExplainedGap[] {
  const explained: ExplainedGap[] = [];
  const add = (gap: ExplainedGap) => {
    if (gap.end > gap.start) explained.push(gap);
  };
  for (const gap of gaps) {
    let at = gap.start;
    for (const { start, end, reason } of ledger.gaps) {
      if (end <= at || start >= gap.end) continue;
      add({ start: at, end: start, reason: 'RECORDER_RESTARTED' });
      const from = Math.max(at, start);
      at = Math.min(end, gap.end);
      add({ start: from, end: at, reason });
    }
    add({ start: at, end: gap.end, reason: 'RECORDER_RESTARTED' });
  }
  return explained;
}
