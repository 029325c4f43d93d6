import type { FastifyReply } from 'fastify';
import { ApiError, type ErrorCode } from '../../shared/errors.ts';
import type { Logger } from '../base/log.ts';

const CODE_BY_STATUS: ReadonlyMap<number, ErrorCode> = new Map([
  [401, 'UNAUTHORIZED'],
  [403, 'FORBIDDEN'],
  [404, 'NOT_FOUND'],
  [413, 'PAYLOAD_TOO_LARGE'],
  [415, 'UNSUPPORTED_MEDIA_TYPE'],
  [429, 'RATE_LIMITED'],
]);

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
 * What may be told of a failure. Our own errors and those of the HTTP parser speak for themselves; anything else
 * is a bug, told to the log with an id and to the client as that id only.
 */
export function asApiError(failure: unknown, requestId: string, log: Logger): ApiError {
  if (failure instanceof ApiError) return failure;
  const status = statusOf(failure);
  if (status !== undefined && status >= 400 && status < 500 && failure instanceof Error) {
    return new ApiError(CODE_BY_STATUS.get(status) ?? 'BAD_REQUEST', sentence(failure.message));
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

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
