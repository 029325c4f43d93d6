import type { DerivedKind } from '../../shared/names.ts';
import type { StreamDefinition } from '../../shared/stream.ts';

/** Stands where a source's URL would; nothing dials it. */
const LEG_URL = 'leg:';

/**
 * The definition of what is derived from a stream: on demand, never recorded. For `sub` it dials the camera's second
 * stream, undefined where the source names none. A leg has no source of its own.
 */
export function derivedDefinition(parent: StreamDefinition, kind: DerivedKind): StreamDefinition | undefined {
  const { sub, ...source } = parent.source;
  if (kind === 'sub' && sub === undefined) return undefined;
  return {
    app: parent.app,
    name: `${parent.name}~${kind}`,
    source: { ...source, url: kind === 'sub' && sub !== undefined ? sub.url : LEG_URL },
    onDemand: true,
  };
}
