import { beforeEach, type TestContext } from 'vitest';

/** Whether the test failed before and has another try (`retry` in vitest.config.ts). */
export const isTriedAgain = ({ task }: TestContext): boolean => (task.result?.retryCount ?? 0) > 0;

/**
 * Gives each further try of a test anew what the tests share, at the level of its file or `describe`: in what the failed try left
 * behind (a stream that exists by now, a camera that is away, a gap in the recording) the next could only fail too. Not for
 * concurrent tests, whose others are at work with it.
 */
export function anewForAnotherTry(
  close: () => Promise<unknown>,
  open: () => Promise<unknown>,
  timeoutMs?: number,
): void {
  beforeEach(async (context) => {
    if (!isTriedAgain(context)) return;
    await close();
    await open();
  }, timeoutMs);
}
