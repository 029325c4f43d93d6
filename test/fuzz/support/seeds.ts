import { readdirSync, readFileSync } from 'node:fs';
import { splitAtStartCodes } from '../../../server/stream/index.ts';

const fixtures = new URL('../../fixtures/', import.meta.url);

function files(folder: string, name: RegExp): Buffer[] {
  const place = new URL(`${folder}/`, fixtures);
  return readdirSync(place)
    .filter((entry) => name.test(entry))
    .sort()
    .map((entry) => readFileSync(new URL(entry, place)));
}

const ofOthers = JSON.parse(
  readFileSync(new URL('fuzz/gortsplib-fuzz-seeds.json', fixtures), 'utf8'),
) as Record<string, string[][]>;

/** Seeds of the gortsplib functions whose names match. */
export function seedsOf(name: RegExp): Buffer[] {
  return Object.entries(ofOthers)
    .filter(([key]) => name.test(key))
    .flatMap(([, inputs]) => inputs.flat())
    .map((hex) => Buffer.from(hex, 'hex'));
}

/** Real cameras' replies, as they were on the wire. */
export const cameraReplies: readonly Buffer[] = files('rtsp', /\.txt$/).filter((reply) =>
  reply.subarray(0, 5).equals(Buffer.from('RTSP/')),
);

/** What RTSP clients send. */
export const clientRequests: readonly Buffer[] = files('fuzz', /\.raw$/);

/** Session descriptions of real cameras, and some that hold every codec there is. */
export const descriptions: readonly Buffer[] = [
  ...cameraReplies.flatMap((reply) => {
    const body = reply.indexOf('\r\n\r\nv=0');
    return body === -1 ? [] : [reply.subarray(body + 4)];
  }),
  ...seedsOf(/^sdp/),
  Buffer.from(
    [
      'v=0',
      'o=- 0 0 IN IP4 127.0.0.1',
      's=all there is',
      't=0 0',
      'a=control:*',
      'm=video 0 RTP/AVP 97 96',
      'a=rtpmap:96 H264/90000',
      'a=fmtp:96 packetization-mode=1;profile-level-id=42c00d;sprop-parameter-sets=Z0LADdoFB+wFqDAwNSgAAAMACAAAAwGUeKFV,aM48gA==',
      'a=control:trackID=0',
      'm=audio 0 RTP/AVP 98',
      'a=rtpmap:98 MPEG4-GENERIC/16000/1',
      'a=fmtp:98 streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1408',
      'a=control:trackID=1',
      'm=audio 0 RTP/AVP 99',
      'a=rtpmap:99 opus/48000/2',
      'a=sendonly',
      'm=application 0 RTP/AVP 107',
      'a=rtpmap:107 vnd.onvif.metadata/90000',
      'a=recvonly',
      '',
    ].join('\r\n'),
  ),
];

/** Words of RTSP, SDP and their parameters. */
export const words: readonly string[] = [
  ...[...readFileSync(new URL('fuzz/rtsp.dict', fixtures), 'utf8').matchAll(/"([^"]+)"/g)].map(
    ([, word = '']) => word,
  ),
  ...[
    'RTSP/1.0 200 OK\r\n',
    'RTSP/1.0 401 Unauthorized\r\n',
    'RTSP/1.0 302 Found\r\n',
    'CSeq: ',
    'Session: ',
  ],
  ...['Content-Length: ', 'Content-Base: ', 'Content-Type: application/sdp', 'Location: rtsp://', 'Public: '],
  ...[
    'WWW-Authenticate: Digest ',
    'WWW-Authenticate: Basic ',
    'realm="',
    'nonce="',
    'qop="auth"',
    'stale=true',
  ],
  ...[
    'algorithm=SHA-256',
    'interleaved=',
    'client_port=',
    'server_port=',
    'ssrc=',
    ';timeout=',
    'rtptime=',
    'seq=',
  ],
  ...[
    'url=rtsp://',
    'm=video 0 RTP/AVP 96',
    'm=audio 0 RTP/AVP 0',
    'a=rtpmap:96 H264/90000',
    'a=rtpmap:96 H265/90000',
  ],
  ...[
    'a=fmtp:96 ',
    'sprop-parameter-sets=',
    'sprop-vps=',
    'sprop-sps=',
    'config=',
    'sizelength=',
    'a=control:',
  ],
  ...['a=control:rtsp://', 'a=control:*', 'a=sendonly', 'a=recvonly', 'a=framerate:', 'v=0', '$\0\0\x10'],
];

function nalsOf(path: string): Buffer[] {
  return splitAtStartCodes(readFileSync(new URL(path, fixtures)));
}

