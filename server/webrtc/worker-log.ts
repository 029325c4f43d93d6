import { setLogEventListeners } from 'mediasoup';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';

const REPORT_EVERY_MS = 1000;
const MAX_TEXT = 300;

/**
 * Leads mediasoup's own warnings and errors into our log. A worker may warn about every packet, so the last one
 * of a second stands for all of it, with their number. Returns the undo.
 */
export function captureWorkerLog(clock: Clock, log: Logger): () => void {
  let pending: { level: 'warn' | 'error'; text: string; count: number } | undefined;
  let cancel: (() => void) | undefined;
  const report = () => {
    cancel = undefined;
    if (pending === undefined) return;
    log[pending.level]({ count: pending.count, text: pending.text }, 'mediasoup reports trouble');
    pending = undefined;
  };
  const note = (level: 'warn' | 'error', namespace: string, text: string) => {
    const isWorse = level === 'error' || pending?.level !== 'error';
    pending = {
      level: isWorse ? level : 'error',
      text: isWorse ? `${namespace} ${text}`.slice(0, MAX_TEXT) : (pending?.text ?? ''),
      count: (pending?.count ?? 0) + 1,
    };
    cancel ??= clock.after(REPORT_EVERY_MS, report);
  };
  setLogEventListeners({
    onwarn: (namespace, text) => note('warn', namespace, text),
    onerror: (namespace, text) => note('error', namespace, text),
  });
  return () => {
    cancel?.();
    report();
    setLogEventListeners();
  };
}
