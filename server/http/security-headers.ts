import { fastifyHelmet } from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';

/**
 * Strict headers on every answer. The page runs scripts from here only, none inline, and talks to nobody else;
 * it may be framed by allowed origins alone.
 */
export async function registerSecurityHeaders(
  app: FastifyInstance,
  allowedOrigins: readonly string[],
): Promise<void> {
  await app.register(fastifyHelmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:', 'blob:'],
        // MediaSource and hls.js play from blob: URLs, and hls.js runs its worker from one.
        mediaSrc: ["'self'", 'blob:'],
        workerSrc: ["'self'", 'blob:'],
        connectSrc: ["'self'"],
        manifestSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'self'", ...allowedOrigins],
      },
    },
    // X-Frame-Options knows no list; with one, frame-ancestors alone decides.
    frameguard: allowedOrigins.length === 0 ? { action: 'sameorigin' } : false,
    // Served without TLS here; whoever puts a proxy with TLS in front decides about HSTS there.
    strictTransportSecurity: false,
    // On plain HTTP browsers ignore it with a warning in the console.
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
    referrerPolicy: { policy: 'no-referrer' },
  });
}
