import { EventEmitter, once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { FastifyReply } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BodiesInFlight } from '../../server/http/bodies-in-flight.ts';
import { type HlsPlayback, type HlsPlaylist, hlsRoutes } from '../../server/http/index.ts';
import { ApiError } from '../../shared/errors.ts';
import { type EdgeApp, HOST, PARTNER, startEdgeApp, TOKEN } from '../support/edge-app.ts';
import { waitFor } from '../support/wait.ts';

const TEXT = '#EXTM3U\n';
const SEGMENT = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251));

/** Remembers what was asked, and answers as it is told. */
class FakeHls implements HlsPlayback {
  readonly asked: Parameters<HlsPlayback['playlist']>[] = [];
  answer: Partial<HlsPlaylist> = {};
  failure: ApiError | undefined;

  async playlist(...asked: Parameters<HlsPlayback['playlist']>): Promise<HlsPlaylist> {
    this.asked.push(asked);
    if (this.failure !== undefined) throw this.failure;
    const { gzip } = asked[2];
    const body = gzip ? gzipSync(TEXT) : Buffer.from(TEXT);
    return { body, isGzip: gzip, etag: 'W/"tag"', isComplete: true, ...this.answer };
  }

  async segment(_stream: string, startMs: number): Promise<Uint8Array> {
    if (startMs !== 1_790_000_000_000) throw new ApiError('NOT_RECORDED', 'Not kept.');
    // As the ring has it.
    const shared = Buffer.from(new SharedArrayBuffer(SEGMENT.length));
    SEGMENT.copy(shared);
    return shared;
  }

  async keyFrames(_stream: string, fromMs: number, toMs: number): Promise<Uint8Array> {
    if (fromMs !== 1_790_000_000_000 || toMs !== 1_790_000_014_000)
      throw new ApiError('NOT_RECORDED', 'Not kept.');
    return SEGMENT;
  }
}

/** A reply that stays open until it is released. */
function holdOne(inFlight: BodiesInFlight, body: Buffer) {
  const raw = new EventEmitter();
  inFlight.hold(body, { raw } as unknown as FastifyReply);
  inFlight.hold(body.subarray(1), { raw } as unknown as FastifyReply);
  return { held: body.buffer.byteLength, release: () => raw.emit('close') };
}

let edge: EdgeApp;
let hls: FakeHls;
beforeEach(() => {
  hls = new FakeHls();
});
afterEach(() => edge.close());

async function start(options: { apiToken?: string } = {}): Promise<void> {
  edge = await startEdgeApp({ ...options, routes: hlsRoutes(hls) });
}

