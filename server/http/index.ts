export { Gate, type GateOptions } from './access/gate.ts';
export { createHttpApp, type HttpAppOptions } from './app.ts';
export type { HttpPorts, MetricsText, Readiness, StreamDirectory, WhepGateway } from './ports.ts';
export { type ApiRoute, defineRoute } from './route.ts';
