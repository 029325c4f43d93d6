import { errors } from 'mediasoup';
import { ApiError } from '../../shared/errors.ts';
import type { WorkerHandle } from './worker-handle.ts';

/** What went wrong inside mediasoup, as an error that may be shown to the viewer who asked. */
export function toApiError(failure: unknown, worker?: WorkerHandle): ApiError {
  if (failure instanceof ApiError) return failure;
  if (worker !== undefined && !worker.isAlive) return workerDied();
  if (failure instanceof errors.UnsupportedError) {
    return new ApiError('NO_COMMON_CODEC', 'The viewer supports none of the codecs of this stream.');
  }
  if (failure instanceof TypeError) {
    return new ApiError('BAD_REQUEST', `The media parameters are not valid: ${failure.message}.`);
  }
  return new ApiError('INTERNAL', 'The media server failed to do this; try again.');
}

export function workerDied(): ApiError {
  return new ApiError('WORKER_DIED', 'A media worker ended unexpectedly; watch again.');
}

export function shuttingDown(): ApiError {
  return new ApiError('SHUTTING_DOWN', 'The gateway is shutting down.');
}

export function unsuitable(why: string): ApiError {
  return new ApiError('WEBRTC_UNSUITABLE', why);
}
