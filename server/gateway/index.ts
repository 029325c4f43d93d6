export { cameraAdvice } from './camera-advice.ts';
export { cameraReport } from './camera-report.ts';
export { Demo, type DemoCamera } from './demo.ts';
export { Layouts } from './layouts.ts';
export { Metrics } from './metrics.ts';
export { checkPublishers, listening, requireLogin, StartError } from './start-checks.ts';
export { StreamDirectory } from './stream-directory.ts';
