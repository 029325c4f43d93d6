import type { FastifyReply } from 'fastify';
import { ApiError } from '../../shared/errors.ts';
import type { Logger } from '../base/log.ts';

/** What the HTTP framework refuses, in our words: its own ones may repeat what was sent. */
const REFUSED_BY_FRAMEWORK: ReadonlyMap<number, ApiError> = new Map([
  [413, new ApiError('PAYLOAD_TOO_LARGE', 'The body is larger than is taken here.')],
  [
    415,
    new ApiError(
      'UNSUPPORTED_MEDIA_TYPE',
      'A body of this content type is not taken here; the REST API wants "content-type: application/json".',
    ),
  ],
]);
const UNREADABLE = new ApiError(
  'BAD_REQUEST',
  'The body is no valid JSON, or not as long as its header says.',
);

/** The one shape of all errors: `{"error":{code,message,details}}`. */
export function errorBody(error: ApiError): object {
  const { code, message, details } = error;
  return { error: details === undefined ? { code, message } : { code, message, details } };
}

/** Sends an error; `status` only where a protocol (WHEP) wants another one than the code's own. */
export function replyWithError(reply: FastifyReply, error: ApiError, status = error.status): FastifyReply {
  const retryAfterMs = error.details?.retryAfterMs;
  if (typeof retryAfterMs === 'number') reply.header('retry-after', String(Math.ceil(retryAfterMs / 1000)));
  if (error.code === 'UNAUTHORIZED') reply.header('www-authenticate', 'Bearer realm="sluice"');
  return reply
    .code(status)
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(errorBody(error)));
}

/**
 * What may be told of a failure. Our own errors speak for themselves; anything that is neither one of them nor a
 * refusal of the framework is a bug, told to the log with an id and to the client as that id only.
 */
export function asApiError(failure: unknown, requestId: string, log: Logger): ApiError {
  if (failure instanceof ApiError) return failure;
  const status = statusOf(failure);
  if (status !== undefined && status >= 400 && status < 500) {
    return REFUSED_BY_FRAMEWORK.get(status) ?? UNREADABLE;
  }
  log.error(
    { requestId, failure: describeFailure(failure) },
    'A request failed because of a fault of the gateway.',
  );
  return new ApiError('INTERNAL', `The gateway failed to do this. Its log tells more under "${requestId}".`, {
    requestId,
  });
}

function describeFailure(failure: unknown): string {
  return failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
}

function statusOf(failure: unknown): number | undefined {
  if (typeof failure !== 'object' || failure === null || !('statusCode' in failure)) return undefined;
  return typeof failure.statusCode === 'number' ? failure.statusCode : undefined;
}
