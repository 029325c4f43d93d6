import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type FramerOptions,
  RtspFramer,
  RtspHeaders,
  serializeRequest,
  serializeResponse,
} from '../../../server/rtsp/parse/index.ts';
import { fixtureBytes } from './fixture.ts';

type Event =
  | { kind: 'request'; method: string; uri: string; headers: [string, string][]; body: string }
  | { kind: 'response'; statusCode: number; reason: string; headers: [string, string][]; body: string }
  | { kind: 'packet'; channel: number; payload: string }
  | { kind: 'error'; code: string; message: string };

function frame(chunks: readonly Buffer[], options?: FramerOptions): Event[] {
  const events: Event[] = [];
  const framer = framerInto(events, options);
  for (const chunk of chunks) framer.push(chunk);
  return events;
}

function framerInto(events: Event[], options?: FramerOptions): RtspFramer {
  return new RtspFramer(
    {
      request: ({ method, uri, headers, body }) =>
        events.push({ kind: 'request', method, uri, headers: pairs(headers), body: body.toString('hex') }),
      response: ({ statusCode, reason, headers, body }) =>
        events.push({
          kind: 'response',
          statusCode,
          reason,
          headers: pairs(headers),
          body: body.toString('hex'),
        }),
      interleaved: (channel, payload) =>
        events.push({ kind: 'packet', channel, payload: payload.toString('hex') }),
      error: ({ code, message }) => events.push({ kind: 'error', code, message }),
    },
    options,
  );
}

function pairs(headers: RtspHeaders): [string, string][] {
  return [...{ [Symbol.iterator]: () => headers[Symbol.iterator]() }].map(([name, value]) => [name, value]);
}

function packet(channel: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x24, channel, payload.length >> 8, payload.length & 0xff]), payload]);
}

