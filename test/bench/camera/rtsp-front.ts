import { createServer, type Server, type Socket } from 'node:net';
import { RtspFramer, type RtspRequest, serializeResponse } from '../../../server/rtsp/parse/index.ts';

/** What a client of one camera's path gets; `end` when it goes. */
export interface Playing {
  end(): void;
}

export interface RtspFrontOptions {
  /** The SDP of a path, or undefined where there is no such camera. */
  describe(path: string): string | undefined;
  /** PLAY: packets are to be written into the socket, interleaved on channel 0. */
  play(path: string, socket: Socket): Playing;
}

/** The least of an RTSP server that a client over TCP needs: one video track, no authentication. */
export async function openRtspFront(options: RtspFrontOptions): Promise<{ server: Server; port: number }> {
  const server = createServer({ noDelay: true }, (socket) => serve(socket, options));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the camera has no port');
  return { server, port: address.port };
}

function serve(socket: Socket, options: RtspFrontOptions): void {
  let playing: Playing | undefined;
  const stop = () => {
    playing?.end();
    playing = undefined;
  };
  const framer = new RtspFramer({
    request: (request) => {
      const path = pathOf(request.uri);
      const answer = answerTo(request, options.describe(path));
      socket.write(answer);
      if (request.method === 'PLAY') playing ??= options.play(path, socket);
      if (request.method === 'TEARDOWN') socket.end();
    },
    response: () => {},
    interleaved: () => {},
    error: () => socket.destroy(),
  });
  socket.on('data', (chunk: Buffer) => framer.push(chunk));
  socket.on('error', stop);
  socket.on('close', stop);
}

/** `/cam3` of `rtsp://127.0.0.1:1/cam3/trackID=0`. */
function pathOf(uri: string): string {
  return /^rtsp:\/\/[^/]+(\/[^/?]*)/.exec(uri)?.[1] ?? '';
}

function answerTo(request: RtspRequest, sdp: string | undefined): Buffer {
  const headers: Array<readonly [string, string]> = [['CSeq', request.headers.get('CSeq') ?? '0']];
  if (sdp === undefined) return serializeResponse({ statusCode: 404, headers });
  switch (request.method) {
    case 'OPTIONS':
      headers.push(['Public', 'OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN']);
      break;
    case 'DESCRIBE':
      headers.push(['Content-Type', 'application/sdp'], ['Content-Base', `${request.uri}/`]);
      return serializeResponse({ statusCode: 200, headers, body: sdp });
    case 'SETUP':
      headers.push(['Transport', 'RTP/AVP/TCP;unicast;interleaved=0-1'], ['Session', 'bench;timeout=60']);
      break;
    default:
      headers.push(['Session', 'bench']);
  }
  return serializeResponse({ statusCode: 200, headers });
}

export function videoSdp(parameterSets?: { readonly sps: Buffer; readonly pps: Buffer }): string {
  const sprop =
    parameterSets === undefined
      ? ''
      : `;profile-level-id=${parameterSets.sps.toString('hex', 1, 4)}` +
        `;sprop-parameter-sets=${parameterSets.sps.toString('base64')},${parameterSets.pps.toString('base64')}`;
  return [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=bench',
    't=0 0',
    'a=control:*',
    'm=video 0 RTP/AVP 96',
    'c=IN IP4 0.0.0.0',
    'a=rtpmap:96 H264/90000',
    `a=fmtp:96 packetization-mode=1${sprop}`,
    'a=control:trackID=0',
    '',
  ].join('\r\n');
}
