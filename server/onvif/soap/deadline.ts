import type { Clock } from '../../base/clock.ts';
import { OnvifError } from '../errors.ts';

export interface Deadline {
  readonly signal: AbortSignal;
  /** Has to be called when the work is over. */
  clear(): void;
}

/** Aborts with an OnvifError: `timeout` after that time, `stopped` when one of the others aborts. */
export function deadline(
  clock: Clock,
  timeoutMs: number,
  timeoutMessage: string,
  others: readonly (AbortSignal | undefined)[],
): Deadline {
  const controller = new AbortController();
  const cancel = clock.after(timeoutMs, () => controller.abort(new OnvifError('timeout', timeoutMessage)));
  const onAbort = () =>
    controller.abort(new OnvifError('stopped', 'The gateway no longer waits for the camera.'));
  for (const other of others) {
    if (other?.aborted) onAbort();
    other?.addEventListener('abort', onAbort, { once: true });
  }
  return {
    signal: controller.signal,
    clear() {
      cancel();
      for (const other of others) other?.removeEventListener('abort', onAbort);
    },
  };
}