export const h264Nals: readonly Buffer[] = [
  ...nalsOf('h264/SarVui.264'),
  ...nalsOf('h264/Cisco_Men_whisper_640x320_CABAC_Bframe_9.264'),
  ...nalsOf('h264/MPS_MW_A.264').slice(0, 60),
];
export const h265Nals: readonly Buffer[] = nalsOf('fuzz/bframes-160x96.265');

/** Fragments this small make many packets of few bytes, so that changes hit heads as often as bodies. */
const MAX_PAYLOAD_BYTES = 300;

interface Payload {
  readonly bytes: Buffer;
  readonly beginsPicture: boolean;
}

/** RFC 6184: parameter sets together, small units as they are, large ones in fragments. */
function h264Payloads(nals: readonly Buffer[]): Payload[] {
  return nals.flatMap((nal): Payload[] => {
    const head = nal[0] ?? 0;
    const type = head & 31;
    const beginsPicture = type === 9 || type === 7 || (type <= 5 && ((nal[1] ?? 0) & 0x80) !== 0);
    if (type === 7 || type === 8) {
      const size = Buffer.from([0x78, nal.length >> 8, nal.length & 255]);
      return [{ bytes: Buffer.concat([size, nal]), beginsPicture }];
    }
    return fragments(nal, 1, beginsPicture, (flags) => Buffer.from([(head & 0xe0) | 28, flags | type]));
  });
}

/** RFC 7798: the same with heads of two bytes. */
function h265Payloads(nals: readonly Buffer[]): Payload[] {
  return nals.flatMap((nal): Payload[] => {
    const type = ((nal[0] ?? 0) >> 1) & 63;
    const beginsPicture = type === 35 || type === 32 || (type < 32 && ((nal[2] ?? 0) & 0x80) !== 0);
    if (type >= 32 && type <= 34) {
      const size = Buffer.from([48 << 1, nal[1] ?? 1, nal.length >> 8, nal.length & 255]);
      return [{ bytes: Buffer.concat([size, nal]), beginsPicture }];
    }
    return fragments(nal, 2, beginsPicture, (flags) => Buffer.from([49 << 1, nal[1] ?? 1, flags | type]));
  });
}

function fragments(
  nal: Buffer,
  headBytes: number,
  beginsPicture: boolean,
  header: (flags: number) => Buffer,
): Payload[] {
  if (nal.length <= MAX_PAYLOAD_BYTES) return [{ bytes: nal, beginsPicture }];
  const payloads: Payload[] = [];
  for (let start = headBytes; start < nal.length; start += MAX_PAYLOAD_BYTES) {
    const end = Math.min(nal.length, start + MAX_PAYLOAD_BYTES);
    const flags = (start === headBytes ? 0x80 : 0) | (end === nal.length ? 0x40 : 0);
    payloads.push({
      bytes: Buffer.concat([header(flags), nal.subarray(start, end)]),
      beginsPicture: beginsPicture && start === headBytes,
    });
  }
  return payloads;
}

/** The packets of a stream: 25 pictures a second, the marker on each one's last, sequence and time about to wrap. */
export function rtpStream(payloads: readonly Payload[], payloadType = 96): Buffer[] {
  let timestamp = 0xffff_ffff - 5 * 3600;
  let hasSlice = false;
  return payloads.map(({ bytes, beginsPicture }, n) => {
    if (beginsPicture && hasSlice) timestamp = (timestamp + 3600) >>> 0;
    hasSlice = true;
    const isLast = payloads[n + 1]?.beginsPicture ?? true;
    return rtp({ sequence: (65_530 + n) & 0xffff, timestamp, marker: isLast, payloadType, payload: bytes });
  });
}

export interface RtpParts {
  readonly sequence: number;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly payloadType: number;
  readonly payload: Buffer;
}

export function rtp({ sequence, timestamp, marker, payloadType, payload }: RtpParts): Buffer {
  const head = Buffer.alloc(12);
  head[0] = 0x80;
  head[1] = (marker ? 0x80 : 0) | payloadType;
  head.writeUInt16BE(sequence, 2);
  head.writeUInt32BE(timestamp, 4);
  head.writeUInt32BE(1, 8);
  return Buffer.concat([head, payload]);
}

/** What others' fuzzers found, behind a head: each as a stream of its own. */
function ofFuzzers(name: RegExp): Buffer[][] {
  return seedsOf(name).map((seed) => {
    const packet = seed.subarray(4);
    const payloads = [packet, packet.subarray(12), packet].map((bytes) => ({ bytes, beginsPicture: true }));
    return rtpStream(payloads);
  });
}

