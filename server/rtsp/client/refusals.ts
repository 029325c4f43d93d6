import { redactUrl } from '../../base/redact.ts';
import type { RtspResponse } from '../parse/index.ts';
import type { ChallengeVerdict } from './authenticator.ts';
import { RtspError, type RtspErrorContext } from './errors.ts';

/** Why the camera does not let us in. */
export function authFailure(
  verdict: Exclude<ChallengeVerdict, 'retry'>,
  context: RtspErrorContext,
): RtspError {
  return new RtspError('auth-failed', AUTH_MESSAGES[verdict], context);
}

const AUTH_MESSAGES: Record<Exclude<ChallengeVerdict, 'retry'>, string> = {
  'no-credentials': "The camera asks for a user name and password. Set both in the stream's source.",
  refused:
    "The camera refused the user name or the password. Correct them in the stream's source; with the old ones it is asked rarely, for cameras lock accounts after a few wrong tries.",
  'unknown-scheme':
    'The camera asks for a kind of login that the gateway does not know. Switch its RTSP authentication to Digest.',
};

/** What a status other than 2xx means, by RFC 2326 section 11 and by what cameras mean with it. */
export function refusal(response: RtspResponse, context: RtspErrorContext): RtspError {
  const status = response.statusCode;
  const full = { ...context, status };
  const location = response.headers.get('Location');
  if (status >= 300 && status < 400) {
    if (location === undefined) {
      return new RtspError(
        'redirect-refused',
        `The camera redirects (${status}) without saying where to.`,
        full,
      );
    }
    const message = `The camera redirects to another place (${status}).`;
    return new RtspError('redirected', message, { ...full, location });
  }
  switch (status) {
    case 403:
      return refused(
        'The camera forbids this stream to this user (403). Give the user the right to watch.',
        full,
      );
    case 404:
    case 410:
      return refused(
        `The camera knows no stream at this path (${status}). Check the part of the URL after the host; the camera's manual names it.`,
        full,
      );
    case 453:
    case 503:
      return refused(
        `The camera has no room for another connection (${status}). Close other viewers or recorders of it, or use its second stream.`,
        full,
      );
    case 454:
      return new RtspError('session-lost', 'The camera has forgotten the session (454).', full);
    case 461:
      return unsupportedTransport(full);
    default: {
      const reason = response.reason === '' ? '' : ` ${printable(response.reason)}`;
      return refused(`The camera answered ${context.method ?? 'a request'} with ${status}${reason}.`, full);
    }
  }
}

export function unsupportedTransport(context: RtspErrorContext): RtspError {
  const message =
    'The camera does not offer this transport (461). Set the transport of the source to auto, or to the other one.';
  return new RtspError('unsupported-transport', message, context);
}

export function encryptedMedia(context: RtspErrorContext = {}): RtspError {
  const message =
    'The camera encrypts its media by keys of its own (SRTP), which the gateway does not read. Leave "?enableSrtp" out of the URL where it has that (UniFi Protect), else switch SRTP off in the camera; rtsps encrypts as well.';
  return refused(message, context);
}

function refused(message: string, context: RtspErrorContext): RtspError {
  return new RtspError('refused', message, context);
}

/** Text of the camera's, short and harmless enough to be shown. */
export function printable(text: string): string {
  return redactUrl(text.replace(/[^\x20-\x7e]+/g, ' ')).slice(0, 80);
}