function split(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (let i = 0; at < bytes.length; i += 1) {
    const size = sizes[i % sizes.length] ?? 1;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

const ok = Buffer.from('RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n');
const okEvent: Event = {
  kind: 'response',
  statusCode: 200,
  reason: 'OK',
  headers: [['CSeq', '1']],
  body: '',
};

describe('RtspFramer', () => {
  test('reads a reply, two packets and a request that came in one chunk', () => {
    const request = serializeRequest({
      method: 'OPTIONS',
      uri: 'rtsp://10.0.0.5/',
      headers: [['CSeq', '7']],
    });
    const bytes = Buffer.concat([ok, packet(0, Buffer.from('abc')), packet(1, Buffer.alloc(0)), request]);
    expect(frame([bytes])).toEqual([
      okEvent,
      { kind: 'packet', channel: 0, payload: '616263' },
      { kind: 'packet', channel: 1, payload: '' },
      { kind: 'request', method: 'OPTIONS', uri: 'rtsp://10.0.0.5/', headers: [['CSeq', '7']], body: '' },
    ]);
  });

  test('hands out packets as parts of the chunk, without a copy', () => {
    const chunk = packet(0, Buffer.from('abc'));
    let payload: Buffer | undefined;
    const nothing = (): void => {};
    const framer = new RtspFramer({
      request: nothing,
      response: nothing,
      error: nothing,
      interleaved: (_channel, bytes) => {
        payload = bytes;
      },
    });
    framer.push(chunk);
    expect(payload?.buffer).toBe(chunk.buffer);
    expect(payload?.byteOffset).toBe(chunk.byteOffset + 4);
  });

  test('reads a packet of 64 KB that came in many chunks', () => {
    const payload = Buffer.alloc(65_535, 0xab);
    expect(frame(split(packet(2, payload), [1, 1000, 2]))).toEqual([
      { kind: 'packet', channel: 2, payload: payload.toString('hex') },
    ]);
  });

  test('line ends before a packet or a message are skipped, bare LF ends a line', () => {
    const bytes = Buffer.concat([
      Buffer.from('\r\nRTSP/1.0 200 OK\nCSeq: 1\n\n\r\n'),
      packet(0, Buffer.from('a')),
      Buffer.from('\r\n'),
      ok,
    ]);
    expect(frame([bytes])).toEqual([okEvent, { kind: 'packet', channel: 0, payload: '61' }, okEvent]);
  });

  test('repeated fields are kept, names found in any case, lines without a name left out', () => {
    const [event] = frame([
      Buffer.from(
        'RTSP/1.0 401 Unauthorized\r\nwww-authenticate: a\r\n: \r\nnonsense\r\nWWW-Authenticate: b\r\n\r\n',
      ),
    ]);
    if (event?.kind !== 'response') throw new Error('no response');
    const headers = new RtspHeaders(event.headers);
    expect(headers.all('Www-Authenticate')).toEqual(['a', 'b']);
    expect(headers.size).toBe(2);
  });

  test('a reply without a reason is a reply', () => {
    expect(frame([Buffer.from('RTSP/1.0 200\r\n\r\n')])).toMatchObject([{ statusCode: 200, reason: '' }]);
  });

  test.each([
    ['HTTP/1.1 400 Bad Request\r\n\r\n', 'NOT_RTSP'],
    ['SSH-2.0-OpenSSH_9.2\r\n', 'NOT_RTSP'],
    [`RTSP/1.0 200 OK\r\nA: ${'x'.repeat(20_000)}\r\n\r\n`, 'TOO_LARGE'],
    ['x'.repeat(20_000), 'NOT_RTSP'],
    [`RTSP/1.0 200 OK\r\n${'A: b\r\n'.repeat(101)}\r\n`, 'TOO_LARGE'],
    ['RTSP/1.0 200 OK\r\nContent-Length: 65537\r\n\r\n', 'TOO_LARGE'],
    ['RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n', 'MALFORMED'],
    ['RTSP/1.0 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 'MALFORMED'],
    ['RTSP/1.0 200 OK\r\n\r\nnonsense\r\n', 'MALFORMED'],
  ])('ends with an error: %.30j', (text, code) => {
    const events = frame(split(Buffer.from(`${text}RTSP/1.0 200 OK\r\n\r\n`), [700]));
    expect(events.at(-1)).toMatchObject({ kind: 'error', code });
    expect(events.filter((event) => event.kind === 'error')).toHaveLength(1);
  });

  test('a client finds the next frame after stray bytes', () => {
    const stray = Buffer.concat([
      Buffer.from('a=control:trackID=2\r\nRTSX'),
      Buffer.from([0x24, 99, 1, 2, 0]),
    ]);
    const bytes = Buffer.concat([ok, stray, packet(0, Buffer.from('a')), stray, Buffer.from([0x24]), ok]);
    expect(frame([bytes], { resync: true })).toEqual([
      okEvent,
      { kind: 'packet', channel: 0, payload: '61' },
      okEvent,
    ]);
  });

  test('a client gives up where nothing but garbage comes', () => {
    const events = frame([ok, Buffer.alloc(100_000, 0xff)], { resync: true });
    expect(events).toMatchObject([okEvent, { kind: 'error', code: 'GARBAGE' }]);
  });

  test('delivers nothing after stop()', () => {
    const seen: number[] = [];
    const framer: RtspFramer = new RtspFramer({
      request: () => {},
      response: () => {},
      error: () => {},
      interleaved: (channel) => {
        seen.push(channel);
        framer.stop();
      },
    });
    framer.push(Buffer.concat([packet(0, Buffer.from('a')), packet(1, Buffer.from('b'))]));
    expect(seen).toEqual([0]);
  });

  test('gives the same events however the bytes are chunked', () => {
    const piece = fc.oneof(
      fc.constantFrom('dahua_setup', 'hikvision_describe', 'reolink_play').map(fixtureBytes),
      fc
        .tuple(fc.nat(255), fc.uint8Array({ maxLength: 300 }))
        .map(([channel, bytes]) => packet(channel, Buffer.from(bytes))),
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
      fc
        .constantFrom('\r\n', 'RTSP/', 'RTSP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nabc', '$', 'x\n')
        .map((text) => Buffer.from(text)),
      fc.constantFrom(300, 3000).map((size) => Buffer.alloc(size, 'x')),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 }),
        fc.boolean(),
        (pieces, sizes, resync) => {
          const bytes = Buffer.concat(pieces);
          const options = { resync, maxHeadBytes: 2000, maxGarbageBytes: 500, maxBodyBytes: 2000 };
          const whole = frame([bytes], options);
          expect(frame(split(bytes, sizes), options)).toEqual(whole);
          expect(frame(split(bytes, [1]), options)).toEqual(whole);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('serialising', () => {
  test('what is written reads back, with the body', () => {
    const bytes = serializeResponse({
      statusCode: 200,
      headers: [
        ['CSeq', '3'],
        ['Content-Length', '999'],
      ],
      body: 'v=0\r\n',
    });
    expect(frame([bytes])).toEqual([
      {
        kind: 'response',
        statusCode: 200,
        reason: 'OK',
        headers: [
          ['CSeq', '3'],
          ['Content-Length', '5'],
        ],
        body: Buffer.from('v=0\r\n').toString('hex'),
      },
    ]);
  });

  test('a line end in a value does not become a header', () => {
    const bytes = serializeRequest({
      method: 'PLAY',
      uri: 'rtsp://h/\r\nEvil: 1',
      headers: [['A', 'b\r\nEvil: 1']],
    });
    expect(bytes.toString()).toBe('PLAY rtsp://h/ Evil: 1 RTSP/1.0\r\nA: b Evil: 1\r\n\r\n');
  });
});

describe('a description without a Content-Length', () => {
  const lacking: FramerOptions = { resync: true, mayLackLength: () => true };
  const sdp = 'v=0\r\n\r\ns=x\r\nm=video 0 RTP/AVP 96\r\na=control:1\r\n';
  const head = 'RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n';
  const described = { ...okEvent, body: Buffer.from(sdp).toString('hex') };
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
  const request = 'OPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\n';
  const followers: [string, Buffer, object][] = [
    ['a packet', packet(0, Buffer.from('abc')), { kind: 'packet' }],
    ['a response', Buffer.from('RTSP/1.0 454 Session Not Found\r\n\r\n'), { statusCode: 454 }],
    ['a request', Buffer.from(request), { kind: 'request', method: 'OPTIONS' }],
  ];

  test.each(followers)('ends where %s begins, however it is cut', (_what, follower, event) => {
    const bytes = Buffer.concat([Buffer.from(head + sdp), follower]);
    fc.assert(
      fc.property(sizes, (cuts) => {
        expect(frame(split(bytes, cuts), lacking)).toMatchObject([described, event]);
      }),
    );
  });

  test('ends when it is told that nothing more comes', () => {
    const events: Event[] = [];
    const framer = framerInto(events, lacking);
    framer.push(Buffer.from(head + sdp));
    expect([events.length, framer.hasOpenBody]).toEqual([0, true]);
    framer.endOpenBody();
    framer.endOpenBody();
    expect([events, framer.hasOpenBody]).toEqual([[described], false]);
  });

  test('has an end, whatever it is', () => {
    const endless = Buffer.from(head + 'a=x\r\n'.repeat(20_000));
    expect(frame(split(endless, [1_000]), lacking)).toMatchObject([{ kind: 'error', code: 'TOO_LARGE' }]);
    const oneLine = Buffer.from(`${head}a=${'x'.repeat(70_000)}`);
    expect(frame(split(oneLine, [1_000]), lacking)).toMatchObject([{ kind: 'error', code: 'TOO_LARGE' }]);
  });

  test('is none where the response is no good one, says how long it is, or nobody asked for one', () => {
    const long = Buffer.from('RTSP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nv=0');
    expect(frame([long], lacking)).toMatchObject([{ body: Buffer.from('v=0').toString('hex') }]);
    const denied = Buffer.from('RTSP/1.0 401 No\r\n\r\n');
    expect(frame([denied], lacking)).toMatchObject([{ statusCode: 401, body: '' }]);
    expect(frame([Buffer.from(head)], { resync: true })).toEqual([okEvent]);
  });
});
