import { ApiError } from '../../shared/errors.ts';

export function noSuchStream(stream: string): ApiError {
  return new ApiError(
    'STREAM_NOT_FOUND',
    `There is no stream ${stream}; GET /api/v1/streams lists those there are.`,
  );
}

/** For what may be asked of streams that were removed too, as long as something of them is kept. */
export function nothingKeptOf(stream: string): ApiError {
  return new ApiError(
    'STREAM_NOT_FOUND',
    `There is no stream ${stream}, and nothing of it is kept; GET /api/v1/recordings lists of which there is something.`,
  );
}
