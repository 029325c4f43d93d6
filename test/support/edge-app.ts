import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { type ApiRoute, createHttpApp, Gate } from '../../server/http/index.ts';
import { capturedLog, type FakePorts, fakePorts } from './edge-fakes.ts';
import { FakeClock } from './fake-clock.ts';

export const TOKEN = 'correct-horse-battery-staple';
export const HOST = '127.0.0.1:8080';
export const PARTNER = 'https://shop.example';

export interface EdgeApp {
  readonly app: FastifyInstance;
  readonly gate: Gate;
  readonly ports: FakePorts;
  readonly clock: FakeClock;
  readonly routes: RouteOptions[];
  readonly staticDir: string;
  logText(): string;
  close(): Promise<void>;
}

/** The HTTP edge with fakes below it and a little built page beside it. */
export async function startEdgeApp(
  options: {
    apiToken?: string;
    boundHost?: string;
    allowedOrigins?: string[];
    maxConnections?: number;
    stallTimeoutMs?: number;
    routes?: readonly ApiRoute[];
  } = {},
): Promise<EdgeApp> {
  const { apiToken, boundHost = '127.0.0.1', allowedOrigins = [PARTNER] } = options;
  const staticDir = await mkdtemp(join(tmpdir(), 'sluice-site-'));
  await mkdir(join(staticDir, 'assets'));
  await writeFile(join(staticDir, 'index.html'), '<!doctype html><title>Sluice</title>');
  await writeFile(join(staticDir, 'sluice-player.js'), 'customElements;');
  await writeFile(join(staticDir, 'sluice-player.d.ts'), 'export type PlayerState = string;');
  await writeFile(join(staticDir, 'assets', 'index-abc123.js'), 'export {};');
  await writeFile(join(staticDir, 'secret.txt'), 'not part of the site');
  const clock = new FakeClock();
  const captured = capturedLog();
  const gate = new Gate({ clock, apiToken, boundHost, allowedOrigins, announcedAddresses: ['203.0.113.7'] });
  const ports = fakePorts();
  const routes: RouteOptions[] = [];
  const app = await createHttpApp({
    clock,
    log: captured.log,
    gate,
    ports,
    staticDir,
    onRoute: (route) => routes.push(route),
    ...(options.routes === undefined ? {} : { routes: options.routes }),
    ...(options.maxConnections === undefined ? {} : { maxConnections: options.maxConnections }),
    ...(options.stallTimeoutMs === undefined ? {} : { stallTimeoutMs: options.stallTimeoutMs }),
  });
  return {
    app,
    gate,
    ports,
    clock,
    routes,
    staticDir,
    logText: captured.text,
    async close() {
      await app.close();
      await rm(staticDir, { recursive: true });
    },
  };
}

/** The value of the session cookie that a log-in with the right token sets, as a Cookie header. */
export async function logIn(edge: EdgeApp, token: string = TOKEN): Promise<string> {
  const answer = await edge.app.inject({
    method: 'POST',
    url: '/api/v1/login',
    headers: { host: HOST },
    payload: { token },
  });
  const cookie = String(answer.headers['set-cookie'] ?? '');
  return cookie.split(';')[0] ?? '';
}
