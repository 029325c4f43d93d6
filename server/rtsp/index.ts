export { CameraLogins } from './client/camera-logins.ts';
export { DialPacer } from './client/dial-pacer.ts';
export type { ResolveFailure, ResolveSource } from './client/resolved-source.ts';
export {
  type RtspSource,
  type RtspSourceDeps,
  type RtspSourceState,
  startRtspSource,
} from './client/source.ts';
export type { LowerTransport } from './client/transport-choice.ts';
export type { PortRange } from './client/udp-ports.ts';
export {
  type Admission,
  type AdmissionOptions,
  type RtspCredentials,
  RtspServer,
  type RtspServerOptions,
  type StreamLookup,
} from './server/index.ts';
