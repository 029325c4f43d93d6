import type { ApiError } from '../../../shared/errors.ts';
import type { StreamId } from '../../../shared/names.ts';
import type { RecordingTimeline } from '../../../shared/recording.ts';
import { type Clock, sleep } from '../../base/clock.ts';
import type { LiveSegments } from '../live.ts';
import { notRecorded } from '../playlist/not-recorded.ts';
import type { RecordingArchive } from '../store/recording-archive.ts';
import type { TimeRange } from './plan.ts';

/** What exports need of the rest of recording. */
export interface Footage {
  readonly archive: Pick<
    RecordingArchive,
    'flush' | 'newestEndMs' | 'kept' | 'rootOf' | 'recordingsDirOf' | 'roots'
  >;
  readonly live: Pick<LiveSegments, 'state' | 'segmentMs'>;
  timeline(stream: StreamId, fromMs: number, toMs: number): Promise<RecordingTimeline>;
  /** Whether there is such a stream (footage of a removed one is kept for a while all the same). */
  hasStream(stream: StreamId): boolean;
}

const POLL_MS = 250;
/** A segment ends at a key frame, which may be late. */
const SEGMENT_SLACK_MS = 10_000;

/** Whether anything of the stream may be asked for. */
export function isKnown(footage: Footage, stream: StreamId): boolean {
  return footage.hasStream(stream) || (footage.archive.kept(stream).segments ?? 0) > 0;
}

/**
 * Resolves when what was recorded up to `untilMs` can be found in the index: the newest segment may not be cut yet. Gives up
 * after a bounded wait, since a camera may be gone.
 */
export async function settled(
  footage: Footage,
  clock: Clock,
  { stream, untilMs, stop }: { stream: StreamId; untilMs: number; stop: AbortSignal },
): Promise<void> {
  const { archive, live } = footage;
  const giveUpMs = clock.monotonicMs() + 2 * live.segmentMs(stream) + SEGMENT_SLACK_MS;
  while (!stop.aborted) {
    const newestMs = await archive.newestEndMs(stream);
    const isBehind = (newestMs ?? 0) < untilMs;
    if (!isBehind || live.state(stream).state !== 'recording' || clock.monotonicMs() >= giveUpMs) break;
    await sleep(clock, POLL_MS, stop);
  }
  await archive.flush();
}

/** What to throw where nothing of the time was recorded, with the reasons. */
export async function nothingRecorded(
  footage: Footage,
  stream: StreamId,
  { start, end }: TimeRange,
): Promise<ApiError> {
  const { gaps } = await footage.timeline(stream, start, end);
  return notRecorded(stream, { startMs: start, endMs: end }, gaps);
}
