export { type DemoCamera, type DemoCameraOptions, startDemoCamera } from './demo-camera.ts';
