import { isIP } from 'node:net';
import {
  type ConnectionOptions,
  connect as connectTls,
  createSecureContext,
  getCACertificates,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { RtspError } from './errors.ts';
import { hostPort, type RtspTarget } from './target.ts';

export interface TlsDialOptions {
  readonly target: RtspTarget;
  /** The IP address to connect to. */
  readonly address: string;
  /** SHA-256 of the camera's own certificate, as X509Certificate.fingerprint256 writes it: it alone vouches then. */
  readonly fingerprint: string | undefined;
  readonly tls: ConnectionOptions | undefined;
}

const MIN_VERSION = 'TLSv1.2';
let systemRoots: SecureContext | undefined;
let pinnedOnly: SecureContext | undefined;

/** Made once: reading the system's roots takes 45 ms and a context of them 15 ms, each of which holds the media loop. */
function contextFor(fingerprint: string | undefined): SecureContext {
  if (fingerprint === undefined) {
    systemRoots ??= createSecureContext({
      ca: [...new Set([...getCACertificates('default'), ...getCACertificates('system')])],
      minVersion: MIN_VERSION,
    });
    return systemRoots;
  }
  // Cameras make certificates of their own with short keys and old signatures. The pin vouches for those, no signature.
  pinnedOnly ??= createSecureContext({ ca: [], minVersion: MIN_VERSION, ciphers: 'DEFAULT@SECLEVEL=0' });
  return pinnedOnly;
}

/**
 * Begins a TLS connection to a camera. The handshake is let through whatever the certificate; `certificateError` has
 * to be asked at `secureConnect`, before a byte is sent, for it alone can tell people which certificate came.
 */
export function openTls(options: TlsDialOptions): TLSSocket {
  const { target, address, fingerprint, tls } = options;
  return connectTls({
    ...(tls === undefined ? { secureContext: contextFor(fingerprint) } : { ...tls, minVersion: MIN_VERSION }),
    host: address,
    port: target.port,
    // RFC 6066 section 3 allows names only.
    ...(isIP(target.host) === 0 ? { servername: target.host } : {}),
    rejectUnauthorized: false,
  }).setNoDelay(true);
}

/**
 * Why the certificate of a finished handshake is not taken: it is not the pinned one, or without a pin neither the
 * system's roots nor `tls.ca` vouch for it and its name. Undefined where it is good.
 */
export function certificateError(
  socket: TLSSocket,
  { target, fingerprint }: Pick<TlsDialOptions, 'target' | 'fingerprint'>,
): RtspError | undefined {
  const peer = hostPort(target.host, target.port);
  const seen = socket.getPeerX509Certificate()?.fingerprint256;
  if (fingerprint !== undefined) {
    if (seen === fingerprint) return undefined;
    const message = `The certificate of ${peer} is not the one that is pinned: its fingerprint is ${seen ?? 'missing'}, tlsFingerprint says ${fingerprint}. If the camera was reset or got a new certificate, set tlsFingerprint anew (on the page: Change); otherwise somebody else may be answering in its place.`;
    return new RtspError('certificate', message, { peer });
  }
  if (socket.authorized) return undefined;
  const code = codeOf(socket.authorizationError);
  const message = `Nobody vouches for the certificate of ${peer}: ${reasonOf(code)} (${code}). If this is your camera, set tlsFingerprint in the stream's source to ${seen ?? "the certificate's SHA-256"} (on the page: Change, Take this one), once you have compared it with what the camera's own page shows.`;
  return new RtspError('certificate', message, { peer });
}

/** A handshake that failed before there was a certificate to judge. */
export function handshakeError(failure: NodeJS.ErrnoException, peer: string): RtspError | undefined {
  const code = failure.code ?? failure.message;
  if (!/SSL|TLS|EPROTO/.test(code)) return undefined;
  const message = `No TLS connection to ${peer} (${code}). Check that the port is the camera's RTSPS port (usually 322) and that it offers TLS 1.2 or later; or use rtsp:// inside a network you trust.`;
  return new RtspError('tls-failed', message, { peer }, failure);
}

/** Node's type says Error; what is there is the code's text. */
function codeOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error ?? 'unknown');
}

function reasonOf(code: string): string {
  switch (code) {
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return 'it is self-signed';
    case 'CERT_HAS_EXPIRED':
      return "it has expired, or this machine's clock is wrong";
    case 'CERT_NOT_YET_VALID':
      return "it is not valid yet, or this machine's clock is wrong";
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return 'it is for another name or address';
    default:
      return 'its authority is not known here';
  }
}
