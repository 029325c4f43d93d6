import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EdgeApp, HOST, PARTNER, startEdgeApp, TOKEN } from '../support/edge-app.ts';

let edge: EdgeApp;
beforeEach(async () => {
  edge = await startEdgeApp({ apiToken: TOKEN });
});
afterEach(() => edge.close());

const authorization = `Bearer ${TOKEN}`;

describe('the Host header', () => {
  it.each(['/', '/healthz', '/api/v1/streams', '/metrics', '/nothing'])(
    '%s is not served under a foreign name, token or not (DNS rebinding)',
    async (url) => {
      const answer = await edge.app.inject({ url, headers: { host: 'evil.example:8080', authorization } });
      expect(answer.statusCode).toBe(403);
      const { code, message } = answer.json().error;
      expect(code).toBe('FORBIDDEN');
      expect(message).toContain('"evil.example"');
      expect(message).toContain('http.allowedOrigins');
    },
  );

  it.each([HOST, 'localhost:8080', '203.0.113.7:8080', 'shop.example'])('%s is', async (host) => {
    expect((await edge.app.inject({ url: '/healthz', headers: { host } })).statusCode).toBe(200);
  });
});

describe('CORS', () => {
  const preflight = (origin: string, url = '/whep/live/door') =>
    edge.app.inject({
      method: 'OPTIONS',
      url,
      headers: { host: HOST, origin, 'access-control-request-method': 'POST' },
    });

  it.each(['/whep/live/door', '/whep/live/door/0123456789abcdef', '/api/v1/streams'])(
    'lets an allowed origin preflight %s without a token',
    async (url) => {
      const answer = await preflight(PARTNER, url);
      expect(answer.statusCode).toBe(204);
      expect(answer.headers['access-control-allow-origin']).toBe(PARTNER);
      expect(answer.headers['access-control-allow-methods']).toContain('PATCH');
      expect(answer.headers['access-control-allow-headers']).toContain('Authorization');
      expect(answer.headers['access-control-allow-headers']).toContain('If-Match');
      expect(answer.headers.vary).toContain('Origin');
    },
  );

  it('gives a foreign origin no CORS header at all', async () => {
    const preflighted = await preflight('https://evil.example');
    expect(preflighted.statusCode).toBe(403);
    const read = await edge.app.inject({
      url: '/api/v1/streams',
      headers: { host: HOST, authorization, origin: 'https://evil.example' },
    });
    for (const answer of [preflighted, read]) {
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
    }
  });

  it('lets an allowed origin read answers, errors too, but never with cookies', async () => {
    const answer = await edge.app.inject({
      url: '/api/v1/streams',
      headers: { host: HOST, origin: PARTNER },
    });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['access-control-allow-origin']).toBe(PARTNER);
    expect(answer.headers['access-control-expose-headers']).toContain('Location');
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
  });

  it('never says *', async () => {
    const answers = await Promise.all(
      ['/', '/sluice-player.js', '/healthz', '/metrics'].map((url) =>
        edge.app.inject({ url, headers: { host: HOST, authorization, origin: PARTNER } }),
      ),
    );
    expect(answers.map((answer) => answer.headers['access-control-allow-origin'])).toEqual(
      answers.map(() => PARTNER),
    );
  });
});

describe('headers that keep the page safe', () => {
  it('let it run its own scripts only, and talk to its own gateway only', async () => {
    const { headers } = await edge.app.inject({ url: '/', headers: { host: HOST } });
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).toContain("media-src 'self' blob:");
    expect(policy).toContain(`frame-ancestors 'self' ${PARTNER}`);
    expect(policy).not.toContain('unsafe');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['referrer-policy']).toBe('no-referrer');
    expect(headers['cross-origin-resource-policy']).toBe('same-origin');
    // It knows no list, and would shut out the allowed origins.
    expect(headers['x-frame-options']).toBeUndefined();
  });

  it('without allowed origins nobody else may frame it', async () => {
    const alone = await startEdgeApp({ allowedOrigins: [] });
    try {
      const { headers } = await alone.app.inject({ url: '/', headers: { host: HOST } });
      expect(String(headers['content-security-policy'])).toMatch(/frame-ancestors 'self'$/);
      expect(headers['x-frame-options']).toBe('SAMEORIGIN');
    } finally {
      await alone.close();
    }
  });

  it('are on refusals too', async () => {
    const { headers } = await edge.app.inject({ url: '/metrics', headers: { host: HOST } });
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
  });

  it('the player script may be loaded by pages of any site', async () => {
    const { headers, statusCode } = await edge.app.inject({
      url: '/sluice-player.js',
      headers: { host: HOST },
    });
    expect(statusCode).toBe(200);
    expect(headers['cross-origin-resource-policy']).toBe('cross-origin');
  });
});
