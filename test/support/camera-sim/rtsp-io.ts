import type { Socket } from 'node:net';

/** An RTSP request as the camera saw it; header names in lower case. */
export interface SimRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly receivedAtMs: number;
}

export interface SimReply {
  readonly status?: number;
  readonly reason?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const REASONS = new Map([
  [200, 'OK'],
  [302, 'Found'],
  [401, 'Unauthorized'],
  [404, 'Not Found'],
  [454, 'Session Not Found'],
  [461, 'Unsupported Transport'],
  [500, 'Internal Server Error'],
  [503, 'Service Unavailable'],
]);

/** The bytes of a reply. `extra` stands before its other headers. */
export function formatReply(request: SimRequest, reply: SimReply, extra: readonly string[] = []): string {
  const status = reply.status ?? 200;
  const lines = [
    `RTSP/1.0 ${status} ${reply.reason ?? REASONS.get(status) ?? 'Status'}`,
    `CSeq: ${request.headers.get('cseq') ?? ''}`,
    ...extra,
  ];
  for (const [name, value] of Object.entries(reply.headers ?? {})) lines.push(`${name}: ${value}`);
  if (reply.body !== undefined) lines.push(`Content-Length: ${Buffer.byteLength(reply.body)}`);
  return `${lines.join('\r\n')}\r\n\r\n${reply.body ?? ''}`;
}

/** A captured reply, with the CSeq of the request that it is to answer now, and line ends as RTSP has them. */
export function replayed(text: string, request: SimRequest): string {
  const normal = text.replace(/\r?\n/g, '\r\n');
  return normal.replace(/^(cseq\s*:\s*)\d+/im, `$1${request.headers.get('cseq') ?? ''}`);
}

/** A reader of its own, so that a fault in the gateway's parser is not mirrored here. */
export function readRequests(
  socket: Socket,
  on: { request(request: SimRequest): void; interleaved(channel: number, packet: Buffer): void },
): void {
  let buffered: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk]);
    for (;;) {
      if (buffered[0] === 0x24) {
        if (buffered.length < 4 || buffered.length < 4 + buffered.readUInt16BE(2)) return;
        const end = 4 + buffered.readUInt16BE(2);
        on.interleaved(buffered[1] ?? 0, buffered.subarray(4, end));
        buffered = buffered.subarray(end);
        continue;
      }
      const end = buffered.indexOf('\r\n\r\n');
      if (end < 0) return;
      const request = parseRequest(buffered.subarray(0, end).toString('latin1'));
      const bodyBytes = Number(request.headers.get('content-length') ?? 0);
      if (buffered.length < end + 4 + bodyBytes) return;
      buffered = buffered.subarray(end + 4 + bodyBytes);
      on.request(request);
    }
  });
}

function parseRequest(raw: string): SimRequest {
  const [first = '', ...lines] = raw.split('\r\n');
  const [method = '', url = ''] = first.split(' ');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return { method, url, headers, receivedAtMs: performance.now() };
}
