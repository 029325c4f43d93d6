import type { StreamDefinition } from '../../../shared/stream.ts';

/** The part of the settings that says what is recorded and in what pieces. */
export interface RecordSettings {
  readonly recording: { readonly segmentMs: number };
  readonly apps: Readonly<
    Record<string, { readonly record?: boolean | undefined; readonly segmentMs?: number | undefined }>
  >;
}

export interface RecordPolicy {
  readonly isRecorded: boolean;
  readonly segmentMs: number;
}

/** What holds for a stream: its own `record` before its application's before the general settings. */
export function recordPolicy(
  settings: RecordSettings,
  { app, record }: Pick<StreamDefinition, 'app' | 'record'>,
): RecordPolicy {
  const ofApp = Object.hasOwn(settings.apps, app) ? settings.apps[app] : undefined;
  const own = typeof record === 'object' ? record : undefined;
  return {
    isRecorded: own !== undefined || (record ?? ofApp?.record ?? false) === true,
    segmentMs: own?.segmentMs ?? ofApp?.segmentMs ?? settings.recording.segmentMs,
  };
}