export const h264Streams: readonly (readonly Buffer[])[] = [
  rtpStream(h264Payloads(nalsOf('h264/SarVui.264'))),
  rtpStream(h264Payloads(nalsOf('h264/Cisco_Men_whisper_640x320_CABAC_Bframe_9.264'))),
  rtpStream(h264Payloads(h264Nals.slice(-60))),
  // A V380 camera: Annex B inside of the packets.
  rtpStream(
    h264Nals
      .slice(0, 12)
      .map((nal) => ({ bytes: Buffer.concat([Buffer.from([0, 0, 0, 1]), nal]), beginsPicture: true })),
  ),
  ...ofFuzzers(/^rtph264/),
];
export const h265Streams: readonly (readonly Buffer[])[] = [
  rtpStream(h265Payloads(h265Nals)),
  rtpStream(
    h265Nals
      .slice(0, 12)
      .map((nal) => ({ bytes: Buffer.concat([Buffer.from([0, 0, 0, 1]), nal]), beginsPicture: true })),
  ),
  ...ofFuzzers(/^rtph265/),
];

/** RFC 3640 section 3.3.6: one frame a packet, three frames a packet, one frame in three packets. */
function aacStreams(): Buffer[][] {
  const frame = (size: number, n: number) => Buffer.alloc(size, n + 1);
  const packet = (sizes: readonly number[], data: Buffer) => {
    const head = Buffer.alloc(2 + 2 * sizes.length);
    head.writeUInt16BE(16 * sizes.length);
    for (const [n, size] of sizes.entries()) head.writeUInt16BE(size << 3, 2 + 2 * n);
    return { bytes: Buffer.concat([head, data]), beginsPicture: true };
  };
  const ones = Array.from({ length: 24 }, (_, n) => packet([40 + n], frame(40 + n, n)));
  const threes = Array.from({ length: 24 }, (_, n) => packet([20, 30, 40], frame(90, n)));
  const parts = Array.from({ length: 24 }, (_, n) => ({
    ...packet([300], frame(100, n)),
    beginsPicture: n % 3 === 0,
  }));
  return [ones, threes, parts].map((payloads) => rtpStream(payloads, 98));
}

export const audioStreams: readonly (readonly Buffer[])[] = [
  ...aacStreams(),
  ...ofFuzzers(/^rtpmpeg4audio/),
  rtpStream(
    Array.from({ length: 24 }, (_, n) => ({ bytes: Buffer.alloc(160, n), beginsPicture: true })),
    98,
  ),
];

/** Compound packets: SR with SDES, RR, BYE, PLI, FIR, and one of everything. */
export const rtcpPackets: readonly Buffer[] = (() => {
  const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
  const sr = hex(
    '81c8000c 00000001 e8d2c4a1 80000000 12345678 00000064 00010000 00000002 05000003 00010203 00000010 c4a18000 00008000',
  );
  const sdes = hex('81ca0004 00000001 0108 63616d406c616e 0000 0000');
  const rr = hex('81c90007 00000001 00000002 ff7fffff ffffffff 00000000 00000000 00000000');
  const bye = hex('81cb0001 00000001');
  const pli = hex('81ce0002 00000001 00000002');
  const fir = hex('84ce0004 00000001 00000000 00000002 01000000');
  return [sr, sdes, rr, bye, pli, fir, Buffer.concat([sr, sdes, bye]), Buffer.concat([rr, sdes, pli, fir])];
})();

/** What ONVIF devices answer, to each question once; and what only some do. */
export const onvifReplies: readonly Buffer[] = files('onvif', /\.xml$/);

/** The same of discovery. */
export const probeReplies: readonly Buffer[] = files('onvif', /^Probe\.xml$/);

/** Words of SOAP and ONVIF, and what is hard about XML. */
export const onvifWords: readonly string[] = [
  ...[
    '<',
    '>',
    '</',
    '/>',
    '&',
    '&amp;',
    '&#x0;',
    '&#1114112;',
    '<![CDATA[',
    ']]>',
    '<!--',
    '-->',
    '<?',
    '<!DOCTYPE ',
  ],
  ...[
    '<tt:URI>',
    '<tt:Min>-INF</tt:Min>',
    '<tt:Max>1e308</tt:Max>',
    ' token="',
    ' xmlns="',
    ' xmlns:tt="',
    '="',
    "='",
  ],
  ...[
    '1e308',
    '-3.4028235e38',
    'NaN',
    'INF',
    'PT1H',
    'PT99999999999S',
    '9999-12-31T23:59:59Z',
    '-0001-01-01T00:00:00',
  ],
  ...[
    'http://169.254.169.254/',
    'http://[::1]:80/',
    'rtsp://user:pass@10.9.9.9:554/',
    'file:///etc/passwd',
    'http://10.0.0.5@evil/',
  ],
  ...[
    '<wsnt:NotificationMessage>',
    '<tt:SimpleItem Name="State" Value="true"/>',
    'PropertyOperation="Deleted"',
    'onvif://www.onvif.org/name/%',
  ],
];
