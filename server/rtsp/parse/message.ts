import { DOLLAR } from './bytes.ts';
import { RtspHeaders } from './headers.ts';

/** A request as read from the wire; `uri` is kept as it came. */
export interface RtspRequest {
  readonly method: string;
  readonly uri: string;
  readonly headers: RtspHeaders;
  readonly body: Buffer;
}

/** An RTSP response (RFC 2326 section 7), taken apart. */
export interface RtspResponse {
  readonly statusCode: number;
  readonly reason: string;
  readonly headers: RtspHeaders;
  readonly body: Buffer;
}

/** The head of a message, before its body is known. */
export type MessageHead =
  | { readonly kind: 'request'; readonly method: string; readonly uri: string; readonly headers: RtspHeaders }
  | {
      readonly kind: 'response';
      readonly statusCode: number;
      readonly reason: string;
      readonly headers: RtspHeaders;
    };

const REQUEST_LINE = /^([A-Za-z][A-Za-z_]{0,31}) (\S+) RTSP\/\d\.\d$/;
// Some servers leave the reason out, with or without the space before it, or write more blanks than one.
const STATUS_LINE = /^RTSP\/\d\.\d[ \t]+(\d{3})(?:[ \t](.*))?$/;
const HEADER_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:(.*)$/;

/** Reads the first line of a message (RFC 2326 sections 6.1 and 7.1); undefined where it is neither. */
export function parseStartLine(line: string): MessageHead | undefined {
  const status = STATUS_LINE.exec(line);
  if (status !== null) {
    const [, code = '', reason = ''] = status;
    return { kind: 'response', statusCode: Number(code), reason: reason.trim(), headers: new RtspHeaders() };
  }
  const request = REQUEST_LINE.exec(line);
  if (request === null) return undefined;
  const [, method = '', uri = ''] = request;
  return { kind: 'request', method: method.toUpperCase(), uri, headers: new RtspHeaders() };
}

/**
 * Reads one header line. A line without a colon or with an empty name is nothing: cameras and clients
 * (yellowstone sends an empty `: `) write such lines, and no field of use is lost with them.
 */
export function parseHeaderLine(line: string): readonly [name: string, value: string] | undefined {
  const match = HEADER_LINE.exec(line);
  if (match === null) return undefined;
  const [, name = '', value = ''] = match;
  return [name, value.trim()];
}

/**
 * The body's size, or undefined where the fields are no number or contradict each other: then nobody can tell
 * where the next message begins.
 */
export function contentLengthOf(headers: RtspHeaders): number | undefined {
  const values = new Set(headers.all('Content-Length'));
  if (values.size === 0) return 0;
  if (values.size > 1) return undefined;
  const [value = ''] = values;
  return /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

const REASONS: ReadonlyMap<number, string> = new Map([
  [200, 'OK'],
  [301, 'Moved Permanently'],
  [302, 'Found'],
  [400, 'Bad Request'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'Not Found'],
  [405, 'Method Not Allowed'],
  [406, 'Not Acceptable'],
  [413, 'Request Entity Too Large'],
  [415, 'Unsupported Media Type'],
  [451, 'Parameter Not Understood'],
  [453, 'Not Enough Bandwidth'],
  [454, 'Session Not Found'],
  [455, 'Method Not Valid in This State'],
  [457, 'Invalid Range'],
  [459, 'Aggregate Operation Not Allowed'],
  [460, 'Only Aggregate Operation Allowed'],
  [461, 'Unsupported Transport'],
  [500, 'Internal Server Error'],
  [501, 'Not Implemented'],
  [503, 'Service Unavailable'],
  [505, 'RTSP Version Not Supported'],
  [551, 'Option Not Supported'],
]);

/** The standard phrase of a status code (RFC 2326 section 7.1.1). */
function reasonPhrase(statusCode: number): string {
  return REASONS.get(statusCode) ?? 'Unknown';
}

type HeaderEntries = Iterable<readonly [name: string, value: string]>;

/** Writes a request; Content-Length is added where there is a body. */
export function serializeRequest(request: {
  readonly method: string;
  readonly uri: string;
  readonly headers: HeaderEntries;
  readonly body?: Buffer | string;
}): Buffer {
  return serialize(`${request.method} ${request.uri} RTSP/1.0`, request.headers, request.body);
}

/** Writes a response; Content-Length is added where there is a body. */
export function serializeResponse(response: {
  readonly statusCode: number;
  readonly reason?: string;
  readonly headers: HeaderEntries;
  readonly body?: Buffer | string;
}): Buffer {
  const reason = response.reason ?? reasonPhrase(response.statusCode);
  return serialize(`RTSP/1.0 ${response.statusCode} ${reason}`, response.headers, response.body);
}

function serialize(startLine: string, headers: HeaderEntries, body: Buffer | string | undefined): Buffer {
  const lines = [oneLine(startLine)];
  for (const [name, value] of headers) {
    if (name.toLowerCase() !== 'content-length') lines.push(`${oneLine(name)}: ${oneLine(value)}`);
  }
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  if (bytes !== undefined && bytes.length > 0) lines.push(`Content-Length: ${bytes.length}`);
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
  return bytes === undefined ? head : Buffer.concat([head, bytes]);
}

/** Values often come from the other side; a line end in one must not become a header of its own. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out.
  return text.replace(/[\x00-\x08\x0a-\x1f\x7f]+/g, ' ');
}

/** The four bytes before an interleaved packet (RFC 2326 section 10.12). `sizeBytes` is at most 65535. */
export function interleavedHeader(channel: number, sizeBytes: number): Buffer {
  const header = Buffer.allocUnsafe(4);
  header[0] = DOLLAR;
  header[1] = channel;
  header[2] = sizeBytes >>> 8;
  header[3] = sizeBytes;
  return header;
}
