import { parseStreamId, type StreamId } from '../../../shared/names.ts';

export interface StreamAddress {
  readonly id: StreamId;
  /** What follows the stream's path, for example `track1`; empty for the stream itself. */
  readonly control: string;
  /** The value of `access_token` in the query. */
  readonly token: string | undefined;
  /** URL of the stream as the client spells the gateway's address; without credentials, query or last slash. */
  readonly url: string;
}

const MAX_URI_CHARS = 2048;

/**
 * Reads a request's URI. With `withControl` the last path segment names a track of the stream (SETUP).
 * Returns undefined where it names no stream.
 */
export function parseStreamAddress(uri: string, withControl: boolean): StreamAddress | undefined {
  if (uri.length > MAX_URI_CHARS || !URL.canParse(uri)) return undefined;
  const url = new URL(uri);
  if (url.protocol !== 'rtsp:') return undefined;
  const segments = url.pathname.split('/').filter((segment) => segment !== '');
  const control = withControl ? (segments.pop() ?? '') : '';
  const stream = parseStreamId(segments.join('/'));
  if (stream === undefined) return undefined;
  return {
    id: stream.id,
    control,
    token: url.searchParams.get('access_token') ?? undefined,
    url: `rtsp://${url.host}/${segments.join('/')}`,
  };
}
