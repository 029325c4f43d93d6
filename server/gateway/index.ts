export { Demo, type DemoCamera } from './demo.ts';
export { Metrics } from './metrics.ts';
export { checkPublishers, listening, requireLogin, StartError } from './start-checks.ts';
export { StreamDirectory } from './stream-directory.ts';
