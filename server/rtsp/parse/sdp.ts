import { err, ok, type Result } from '../../../shared/result.ts';

/** One payload type of a media with its rtpmap and fmtp. */
export interface MediaFormat {
  readonly payloadType: number;
  /** In upper case, e.g. `H264`. */
  readonly encoding: string;
  readonly clockRate: number;
  readonly channels: number;
  /** Of the fmtp line; names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

export type MediaDirection = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export interface SdpAttribute {
  readonly name: string;
  readonly value: string;
}

export interface MediaDescription {
  /** `video`, `audio`, `application`... */
  readonly type: string;
  readonly port: number;
  readonly protocol: string;
  /** Those payload types of which encoding and clock rate are known. */
  readonly formats: readonly MediaFormat[];
  readonly control?: string;
  readonly direction: MediaDirection;
  readonly framerate?: number;
  readonly attributes: readonly SdpAttribute[];
}

export interface SessionDescription {
  readonly name: string;
  readonly control?: string;
  readonly media: readonly MediaDescription[];
  readonly attributes: readonly SdpAttribute[];
}

const MAX_SDP_BYTES = 64 * 1024;
const MAX_MEDIA = 64;

/** Payload types that need no rtpmap (RFC 3551 section 6). */
const STATIC_FORMATS: ReadonlyMap<number, readonly [encoding: string, clockRate: number, channels: number]> =
  new Map([
    [0, ['PCMU', 8000, 1]],
    [3, ['GSM', 8000, 1]],
    [4, ['G723', 8000, 1]],
    [8, ['PCMA', 8000, 1]],
    [9, ['G722', 8000, 1]],
    [10, ['L16', 44_100, 2]],
    [11, ['L16', 44_100, 1]],
    [14, ['MPA', 90_000, 1]],
    [18, ['G729', 8000, 1]],
    [26, ['JPEG', 90_000, 1]],
    [32, ['MPV', 90_000, 1]],
    [33, ['MP2T', 90_000, 1]],
  ]);

interface Section {
  readonly line: string;
  readonly attributes: SdpAttribute[];
}

/**
 * Reads a session description (RFC 4566) as leniently as real cameras need: lines may be missing, doubled and
 * in any order, a media line that cannot be read takes its own attributes with it and nothing else. The error
 * says what is wrong in a few words.
 */
export function parseSdp(text: string): Result<SessionDescription, string> {
  if (text.length > MAX_SDP_BYTES) return err(`session description over ${MAX_SDP_BYTES} bytes`);
  let name = '';
  let isSdp = false;
  const session: Section = { line: '', attributes: [] };
  const sections: Section[] = [];
  for (const line of text.split(/\r\n|\n|\r/)) {
    const value = line.slice(2).trim();
    switch (line.slice(0, 2)) {
      case 'v=':
        isSdp = true;
        break;
      case 's=':
        name = value;
        break;
      case 'm=':
        isSdp = true;
        if (sections.length === MAX_MEDIA) return err(`more than ${MAX_MEDIA} media`);
        sections.push({ line: value, attributes: [] });
        break;
      case 'a=':
        (sections.at(-1) ?? session).attributes.push(parseAttribute(value));
        break;
      default:
        break;
    }
  }
  if (!isSdp) return err('no session description');
  const control = findValue(session.attributes, 'control');
  const direction = directionOf(session.attributes) ?? 'sendrecv';
  return ok({
    name,
    ...(control === undefined ? {} : { control }),
    media: sections.flatMap((section) => parseMedia(section, direction) ?? []),
    attributes: session.attributes,
  });
}

function parseAttribute(text: string): SdpAttribute {
  const colon = text.indexOf(':');
  if (colon === -1) return { name: text.toLowerCase(), value: '' };
  return { name: text.slice(0, colon).trim().toLowerCase(), value: text.slice(colon + 1).trim() };
}

function findValue(attributes: readonly SdpAttribute[], name: string): string | undefined {
  return attributes.find((attribute) => attribute.name === name)?.value;
}

function directionOf(attributes: readonly SdpAttribute[]): MediaDirection | undefined {
  for (const { name } of attributes) {
    if (name === 'sendrecv' || name === 'sendonly' || name === 'recvonly' || name === 'inactive') return name;
  }
  return undefined;
}

