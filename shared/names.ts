import { z } from 'zod';

/** What an app or a stream name may look like; it becomes part of paths and URLs, so nothing else ever does. */
export const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** Apps that would shadow a route of the gateway. `internal` is used by the gateway itself. */
export const RESERVED_APPS: ReadonlySet<string> = new Set([
  'api',
  'whep',
  'whip',
  'v1',
  'docs',
  'metrics',
  'healthz',
  'readyz',
  'internal',
  'assets',
]);

/**
 * Whether the gateway has this stream for itself, so that nobody is shown it or told of it: `internal/...`, and those
 * that are derived from another one (`app/name~h264`).
 */
export function isInternalStream(id: StreamId): boolean {
  return id.startsWith('internal/') || id.includes('~');
}

/**
 * What is derived from a stream while somebody needs it: its picture as H.264, its sound as Opus (legs that FFmpeg
 * makes), or the camera's own second, smaller stream.
 */
export type DerivedKind = 'h264' | 'opus' | 'sub';

/** `app/name~h264`. No name given from outside can hold a `~`. */
export function derivedStreamId(parent: StreamId, kind: DerivedKind): StreamId {
  return `${parent}~${kind}`;
}

/** The stream that this one is derived from; itself where it is not. */
export function parentStreamId(id: StreamId): StreamId {
  return id.replace(/~.*$/, '') as StreamId;
}

export const DEFAULT_APP = 'live';

export const nameSchema = z
  .string()
  .regex(NAME_PATTERN, 'must be 1 to 64 letters, digits, "_" or "-", and start with a letter or digit');

export const appSchema = nameSchema.refine((app) => !RESERVED_APPS.has(app), {
  message: `is reserved; choose another app (reserved: ${[...RESERVED_APPS].join(', ')})`,
});

/** A stream's id: `app/name`, for example `live/front-door`. */
export type StreamId = `${string}/${string}`;

export function streamId(app: string, name: string): StreamId {
  return `${app}/${name}`;
}

/** Splits `app/name`; a bare `name` belongs to the app `live`. Returns undefined where it is neither. */
export function parseStreamId(text: string): { app: string; name: string; id: StreamId } | undefined {
  const parts = text.split('/');
  const [app, name] = parts.length === 1 ? [DEFAULT_APP, parts[0]] : parts.length === 2 ? parts : [];
  if (app === undefined || name === undefined) return undefined;
  if (!NAME_PATTERN.test(app) || !NAME_PATTERN.test(name)) return undefined;
  return { app, name, id: streamId(app, name) };
}

/** A stream's id as text on the wire. */
export const streamIdSchema = z
  .string()
  .max(129)
  .transform((text, context): StreamId => {
    const parsed = parseStreamId(text);
    if (parsed === undefined) {
      context.addIssue({ code: 'custom', message: 'must look like app/name, for example live/front-door' });
      return z.NEVER;
    }
    return parsed.id;
  });
