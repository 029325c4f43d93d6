/** What RTP travels over: inside the RTSP connection, or in datagrams of its own. */
export type LowerTransport = 'tcp' | 'udp';

/**
 * The transports to try, in order. `auto` begins with what worked the last time, else with TCP, which loses
 * nothing and passes every firewall that RTSP passes.
 */
export function transportsToTry(
  configured: 'auto' | LowerTransport,
  worked: LowerTransport | undefined,
): readonly LowerTransport[] {
  if (configured !== 'auto') return [configured];
  return worked === 'udp' ? ['udp', 'tcp'] : ['tcp', 'udp'];
}
