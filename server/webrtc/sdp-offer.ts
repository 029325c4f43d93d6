import { err, ok, type Result } from '../../shared/result.ts';

/** Certificate fingerprint algorithms that may come in an offer (RFC 8122 section 5). */
export type FingerprintAlgorithm = 'sha-1' | 'sha-224' | 'sha-256' | 'sha-384' | 'sha-512';

export interface Fingerprint {
  readonly algorithm: FingerprintAlgorithm;
  readonly value: string;
}

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
export type Setup = 'actpass' | 'active' | 'passive';

/** One payload type of an m-section. */
export interface SdpPayload {
  readonly payloadType: number;
  /** As spelt in the rtpmap; static payload types are known without one. */
  readonly codec: string;
  readonly clockRate: number;
  readonly channels: number;
  /** The fmtp parameters, keys in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
  /** rtcp-fb values, e.g. `nack pli`. */
  readonly feedback: readonly string[];
}

export interface SdpExtension {
  readonly id: number;
  readonly uri: string;
}

export interface SdpMedia {
  readonly kind: string;
  readonly mid: string;
  readonly port: number;
  readonly protocol: string;
  /** The formats as they stand in the m-line, for a section that is refused. */
  readonly formats: readonly string[];
  readonly direction: Direction;
  readonly hasRtcpMux: boolean;
  /** Port 0 then does not mean that it was refused (RFC 8843 section 6). */
  readonly isBundleOnly: boolean;
  readonly payloads: readonly SdpPayload[];
  readonly extensions: readonly SdpExtension[];
}

/** An offer as far as an answer needs it. */
export interface SdpOffer {
  readonly iceUfrag: string;
  readonly icePwd: string;
  readonly fingerprints: readonly Fingerprint[];
  readonly setup: Setup;
  /** The mids of the first BUNDLE group. */
  readonly bundle: readonly string[] | undefined;
  readonly media: readonly SdpMedia[];
}

export const MAX_SDP_BYTES = 64 * 1024;
const MAX_LINES = 4000;
const MAX_MEDIA = 32;
const MAX_PAYLOADS = 96;

const TOKEN = /^[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]{1,64}$/;
const ICE_CHARS = /^[A-Za-z0-9+/]+$/;
const FINGERPRINT = /^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){19,63}$/;
const ALGORITHMS: ReadonlySet<string> = new Set(['sha-1', 'sha-224', 'sha-256', 'sha-384', 'sha-512']);
const DIRECTIONS: ReadonlySet<string> = new Set(['sendrecv', 'sendonly', 'recvonly', 'inactive']);

/** Payload types that need no rtpmap (RFC 3551 section 6). */
const STATIC_CODECS: ReadonlyMap<number, { codec: string; clockRate: number }> = new Map([
  [0, { codec: 'PCMU', clockRate: 8000 }],
  [8, { codec: 'PCMA', clockRate: 8000 }],
  [9, { codec: 'G722', clockRate: 8000 }],
]);

interface Section {
  /** Undefined for the session part. */
  readonly mLine: string | undefined;
  readonly attributes: ReadonlyArray<{ name: string; value: string }>;
}

/**
 * Takes an SDP offer of a WHEP player apart (RFC 8866, RFC 8839, RFC 8843). What an answer hangs on is checked
 * strictly; what is not understood is passed over. The error is a sentence for whoever sent it.
 */
export function parseSdpOffer(text: string): Result<SdpOffer, string> {
  if (Buffer.byteLength(text) > MAX_SDP_BYTES) return err('The SDP is longer than 64 KiB.');
  const sections = splitSections(text);
  if (!sections.ok) return sections;
  const [session, ...mediaSections] = sections.value;
  if (session === undefined || mediaSections.length === 0) return err('The SDP has no media section.');
  if (mediaSections.length > MAX_MEDIA) return err(`The SDP has more than ${MAX_MEDIA} media sections.`);

  const media: SdpMedia[] = [];
  for (const [index, section] of mediaSections.entries()) {
    const parsed = parseMedia(section, session, index);
    if (!parsed.ok) return parsed;
    if (media.some(({ mid }) => mid === parsed.value.mid)) return err('Two media sections have one mid.');
    media.push(parsed.value);
  }
  const bundle = bundleOf(session);
  // With BUNDLE the transport is that of the group's first section (RFC 8843 section 7.2).
  const tagged = media.findIndex(({ mid }) => mid === (bundle?.[0] ?? media[0]?.mid));
  return parseTransport(session, mediaSections[Math.max(0, tagged)] ?? session, { bundle, media });
}

