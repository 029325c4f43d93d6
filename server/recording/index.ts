export type { RecordingDisk } from './disks.ts';
export { Recording, type RecordingOptions } from './recording.ts';
