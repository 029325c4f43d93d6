export { type SimPicture, type SimVideoCodec, takeApart } from './access-units.ts';
export { CameraSim } from './camera-sim.ts';
export type { SimConnection } from './connection.ts';
export type { CameraCues } from './cues.ts';
export {
  mediaOfFile,
  type SimAudio,
  type SimMedia,
  type SimVideo,
  type TestVideoOptions,
  testAudio,
  testVideo,
  videoOfAnnexB,
} from './media.ts';
export { type NetworkConditions, PERFECT_NETWORK } from './network.ts';
export type { CameraOptions, CameraTraits, SenderReportHabit } from './options.ts';
export type { Packetisation } from './packetise.ts';
export type { SimReply, SimRequest } from './rtsp-io.ts';
export { integer, type Random, randomBytes, seeded } from './seeded.ts';
export type { SimSession } from './session.ts';
