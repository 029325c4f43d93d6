import { parentStreamId, type StreamId, streamId } from '../../../shared/names.ts';
import type { StreamDefinition } from '../../../shared/stream.ts';
import type { CameraAccess } from './ports.ts';

export function isOnvif(url: string): boolean {
  return /^onvif:/i.test(url);
}

/** Whether the URL says which of a device's profiles is meant. */
export function namesProfile(url: string): boolean {
  return new URL(url).searchParams.has('profile');
}

/** Another profile is another device here: a recorder with many cameras moves and hears each by its profile. */
export function keyOf({ url, username, password, tlsFingerprint, mayBeLocal }: CameraAccess): string {
  return JSON.stringify([url, username, password, tlsFingerprint, mayBeLocal]);
}

/** The ONVIF access of a stream, derived or not; undefined where it has none. */
export function accessOf(
  { app, name, source }: StreamDefinition,
  mayBeLocal: (stream: StreamId) => boolean,
): CameraAccess | undefined {
  const { onvif, username, password, tlsFingerprint } = source;
  const url = isOnvif(source.url) ? source.url : onvif?.url;
  if (url === undefined) return undefined;
  const declared = parentStreamId(streamId(app, name));
  return { url, username, password, tlsFingerprint, mayBeLocal: mayBeLocal(declared) };
}