function splitSections(text: string): Result<Section[], string> {
  const lines = text.split(/\r\n|\n|\r/).filter((line) => line !== '');
  if (lines.length > MAX_LINES) return err(`The SDP has more than ${MAX_LINES} lines.`);
  if (lines[0] !== 'v=0') return err('The SDP does not begin with "v=0".');
  const sections: Array<{ mLine: string | undefined; attributes: Array<{ name: string; value: string }> }> = [
    { mLine: undefined, attributes: [] },
  ];
  for (const line of lines) {
    if (!/^[a-z]=/.test(line)) return err('A line of the SDP does not look like "x=...".');
    const value = line.slice(2).trim();
    if (line.startsWith('m=')) sections.push({ mLine: value, attributes: [] });
    else if (line.startsWith('a=')) sections.at(-1)?.attributes.push(splitAttribute(value));
  }
  return ok(sections);
}

function splitAttribute(text: string): { name: string; value: string } {
  const colon = text.indexOf(':');
  return colon === -1
    ? { name: text, value: '' }
    : { name: text.slice(0, colon), value: text.slice(colon + 1).trim() };
}

function first(section: Section, name: string): string | undefined {
  return section.attributes.find((attribute) => attribute.name === name)?.value;
}

function all(section: Section, name: string): string[] {
  return section.attributes.filter((attribute) => attribute.name === name).map(({ value }) => value);
}

function bundleOf(session: Section): string[] | undefined {
  const group = all(session, 'group').find((value) => /^BUNDLE( |$)/.test(value));
  const mids = group?.split(/ +/).slice(1) ?? [];
  return mids.length === 0 ? undefined : mids;
}

function parseTransport(
  session: Section,
  tagged: Section,
  rest: Pick<SdpOffer, 'bundle' | 'media'>,
): Result<SdpOffer, string> {
  const iceUfrag = first(tagged, 'ice-ufrag') ?? first(session, 'ice-ufrag') ?? '';
  const icePwd = first(tagged, 'ice-pwd') ?? first(session, 'ice-pwd') ?? '';
  if (!isUfrag(iceUfrag) || !isPwd(icePwd)) return err('The SDP has no valid a=ice-ufrag and a=ice-pwd.');
  const own = all(tagged, 'fingerprint');
  const fingerprints = (own.length > 0 ? own : all(session, 'fingerprint')).flatMap(parseFingerprint);
  if (fingerprints.length === 0) return err('The SDP has no valid a=fingerprint.');
  const setup = first(tagged, 'setup') ?? first(session, 'setup') ?? 'actpass';
  if (setup !== 'actpass' && setup !== 'active' && setup !== 'passive') {
    return err('The a=setup of the SDP is none of actpass, active, passive.');
  }
  return ok({ iceUfrag, icePwd, fingerprints: fingerprints.slice(0, 8), setup, ...rest });
}

/** RFC 8839 section 5.4: 4 to 256 and 22 to 256 characters. */
export function isUfrag(text: string): boolean {
  return text.length >= 4 && text.length <= 256 && ICE_CHARS.test(text);
}

export function isPwd(text: string): boolean {
  return text.length >= 22 && text.length <= 256 && ICE_CHARS.test(text);
}

function parseFingerprint(text: string): Fingerprint[] {
  const [name = '', value = ''] = text.split(/ +/);
  const algorithm = name.toLowerCase();
  if (!isAlgorithm(algorithm) || !FINGERPRINT.test(value)) return [];
  return [{ algorithm, value: value.toUpperCase() }];
}

function isAlgorithm(text: string): text is FingerprintAlgorithm {
  return ALGORITHMS.has(text);
}

function isDirection(text: string): text is Direction {
  return DIRECTIONS.has(text);
}