function parseMedia(section: Section, sessionDirection: MediaDirection): MediaDescription | undefined {
  const [type = '', port = '', protocol = '', ...payloadTypes] = section.line.split(/\s+/);
  if (type === '' || protocol === '') return undefined;
  const { attributes } = section;
  const control = findValue(attributes, 'control');
  const framerate = framerateOf(attributes);
  const unique = [...new Set(payloadTypes.filter((text) => /^\d{1,3}$/.test(text)).map(Number))];
  return {
    type: type.toLowerCase(),
    port: Number.parseInt(port, 10) || 0,
    protocol: protocol.toUpperCase(),
    formats: unique
      .filter((type) => type < 128)
      .flatMap((type) => formatOf(type, attributes, unique.length === 1) ?? []),
    ...(control === undefined ? {} : { control }),
    direction: directionOf(attributes) ?? sessionDirection,
    ...(framerate === undefined ? {} : { framerate }),
    attributes,
  };
}

/** The last one that is a number: H264DVR writes `framerate:0S` before the true one. */
function framerateOf(attributes: readonly SdpAttribute[]): number | undefined {
  const values = attributes.filter(({ name }) => name === 'framerate').map(({ value }) => Number(value));
  return values.findLast((value) => value > 0 && value <= 1000);
}

function formatOf(
  payloadType: number,
  attributes: readonly SdpAttribute[],
  isOnly: boolean,
): MediaFormat | undefined {
  const known = STATIC_FORMATS.get(payloadType);
  const mapped = attributeFor(attributes, 'rtpmap', payloadType)?.split('/');
  const fmtp = attributeFor(attributes, 'fmtp', payloadType) ?? (isOnly ? onlyFmtp(attributes) : undefined);
  const parameters = parseFmtp(fmtp ?? '');
  const encoding = (mapped?.[0] ?? known?.[0] ?? guessedEncoding(parameters)).trim().toUpperCase();
  if (encoding === '') return undefined;
  const clockRate = positive(mapped?.[1]) ?? fallbackClockRate(encoding) ?? known?.[1];
  if (clockRate === undefined) return undefined;
  return {
    payloadType,
    encoding,
    clockRate,
    channels: positive(mapped?.[2]) ?? (mapped === undefined ? (known?.[2] ?? 1) : 1),
    parameters,
  };
}

/** Of a media with one payload type and one fmtp line of another: Vitek cameras write 98 in the one and 62 in the other. */
function onlyFmtp(attributes: readonly SdpAttribute[]): string | undefined {
  const [first, ...others] = attributes.filter(({ name }) => name === 'fmtp');
  return others.length > 0 ? undefined : /^\d{1,3}\s+(.*)$/s.exec(first?.value ?? '')?.[1];
}

/** Where the rtpmap is missing, parameters that only one codec has tell which it is. */
function guessedEncoding(parameters: ReadonlyMap<string, string>): string {
  if (parameters.has('sprop-parameter-sets') || parameters.has('packetization-mode')) return 'H264';
  return parameters.has('sprop-sps') || parameters.has('sprop-vps') ? 'H265' : '';
}

/** For an rtpmap whose clock rate is missing or no number. */
function fallbackClockRate(encoding: string): number | undefined {
  switch (encoding) {
    case 'H264':
    case 'H265':
    case 'HEVC':
    case 'JPEG':
      return 90_000;
    case 'PCMU':
    case 'PCMA':
    case 'G722':
      return 8000;
    case 'OPUS':
      return 48_000;
    default:
      return undefined;
  }
}

function positive(text: string | undefined): number | undefined {
  const match = /^\s*(\d{1,7})\b/.exec(text ?? '');
  const value = Number(match?.[1] ?? 0);
  return value > 0 ? value : undefined;
}

/** The rest of `a=<name>:<payload type> <rest>`. */
function attributeFor(
  attributes: readonly SdpAttribute[],
  name: string,
  payloadType: number,
): string | undefined {
  for (const attribute of attributes) {
    if (attribute.name !== name) continue;
    const match = /^(\d{1,3})\s+(.*)$/s.exec(attribute.value);
    if (match !== null && Number(match[1]) === payloadType) return match[2] ?? '';
  }
  return undefined;
}

function parseFmtp(text: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const part of text.split(';')) {
    const equals = part.indexOf('=');
    const name = (equals === -1 ? part : part.slice(0, equals)).trim().toLowerCase();
    if (name !== '' && !parameters.has(name)) {
      parameters.set(name, equals === -1 ? '' : part.slice(equals + 1).trim());
    }
  }
  return parameters;
}
