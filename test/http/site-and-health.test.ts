import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EdgeApp, HOST, startEdgeApp } from '../support/edge-app.ts';

let edge: EdgeApp;
beforeEach(async () => {
  edge = await startEdgeApp();
});
afterEach(() => edge.close());

const get = (url: string, headers: Record<string, string> = {}) =>
  edge.app.inject({ url, headers: { host: HOST, ...headers } });

describe('the control room', () => {
  it('is served at /, asked for anew each time but sent only when it changed', async () => {
    const first = await get('/');
    expect(first.statusCode).toBe(200);
    expect(first.headers['content-type']).toMatch(/^text\/html/);
    expect(first.headers['cache-control']).toBe('no-cache');
    expect(first.body).toContain('<title>Sluice</title>');
    const second = await get('/', { 'if-none-match': String(first.headers.etag) });
    expect(second.statusCode).toBe(304);
  });

  it('has assets that are kept for a year', async () => {
    const answer = await get('/assets/index-abc123.js');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toMatch(/javascript/);
    expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  });

  it('serves the player script under its own name', async () => {
    const answer = await get('/sluice-player.js');
    expect(answer.headers['content-type']).toMatch(/javascript/);
    expect(answer.headers['cache-control']).toBe('no-cache');
  });

  it('sends what the build has compressed to whoever takes it so, and never the two for one another', async () => {
    const path = join(edge.staticDir, 'sluice-player.js');
    await writeFile(`${path}.br`, brotliCompressSync(await readFile(path)));
    const compressed = await get('/sluice-player.js', { 'accept-encoding': 'gzip, deflate, br' });
    expect(compressed.headers).toMatchObject({
      'content-encoding': 'br',
      vary: expect.stringMatching(/accept-encoding/i),
    });
    expect(compressed.headers['content-type']).toMatch(/javascript/);
    expect(brotliDecompressSync(compressed.rawPayload).toString()).toBe('customElements;');
    expect(compressed.headers['cross-origin-resource-policy']).toBe('cross-origin');
    const plain = await get('/sluice-player.js', { 'accept-encoding': 'gzip' });
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(plain.headers.vary).toMatch(/accept-encoding/i);
    expect(plain.body).toBe('customElements;');
    expect(plain.headers.etag).not.toBe(compressed.headers.etag);
    expect((await get('/sluice-player.js.br')).statusCode).toBe(404);
  });

  it('serves its types beside it', async () => {
    const answer = await get('/sluice-player.d.ts');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^text\/plain/);
    expect(answer.body).toContain('PlayerState');
  });

  it.each([
    '/secret.txt',
    '/assets/../secret.txt',
    '/assets/..%2fsecret.txt',
    '/assets/%2e%2e/secret.txt',
    '/assets/..%5csecret.txt',
    '/assets//secret.txt',
    '/assets/.env',
    '/assets/none.js',
    '/index.html',
  ])('serves nothing else: %s', async (url) => {
    const answer = await get(url);
    expect([400, 404]).toContain(answer.statusCode);
    expect(answer.body).not.toContain('not part of the site');
    expect(answer.json().error.code).toMatch(/^(NOT_FOUND|BAD_REQUEST)$/);
  });

  it('says so while it is not built', async () => {
    await rm(join(edge.staticDir, 'index.html'));
    const answer = await get('/');
    expect(answer.statusCode).toBe(404);
    expect(answer.json().error.message).toContain('npm start');
  });
});

describe('health', () => {
  it('is told alive, ready and not ready', async () => {
    expect((await get('/healthz')).json()).toEqual({ status: 'ok' });
    const ready = await get('/readyz');
    expect([ready.statusCode, ready.json()]).toEqual([200, { ready: true, checks: { workers: true } }]);
    edge.ports.ready = false;
    const unready = await get('/readyz');
    expect([unready.statusCode, unready.json()]).toEqual([503, { ready: false, checks: { workers: false } }]);
  });

  it('has metrics in the format of Prometheus', async () => {
    const answer = await get('/metrics');
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(answer.body).toContain('sluice_up 1');
  });
});
