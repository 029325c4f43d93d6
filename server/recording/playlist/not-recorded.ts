import { ApiError } from '../../../shared/errors.ts';
import { GAP_WORDS } from '../../../shared/gap-words.ts';
import type { StreamId } from '../../../shared/names.ts';
import type { RecordingTimeline } from '../../../shared/recording.ts';
import { isoTime } from '../../../shared/time.ts';

const MAX_REASONS = 5;

/** A 404 for a time of which nothing is kept, with the reasons that the ledger has. */
export function notRecorded(
  stream: StreamId,
  range: { startMs: number; endMs: number },
  gaps: RecordingTimeline['gaps'],
): ApiError {
  const reasons = [...new Set(gaps.map(({ reason }) => reason))];
  const words = reasons.slice(0, MAX_REASONS).map((reason) => GAP_WORDS[reason]);
  const why = words.length === 0 ? '' : `: ${words.join('; ')}`;
  return new ApiError(
    'NOT_RECORDED',
    `Nothing of ${stream} is recorded from ${isoTime(range.startMs)} to ${isoTime(range.endMs)}${why}.`,
    { reasons },
  );
}
