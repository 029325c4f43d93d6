export { Gate, type GateOptions } from './access/gate.ts';
export { createHttpApp, type HttpAppOptions } from './app.ts';
export type { HttpPorts, MetricsText, Readiness, StreamDirectory, WhepGateway } from './ports.ts';
export type { HlsPlayback, HlsPlaylist } from './ports-hls.ts';
export type { RecordingsPort } from './ports-recordings.ts';
export { type ApiRoute, defineRoute } from './route.ts';
export { hlsRoutes } from './routes/hls.ts';
export { recordingRoutes } from './routes/recordings.ts';
