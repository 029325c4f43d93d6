import { errorBodySchema } from '../../../shared/errors.ts';
import { LiveError } from './live-error.ts';
import type { Target } from './wire.ts';

const PROBE_TIMEOUT_MS = 5_000;
const BLOCKED =
  'The server answers, but its WebSocket cannot be opened. A proxy that does not pass WebSockets on is the usual cause.';

/**
 * Why signaling could not be opened. A browser tells a page nothing about a WebSocket that was refused, so the
 * same server is asked over HTTP. Gives undefined where nobody answers there either.
 */
export async function probeRefusal(target: Target): Promise<LiveError | undefined> {
  try {
    const response = await fetch(`${target.server}/api/v1/streams`, {
      headers: target.token === undefined ? {} : { authorization: `Bearer ${target.token}` },
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    });
    if (response.ok) return new LiveError('SIGNALING_BLOCKED', BLOCKED);
    const body = errorBodySchema.safeParse(await response.json());
    return body.success ? new LiveError(body.data.error.code, body.data.error.message) : undefined;
  } catch {
    return undefined;
  }
}
