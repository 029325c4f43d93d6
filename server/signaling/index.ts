export type {
  CameraDesk,
  StreamList,
  UpgradeGuard,
  ViewerEvent,
  ViewerGateway,
  ViewerSession,
} from './ports.ts';
export { type SignalingOptions, SignalingServer } from './server.ts';
