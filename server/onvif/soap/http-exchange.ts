import { request as requestHttp } from 'node:http';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { OnvifError, type OnvifErrorContext } from '../errors.ts';
import { hostPort } from '../target.ts';

/** Where a request goes, whatever names it bears. */
export interface PinnedAddress {
  /** The IP address that is connected to. */
  readonly ip: string;
  /** For the Host header and the certificate. */
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  /** SHA-256 of the one certificate that is taken; undefined: the system's roots decide. */
  readonly fingerprint?: string | undefined;
}

export interface HttpRequest {
  readonly address: PinnedAddress;
  readonly method: 'GET' | 'POST';
  /** Path and query, with `/` in front. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Of the answer's body. */
  readonly maxBytes: number;
  /** Ends it; the reason is what the promise rejects with. */
  readonly signal: AbortSignal;
  /** For messages. */
  readonly action: string;
}

export interface HttpReply {
  readonly status: number;
  /** All WWW-Authenticate fields. */
  readonly challenges: readonly string[];
  readonly contentType: string;
  readonly body: Buffer;
}

const MIN_TLS = 'TLSv1.2';
/**
 * Parts that an answer may come in. A camera that sends a chunk for each line has some thousand; in chunks of one byte 16 MiB
 * would take gigabytes here.
 */
const MAX_PARTS = 16_384;
/** Of "103 Early Hints" and the like before the answer, which no camera sends; by the hundred thousand they would take all our time. */
const MAX_INTERIM = 8;
let pinnedContext: SecureContext | undefined;

/**
 * One HTTP request on a connection of its own, to that address and no other: redirects are not followed. What the answer may take is bounded
 * in bytes by `maxBytes` and in time by `signal`, however slowly it comes.
 *
 * @throws {OnvifError} connect-failed, tls-failed, certificate, closed, not-onvif; or the signal's reason
 */
export async function exchangeHttp(request: HttpRequest): Promise<HttpReply> {
  const { address, signal, action } = request;
  const context: OnvifErrorContext = { peer: hostPort(address.host, address.port), action };
  const socket = await open(address, signal, context);
  try {
    return await send(request, socket, context);
  } finally {
    socket.destroy();
  }
}

function open(address: PinnedAddress, signal: AbortSignal, context: OnvifErrorContext): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const socket = address.secure
      ? openTls(address)
      : connectTcp({ host: address.ip, port: address.port, noDelay: true });
    const settle = (failure?: unknown) => {
      signal.removeEventListener('abort', onAbort);
      if (failure === undefined) {
        resolve(socket);
        return;
      }
      socket.destroy();
      reject(failure);
    };
    const onAbort = () => settle(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    // Stays for the socket's life: an error without a listener would end the process.
    socket.on('error', (failure: NodeJS.ErrnoException) => settle(connectError(failure, address, context)));
    socket.once(address.secure ? 'secureConnect' : 'connect', () =>
      settle(address.secure ? certificateError(socket as TLSSocket, address, context) : undefined),
    );
  });
}

function openTls(address: PinnedAddress): TLSSocket {
  // Cameras make certificates of their own with short keys and old signatures. The pin vouches for those, no signature.
  if (address.fingerprint !== undefined) {
    pinnedContext ??= createSecureContext({ ca: [], minVersion: MIN_TLS, ciphers: 'DEFAULT@SECLEVEL=0' });
  }
  return connectTls({
    ...(address.fingerprint === undefined ? { minVersion: MIN_TLS } : { secureContext: pinnedContext }),
    host: address.ip,
    port: address.port,
    ...(isIP(address.host) === 0 ? { servername: address.host } : {}),
    // Judged at `secureConnect`, before a byte is sent: only so can the message tell which certificate came.
    rejectUnauthorized: false,
  }).setNoDelay(true);
}

function certificateError(
  socket: TLSSocket,
  address: PinnedAddress,
  context: OnvifErrorContext,
): OnvifError | undefined {
  const seen = socket.getPeerX509Certificate()?.fingerprint256;
  const peer = hostPort(address.host, address.port);
  if (address.fingerprint !== undefined) {
    if (seen === address.fingerprint) return undefined;
    const message = `The certificate of ${peer} is not the one that is pinned: its fingerprint is ${seen ?? 'missing'}, tlsFingerprint says ${address.fingerprint}. If the camera was reset or got a new certificate, set tlsFingerprint anew; otherwise somebody else may be answering in its place.`;
    return new OnvifError('certificate', message, context);
  }
  if (socket.authorized) return undefined;
  const message = `Nobody vouches for the certificate of ${peer} (${String(socket.authorizationError)}). If this is your camera, set tlsFingerprint in the stream's source to ${seen ?? "the certificate's SHA-256"}, once you have compared it with what the camera's own page shows.`;
  return new OnvifError('certificate', message, context);
}

