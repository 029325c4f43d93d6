import type { StreamDefinition, StreamPatch } from '../../shared/stream.ts';

type CameraSource = StreamDefinition['source'];

/**
 * A new source for the same camera and user that leaves the password out keeps the old one: the API never gives
 * passwords out, so an editor has none to send back. Never carried over to another place, nor from one that is asked over TLS to the
 * same without it: who changes a stream need not know its password, and must not get at it that way.
 */
export function withKeptPassword({ source: old }: StreamDefinition, patch: StreamPatch): StreamPatch {
  const { source } = patch;
  if (source === undefined || source.password !== undefined || old.password === undefined) return patch;
  const isSame = source.username === old.username && placesOf(source).every((place) => mayHave(old, place));
  return isSame ? { ...patch, source: { ...source, password: old.password } } : patch;
}

interface Place {
  /** With the port, where it is not that of the scheme. */
  readonly host: string;
  /** Services for questions, which a camera has at another port than its pictures. */
  readonly isBeside: boolean;
  readonly isSecure: boolean;
}

function mayHave(old: CameraSource, place: Place): boolean {
  const places = placesOf(old);
  const isKnown = (one: Place) =>
    one.host === place.host && one.isSecure === place.isSecure && one.isBeside === place.isBeside;
  if (places.some(isKnown)) return true;
  const [main] = places;
  if (main === undefined || (main.isSecure && !place.isSecure)) return false;
  // That of `onvif` is on the machine of its source's own URL, whatever its port: the schema says so.
  return place.isBeside || place.host === main.host;
}

/** Where a source has its user and password sent to; its own URL first. */
function placesOf({ url, sub, onvif }: CameraSource): Place[] {
  const places = [placeOf(url, false)];
  if (sub !== undefined) places.push(placeOf(sub.url, false));
  if (onvif !== undefined) places.push(placeOf(onvif.url, true));
  return places;
}

function placeOf(text: string, isBeside: boolean): Place {
  if (text === 'publish:') return { host: text, isBeside, isSecure: false };
  const { protocol, host, port, searchParams } = new URL(text);
  const tls = searchParams.get('tls');
  const isSecureOnvif = protocol === 'onvif:' && (tls === null ? port === '443' : tls === 'true');
  // One that follows the device to other hosts has it sent to those.
  const others = searchParams.get('followHosts') === 'true' ? ' and where it leads' : '';
  return { host: `${host}${others}`, isBeside, isSecure: protocol === 'rtsps:' || isSecureOnvif };
}
