import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { SourceTally } from '../../../server/rtsp/client/tally.ts';
import { TrackReceiver } from '../../../server/rtsp/client/track-receiver.ts';
import { RtspFramer } from '../../../server/rtsp/parse/index.ts';
import { rtp } from '../support/seeds.ts';
import { trackOf } from '../targets/payloads.ts';

/** How a camera goes about making us keep as much as it can. All of it is sent as interleaved packets, or as text. */
export interface Hoard {
  readonly codec: 'H264' | 'H265' | 'MPEG4-GENERIC' | 'PCMU';
  readonly transport: 'tcp' | 'udp';
  /** What payloads begin with. */
  readonly heads: readonly (readonly number[])[];
  readonly payloadBytes: number;
  /** Every so many packets: a marker, another time, a hole in the sequence, another sender. 0: never. */
  readonly markerEvery: number;
  readonly timeEvery: number;
  readonly holeEvery: number;
  readonly senderEvery: number;
  /** Between packets: header lines or body bytes of a message that never ends. */
  readonly text: 'none' | 'headers' | 'body';
}

const HEADS: readonly (readonly number[])[] = [
  ...[
    [0x7c, 0x85],
    [0x7c, 0x05],
    [0x7c, 0x01],
    [0x78, 0x00, 0x01, 0x65],
    [0x06, 0x01],
    [0x65, 0x88],
    [0x41, 0x9a],
  ],
  ...[
    [0x67, 0x42, 0x00, 0x0d],
    [0x68, 0xce],
    [0x01],
    [0x00, 0x00, 0x00, 0x01, 0x65, 0x88],
    [0x62, 0x01, 0x93],
  ],
  ...[
    [0x62, 0x01, 0x13],
    [0x60, 0x01, 0x00, 0x02],
    [0x40, 0x01],
    [0x42, 0x01],
    [0x44, 0x01],
    [0x26, 0x01, 0xaf],
  ],
  ...[
    [0x00, 0x10, 0xff, 0xf8],
    [0x00, 0x10, 0x20, 0x00],
  ],
];

const every = fc.constantFrom(0, 0, 2, 3, 10, 100, 1000);

/** Any of them; the worst of real ones among them. */
export const anyHoard: fc.Arbitrary<Hoard> = fc.record({
  codec: fc.constantFrom('H264', 'H264', 'H265', 'MPEG4-GENERIC', 'PCMU'),
  transport: fc.constantFrom('tcp', 'udp'),
  heads: fc.array(fc.constantFrom(...HEADS), { minLength: 1, maxLength: 4 }),
  payloadBytes: fc.constantFrom(1, 3, 20, 200, 1400, 9000, 60_000),
  markerEvery: every,
  timeEvery: every,
  holeEvery: every,
  senderEvery: fc.constantFrom(0, 0, 0, 1, 2, 50),
  text: fc.constantFrom('none', 'none', 'none', 'headers', 'body'),
});

/** Those that a camera's implementer would think of first. */
export const knownHoards: readonly Hoard[] = [
  // Fragments that never end, each a small part of its own chunk of the socket.
  hoard({ heads: [[0x7c, 0x85], ...Array.from({ length: 40 }, () => [0x7c, 0x05])], payloadBytes: 3 }),
  hoard({ heads: [[0x7c, 0x05]], payloadBytes: 60_000 }),
  hoard({ heads: [[0x65, 0x88]], payloadBytes: 3 }),
  hoard({ heads: [[0x06, 0x01]], payloadBytes: 60_000 }),
  hoard({ heads: [[0x7c, 0x85]], payloadBytes: 20, transport: 'udp', holeEvery: 2 }),
  hoard({
    codec: 'H265',
    heads: [
      [0x62, 0x01, 0x93],
      [0x62, 0x01, 0x13],
    ],
    payloadBytes: 200,
  }),
  hoard({ codec: 'MPEG4-GENERIC', heads: [[0x00, 0x10, 0xff, 0xf8]], payloadBytes: 3 }),
  hoard({ text: 'headers' }),
  hoard({ text: 'body' }),
];

function hoard(over: Partial<Hoard>): Hoard {
  return {
    ...{ codec: 'H264', transport: 'tcp', heads: [[0x65, 0x88]], payloadBytes: 1400, text: 'none' },
    ...{ markerEvery: 0, timeEvery: 0, holeEvery: 0, senderEvery: 0, ...over },
  } as Hoard;
}

/** As much as a socket gives at once. */
const CHUNK_BYTES = 64 * 1024;

