export { Demo, type DemoCamera } from './demo.ts';
export { Metrics } from './metrics.ts';
export { StreamDirectory } from './stream-directory.ts';
