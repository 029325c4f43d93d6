/** Time that moves only when told, with the wall clock real. */
export function manualTimers() {
  interface Timer {
    readonly delayMs: number;
    readonly repeat: boolean;
    dueMs: number;
    readonly callback: () => void;
  }
  const timers = new Set<Timer>();
  let nowMs = 1_000_000;
  const add = (delayMs: number, repeat: boolean, callback: () => void) => {
    const timer = { delayMs, repeat, dueMs: nowMs + delayMs, callback };
    timers.add(timer);
    return () => {
      timers.delete(timer);
    };
  };
  return {
    wallMs: () => Date.now(),
    monotonicMs: () => nowMs,
    after: (delayMs: number, callback: () => void) => add(delayMs, false, callback),
    every: (intervalMs: number, callback: () => void) => add(intervalMs, true, callback),
    isWaiting: (delayMs: number) => [...timers].some((timer) => !timer.repeat && timer.delayMs === delayMs),
    /** Fires the single timers of this delay. */
    fire(delayMs: number) {
      for (const timer of [...timers]) {
        if (timer.repeat || timer.delayMs !== delayMs) continue;
        timers.delete(timer);
        timer.callback();
      }
    },
    /** Lets time pass at a thousand steps, firing what is due. */
    advance(byMs: number) {
      const endMs = nowMs + byMs;
      while (nowMs < endMs) {
        nowMs += 100;
        for (const timer of [...timers]) {
          if (timer.dueMs > nowMs || !timers.has(timer)) continue;
          if (timer.repeat) timer.dueMs = nowMs + timer.delayMs;
          else timers.delete(timer);
          timer.callback();
        }
      }
    },
  };
}
