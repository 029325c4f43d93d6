import type { Clock } from '../base/clock.ts';

const ASK_EVERY_MS = 1000;
/**
 * So many questions later without an answer a worker hangs. Ticks are counted, not time: where this process itself stood
 * still, one tick is all that its worker missed.
 */
const MAX_UNANSWERED = 4;

/** Asks a worker each second whether it still works, and tells once when it does not. */
export function watchWorker(clock: Clock, worker: { ask(): Promise<unknown>; onHung(): void }): () => void {
  let unanswered = 0;
  const stop = clock.every(ASK_EVERY_MS, () => {
    unanswered += 1;
    if (unanswered > MAX_UNANSWERED) {
      stop();
      worker.onHung();
      return;
    }
    // One question at a time: a worker that wakes up is not to find a heap of them.
    if (unanswered > 1) return;
    const answered = () => {
      unanswered = 0;
    };
    // A refusal is an answer too; that of a worker that ended is told by its process.
    worker.ask().then(answered, answered);
  });
  return stop;
}
