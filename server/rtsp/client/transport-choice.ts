import { RtspError } from './errors.ts';

/** What RTP travels over: inside the RTSP connection, or in datagrams of its own. */
export type LowerTransport = 'tcp' | 'udp';

/**
 * The transports to try, in order. `auto` begins with what worked the last time, else with TCP, which loses
 * nothing and passes every firewall that RTSP passes. With `rtsps` it is TCP alone: datagrams would leave the encryption.
 */
export function transportsToTry(
  configured: 'auto' | LowerTransport,
  worked: LowerTransport | undefined,
  isSecure: boolean,
): readonly [first: LowerTransport, other?: LowerTransport] {
  if (configured !== 'auto') return [configured];
  if (isSecure) return ['tcp'];
  return worked === 'udp' ? ['udp', 'tcp'] : ['tcp', 'udp'];
}

/** The transports of a connection over TLS: never datagrams, which would go unencrypted beside it. */
export function secureTransport(wanted: LowerTransport, fallback: LowerTransport | undefined): 'tcp' {
  if (wanted === 'tcp' || fallback === 'tcp') return 'tcp';
  const message =
    'Over rtsps the media stays inside the encrypted connection; UDP would leave it. Set the transport of the source to auto or tcp.';
  throw new RtspError('unsupported-transport', message);
}

/** What to tell when neither transport brought media: `auto` has nothing left to advise about transports. */
export function bothFailed(first: RtspError, second: RtspError): RtspError {
  if (first.kind === 'unsupported-transport' && second.kind === 'unsupported-transport') {
    const message = 'The camera offers RTP neither over TCP nor over UDP to this address (461).';
    return new RtspError('unsupported-transport', message, second.context, second);
  }
  const message =
    'The camera agreed to play, but sent no video, neither over TCP nor over UDP. Restart the camera, or try its other stream; if it offers UDP only, check the firewall.';
  return new RtspError('no-packets', message, second.context, second);
}
