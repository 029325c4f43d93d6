export { Recording, type RecordingOptions } from './recording.ts';
