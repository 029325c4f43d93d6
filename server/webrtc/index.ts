export type { ListenOptions } from './listen-infos.ts';
export type { WatchableStream, WatchableStreams } from './ports.ts';
export type { ViewerGateway } from './viewer-gateway.ts';
export type { ViewerEvent, ViewerSession, Watching } from './viewer-session.ts';
export {
  WebRtc,
  type WebRtcOptions,
  type WebRtcStats,
  type WorkerStats,
  type WorkerStatus,
} from './webrtc.ts';
export type { WhepGateway } from './whep-gateway.ts';