function parseMedia(section: Section, session: Section, index: number): Result<SdpMedia, string> {
  const [kind = '', portText = '', protocol = '', ...formats] = (section.mLine ?? '').split(/ +/);
  const port = Number(portText.split('/')[0]);
  if (
    !TOKEN.test(kind) ||
    !/^[\w/.-]{1,64}$/.test(protocol) ||
    !Number.isInteger(port) ||
    port < 0 ||
    port > 65_535
  ) {
    return err('A media line of the SDP does not look like "m=video 9 UDP/TLS/RTP/SAVPF 96".');
  }
  if (
    formats.length === 0 ||
    formats.length > MAX_PAYLOADS ||
    formats.some((format) => !TOKEN.test(format))
  ) {
    return err(`A media line of the SDP has no formats, bad ones, or more than ${MAX_PAYLOADS}.`);
  }
  const mid = first(section, 'mid') ?? String(index);
  if (!TOKEN.test(mid)) return err('An a=mid of the SDP is not valid.');
  const isDirectionSet = (part: Section) => part.attributes.map(({ name }) => name).find(isDirection);
  return ok({
    kind,
    mid,
    port,
    protocol,
    formats,
    direction: isDirectionSet(section) ?? isDirectionSet(session) ?? 'sendrecv',
    hasRtcpMux: first(section, 'rtcp-mux') !== undefined,
    isBundleOnly: first(section, 'bundle-only') !== undefined,
    payloads: parsePayloads(section, formats),
    extensions: all(section, 'extmap').flatMap(parseExtension),
  });
}

function parsePayloads(section: Section, formats: readonly string[]): SdpPayload[] {
  const rtpmaps = byPayloadType(all(section, 'rtpmap'));
  const fmtps = byPayloadType(all(section, 'fmtp'));
  const feedbacks = all(section, 'rtcp-fb').map((text) => splitOnce(text));
  return formats.flatMap((format) => {
    if (!/^\d{1,3}$/.test(format) || Number(format) > 127) return [];
    const payloadType = Number(format);
    const map = parseRtpmap(rtpmaps.get(format)) ?? STATIC_CODECS.get(payloadType);
    if (map === undefined) return [];
    return [
      {
        payloadType,
        channels: 1,
        ...map,
        parameters: parseFmtp(fmtps.get(format) ?? ''),
        feedback: feedbacks.filter(([to]) => to === format || to === '*').map(([, value]) => value),
      },
    ];
  });
}

function byPayloadType(values: readonly string[]): Map<string, string> {
  return new Map(values.map((value) => splitOnce(value)));
}

function splitOnce(text: string): [string, string] {
  const space = text.indexOf(' ');
  return space === -1 ? [text, ''] : [text.slice(0, space), text.slice(space + 1).trim()];
}

function parseRtpmap(text = ''): Pick<SdpPayload, 'codec' | 'clockRate' | 'channels'> | undefined {
  const match = /^([\w.+-]{1,64})\/(\d{1,7})(?:\/(\d{1,2}))?$/.exec(text);
  if (match === null) return undefined;
  const [, codec = '', clockRate = '', channels = '1'] = match;
  return { codec, clockRate: Number(clockRate), channels: Number(channels) };
}

function parseFmtp(text: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const part of text.split(';')) {
    const equals = part.indexOf('=');
    const key = (equals === -1 ? part : part.slice(0, equals)).trim().toLowerCase();
    if (key !== '' && parameters.size < 32)
      parameters.set(key, equals === -1 ? '' : part.slice(equals + 1).trim());
  }
  return parameters;
}

function parseExtension(text: string): SdpExtension[] {
  // RFC 8285 section 7: id, perhaps a direction, URI, perhaps attributes of it.
  const match = /^(\d{1,3})(?:\/(sendrecv|sendonly|recvonly|inactive))? (\S{1,256})/.exec(text);
  if (match === null) return [];
  const id = Number(match[1]);
  // What the other side only wants to send with is nothing that we may use.
  if (id < 1 || id > 255 || match[2] === 'sendonly' || match[2] === 'inactive') return [];
  return [{ id, uri: match[3] ?? '' }];
}