const get = (url: string, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET') =>
  edge.app.inject({ method, url, headers: { host: HOST, ...headers } });
const LIST = '/live/door/playlist.m3u8';
const PIECE = '/live/door/segments/1790000000000.ts';

describe('a playlist', () => {
  it('is asked for by stream and times', async () => {
    await start();
    await get(LIST);
    await get(`${LIST}?start_time=1&end_time=2&duration=3&cache_buster=x`);
    await get(`${LIST}&start_time=10&duration=5`);
    await get(`${LIST}&start_time=10?end_time=20`);
    await get(`${LIST}?start_time=10&key_frames=true`);
    await get(`${LIST}?start_time=10&key_frames=false`);
    const form = { gzip: false, uriSuffix: '' };
    expect(hls.asked).toEqual([
      ['live/door', {}, form],
      ['live/door', { startMs: 1, endMs: 2, durationMs: 3 }, form],
      ['live/door', { startMs: 10, durationMs: 5 }, form],
      ['live/door', { startMs: 10, endMs: 20 }, form],
      ['live/door', { startMs: 10, keyFrames: true }, form],
      ['live/door', { startMs: 10 }, form],
    ]);
  });

  it.each([
    '?start_time=-1',
    '?start_time=1.5',
    '?start_time=',
    '?start_time=now',
    '?start_time=1e3',
    '?start_time=99999999999999999999',
    '?start_time=1&start_time=2',
    '?start_time=1&end_time=5&end_time=6',
    '?start_time=1&duration=0',
    '?start_time=1&duration=-5',
    '?start_time=1&key_frames=yes',
    '?start_time=1&key_frames=true&key_frames=true',
    '&start_time=1&start_time=2',
    '&start_time=x',
    '&start_time=1?start_time=2',
  ])('is refused for %s with a reason', async (query) => {
    await start();
    const answer = await get(`${LIST}${query}`);
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error.code).toBe('BAD_REQUEST');
    expect(answer.json().error.message).toMatch(/start_time|end_time|duration|key_frames/);
    expect(hls.asked).toEqual([]);
  });

  it.each([
    '/live/../playlist.m3u8',
    '/live/%2e%2e/playlist.m3u8',
    '/li ve/door/playlist.m3u8',
    '/internal/demo/playlist.m3u8',
  ])('has no address like %s', async (url) => {
    await start();
    expect((await get(url)).statusCode).toBeGreaterThanOrEqual(400);
    expect((await get(url)).statusCode).toBeLessThan(500);
    expect(hls.asked).toEqual([]);
  });

  it('comes as gzip only to those who take it', async () => {
    await start();
    const plain = await get(LIST);
    expect(plain.headers).toMatchObject({
      'content-type': 'application/vnd.apple.mpegurl',
      etag: 'W/"tag"',
      vary: 'Origin, Accept-Encoding',
    });
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(plain.body).toBe(TEXT);
    const zipped = await get(LIST, { 'accept-encoding': 'gzip, deflate' });
    expect(zipped.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(zipped.rawPayload).toString()).toBe(TEXT);
  });

  it('is not sent again to those who have it', async () => {
    await start();
    const again = await get(LIST, { 'if-none-match': '"other", W/"tag"' });
    expect(again.statusCode).toBe(304);
    expect(again.body).toBe('');
    hls.answer = { etag: undefined, body: Buffer.from('one') };
    const { etag } = (await get(LIST)).headers;
    expect((await get(LIST, { 'if-none-match': String(etag) })).statusCode).toBe(304);
    hls.answer = { etag: undefined, body: Buffer.from('two') };
    expect((await get(LIST, { 'if-none-match': String(etag) })).statusCode).toBe(200);
  });

  it('is kept by caches only while that can do no harm', async () => {
    await start();
    expect((await get(LIST)).headers['cache-control']).toBe('public, max-age=60');
    hls.answer = { isComplete: false };
    expect((await get(LIST)).headers['cache-control']).toBe('public, no-cache');
  });

  it('answers HEAD as GET, without the body', async () => {
    await start();
    const head = await get(LIST, {}, 'HEAD');
    expect(head.statusCode).toBe(200);
    expect(head.headers['content-length']).toBe(String(TEXT.length));
    expect(head.body).toBe('');
  });

  it('passes on why there is none, and when to try again', async () => {
    await start();
    hls.failure = new ApiError('STREAM_NOT_LIVE', 'The camera does not answer.', { retryAfterMs: 2000 });
    const answer = await get(LIST);
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBe('2');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.json().error.message).toBe('The camera does not answer.');
  });
});

