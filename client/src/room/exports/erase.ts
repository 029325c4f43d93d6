import type { ErasedRecordings } from '../../../../shared/recording.ts';
import { err, ok, type Result } from '../../../../shared/result.ts';
import type { Failure } from '../api/call.ts';

/** What was deleted so far. */
export type Erased = Pick<ErasedRecordings, 'bytes' | 'locked'>;

/** Asks until nothing more is to be deleted, somebody stops it (`signal`) or it fails; tells of each step. */
export async function eraseAll(
  ask: () => Promise<Result<ErasedRecordings, Failure>>,
  signal: AbortSignal,
  onStep: (erased: Erased) => void,
): Promise<Result<Erased, Failure>> {
  let bytes = 0;
  for (;;) {
    const answer = await ask();
    // Of the last bit of it somebody else was quicker, or nothing is left to have a name.
    if (!answer.ok)
      return answer.error.code === 'STREAM_NOT_FOUND' ? ok({ bytes, locked: 0 }) : err(answer.error);
    const { locked, more, segments } = answer.value;
    bytes += answer.value.bytes;
    const erased = { bytes, locked };
    onStep(erased);
    // One that gets nowhere would go on for ever.
    if (!more || segments === 0 || signal.aborted) return ok(erased);
  }
}
