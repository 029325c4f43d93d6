export type { Admission, AdmissionOptions } from './admissions.ts';
export type { RtspCredentials } from './authentication.ts';
export type { StreamLookup } from './context.ts';
export { RtspServer, type RtspServerOptions } from './rtsp-server.ts';
