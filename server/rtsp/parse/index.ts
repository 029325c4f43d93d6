/** Pure parsers and builders of everything that RTSP carries: no sockets, no clock. */

export * from '../../base/auth/client.ts';
export type { DigestAlgorithm } from '../../base/auth/digest.ts';
export { parseSps, type SpsInfo } from '../../stream/index.ts';
export { type AacConfig, parseAacConfig } from './aac-config.ts';
export * from './auth-server.ts';
export { resolveBase, resolveControl, withoutUserInfo } from './control-url.ts';
export { createDepacketiser } from './create-depacketiser.ts';
export type { Depacketiser, DepacketiserHandlers } from './depacketiser.ts';
export * from './framer.ts';
export { H264Depacketiser, type H264DepacketiserOptions } from './h264-depacketiser.ts';
export { H265Depacketiser, type H265DepacketiserOptions } from './h265-depacketiser.ts';
export { type H265Sets, h265Format, parseH265Sprop } from './h265-parameter-sets.ts';
export { RtspHeaders } from './headers.ts';
export {
  interleavedHeader,
  type RtspRequest,
  type RtspResponse,
  serializeRequest,
  serializeResponse,
} from './message.ts';
export { h264Format, parseSpropParameterSets } from './parameter-sets.ts';
export { ReceptionStats } from './reception-stats.ts';
export { ReorderBuffer, type ReorderBufferOptions } from './reorder-buffer.ts';
export * from './rtcp.ts';
export { parseRtp, type RtpPacket } from './rtp.ts';
export { buildRtpInfo, parseRtpInfo, type RtpInfo } from './rtp-info.ts';
export * from './sdp.ts';
export * from './sdp-build.ts';
export { parsePublic, parseSession } from './session-header.ts';
export * from './tracks.ts';
export { buildTransport, type PortPair, parseTransport, type TransportSpec } from './transport.ts';
