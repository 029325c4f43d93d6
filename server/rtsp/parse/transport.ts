/** Two numbers, of ports or interleaved channels. */
export type PortPair = readonly [rtp: number, rtcp: number];

/** One alternative of a Transport field (RFC 2326 section 12.39). */
export interface TransportSpec {
  /** `RTP/AVP`, `RTP/SAVP`... */
  readonly profile: string;
  readonly lower: 'tcp' | 'udp';
  readonly delivery: 'unicast' | 'multicast';
  readonly interleaved?: PortPair;
  readonly clientPorts?: PortPair;
  readonly serverPorts?: PortPair;
  readonly ssrc?: number;
  readonly mode?: 'play' | 'record';
  readonly source?: string;
  readonly destination?: string;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const MAX_ALTERNATIVES = 16;

/**
 * Reads a Transport field: the alternatives in their order. Parameters may come in any order, with spaces,
 * quotes and in any case (`ssrc` before the others, `ssrc= 4cacc3d1` and `mode="PLAY"` were all seen on
 * cameras); what cannot be read is left out.
 */
export function parseTransport(value: string): TransportSpec[] {
  const specs: TransportSpec[] = [];
  for (const alternative of value.split(',').slice(0, MAX_ALTERNATIVES)) {
    const spec = parseAlternative(alternative);
    if (spec !== undefined) specs.push(spec);
  }
  return specs;
}

function parseAlternative(text: string): TransportSpec | undefined {
  const parts = text.split(';').map((part) => part.trim());
  const protocol = parts.map((part) => /^(RTP\/[A-Z]+)(?:\/(TCP|UDP))?$/i.exec(part)).find((match) => match);
  if (protocol === undefined || protocol === null) return undefined;
  const [, profile = '', lower = 'UDP'] = protocol;
  const spec: Mutable<TransportSpec> = {
    profile: profile.toUpperCase(),
    lower: lower.toUpperCase() === 'TCP' ? 'tcp' : 'udp',
    delivery: 'unicast',
  };
  for (const part of parts) {
    const equals = part.indexOf('=');
    const name = (equals === -1 ? part : part.slice(0, equals)).trim().toLowerCase();
    const value = equals === -1 ? '' : unquote(part.slice(equals + 1).trim());
    applyParameter(spec, name, value);
  }
  // Channels exist inside the RTSP connection only; there are servers that leave `/TCP` out of their answer.
  if (spec.interleaved !== undefined) spec.lower = 'tcp';
  return spec;
}

function applyParameter(spec: Mutable<TransportSpec>, name: string, value: string): void {
  switch (name) {
    case 'multicast':
      spec.delivery = 'multicast';
      break;
    case 'interleaved': {
      const pair = parsePair(value, 255);
      if (pair !== undefined) spec.interleaved = pair;
      break;
    }
    case 'client_port': {
      const pair = parsePair(value, 65_535);
      if (pair !== undefined) spec.clientPorts = pair;
      break;
    }
    case 'server_port': {
      const pair = parsePair(value, 65_535);
      if (pair !== undefined) spec.serverPorts = pair;
      break;
    }
    case 'ssrc':
      if (/^[0-9a-f]{1,8}$/i.test(value)) spec.ssrc = Number.parseInt(value, 16);
      break;
    case 'mode':
      if (/^(play|record|receive)$/i.test(value)) spec.mode = /^play$/i.test(value) ? 'play' : 'record';
      break;
    case 'source':
      if (value !== '') spec.source = value;
      break;
    case 'destination':
      if (value !== '') spec.destination = value;
      break;
    default:
      break;
  }
}

/** `0-1`, or one number alone, which means it and the next. */
function parsePair(value: string, max: number): PortPair | undefined {
  const match = /^(\d{1,5})(?:\s*-\s*(\d{1,5}))?$/.exec(value);
  if (match === null) return undefined;
  const first = Number(match[1]);
  const second = match[2] === undefined ? first + 1 : Number(match[2]);
  return first <= max && second <= max ? [first, second] : undefined;
}

function unquote(value: string): string {
  return value.replace(/^"(.*)"$/, '$1');
}

/** The value of a Transport field (RFC 2326 section 12.39). */
export function buildTransport(spec: TransportSpec): string {
  const parts = [spec.lower === 'tcp' ? `${spec.profile}/TCP` : spec.profile, spec.delivery];
  if (spec.destination !== undefined) parts.push(`destination=${spec.destination}`);
  if (spec.source !== undefined) parts.push(`source=${spec.source}`);
  if (spec.interleaved !== undefined) parts.push(`interleaved=${spec.interleaved.join('-')}`);
  if (spec.clientPorts !== undefined) parts.push(`client_port=${spec.clientPorts.join('-')}`);
  if (spec.serverPorts !== undefined) parts.push(`server_port=${spec.serverPorts.join('-')}`);
  if (spec.ssrc !== undefined) parts.push(`ssrc=${spec.ssrc.toString(16).toUpperCase().padStart(8, '0')}`);
  if (spec.mode !== undefined) parts.push(`mode=${spec.mode}`);
  return parts.join(';');
}
