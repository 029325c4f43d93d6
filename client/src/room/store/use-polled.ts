import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { Result } from '../../../../shared/result.ts';
import type { Failure } from '../api/call.ts';

/** What was asked for again and again; `value` is the last one that came, whatever came after it. */
export interface Polled<T> {
  readonly value: T | undefined;
  /** Why the last answer is not there; undefined where it is. */
  readonly failure: Failure | undefined;
  /** Asks at once. */
  readonly refresh: () => void;
}

interface Answered<T> extends Omit<Polled<T>, 'refresh'> {
  readonly of: string | undefined;
}

/**
 * Asks from now on while the page is seen; `everyMs` says by the last answer when to ask next. Of another thing (`of`, such as
 * another stream) nothing is known before its first answer.
 */
export function usePolled<T>(
  read: () => Promise<Result<T, Failure>>,
  everyMs: (last: T | undefined) => number,
  of?: string,
): Polled<T> {
  const [state, setState] = useState<Answered<T>>({ of, value: undefined, failure: undefined });
  const asked = useRef({ read, everyMs });
  asked.current = { read, everyMs };
  const ask = useRef<() => void>(() => {});
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let asks = 0;
    let last: T | undefined;
    let isOver = false;
    ask.current = async () => {
      clearTimeout(timer);
      asks += 1;
      const own = asks;
      const answer = await asked.current.read();
      // A later one is under way, and knows better.
      if (isOver || own !== asks) return;
      if (answer.ok) last = answer.value;
      setState({ of, value: last, failure: answer.ok ? undefined : answer.error });
      if (document.visibilityState === 'visible') {
        timer = setTimeout(() => ask.current(), asked.current.everyMs(last));
      }
    };
    const onSeen = (): void => {
      if (document.visibilityState === 'visible') ask.current();
    };
    document.addEventListener('visibilitychange', onSeen);
    ask.current();
    return () => {
      isOver = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onSeen);
    };
  }, [of]);
  const { value, failure } = state.of === of ? state : { value: undefined, failure: undefined };
  return { value, failure, refresh: useCallback(() => ask.current(), []) };
}
