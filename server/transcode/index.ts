export { type DemoCamera, type DemoCameraOptions, startDemoCamera } from './demo-camera.ts';
export { type CodedPicture, type PictureRequest, scaledSize } from './frames/coded-pictures.ts';
export { FrameDecoder, type FrameDecoderOptions } from './frames/frame-decoder.ts';
export { type LiveFrame, LiveFrames, type LiveFramesOptions } from './frames/live-frames.ts';
export { Legs, type LegsOptions } from './legs/index.ts';