describe('the token', () => {
  it('is asked for, and carried on into the segments only where it came by the query', async () => {
    const apiToken = `${TOKEN}/+ä`;
    await start({ apiToken });
    expect((await get(LIST)).statusCode).toBe(401);
    expect((await get(PIECE)).statusCode).toBe(401);
    const query = `access_token=${encodeURIComponent(apiToken)}`;
    expect((await get(`${PIECE}?${query}`)).statusCode).toBe(200);
    await get(`${LIST}?${query}`);
    await get(`${LIST}&start_time=5?${query}`);
    await get(`${LIST}&start_time=5&${query}`);
    await get(LIST, { authorization: `Bearer ${TOKEN}` });
    expect(hls.asked.map(([, , { uriSuffix }]) => uriSuffix)).toEqual([
      `?${query}`,
      `?${query}`,
      `?${query}`,
    ]);
    expect(edge.logText()).not.toContain(encodeURIComponent(apiToken));
  });

  it('keeps what it opens out of caches that many share, and lets other sites show it', async () => {
    await start({ apiToken: TOKEN });
    const byQuery = await get(`${PIECE}?access_token=${TOKEN}`);
    expect(byQuery.headers).toMatchObject({
      'cache-control': 'private, max-age=86400, immutable',
      'cross-origin-resource-policy': 'cross-origin',
    });
    const byHeader = await get(LIST, { authorization: `Bearer ${TOKEN}` });
    expect(byHeader.headers).toMatchObject({
      'cache-control': 'private, max-age=60',
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(hls.asked.at(-1)?.[2].uriSuffix).toBe('');
  });

  it('is not taken over from a gateway that has none', async () => {
    await start();
    await get(`${LIST}?access_token=%0A%23EXT-X-ENDLIST`);
    expect(hls.asked[0]?.[2].uriSuffix).toBe('');
  });
});

describe('a segment', () => {
  it('is sent whole, for good', async () => {
    await start();
    const answer = await get(PIECE);
    expect(answer.headers).toMatchObject({
      'content-type': 'video/mp2t',
      'content-length': '1000',
      'accept-ranges': 'bytes',
      'cache-control': 'public, max-age=86400, immutable',
    });
    expect(answer.rawPayload).toEqual(SEGMENT);
    const etag = String(answer.headers.etag);
    expect(etag).toMatch(/^"[a-z0-9-]+"$/);
    expect((await get(PIECE, { 'if-none-match': etag })).statusCode).toBe(304);
  });

  it('is sent in parts', async () => {
    await start();
    const part = await get(PIECE, { range: 'bytes=10-19' });
    expect(part.statusCode).toBe(206);
    expect(part.headers['content-range']).toBe('bytes 10-19/1000');
    expect(part.rawPayload).toEqual(SEGMENT.subarray(10, 20));
    const { etag } = part.headers;
    expect((await get(PIECE, { range: 'bytes=-5', 'if-range': String(etag) })).rawPayload).toEqual(
      SEGMENT.subarray(-5),
    );
    expect((await get(PIECE, { range: 'bytes=-5', 'if-range': '"older"' })).statusCode).toBe(200);
    const beyond = await get(PIECE, { range: 'bytes=1000-' });
    expect(beyond.statusCode).toBe(416);
    expect(beyond.headers['content-range']).toBe('bytes */1000');
    expect(beyond.json().error.code).toBe('RANGE_NOT_SATISFIABLE');
  });

  it.each(['1790000000001.ts', '-1.ts', '1.mp4', '..%2f1.ts', '1e3.ts', '%00.ts'])(
    'that is %s is not there',
    async (file) => {
      await start();
      const { statusCode } = await get(`/live/door/segments/${file}`);
      expect([400, 404]).toContain(statusCode);
    },
  );

  it('of key frames is as any other', async () => {
    await start();
    const url = '/live/door/key-frames/1790000000000-1790000014000.ts';
    const answer = await get(url);
    expect(answer.rawPayload).toEqual(SEGMENT);
    expect(answer.headers).toMatchObject({
      'content-type': 'video/mp2t',
      'cache-control': 'public, max-age=86400, immutable',
    });
    expect((await get(url, { 'if-none-match': String(answer.headers.etag) })).statusCode).toBe(304);
    expect((await get(url, { range: 'bytes=10-19' })).rawPayload).toEqual(SEGMENT.subarray(10, 20));
    expect((await get(url.replace('4000.ts', '5000.ts'))).statusCode).toBe(404);
    for (const file of ['1790000000000.ts', '1-2-3.ts', '1-.ts', '-1-2.ts', '1-2.mp4', '..%2f1-2.ts']) {
      expect((await get(`/live/door/key-frames/${file}`)).statusCode, file).toBe(400);
    }
    expect((await get('/internal/demo/key-frames/1-2.ts')).statusCode).toBe(404);
  });

  it('is not sent while too much is on its way to clients that do not take it', async () => {
    const inFlight = new BodiesInFlight(1500);
    edge = await startEdgeApp({ routes: hlsRoutes(hls, inFlight) });
    const port = Number(new URL(await edge.app.listen({ host: '127.0.0.1', port: 0 })).port);
    const slow = await new Promise<IncomingMessage>((resolve) =>
      request({ port, path: PIECE, headers: { host: HOST } }, resolve).end(),
    );
    slow.resume();
    await once(slow, 'end');
    await waitFor('all to be taken', () => inFlight.bytes === 0);
    // Somebody else holds most of it.
    const { held, release } = holdOne(inFlight, Buffer.alloc(900));
    expect(inFlight.bytes).toBe(held);
    const refused = await get(PIECE);
    expect(refused.statusCode).toBe(429);
    expect(refused.headers['retry-after']).toBe('2');
    release();
    expect((await get(PIECE)).statusCode).toBe(200);
  });

  it('gives its memory back once all is sent, or the client is gone, and not before', async () => {
    const bodies: Uint8Array[] = [];
    hls.segment = async () => {
      const own = new Uint8Array(16_000_000).map((_, index) => (index >> 8) % 251);
      bodies.push(own);
      return own;
    };
    await start();
    const port = Number(new URL(await edge.app.listen({ host: '127.0.0.1', port: 0 })).port);
    const load = () =>
      new Promise<IncomingMessage>((resolve) =>
        request({ port, path: PIECE, headers: { host: HOST } }, resolve).end(),
      );
    const slow = await load();
    const gone = await load();
    // More than any socket's buffer: the rest is still to be sent.
    expect(bodies.map(({ length }) => length)).toEqual([16_000_000, 16_000_000]);
    gone.destroy();
    await waitFor('the memory of the one that is gone', () => bodies[1]?.length === 0);
    const got = Buffer.concat(await slow.toArray());
    expect(got.length).toBe(16_000_000);
    expect(got.every((byte, index) => byte === (index >> 8) % 251)).toBe(true);
    await waitFor('the memory of the other', () => bodies[0]?.length === 0);
  });

  it('may be loaded by pages of allowed origins', async () => {
    await start();
    const { headers } = await get(PIECE, { origin: PARTNER });
    expect(headers['access-control-allow-origin']).toBe(PARTNER);
    expect(
      (await get(PIECE, { origin: 'https://evil.example' })).headers['access-control-allow-origin'],
    ).toBeUndefined();
  });
});
