import { redactUrl } from '../../base/redact.ts';
import type { FramerError } from '../parse/index.ts';
import { RtspError, type RtspErrorContext } from './errors.ts';
import { INGEST_POLICY } from './ingest-limit.ts';

/** Bytes that are no RTSP, or beyond the limits. */
export function framingError(error: FramerError, context: RtspErrorContext): RtspError {
  if (error.code === 'NOT_RTSP') {
    const message = `What answers at ${context.peer ?? 'this address'} is no RTSP server (${error.message}). Check the port: RTSP is usually 554, the camera's web page is usually 80.`;
    return new RtspError('not-rtsp', message, context);
  }
  const message = `The camera sends data that cannot be read: ${redactUrl(error.message)}.`;
  return new RtspError('bad-data', message, context);
}

/** Far more than any camera has reason to send, and no end of it. */
export function flood(context: RtspErrorContext): RtspError {
  const mbit = (INGEST_POLICY.bytesPerSecond * 8) / 1e6;
  const message = `The camera has sent more than ${mbit} Mbit/s or ${INGEST_POLICY.packetsPerSecond} packets a second for ${INGEST_POLICY.patienceMs / 1000} s, and is cut off to protect the other streams. Lower its bit rate, or restart it.`;
  return new RtspError('bad-data', message, context);
}

/** Messages without end that nobody asked for; `what` they are. */
export function messageFlood(what: string, context: RtspErrorContext): RtspError {
  const message = `The camera floods the gateway with ${what}. Restart it, or update its firmware.`;
  return new RtspError('bad-data', message, context);
}

/** The camera does not read the connection any more. */
export function stuck(context: RtspErrorContext): RtspError {
  const message = 'The camera takes nothing any more of what is sent to it. If that goes on, restart it.';
  return new RtspError('silent', message, context);
}

/** REDIRECT came (RFC 2326 section 10.10); without a place it is the same one. */
export function sentElsewhere(location: string | undefined, context: RtspErrorContext): RtspError {
  return location === undefined
    ? new RtspError('ended', 'The camera asked to connect anew.', context)
    : new RtspError('redirected', 'The camera sends us to another place.', { ...context, location });
}

/** The socket is gone without our doing. */
export function socketEnd(failure: NodeJS.ErrnoException | undefined, context: RtspErrorContext): RtspError {
  if (failure === undefined) {
    return new RtspError('peer-closed', 'The camera closed the connection.', context);
  }
  const code = failure.code ?? 'unknown error';
  return new RtspError('peer-reset', `The connection to the camera broke (${code}).`, context, failure);
}
