import { systemClock } from './clock.ts';
import type { Logger } from './log.ts';

/** An orderly stop that takes longer than this is given up. */
const STOP_TIMEOUT_MS = 15_000;
/** systemd signals every process of a service, and whoever started us passes the signal on: that is one and the same. */
const SAME_SIGNAL_MS = 300;

/** The first signal stops everything in order; the second one exits at once. */
export function stopOnSignals(close: () => Promise<void>, log: Logger): void {
  let stoppingSinceMs: number | undefined;
  const stop = (signal: NodeJS.Signals) => {
    const nowMs = systemClock.monotonicMs();
    if (stoppingSinceMs !== undefined) {
      if (nowMs - stoppingSinceMs > SAME_SIGNAL_MS) process.exit(130);
      return;
    }
    stoppingSinceMs = nowMs;
    log.info({ signal }, 'stopping; once more to exit at once');
    const cancel = systemClock.after(STOP_TIMEOUT_MS, () => {
      log.error({}, 'stopping took too long; giving up');
      process.exit(1);
    });
    close()
      .catch((failure: unknown) => log.error({ err: failure }, 'something did not stop in order'))
      .finally(() => {
        cancel();
        log.info({}, 'stopped');
        process.exit(0);
      });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(signal));
}
