/** Pure parsers and builders of everything that RTSP carries: no sockets, no clock. */
export * from './auth-client.ts';
export * from './auth-server.ts';
export type { DigestAlgorithm } from './digest.ts';
export * from './framer.ts';
export { RtspHeaders } from './headers.ts';
export {
  interleavedHeader,
  type RtspRequest,
  type RtspResponse,
  reasonPhrase,
  serializeRequest,
  serializeResponse,
  writeInterleavedHeader,
} from './message.ts';
export { buildRtpInfo, parseRtpInfo, type RtpInfo } from './rtp-info.ts';
export { parsePublic, parseSession } from './session-header.ts';
export { buildTransport, type PortPair, parseTransport, type TransportSpec } from './transport.ts';
