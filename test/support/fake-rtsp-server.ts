import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

/** An RTSP request as the fake camera saw it; header names in lower case, repeated ones joined with a comma. */
export interface FakeRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly raw: string;
  readonly receivedAtMs: number;
}

export interface FakeReply {
  readonly status?: number;
  readonly reason?: string;
  /** A list sends the header more than once. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
}

export interface FakeServerOptions {
  readonly sdp?: string;
  /** Answers in place of the default when it returns a reply; `silent` sends nothing (or was sent by hand). */
  readonly onRequest?: (request: FakeRequest, connection: FakeConnection) => FakeReply | 'silent' | undefined;
  /** Called right after the reply to PLAY was written. */
  readonly onPlay?: (connection: FakeConnection) => void;
  /** Called for each connection before anything was read. */
  readonly onConnection?: (connection: FakeConnection) => void;
  readonly sessionHeader?: string;
  readonly tls?: TlsOptions;
}

/** An SPS and PPS of 320x240 constrained baseline at 25 fps, as x264 writes them. */
export const FAKE_SPS = Buffer.from('Z0LADdoFB+wFqDAwNSgAAAMACAAAAwGUeKFV', 'base64');
export const FAKE_PPS = Buffer.from('aM48gA==', 'base64');

export const FAKE_SDP = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=fake camera',
  't=0 0',
  'a=control:*',
  'm=video 0 RTP/AVP 96',
  'a=rtpmap:96 H264/90000',
  `a=fmtp:96 packetization-mode=1;profile-level-id=42c00d;sprop-parameter-sets=${FAKE_SPS.toString('base64')},${FAKE_PPS.toString('base64')}`,
  'a=control:trackID=0',
  '',
].join('\r\n');

export const FAKE_SDP_WITH_AUDIO = `${FAKE_SDP}${[
  'm=audio 0 RTP/AVP 0',
  'a=rtpmap:0 PCMU/8000',
  'a=control:trackID=1',
  '',
].join('\r\n')}`;

/** One connection to the fake camera. */
export class FakeConnection {
  readonly socket: Socket;
  readonly requests: FakeRequest[] = [];
  /** UDP ports of the client by track, in the order of its SETUPs. */
  readonly clientPorts: number[] = [];
  /** Bytes that came on interleaved channels: channel and packet. */
  readonly interleaved: Array<{ channel: number; packet: Buffer }> = [];
  #sequence = 100;
  #serverCseq = 0;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  write(data: string | Buffer): void {
    if (!this.socket.destroyed) this.socket.write(data);
  }

  reply(request: FakeRequest, reply: FakeReply = {}): void {
    this.write(formatReply(request, reply));
  }

  /** A request of the camera's own. */
  ask(method: string, headers: Readonly<Record<string, string>> = {}): number {
    this.#serverCseq += 1;
    const lines = [`${method} rtsp://127.0.0.1/ RTSP/1.0`, `CSeq: ${this.#serverCseq}`];
    for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
    this.write(`${lines.join('\r\n')}\r\n\r\n`);
    return this.#serverCseq;
  }

  /** One picture in one RTP packet on an interleaved channel. */
  sendPicture(options: { timestamp: number; key?: boolean; channel?: number; bytes?: number }): void {
    const payload = fakePicture(options.key ?? true, options.bytes ?? 60);
    this.write(interleaved(options.channel ?? 0, this.nextPacket(options.timestamp, payload)));
  }

  nextPacket(timestamp: number, payload: Buffer): Buffer {
    this.#sequence += 1;
    return rtpPacket({ sequence: this.#sequence, timestamp, marker: true, payload });
  }
}

export interface FakeRtspServer {
  readonly port: number;
  readonly connections: readonly FakeConnection[];
  /** All requests of all connections, in order. */
  readonly requests: readonly FakeRequest[];
  url(path?: string): string;
  close(): Promise<void>;
}

/** A camera that does what a test tells it; without a script it is a well-behaved one that sends no media. */
export async function startFakeRtspServer(options: FakeServerOptions = {}): Promise<FakeRtspServer> {
  const connections: FakeConnection[] = [];
  const requests: FakeRequest[] = [];
  const onSocket = (socket: Socket) => {
    const connection = new FakeConnection(socket);
    connections.push(connection);
    socket.on('error', () => {});
    options.onConnection?.(connection);
    readRequests(connection, (request) => {
      requests.push(request);
      connection.requests.push(request);
      const scripted = options.onRequest?.(request, connection);
      if (scripted === 'silent') return;
      connection.reply(request, scripted ?? defaultReply(request, connection, options));
      if (request.method === 'PLAY') options.onPlay?.(connection);
    });
  };
  const server: Server =
    options.tls === undefined ? createServer(onSocket) : createTlsServer(options.tls, onSocket);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    connections,
    requests,
    url: (path = '/cam') => `${options.tls === undefined ? 'rtsp' : 'rtsps'}://127.0.0.1:${port}${path}`,
    close: async () => {
      for (const connection of connections) connection.socket.destroy();
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
  };
}

function defaultReply(
  request: FakeRequest,
  connection: FakeConnection,
  options: FakeServerOptions,
): FakeReply {
  const session = options.sessionHeader ?? '12345678;timeout=60';
  switch (request.method) {
    case 'OPTIONS':
      return { headers: { Public: 'OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, GET_PARAMETER' } };
    case 'DESCRIBE':
      return {
        headers: { 'Content-Base': `${request.url}/`, 'Content-Type': 'application/sdp' },
        body: options.sdp ?? FAKE_SDP,
      };
    case 'SETUP': {
      const asked = request.headers.get('transport') ?? '';
      const ports = /client_port=(\d+)-/.exec(asked);
      if (ports?.[1] !== undefined) connection.clientPorts.push(Number(ports[1]));
      const transport = ports === null ? asked : `${asked};server_port=40000-40001`;
      return { headers: { Transport: transport, Session: session } };
    }
    default:
      return { headers: { Session: session.split(';')[0] ?? '' } };
  }
}

function formatReply(request: FakeRequest, reply: FakeReply): string {
  const lines = [`RTSP/1.0 ${reply.status ?? 200} ${reply.reason ?? 'OK'}`];
  const headers = { CSeq: request.headers.get('cseq') ?? '', ...reply.headers };
  for (const [name, value] of Object.entries(headers)) {
    for (const one of typeof value === 'string' ? [value] : value) lines.push(`${name}: ${one}`);
  }
  if (reply.body !== undefined) lines.push(`Content-Length: ${Buffer.byteLength(reply.body)}`);
  return `${lines.join('\r\n')}\r\n\r\n${reply.body ?? ''}`;
}

/** A reader of its own, so that a fault in the gateway's parser is not mirrored here. */
function readRequests(connection: FakeConnection, onRequest: (request: FakeRequest) => void): void {
  let buffered = Buffer.alloc(0);
  connection.socket.on('data', (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk]);
    for (;;) {
      if (buffered[0] === 0x24) {
        if (buffered.length < 4 || buffered.length < 4 + buffered.readUInt16BE(2)) return;
        const end = 4 + buffered.readUInt16BE(2);
        connection.interleaved.push({ channel: buffered[1] ?? 0, packet: buffered.subarray(4, end) });
        buffered = buffered.subarray(end);
        continue;
      }
      const end = buffered.indexOf('\r\n\r\n');
      if (end < 0) return;
      const raw = buffered.subarray(0, end).toString('latin1');
      buffered = buffered.subarray(end + 4);
      onRequest(parseRequest(raw));
    }
  });
}

