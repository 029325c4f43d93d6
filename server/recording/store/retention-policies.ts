import type { StreamId } from '../../../shared/names.ts';

const DAY_MS = 86_400_000;

/** What may be kept of a stream. */
export interface StreamPolicy {
  readonly keepMs: number;
  readonly maxBytes: number | undefined;
}

/** How long and how much one recordings folder keeps; passes between threads. */
export interface RetentionPolicies {
  readonly minFreeBytes: number;
  /** Over all streams in the folder. */
  readonly maxBytes: number | undefined;
  readonly keepMs: number;
  readonly appKeepMs: ReadonlyMap<string, number>;
  /** Over all streams of the application. */
  readonly appMaxBytes: ReadonlyMap<string, number>;
  /** Of streams that have settings of their own. */
  readonly streams: ReadonlyMap<StreamId, Partial<StreamPolicy>>;
}

/** The part of the settings that retention goes by. */
export interface RetentionSettings {
  readonly recording: {
    readonly keepDays: number;
    readonly maxBytes?: number | undefined;
    readonly minFreeBytes: number;
  };
  readonly apps: Readonly<
    Record<string, { readonly keepDays?: number | undefined; readonly maxBytes?: number | undefined }>
  >;
}

/** What a stream's own `record` says. */
export interface StreamRecordSettings {
  readonly stream: StreamId;
  readonly record?:
    | boolean
    | { readonly keepDays?: number | undefined; readonly maxBytes?: number | undefined }
    | undefined;
}

export function retentionPolicies(
  settings: RetentionSettings,
  streams: readonly StreamRecordSettings[],
): RetentionPolicies {
  const { recording, apps } = settings;
  const ofApps = Object.entries(apps);
  return {
    minFreeBytes: recording.minFreeBytes,
    maxBytes: recording.maxBytes,
    keepMs: recording.keepDays * DAY_MS,
    appKeepMs: new Map(
      ofApps.flatMap(([app, { keepDays }]) => (keepDays === undefined ? [] : [[app, keepDays * DAY_MS]])),
    ),
    appMaxBytes: new Map(
      ofApps.flatMap(([app, { maxBytes }]) => (maxBytes === undefined ? [] : [[app, maxBytes]])),
    ),
    streams: new Map(
      streams.flatMap(({ stream, record }) =>
        typeof record === 'object' ? [[stream, ownPolicy(record)]] : [],
      ),
    ),
  };
}

/** The stream's own word, else that of its application, else that of all. A stream that is gone has the latter two. */
export function policyOf(policies: RetentionPolicies, stream: StreamId): StreamPolicy & { app: string } {
  const [app = ''] = stream.split('/');
  const own = policies.streams.get(stream);
  return {
    app,
    keepMs: own?.keepMs ?? policies.appKeepMs.get(app) ?? policies.keepMs,
    maxBytes: own?.maxBytes,
  };
}

function ownPolicy(record: {
  keepDays?: number | undefined;
  maxBytes?: number | undefined;
}): Partial<StreamPolicy> {
  return {
    ...(record.keepDays === undefined ? {} : { keepMs: record.keepDays * DAY_MS }),
    ...(record.maxBytes === undefined ? {} : { maxBytes: record.maxBytes }),
  };
}
