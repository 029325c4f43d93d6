const TICK_MS = 5;
const tickers = new Set<(nowMs: number) => void>();
let timer: NodeJS.Timeout | undefined;

/** Calls back every few milliseconds; a hundred cameras share one timer. Returns its undo. */
export function onTick(callback: (nowMs: number) => void): () => void {
  tickers.add(callback);
  timer ??= setInterval(() => {
    const nowMs = performance.now();
    for (const tick of tickers) tick(nowMs);
  }, TICK_MS);
  return () => {
    tickers.delete(callback);
    if (tickers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}
