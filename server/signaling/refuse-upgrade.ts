import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ApiError } from '../../shared/errors.ts';

/** Answers an upgrade that is not wanted, as HTTP and in the shape of all errors, and closes the connection. */
export function refuseUpgrade(socket: Duplex, error: ApiError): void {
  const { code, message, status, details } = error;
  const body = JSON.stringify({ error: { code, message } });
  const retryAfterMs = details?.retryAfterMs;
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(code === 'UNAUTHORIZED' ? ['WWW-Authenticate: Bearer realm="sluice"'] : []),
    ...(typeof retryAfterMs === 'number' ? [`Retry-After: ${Math.ceil(retryAfterMs / 1000)}`] : []),
  ];
  // A client that is gone already is no news.
  socket.on('error', () => {});
  socket.once('finish', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
