import { errorBodySchema } from '../../../shared/errors.ts';
import { LiveError, type Reason } from '../live/index.ts';

/**
 * Why HLS did not go on, and what follows.
 * - `retry`: the same again soon
 * - `wait`: the server is fine, the camera is not there; the same again soon
 * - `fail`: something has to be changed first; tried again now and then all the same
 */
export interface HlsFailure {
  readonly kind: 'retry' | 'wait' | 'fail';
  readonly reason: Reason;
}

/** What an HTTP answer that is no success means; `status` is 0 where there was none. */
export function failureOfAnswer(status: number, body: string): HlsFailure {
  if (status === 0) {
    return retry({ code: 'SERVER_UNREACHABLE', message: 'The server cannot be reached.' });
  }
  const parsed = errorBodySchema.safeParse(parseJson(body));
  if (!parsed.success) {
    return retry({
      code: 'BAD_ANSWER',
      message: `The server answered with status ${status}. It is asked again by itself; if this lasts, look at its log.`,
    });
  }
  const { code, message } = parsed.data.error;
  const error = new LiveError(code, message);
  if (code === 'STREAM_NOT_LIVE') return { kind: 'wait', reason: error.reason };
  return { kind: error.retryable ? 'retry' : 'fail', reason: error.reason };
}

export function retry(reason: Reason): HlsFailure {
  return { kind: 'retry', reason };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
