import type { DerivedKind } from '../../shared/names.ts';
import type { StreamDefinition } from '../../shared/stream.ts';

/** Stands where a source's URL would; nothing dials it. */
const LEG_URL = 'leg:';

/**
 * The definition of what is derived from a stream: on demand, never recorded. For `sub` it dials the camera's second
 * stream, undefined where the source names none and `hasOwnSub` (of an ONVIF camera) does not say that there is one all the
 * same. A leg has no source of its own.
 */
export function derivedDefinition(
  parent: StreamDefinition,
  kind: DerivedKind,
  hasOwnSub: (parent: StreamDefinition) => boolean,
): StreamDefinition | undefined {
  const { sub, ...source } = parent.source;
  const ofKind = (url: string): StreamDefinition => ({
    app: parent.app,
    name: `${parent.name}~${kind}`,
    source: { ...source, url },
    onDemand: true,
  });
  if (kind !== 'sub') return ofKind(LEG_URL);
  if (sub !== undefined) return ofKind(sub.url);
  return hasOwnSub(parent) ? ofKind(source.url) : undefined;
}
