import type { DiscoveredDevice } from '../../../shared/onvif.ts';
import { placeOnDevice } from '../soap/camera-address.ts';
import { bare, DEVICE_SERVICE_PATH, onvifUrl } from '../target.ts';
import { at, childrenOf, shown, textAt } from '../xml/find.ts';
import { parseXml, type XmlElement } from '../xml/parse.ts';

export type FoundDevice = Omit<DiscoveredDevice, 'knownAs'>;

/** What is looked for. Some devices answer to the one, some to the other type only. */
export type ProbeTypes = 'transmitter' | 'device';

const TYPES: Readonly<Record<ProbeTypes, string>> = {
  transmitter:
    '<d:Types xmlns:dn="http://www.onvif.org/ver10/network/wsdl">dn:NetworkVideoTransmitter</d:Types>',
  device: '<d:Types xmlns:tds="http://www.onvif.org/ver10/device/wsdl">tds:Device</d:Types>',
};

/** A Probe of WS-Discovery in its version of 2005, as ONVIF has it (Core section 7.3). `messageId` is a UUID. */
export function probeMessage(messageId: string, types: ProbeTypes): string {
  return (
    '<?xml version="1.0" encoding="UTF-8"?>' +
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><s:Header>' +
    '<a:Action s:mustUnderstand="1">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action>' +
    `<a:MessageID>uuid:${messageId}</a:MessageID>` +
    '<a:ReplyTo><a:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo>' +
    '<a:To s:mustUnderstand="1">urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>' +
    `</s:Header><s:Body><d:Probe>${TYPES[types]}</d:Probe></s:Body></s:Envelope>`
  );
}

const MAX_MATCHES = 16;
const MAX_XADDRS = 16;

/**
 * The devices of a ProbeMatches message that came from an address, in answer to probes of ours. A device is at the address that answered, whatever others it
 * names: those may be of a network that we cannot reach, or somebody else's. Anything that is not such a message gives none.
 */
export function readProbeMatches(
  text: string,
  from: string,
  isOurs: (messageId: string) => boolean,
): FoundDevice[] {
  const parsed = parseXml(text);
  if (!parsed.ok) return [];
  const relatesTo = textAt(parsed.value, 'Header', 'RelatesTo');
  // Some leave it out; what answers another's question is not for us.
  if (relatesTo !== undefined && !isOurs(relatesTo.replace(/^.*uuid:/i, '').toLowerCase())) return [];
  const matches = childrenOf(at(parsed.value, 'Body', 'ProbeMatches'), 'ProbeMatch').slice(0, MAX_MATCHES);
  return matches.flatMap((match) => readMatch(match, from));
}

function readMatch(match: XmlElement, from: string): FoundDevice[] {
  const scopes = (textAt(match, 'Scopes') ?? '').split(/\s+/).slice(0, 64);
  const types = textAt(match, 'Types') ?? '';
  // Printers and computers answer too.
  const isOnvif =
    /NetworkVideoTransmitter|NetworkVideoDisplay|NetworkVideoStorage/i.test(types) ||
    scopes.some((scope) => /^onvif:\/\/www\.onvif\.org\//i.test(scope));
  const place = chooseXaddr((textAt(match, 'XAddrs') ?? '').split(/\s+/).slice(0, MAX_XADDRS), from);
  if (!isOnvif || place === undefined) return [];
  const id = shown(textAt(match, 'EndpointReference', 'Address'));
  return [foundDevice({ id, host: from, ...place, scopes })];
}

/** By scopes such as `onvif://www.onvif.org/name/Front%20door` (Core section 7.3.2.2). */
export function foundDevice(parts: {
  readonly id: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly path: string;
  readonly scopes: readonly string[];
}): FoundDevice {
  const { id, host, port, scopes } = parts;
  const name = scopeOf(scopes, 'name');
  const hardware = scopeOf(scopes, 'hardware');
  const location = scopeOf(scopes, 'location');
  const url = onvifUrl(parts);
  return {
    id: id ?? url,
    host,
    port,
    url,
    ...(name === undefined ? {} : { name }),
    ...(hardware === undefined ? {} : { hardware }),
    ...(location === undefined ? {} : { location }),
  };
}

/** The one that names the address which answered, else the first that is HTTP at all: its port and path are then taken at the former. */
function chooseXaddr(
  xaddrs: readonly string[],
  from: string,
): { readonly port: number; readonly secure: boolean; readonly path: string } | undefined {
  const http = xaddrs.flatMap((xaddr) => {
    const url = URL.canParse(xaddr) ? new URL(xaddr) : undefined;
    return url?.protocol === 'http:' || url?.protocol === 'https:' ? [{ xaddr, url }] : [];
  });
  const isPlain = ({ url }: { readonly url: URL }) => url.protocol === 'http:';
  const own = http.filter(({ url }) => bare(url.hostname) === from);
  const chosen = own.find(isPlain) ?? own[0] ?? http.find(isPlain) ?? http[0];
  if (chosen === undefined) return undefined;
  const secure = chosen.url.protocol === 'https:';
  const port = chosen.url.port === '' ? (secure ? 443 : 80) : Number(chosen.url.port);
  const place = placeOnDevice(chosen.xaddr, { host: from, ip: from, port, secure });
  if (place === undefined || port === 0) return undefined;
  // An address without a path, as some give, means the usual one.
  const path = place.path === '/' ? DEVICE_SERVICE_PATH : place.path;
  return /[?#]/.test(path) ? undefined : { port, secure, path };
}

function scopeOf(scopes: readonly string[], kind: string): string | undefined {
  const values = scopes.flatMap((scope) => {
    const match = /^onvif:\/\/www\.onvif\.org\/(name|hardware|location)\/(.+)$/i.exec(scope);
    return match?.[1]?.toLowerCase() === kind ? [decoded(match[2] ?? '')] : [];
  });
  // Locations come in parts: `location/country/china location/city/hangzhou`.
  return shown(values.filter((value) => value !== '').join(', '));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
