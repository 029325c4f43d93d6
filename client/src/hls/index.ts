export { HlsEngine } from './hls-engine.ts';
