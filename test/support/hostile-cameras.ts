import {
  FAKE_PPS,
  FAKE_SDP,
  FAKE_SDP_WITH_AUDIO,
  type FakeConnection,
  type FakeServerOptions,
  fakePicture,
  interleaved,
  rtpPacket,
  senderReport,
} from './fake-rtsp-server.ts';

/** Writes what `make` gives every `everyMs`, no faster than it is read, until the connection goes. */
export function pump(
  { socket }: FakeConnection,
  everyMs: number,
  make: (n: number) => Buffer | string,
): void {
  let n = 0;
  const timer = setInterval(() => {
    if (socket.destroyed) clearInterval(timer);
    else if (socket.writableLength === 0) socket.write(make(n++));
  }, everyMs);
}

export function packet(n: number, payload: Buffer, timestamp = n * 3600): Buffer {
  return interleaved(0, rtpPacket({ sequence: n & 0xffff, timestamp, marker: true, payload }));
}

/** Writes without a pause, as fast as it is read. */
function flood({ socket }: FakeConnection, make: (n: number) => Buffer | string): void {
  let n = 0;
  const more = () => {
    while (!socket.destroyed && socket.writableLength < 1024 * 1024) socket.write(make(n++));
  };
  socket.on('drain', more);
  more();
}

/** Packets without a byte in them, on the channel of the video. */
const TINY_PACKETS = Buffer.alloc(256 * 1024, Buffer.from([0x24, 0, 0, 0]));

/** Pictures of one packet each, the largest there are. */
function largePackets(n: number): Buffer {
  return Buffer.concat(Array.from({ length: 16 }, (_, i) => packet(n * 16 + i, fakePicture(true, 65_000))));
}

/** An IDR picture of so many bytes, in fragments. */
function hugePicture(n: number, sizeBytes: number): Buffer {
  const count = Math.ceil(sizeBytes / 60_000);
  const fragments = Array.from({ length: count }, (_, i) => {
    const isLast = i === count - 1;
    const header = Buffer.from([0x7c, (i === 0 ? 0x80 : 0) | (isLast ? 0x40 : 0) | 5]);
    const payload = Buffer.concat([header, Buffer.alloc(60_000, 0x88)]);
    const sequence = (n * count + i) & 0xffff;
    return interleaved(0, rtpPacket({ sequence, timestamp: n * 3600, marker: isLast, payload }));
  });
  return Buffer.concat(fragments);
}

const floodOfTiny = (n: number) =>
  Buffer.concat(
    Array.from({ length: 500 }, (_, i) =>
      packet(n * 500 + i, fakePicture(n + i === 0, 2), (n * 500 + i) * 9),
    ),
  );

/** Cameras that mean harm, or are as broken as if they did, by what they do. */
export const HOSTILE_CAMERAS: Readonly<Record<string, FakeServerOptions>> = {
  'headers-without-end': {
    onConnection: (c) =>
      pump(c, 5, (n) => `${n === 0 ? 'RTSP/1.0 200 OK\r\n' : ''}X-${n}: ${'y'.repeat(1000)}\r\n`),
  },
  'a-line-without-end': { onConnection: (c) => pump(c, 5, () => Buffer.alloc(65_536, 0x52)) },
  'a-huge-body': { onRequest: () => ({ headers: { 'Content-Length': '99999999999' } }) },
  'one-byte-at-a-time': { onConnection: (c) => pump(c, 100, (n) => 'RTSP/1.0 200 OK\r\n'[n % 17] ?? 'R') },
  'refusals-without-end': {
    onRequest: () => ({
      status: 401,
      reason: '\x1b[2J<script>',
      headers: { 'WWW-Authenticate': 'Digest realm="\x1b[31m", nonce="n", stale=true' },
    }),
  },
  'many-tracks': { sdp: FAKE_SDP + 'm=video 0 RTP/AVP 96\r\na=control:x\r\n'.repeat(1_000) },
  'requests-without-end': {
    onPlay: (c) => pump(c, 2, () => 'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n'.repeat(300)),
  },
  'frames-on-every-channel': {
    onPlay: (c) => pump(c, 5, (n) => interleaved(n & 255, Buffer.alloc(65_535, n))),
  },
  'times-at-random': {
    sdp: FAKE_SDP_WITH_AUDIO,
    onPlay: (c) =>
      pump(c, 10, (n) => {
        const time = Math.imul(n, 0x9e37_79b1) >>> 0;
        const report = senderReport({ ntpMs: time, rtpTimestamp: ~time >>> 0 });
        return Buffer.concat([packet(n, fakePicture(n % 5 === 0, 500), time), interleaved(1, report)]);
      }),
  },
  'pictures-too-large': { onPlay: (c) => pump(c, 200, (n) => hugePicture(n, 32 * 1024 * 1024)) },
  'pictures-too-small': { onPlay: (c) => pump(c, 1, floodOfTiny) },
  'another-format-each-time': {
    onPlay: (c) =>
      pump(c, 5, (n) => {
        const pps = Buffer.concat([FAKE_PPS, Buffer.from([n & 255, 0x80])]);
        return Buffer.concat([packet(2 * n, pps, n), packet(2 * n + 1, fakePicture(true, 300), n)]);
      }),
  },
  'the-end-in-the-middle': {
    onPlay: (c) => {
      c.write(Buffer.from([0x24, 0, 0xff]));
      c.socket.resetAndDestroy();
    },
  },
  'answers-to-nobody': {
    onRequest: (request) => ({ headers: { CSeq: String(Number(request.headers.get('cseq')) + 1_000_000) } }),
  },
  'answers-without-end': {
    onPlay: (c) => flood(c, () => 'RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n'.repeat(2_000)),
  },
  'redirects-without-end': {
    onRequest: (request) => ({ status: 302, reason: 'Found', headers: { Location: `${request.url}/again` } }),
  },
  'redirects-inside': {
    onRequest: () => ({
      status: 302,
      reason: 'Found',
      headers: { Location: 'rtsp://169.254.169.254/latest' },
    }),
  },
  'redirects-to-nonsense': {
    onRequest: (request) => {
      const places = [
        'file:///etc/passwd',
        'http://127.0.0.1/',
        '',
        '\x1b[2J',
        'rtsp://user:pw@',
        '//',
        'gopher://x',
      ];
      const place = places[Number(request.headers.get('cseq')) % places.length] ?? '';
      return { status: 301, reason: 'Moved', headers: { Location: place } };
    },
  },
  'packets-as-fast-as-it-goes': { onPlay: (c) => flood(c, (n) => largePackets(n)) },
  'tiny-packets-as-fast-as-it-goes': { onPlay: (c) => flood(c, () => TINY_PACKETS) },
  noise: { onConnection: (c) => pump(c, 5, (n) => Buffer.alloc(5_000, n * 31)) },
};
