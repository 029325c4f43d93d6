import { err, ok, type Result } from '../../../shared/result.ts';
import { RtspError } from './errors.ts';
import { parseTarget } from './target.ts';

/** A URL to dial, with the credentials that may be used there. */
export interface Destination {
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

export const MAX_REDIRECTS = 3;

/**
 * Where a redirect leads, or why it is not followed: never from rtsps to rtsp, and never with the credentials to
 * another host. (Whether the new address may be dialled at all is checked again when it is.)
 */
export function followRedirect(from: Destination, location: string): Result<Destination, RtspError> {
  const before = parseTarget(from.url);
  if (!before.ok) return before;
  let text: string;
  try {
    text = new URL(location, before.value.requestUrl).href;
  } catch {
    return err(new RtspError('redirect-refused', 'The camera redirects to something that is no URL.'));
  }
  const after = parseTarget(text);
  if (!after.ok) {
    return err(
      new RtspError(
        'redirect-refused',
        'The camera redirects to something that is no RTSP; it is not followed.',
      ),
    );
  }
  if (before.value.secure && !after.value.secure) {
    const message =
      'The camera redirects from rtsps to rtsp, that is out of the encryption; it is not followed.';
    return err(new RtspError('redirect-refused', message));
  }
  const { requestUrl } = after.value;
  if (!isSameHost(from.url, requestUrl)) return ok({ url: requestUrl });
  return ok({ url: requestUrl, username: from.username, password: from.password });
}

/** Whether both name one host, whatever their ports. */
export function isSameHost(one: string, other: string): boolean {
  const [a, b] = [parseTarget(one), parseTarget(other)];
  return a.ok && b.ok && a.value.host.toLowerCase() === b.value.host.toLowerCase();
}