/** Collects all garbage, so that what is held can be told from what was only used. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

/** The most that one connection held, of `totalBytes` that a camera sent. */
export function heldBytes(how: Hoard, totalBytes: number): number {
  const collect = collector();
  const { push, keep } = connection(how);
  const make = chunks(how);
  const held = (): number => {
    // Memory of buffers is given back beside the collection, so it is looked at until it falls no more.
    let least = Number.POSITIVE_INFINITY;
    for (let tries = 0; tries < 4; tries += 1) {
      collect();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      least = Math.min(least, heapUsed + arrayBuffers);
    }
    return least;
  };
  const before = held();
  let most = 0;
  const step = totalBytes / 6;
  let nextAt = step;
  for (let sent = 0; sent < totalBytes; sent += CHUNK_BYTES) {
    push(make());
    if (sent < nextAt) continue;
    nextAt += step;
    most = Math.max(most, held() - before);
  }
  most = Math.max(most, held() - before);
  keep();
  return most;
}

/** What stands between a camera's socket and the hub. Units are not kept: the hub bounds them by itself. */
function connection({ codec, transport }: Hoard): { push(chunk: Buffer): void; keep(): void } {
  const isVideo = codec === 'H264' || codec === 'H265';
  const rate = isVideo ? 90_000 : 48_000;
  const track = trackOf(`m=${isVideo ? 'video' : 'audio'} 0 RTP/AVP 96`, `a=rtpmap:96 ${codec}/${rate}`);
  const receiver =
    track === undefined
      ? undefined
      : new TrackReceiver({
          ...{ track, transport, tally: new SourceTally() },
          ...{ onUnit: () => {}, onFormat: () => {}, onSenderReport: () => {}, onBye: () => {} },
        });
  let nowMs = 0;
  const framer = new RtspFramer(
    {
      ...{ request: () => {}, response: () => {}, error: () => {} },
      interleaved: (_channel, payload) => receiver?.rtp(payload, nowMs),
    },
    { resync: true },
  );
  return {
    push(chunk) {
      // A chunk a millisecond is 500 Mbit/s.
      nowMs += 1;
      framer.push(chunk);
      if (nowMs % 50 === 0) receiver?.tick(nowMs);
    },
    keep() {
      void framer.skippedBytes;
      receiver?.count();
    },
  };
}

/** A camera's bytes, chunk by chunk, each with memory of its own as a socket's have. */
function chunks(how: Hoard): () => Buffer {
  let n = 0;
  let timestamp = 0;
  let sequence = 0;
  let hasText = false;
  const isEvery = (count: number): boolean => count > 0 && n % count === 0;
  const packet = (): Buffer => {
    n += 1;
    if (isEvery(how.timeEvery)) timestamp = (timestamp + 3600) >>> 0;
    sequence = (sequence + (isEvery(how.holeEvery) ? 2 : 1)) & 0xffff;
    const head = Buffer.from(how.heads[n % how.heads.length] ?? []);
    const payload = Buffer.concat([head, Buffer.alloc(how.payloadBytes, n | 1)]);
    const bytes = rtp({ sequence, timestamp, marker: isEvery(how.markerEvery), payloadType: 96, payload });
    if (isEvery(how.senderEvery)) bytes.writeUInt32BE(n, 8);
    const frame = Buffer.alloc(4 + bytes.length);
    frame.set([0x24, 0, bytes.length >> 8, bytes.length & 255]);
    bytes.copy(frame, 4);
    return frame;
  };
  return () => {
    if (how.text !== 'none') {
      const start = hasText ? '' : 'RTSP/1.0 200 OK\r\nContent-Length: 65536\r\n';
      hasText = true;
      const line = how.text === 'headers' ? 'X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n' : '\r\n';
      return Buffer.from((start + line.repeat(CHUNK_BYTES / line.length)).slice(0, CHUNK_BYTES));
    }
    const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    let offset = 0;
    // Small packets are rare among much that nobody waits for, so that each may hold a whole chunk.
    while (offset < CHUNK_BYTES) {
      const frame = packet();
      if (offset + frame.length + 4 > CHUNK_BYTES) break;
      offset += frame.copy(chunk, offset);
      if (how.payloadBytes <= 3) break;
    }
    fillUp(chunk, offset);
    return chunk;
  };
}

/** Packets on a channel that nobody has. */
function fillUp(chunk: Buffer, from: number): void {
  const rest = chunk.length - from - 4;
  if (rest < 0) return;
  chunk.set([0x24, 7, rest >> 8, rest & 255], from);
  chunk.fill(0, from + 4);
}