function parseRequest(raw: string): FakeRequest {
  const [first = '', ...lines] = raw.split('\r\n');
  const [method = '', url = ''] = first.split(' ');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  return { method, url, headers, raw, receivedAtMs: performance.now() };
}

/** `$`, channel, length, packet (RFC 2326 section 10.12). */
export function interleaved(channel: number, packet: Buffer): Buffer {
  const header = Buffer.from([0x24, channel, packet.length >> 8, packet.length & 0xff]);
  return Buffer.concat([header, packet]);
}

export interface RtpFields {
  readonly sequence: number;
  readonly timestamp: number;
  readonly payload: Buffer;
  readonly marker?: boolean;
  readonly payloadType?: number;
  readonly ssrc?: number;
  readonly csrcs?: readonly number[];
}

export function rtpPacket(fields: RtpFields): Buffer {
  const csrcs = fields.csrcs ?? [];
  const header = Buffer.alloc(12 + 4 * csrcs.length);
  header[0] = 0x80 | csrcs.length;
  header[1] = ((fields.marker ?? false) ? 0x80 : 0) | (fields.payloadType ?? 96);
  header.writeUInt16BE(fields.sequence & 0xffff, 2);
  header.writeUInt32BE(fields.timestamp >>> 0, 4);
  header.writeUInt32BE(fields.ssrc ?? 0x11223344, 8);
  for (const [n, csrc] of csrcs.entries()) header.writeUInt32BE(csrc, 12 + 4 * n);
  return Buffer.concat([header, fields.payload]);
}

/** A slice with first_mb_in_slice 0; nothing decodes it, but it has the shape of an IDR or a P picture. */
export function fakePicture(key: boolean, bytes = 60, fill = 0x55): Buffer {
  const picture = Buffer.alloc(Math.max(bytes, 2), fill);
  picture[0] = key ? 0x65 : 0x41;
  picture[1] = 0x88;
  return picture;
}

/** A sender report (RFC 3550 section 6.4.1) of the fake camera. */
export function senderReport(fields: { ssrc?: number; ntpMs: number; rtpTimestamp: number }): Buffer {
  const report = Buffer.alloc(28);
  report.set([0x80, 200, 0, 6]);
  report.writeUInt32BE(fields.ssrc ?? 0x11223344, 4);
  report.writeUInt32BE(Math.floor(fields.ntpMs / 1000) + 2_208_988_800, 8);
  report.writeUInt32BE(Math.round(((fields.ntpMs % 1000) / 1000) * 2 ** 32), 12);
  report.writeUInt32BE(fields.rtpTimestamp >>> 0, 16);
  return report;
}

/** Two UDP sockets on neighbouring free ports of 127.0.0.1, for a fake camera that sends over UDP. */
export async function openUdpPorts(): Promise<{ rtp: UdpSocket; rtcp: UdpSocket; port: number }> {
  for (;;) {
    const rtp = createSocket('udp4');
    rtp.bind(0, '127.0.0.1');
    await once(rtp, 'listening');
    const { port } = rtp.address();
    const rtcp = createSocket('udp4');
    try {
      rtcp.bind(port + 1, '127.0.0.1');
      await once(rtcp, 'listening');
      return { rtp, rtcp, port };
    } catch {
      rtp.close();
      rtcp.close();
    }
  }
}