function send(request: HttpRequest, socket: Socket, context: OnvifErrorContext): Promise<HttpReply> {
  const { address, method, path, headers, body, maxBytes, signal } = request;
  return new Promise((resolve, reject) => {
    const outgoing = requestHttp({
      createConnection: () => socket,
      method,
      path,
      headers: {
        Host: hostHeader(address),
        Connection: 'close',
        ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, asBytes(value)])),
        ...(body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }),
      },
      // Cameras send blanks, doubled fields and worse; one answer on a connection leaves nothing to smuggle.
      insecureHTTPParser: true,
    });
    const onAbort = () => fail(signal.reason);
    const done = () => signal.removeEventListener('abort', onAbort);
    const fail = (failure: unknown) => {
      done();
      outgoing.destroy();
      socket.destroy();
      reject(failure);
    };
    if (signal.aborted) {
      fail(signal.reason);
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    outgoing.on('error', (failure: NodeJS.ErrnoException) => fail(replyError(failure, address, context)));
    let interim = 0;
    outgoing.on('information', () => {
      if (++interim > MAX_INTERIM) fail(inCrumbs(address, context));
    });
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      let sizeBytes = 0;
      incoming.on('data', (chunk: Buffer) => {
        sizeBytes += chunk.length;
        if (sizeBytes > maxBytes) {
          fail(tooLong(address, maxBytes, context));
          return;
        }
        if (chunks.push(chunk) > MAX_PARTS) fail(inCrumbs(address, context));
      });
      incoming.on('error', (failure: NodeJS.ErrnoException) => fail(replyError(failure, address, context)));
      incoming.on('end', () => {
        done();
        resolve({
          status: incoming.statusCode ?? 0,
          challenges: incoming.headersDistinct['www-authenticate'] ?? [],
          contentType: incoming.headers['content-type'] ?? '',
          body: Buffer.concat(chunks, sizeBytes),
        });
      });
    });
    // As bytes: Node writes the headers with a text, and in its encoding.
    outgoing.end(body === undefined ? undefined : Buffer.from(body));
  });
}

/** As UTF-8 (RFC 7616 section 3.4), which Node writes byte by byte; a line break in a user's name would begin another header. */
function asBytes(value: string): string {
  return Buffer.from(value.replace(/\p{Cc}/gu, ''), 'utf8').toString('latin1');
}

/** Without the port where it goes without saying: some cameras compare the header with their address. */
function hostHeader({ host, port, secure }: PinnedAddress): string {
  const whole = hostPort(host, port);
  return port === (secure ? 443 : 80) ? whole.slice(0, whole.lastIndexOf(':')) : whole;
}

function connectError(
  failure: NodeJS.ErrnoException,
  { host, port, secure }: PinnedAddress,
  context: OnvifErrorContext,
): OnvifError {
  const code = failure.code ?? failure.message;
  const peer = hostPort(host, port);
  // What speaks no TLS mostly hangs up on it.
  if (secure && /SSL|TLS|EPROTO|ECONNRESET/.test(code)) {
    const message = `No TLS connection to ${peer} (${code}). Check that this is the camera's HTTPS port and that it offers TLS 1.2 or later.`;
    return new OnvifError('tls-failed', message, context, failure);
  }
  const message = `Nothing answers for ONVIF at ${peer} (${code}). Check the address and the port (mostly 80, sometimes 8080, 8000 or 2020), and that ONVIF is switched on in the camera's own settings.`;
  return new OnvifError('connect-failed', message, context, failure);
}

function replyError(
  failure: NodeJS.ErrnoException,
  { host, port }: PinnedAddress,
  context: OnvifErrorContext,
): OnvifError {
  const peer = hostPort(host, port);
  if (failure.code?.startsWith('HPE_')) {
    const message = `What answers at ${peer} does not speak HTTP. Check the port: ONVIF is mostly at 80, sometimes at 8080, 8000 or 2020.`;
    return new OnvifError('not-onvif', message, context, failure);
  }
  const message = `The camera at ${peer} broke off the connection (${failure.code ?? failure.message}). Try again; if it goes on, restart the camera.`;
  return new OnvifError('closed', message, context, failure);
}

function inCrumbs({ host, port }: PinnedAddress, context: OnvifErrorContext): OnvifError {
  const message = `The camera at ${hostPort(host, port)} sent one answer in far too many pieces, which is no ONVIF. Check the address.`;
  return new OnvifError('not-onvif', message, context);
}

function tooLong({ host, port }: PinnedAddress, maxBytes: number, context: OnvifErrorContext): OnvifError {
  const message = `The camera at ${hostPort(host, port)} sent more than ${Math.round(maxBytes / 1024)} KiB in one answer, which is no ONVIF. Check the address.`;
  return new OnvifError('not-onvif', message, context);
}
