export { Metrics } from './metrics.ts';
export { StreamDirectory } from './stream-directory.ts';
